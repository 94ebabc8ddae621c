//! `GET /v1/domains/{domain_id}/access`

use axum::extract::State;
use contract::ids::{DomainId, GrantId, PersonId, TenantId};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Given, Over, store, view::GrantScopeName};
use crate::{
    app::AppState,
    auth::{Grant, Role, action::ReadAccess},
    domains,
    http::{Answer, ApiError, ApiPath, Time, docs::CommonProblems},
    tenants,
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(read_domain_access))
}

/// Who may do what to a domain.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DomainAccess {
    pub domain_id: DomainId,
    pub data: Vec<DomainAccessEntry>,
}

/// One grant that reaches the domain. Of one from above what is yours, only the role is told.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DomainAccessEntry {
    #[schema(required)]
    pub person_id: Option<PersonId>,
    #[schema(required, example = "anna@acme.example")]
    pub email: Option<String>,
    #[schema(required)]
    pub grant_id: Option<GrantId>,
    #[schema(example = "domain_admin")]
    pub role: String,
    pub scope: GrantScopeName,
    #[schema(required)]
    pub tenant_id: Option<TenantId>,
    #[schema(required)]
    pub expires_at: Option<Time>,
    /// What the role allows here.
    #[schema(example = json!(["domains.read", "recipients.write"]))]
    pub actions: Vec<String>,
}

/// Who may do what to a domain, and through which grant? People who may not sign in are left out.
#[utoipa::path(get, path = "/v1/domains/{domain_id}/access", operation_id = "read_domain_access", tag = "grants",
    params(("domain_id" = DomainId, Path)),
    responses((status = 200, description = "Grants that reach the domain", body = DomainAccess), CommonProblems))]
pub(super) async fn read_domain_access(
    grant: Grant<ReadAccess>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<DomainId>,
) -> Result<Answer, ApiError> {
    let mut read = app.db.read(&grant).await?;
    let domain = domains::find(&mut read, id).await?.ok_or_else(ApiError::not_found)?;
    grant.must_reach(domain.place())?;
    let above = tenants::ancestry(&mut read, domain.tenant).await?;
    let scope = grant.scope();
    let given = store::over_domain(&mut read, id, &above, app.clock.now()).await?;
    let stopped = tenants::suspension::stopped(&mut read, domain.tenant).await?;
    let entries = given.iter().filter_map(|given| {
        // Who is stopped where the grant is over, or above, reads.
        let chain = match given.over {
            Over::Installation => &[][..],
            Over::Tenant(tenant) => {
                above.iter().position(|id| *id == tenant).and_then(|at| above.get(at..)).unwrap_or(&[])
            }
            Over::Domain(..) => &above[..],
        };
        let reads_only = chain.iter().any(|id| stopped.contains(id));
        entry(given, scope.covers(given.over.place()), reads_only)
    });
    Ok(Answer::ok(&DomainAccess { domain_id: id, data: entries.collect() }))
}

/// None: it comes to nothing here.
fn entry(given: &Given, seen: bool, reads_only: bool) -> Option<DomainAccessEntry> {
    let role = Role::granted(&given.role)?;
    // Over a tenant that is the right to create others.
    if role == Role::DomainAdmin && matches!(given.over, Over::Tenant(_)) {
        return None;
    }
    let actions: Vec<_> =
        role.actions(false).filter(|row| !reads_only || row.reads()).map(|row| row.action.to_owned()).collect();
    let (scope, tenant_id, _) = given.over.named();
    (!actions.is_empty()).then(|| DomainAccessEntry {
        person_id: seen.then_some(given.person),
        email: seen.then(|| given.email.clone()),
        grant_id: seen.then_some(given.id),
        role: given.role.clone(),
        scope,
        tenant_id: tenant_id.filter(|_| seen),
        expires_at: given.expires_at.filter(|_| seen).map(Time),
        actions,
    })
}
