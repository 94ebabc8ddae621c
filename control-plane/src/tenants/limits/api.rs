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
    tenants,
};

const MOST: i64 = 1_000_000_000;

pub(in crate::tenants) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(read_tenant_limits, update_tenant_limits))
}

/// How much a tenant may have. What is left out or null has no limit here; those of the tenants above hold as well.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "max_domains": 50, "max_recipients": 20_000 }))]
pub(crate) struct TenantLimitsUpdate {
    /// Domains of the tenant and of all below it, in whatever state.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    max_domains: Option<i64>,
    /// Recipients of all these domains.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    max_recipients: Option<i64>,
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
    /// With all below it.
    #[schema(example = 12)]
    pub domains: i64,
    #[schema(example = 4_711)]
    pub recipients: i64,
}

impl TenantLimits {
    fn new(limits: Limits, (domains, recipients): (i64, i64)) -> Self {
        Self { max_domains: limits.max_domains, max_recipients: limits.max_recipients, domains, recipients }
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
    let after = Limits::from(body);
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
    let shown =
        |limits: Limits| TenantLimitsUpdate { max_domains: limits.max_domains, max_recipients: limits.max_recipients };
    audit::record(tx, "limits.update", target, Some(&shown(before)), Some(&shown(after))).await
}

/// Of a tenant that was made in this transaction.
pub(crate) async fn set_first(tx: &mut Tx, id: Id<ids::Tenant>, limits: TenantLimitsUpdate) -> Result<(), ApiError> {
    let (before, revision) = store::find(tx, id).await?.ok_or_else(ApiError::not_found)?;
    Ok(write(tx, id, before, limits.into(), revision).await?)
}

impl From<TenantLimitsUpdate> for Limits {
    fn from(body: TenantLimitsUpdate) -> Self {
        Self { max_domains: body.max_domains, max_recipients: body.max_recipients }
    }
}

impl TenantLimitsUpdate {
    pub(crate) fn check(self) -> Result<(), ApiError> {
        let fields = [("/max_domains", self.max_domains), ("/max_recipients", self.max_recipients)];
        let wrong = fields.into_iter().filter(|(_, value)| value.is_some_and(|value| !(0..=MOST).contains(&value)));
        let errors: Vec<_> = wrong.map(|(at, _)| FieldError::invalid(at, format!("expected 0 to {MOST}"))).collect();
        if errors.is_empty() { Ok(()) } else { Err(ApiError::invalid(errors)) }
    }
}
