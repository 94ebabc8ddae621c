//! `/v1/tenants/{tenant_id}/limits`

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use contract::{
    Id,
    ids::{self, TenantId},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Limits, store, used};
use crate::{
    app::AppState,
    audit::{self, Target},
    auth::{
        Grant, Place,
        action::{ReadTenants, WriteLimits},
    },
    db::{StoreError, Tx},
    http::{Answer, ApiError, ApiJson, ApiPath, Code, FieldError, IfMatch, commit, docs::CommonProblems},
    outbox::{self, Change},
    tenants,
};

const MOST: i64 = 1_000_000_000;

pub(in crate::tenants) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(read_tenant_limits, update_tenant_limits))
}

/// How much a tenant may have. What is left out or null has no limit here; those of the tenants above hold as well.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "max_domains": 50, "max_recipients": 20_000, "max_messages_per_hour": 10_000 }))]
#[expect(clippy::struct_field_names, reason = "the names of the API")]
pub(crate) struct TenantLimitsUpdate {
    /// Domains of the tenant and of all below it, in whatever state.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    max_domains: Option<i64>,
    /// Recipients of all these domains.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    max_recipients: Option<i64>,
    /// Messages that all these domains may be brought in any hour, at the workers of each pool; beyond it 451. A worker takes
    /// its share by the number of live workers of the pool, one at least.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    max_messages_per_hour: Option<i64>,
    /// The largest message for any of these domains, whatever policy says; beyond it 552.
    #[serde(default)]
    #[schema(minimum = 65_536, maximum = 1_073_741_824)]
    max_message_size_bytes: Option<i64>,
}

/// How much a tenant may have, and has.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TenantLimits {
    /// Null: no limit here.
    #[schema(required, example = 50)]
    pub max_domains: Option<i64>,
    /// Null: no limit here.
    #[schema(required, example = 20_000)]
    pub max_recipients: Option<i64>,
    /// Null: no limit here.
    #[schema(required, example = 10_000)]
    pub max_messages_per_hour: Option<i64>,
    /// Null: no limit here.
    #[schema(required, example = 26_214_400)]
    pub max_message_size_bytes: Option<i64>,
    /// With all below it.
    #[schema(example = 12)]
    pub domains: i64,
    #[schema(example = 4_711)]
    pub recipients: i64,
}

impl TenantLimits {
    fn new(limits: Limits, (domains, recipients): (i64, i64)) -> Self {
        let Limits { max_domains, max_recipients, max_messages_per_hour, max_message_size_bytes } = limits;
        Self { max_domains, max_recipients, max_messages_per_hour, max_message_size_bytes, domains, recipients }
    }
}

/// Read how much a tenant may have, and has.
#[utoipa::path(get, path = "/v1/tenants/{tenant_id}/limits", operation_id = "read_tenant_limits", tag = "limits",
    params(("tenant_id" = TenantId, Path)),
    responses((status = 200, description = "Limits, and what counts against them", body = TenantLimits), CommonProblems))]
pub(super) async fn read_tenant_limits(
    grant: Grant<ReadTenants>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<TenantId>,
) -> Result<Answer, ApiError> {
    grant.must_reach(Place::Tenant(id))?;
    let mut read = app.db.read(&grant).await?;
    let (limits, revision) = store::find(&mut read, id).await?.ok_or_else(ApiError::not_found)?;
    Ok(Answer::ok(&TenantLimits::new(limits, used(&mut read, id).await?)).revision(revision))
}

/// Say how much a tenant may have. Only for whoever administers the tenant above it. What is there already stays, also where
/// it is more.
#[utoipa::path(put, path = "/v1/tenants/{tenant_id}/limits", operation_id = "update_tenant_limits", tag = "limits",
    params(("tenant_id" = TenantId, Path)), request_body = TenantLimitsUpdate,
    responses((status = 200, description = "Limits, and what counts against them", body = TenantLimits), CommonProblems))]
pub(super) async fn update_tenant_limits(
    grant: Grant<WriteLimits>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<TenantId>,
    if_match: IfMatch,
    ApiJson(body): ApiJson<TenantLimitsUpdate>,
) -> Result<Response, ApiError> {
    body.check()?;
    grant.must_reach(Place::Tenant(id))?;
    let mut tx = app.db.begin(&grant).await?;
    let tenant = tenants::find(&mut tx, id).await?.ok_or_else(ApiError::not_found)?;
    if !grant.scope().covers(Place::of(tenant.parent)) {
        return Err(ApiError::new(Code::Forbidden).detail("whoever administers the tenant above it can do this"));
    }
    let (before, revision) = store::find(&mut tx, id).await?.ok_or_else(ApiError::not_found)?;
    if_match.check(revision)?;
    let after = body.limits();
    let used = used(&mut tx, id).await?;
    if after == before {
        return Ok(Answer::ok(&TenantLimits::new(after, used)).revision(revision).into_response());
    }
    write(&mut tx, id, before, after, revision).await?;
    commit(tx, Answer::ok(&TenantLimits::new(after, used)).revision(revision + 1)).await
}

async fn write(
    tx: &mut Tx,
    id: Id<ids::Tenant>,
    before: Limits,
    after: Limits,
    revision: i64,
) -> Result<(), StoreError> {
    store::set(tx, id, after, revision).await?;
    let target = Target::new("limits").id(id).of_tenant(id);
    let [old, new] = [before, after].map(TenantLimitsUpdate::from);
    audit::record(tx, "limits.update", target, Some(&old), Some(&new)).await?;
    if after.differs_for_mail(before) {
        outbox::record(tx, &Change::Tenant(id)).await?;
    }
    Ok(())
}

/// Of a tenant that was made in this transaction.
pub(crate) async fn set_first(tx: &mut Tx, id: Id<ids::Tenant>, limits: TenantLimitsUpdate) -> Result<(), ApiError> {
    let (before, revision) = store::find(tx, id).await?.ok_or_else(ApiError::not_found)?;
    Ok(write(tx, id, before, limits.limits(), revision).await?)
}

impl From<Limits> for TenantLimitsUpdate {
    fn from(limits: Limits) -> Self {
        let Limits { max_domains, max_recipients, max_messages_per_hour, max_message_size_bytes } = limits;
        Self { max_domains, max_recipients, max_messages_per_hour, max_message_size_bytes }
    }
}

impl TenantLimitsUpdate {
    const fn limits(self) -> Limits {
        let Self { max_domains, max_recipients, max_messages_per_hour, max_message_size_bytes } = self;
        Limits { max_domains, max_recipients, max_messages_per_hour, max_message_size_bytes }
    }

    pub(crate) fn check(self) -> Result<(), ApiError> {
        let fields = [
            ("/max_domains", self.max_domains, 0..=MOST),
            ("/max_recipients", self.max_recipients, 0..=MOST),
            // Who should get nothing is suspended.
            ("/max_messages_per_hour", self.max_messages_per_hour, 1..=MOST),
            // The range of the setting of policy.
            ("/max_message_size_bytes", self.max_message_size_bytes, 65_536..=1_073_741_824),
        ];
        let wrong = fields.into_iter().filter(|(_, value, range)| value.is_some_and(|value| !range.contains(&value)));
        let errors: Vec<_> = wrong
            .map(|(at, _, range)| FieldError::invalid(at, format!("expected {} to {}", range.start(), range.end())))
            .collect();
        if errors.is_empty() { Ok(()) } else { Err(ApiError::invalid(errors)) }
    }
}
