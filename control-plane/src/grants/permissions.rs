//! `GET /v1/me/permissions`

use axum::extract::State;
use contract::ids::{DomainId, GrantId, TenantId};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Over, store, view::GrantScopeName};
use crate::{
    app::AppState,
    auth::{Grant, MATRIX, Role, action::ReadOwnAccount},
    db::Read,
    domains,
    http::{Answer, ApiError, Time, docs::CommonProblems},
    tenants,
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(read_my_permissions))
}

/// What one may do, and by which grants.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MyPermissions {
    pub grants: Vec<HeldGrant>,
    /// Every action that is open somewhere.
    pub permissions: Vec<Permission>,
}

/// A grant that one holds.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HeldGrant {
    pub id: GrantId,
    #[schema(example = "domain_admin")]
    pub role: String,
    pub scope: GrantScopeName,
    #[schema(required)]
    pub tenant_id: Option<TenantId>,
    #[schema(required)]
    pub domain_id: Option<DomainId>,
    /// Of the tenant or the domain.
    #[schema(required, example = "Acme Ltd")]
    pub name: Option<String>,
    #[schema(required)]
    pub expires_at: Option<Time>,
    #[schema(example = false)]
    pub may_delegate: bool,
    #[schema(required, example = 10)]
    pub max_domains: Option<i64>,
}

/// Where an action is open.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Permission {
    #[schema(example = "recipients.write")]
    pub action: String,
    /// Everywhere.
    #[schema(example = false)]
    pub installation: bool,
    /// In these tenants and all below them; `domains.create` by a `domain_admin` in them alone.
    pub tenant_ids: Vec<TenantId>,
    pub domain_ids: Vec<DomainId>,
}

/// What may I do, where, and through which grant?
#[utoipa::path(get, path = "/v1/me/permissions", operation_id = "read_my_permissions", tag = "account",
    responses((status = 200, description = "Grants that count now, and what they come to", body = MyPermissions),
        CommonProblems))]
pub(super) async fn read_my_permissions(
    grant: Grant<ReadOwnAccount>,
    State(app): State<AppState>,
) -> Result<Answer, ApiError> {
    let (person, _) = grant.person()?;
    let mut read = app.db.read(&grant).await?;
    let mut grants = Vec::new();
    for given in store::of_person(&mut read, person, app.clock.now()).await? {
        let (scope, tenant_id, domain_id) = given.over.named();
        grants.push(HeldGrant {
            id: given.id,
            name: name(&mut read, given.over).await?,
            role: given.role,
            scope,
            tenant_id,
            domain_id,
            expires_at: given.expires_at.map(Time),
            may_delegate: given.may_delegate,
            max_domains: given.max_domains,
        });
    }
    Ok(Answer::ok(&MyPermissions { grants, permissions: permissions(&grant) }))
}

async fn name(read: &mut Read, over: Over) -> Result<Option<String>, ApiError> {
    Ok(match over {
        Over::Installation => None,
        Over::Tenant(id) => tenants::find(read, id).await?.map(|tenant| tenant.name),
        Over::Domain(id, _) => domains::find(read, id).await?.map(|domain| domain.name.as_ascii().to_owned()),
    })
}

fn permissions(grant: &Grant<ReadOwnAccount>) -> Vec<Permission> {
    let open = |row: &crate::auth::action::MatrixRow| {
        let action = row.action.to_owned();
        if row.roles.contains(&Role::Person) {
            return Some(Permission { action, installation: false, tenant_ids: Vec::new(), domain_ids: Vec::new() });
        }
        let scope = grant.holding().scope_of_row(row);
        let installation = scope.is_everything();
        let tenant_ids = scope.named_tenants();
        let domain_ids: Vec<_> = scope.domains().into_iter().flatten().collect();
        let somewhere = installation || !(row.of_installation || tenant_ids.is_empty() && domain_ids.is_empty());
        somewhere.then_some(Permission { action, installation, tenant_ids, domain_ids })
    };
    MATRIX.iter().filter_map(open).collect()
}
