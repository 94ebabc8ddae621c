//! `POST /v1/tenants/{tenant_id}/suspend` and `/resume`

use std::time::Duration;

use axum::{extract::State, response::Response};
use contract::ids::TenantId;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::Suspended;
use crate::{
    app::AppState,
    auth::{Grant, action::SuspendTenants},
    http::{ApiError, ApiJson, ApiPath, Code, Patch, docs::CommonProblems},
    labels,
    tenants::{
        TenantKind,
        api::{load, must_hold_above, save},
        view::TenantView,
    },
};

const MOST_DAYS: u16 = 365;
const DAY: Duration = Duration::from_hours(24);

pub(in crate::tenants) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(suspend_tenant)).routes(routes!(resume_tenant))
}

/// How a tenant is suspended.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "invoice 4711", "refuse_after_days": 14 }))]
pub(in crate::tenants) struct TenantSuspend {
    /// A note for those who administer the tenant above it; nobody else sees it.
    #[serde(default)]
    #[schema(max_length = 500)]
    reason: Option<String>,
    /// Days after the suspension from which on mail is refused for good. null: never. Left out: as the installation is set.
    #[serde(default)]
    #[schema(value_type = Option<u16>, minimum = 0, maximum = 365)]
    refuse_after_days: Patch<u16>,
}

/// Suspend a tenant, and all below it: their mail is deferred, after some days refused, and their people only read. Only for
/// whoever administers the tenant above. Of one that is suspended already it says anew how.
#[utoipa::path(post, path = "/v1/tenants/{tenant_id}/suspend", operation_id = "suspend_tenant", tag = "tenants",
    params(("tenant_id" = TenantId, Path)), request_body = TenantSuspend,
    responses((status = 200, description = "The tenant is suspended", body = TenantView), CommonProblems))]
pub(in crate::tenants) async fn suspend_tenant(
    grant: Grant<SuspendTenants>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<TenantId>,
    ApiJson(body): ApiJson<TenantSuspend>,
) -> Result<Response, ApiError> {
    body.check()?;
    let mut tx = app.db.begin(&grant).await?;
    let before = load(&mut tx, &grant, id).await?;
    must_hold_above(&grant, &before)?;
    if before.kind == TenantKind::Provider {
        return Err(ApiError::new(Code::InUse).detail("the provider goes on"));
    }
    let days = match body.refuse_after_days {
        Patch::Keep => app.config.refuse_suspended_after_days,
        Patch::Clear => None,
        Patch::Set(days) => Some(days),
    };
    let at = before.suspended.as_ref().map_or(tx.now(), |suspended| suspended.at);
    let refuse_from = days.map(|days| at + DAY * u32::from(days));
    let mut after = before.clone();
    after.suspended = Some(Suspended { at, refuse_from, reason: body.reason });
    save(tx, &grant, "tenant.suspend", &before, after).await
}

/// Let a suspended tenant go on. One above it may be suspended as well; then it stays as that one is.
#[utoipa::path(post, path = "/v1/tenants/{tenant_id}/resume", operation_id = "resume_tenant", tag = "tenants",
    params(("tenant_id" = TenantId, Path)),
    responses((status = 200, description = "The tenant as it is now", body = TenantView), CommonProblems))]
pub(in crate::tenants) async fn resume_tenant(
    grant: Grant<SuspendTenants>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<TenantId>,
) -> Result<Response, ApiError> {
    let mut tx = app.db.begin(&grant).await?;
    let before = load(&mut tx, &grant, id).await?;
    must_hold_above(&grant, &before)?;
    if before.suspended.is_none() {
        return Err(ApiError::new(Code::NotSuspended));
    }
    let mut after = before.clone();
    after.suspended = None;
    save(tx, &grant, "tenant.resume", &before, after).await
}

impl TenantSuspend {
    fn check(&self) -> Result<(), ApiError> {
        let mut errors = Vec::new();
        if let Some(reason) = &self.reason {
            labels::check_text(reason, 500, "/reason", &mut errors);
        }
        if matches!(self.refuse_after_days, Patch::Set(days) if days > MOST_DAYS) {
            let message = format!("expected 0 to {MOST_DAYS}");
            errors.push(crate::http::FieldError::invalid("/refuse_after_days", message));
        }
        if errors.is_empty() { Ok(()) } else { Err(ApiError::invalid(errors)) }
    }
}
