//! `/v1/tenants`

use std::time::Duration;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use contract::{
    Id,
    ids::{self, TenantId},
};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    Tenant, TenantKind,
    create::{self, taken, target},
    limits, store, suspension,
    view::{TenantCreate, TenantPage, TenantQuery, TenantUpdate, TenantView},
};
use crate::{
    app::AppState,
    audit,
    auth::{
        Action, Grant, Place,
        action::{ReadTenants, WriteTenants},
    },
    db::{Read, Tx},
    http::{Answer, ApiError, ApiJson, ApiPatch, ApiPath, ApiQuery, Code, IfMatch, commit, docs::CommonProblems},
    labels,
    outbox::{self, Change},
};

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_tenants, create_tenant))
        .routes(routes!(read_tenant, update_tenant, delete_tenant))
        .routes(routes!(restore_tenant))
        .merge(limits::api::router())
        .merge(suspension::api::router())
}

/// List tenants.
#[utoipa::path(get, path = "/v1/tenants", operation_id = "list_tenants", tag = "tenants", params(TenantQuery),
    responses((status = 200, description = "A page of tenants", body = TenantPage), CommonProblems))]
pub(super) async fn list_tenants(
    grant: Grant<ReadTenants>,
    State(app): State<AppState>,
    ApiQuery(query): ApiQuery<TenantQuery>,
) -> Result<Answer, ApiError> {
    const LIST: &str = "tenants";
    let filters = (&query.name, &query.external_ref, &query.label, &query.parent_id);
    let page = app.cursors.page::<Uuid>(LIST, &filters, query.limit, query.cursor.as_deref())?;
    let filter = store::Filter {
        name: query.name.clone(),
        external_ref: query.external_ref.clone(),
        label: labels::filter(query.label.as_deref())?,
        parent: query.parent_id,
    };
    let scope = grant.scope().sets();
    let mut read = app.db.read(&grant).await?;
    let mut rows = store::list(&mut read, &filter, &scope, &page).await?;
    let next_cursor = app.cursors.cut(LIST, &filters, page.limit, &mut rows, |row| row.id.uuid());
    let above = suspension::above(&mut read, &rows).await?;
    let scope = grant.scope();
    let data = rows.iter().map(|row| TenantView::seen(row, above.get(&row.id), &scope)).collect();
    Ok(Answer::ok(&TenantPage { data, next_cursor }))
}

/// Create a tenant, below one of yours.
#[utoipa::path(post, path = "/v1/tenants", operation_id = "create_tenant", tag = "tenants", request_body = TenantCreate,
    responses((status = 201, description = "Created", body = TenantView), CommonProblems))]
pub(super) async fn create_tenant(
    grant: Grant<WriteTenants>,
    State(app): State<AppState>,
    ApiJson(body): ApiJson<TenantCreate>,
) -> Result<Response, ApiError> {
    body.check()?;
    let mut tx = app.db.begin(&grant).await?;
    let tenant = create::add(&mut tx, &grant.scope(), body).await?;
    let seen = seen(&mut tx, &grant, &tenant).await?;
    commit(tx, Answer::created(format!("/v1/tenants/{}", tenant.id), &seen).revision(tenant.revision)).await
}

/// Read a tenant.
#[utoipa::path(get, path = "/v1/tenants/{tenant_id}", operation_id = "read_tenant", tag = "tenants",
    params(("tenant_id" = TenantId, Path)),
    responses((status = 200, description = "The tenant", body = TenantView), CommonProblems))]
pub(super) async fn read_tenant(
    grant: Grant<ReadTenants>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<TenantId>,
) -> Result<Answer, ApiError> {
    let mut read = app.db.read(&grant).await?;
    let tenant = store::find(&mut read, id).await?.ok_or_else(ApiError::not_found)?;
    grant.must_reach(Place::Tenant(id))?;
    Ok(Answer::ok(&seen(&mut read, &grant, &tenant).await?).revision(tenant.revision))
}

/// Change a tenant.
#[utoipa::path(patch, path = "/v1/tenants/{tenant_id}", operation_id = "update_tenant", tag = "tenants",
    params(("tenant_id" = TenantId, Path)), request_body = TenantUpdate,
    responses((status = 200, description = "The tenant as it is now", body = TenantView), CommonProblems))]
pub(super) async fn update_tenant(
    grant: Grant<WriteTenants>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<TenantId>,
    if_match: IfMatch,
    ApiPatch(body): ApiPatch<TenantUpdate>,
) -> Result<Response, ApiError> {
    let mut tx = app.db.begin(&grant).await?;
    let before = load(&mut tx, &grant, id).await?;
    if_match.check(before.revision)?;
    let mut after = before.clone();
    body.apply(&mut after)?;
    // The number is of whoever stands above: among those below them it is unique, and whose it is else is their matter.
    if after.external_ref != before.external_ref && !holds_above(&grant, &before) {
        return Err(ApiError::new(Code::Forbidden).at("/external_ref"));
    }
    save(tx, &grant, "tenant.update", &before, after).await
}

/// Delete a tenant: it closes, and is gone with all it has after some days. Until then it can be restored, and its mail
/// flows.
#[utoipa::path(delete, path = "/v1/tenants/{tenant_id}", operation_id = "delete_tenant", tag = "tenants",
    params(("tenant_id" = TenantId, Path)),
    responses((status = 200, description = "The tenant is closing", body = TenantView), CommonProblems))]
pub(super) async fn delete_tenant(
    grant: Grant<WriteTenants>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<TenantId>,
    if_match: IfMatch,
) -> Result<Response, ApiError> {
    let mut tx = app.db.begin(&grant).await?;
    let before = load(&mut tx, &grant, id).await?;
    must_hold_above(&grant, &before)?;
    if_match.check(before.revision)?;
    if before.kind == TenantKind::Provider {
        return Err(ApiError::new(Code::InUse).detail("the provider stays"));
    }
    if store::has_open_children(&mut tx, id).await? {
        return Err(ApiError::new(Code::TenantHasChildren));
    }
    let mut after = before.clone();
    let period = Duration::from_secs(app.config.closing_period_s);
    after.closes_at = after.closes_at.or_else(|| Some(tx.now() + period));
    save(tx, &grant, "tenant.close", &before, after).await
}

/// Take the deletion of a tenant back.
#[utoipa::path(post, path = "/v1/tenants/{tenant_id}/restore", operation_id = "restore_tenant", tag = "tenants",
    params(("tenant_id" = TenantId, Path)),
    responses((status = 200, description = "The tenant as it is now", body = TenantView), CommonProblems))]
pub(super) async fn restore_tenant(
    grant: Grant<WriteTenants>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<TenantId>,
) -> Result<Response, ApiError> {
    let mut tx = app.db.begin(&grant).await?;
    let before = load(&mut tx, &grant, id).await?;
    must_hold_above(&grant, &before)?;
    if before.closes_at.is_none() {
        return Err(ApiError::new(Code::NotClosing));
    }
    if let Some(parent) = before.parent {
        store::lock(&mut tx, parent).await?;
        if store::find(&mut tx, parent).await?.is_none_or(|parent| parent.closes_at.is_some()) {
            return Err(ApiError::new(Code::TenantClosing).detail("the tenant above it is closing"));
        }
    }
    let mut after = before.clone();
    after.closes_at = None;
    save(tx, &grant, "tenant.restore", &before, after).await
}

pub(super) async fn load<A: Action>(tx: &mut Tx, grant: &Grant<A>, id: Id<ids::Tenant>) -> Result<Tenant, ApiError> {
    grant.must_reach(Place::Tenant(id))?;
    store::lock(tx, id).await?;
    store::find(tx, id).await?.ok_or_else(ApiError::not_found)
}

/// Does the caller hold what the tenant stands below?
fn holds_above<A: Action>(grant: &Grant<A>, tenant: &Tenant) -> bool {
    grant.scope().covers(Place::of(tenant.parent))
}

/// Nobody ends what they were given: who stands above does.
pub(super) fn must_hold_above<A: Action>(grant: &Grant<A>, tenant: &Tenant) -> Result<(), ApiError> {
    if holds_above(grant, tenant) {
        return Ok(());
    }
    Err(ApiError::new(Code::Forbidden).detail("whoever administers the tenant above it can do this"))
}

/// As the caller sees it.
async fn seen<A: Action>(read: &mut Read, grant: &Grant<A>, tenant: &Tenant) -> Result<TenantView, ApiError> {
    let above = suspension::above(read, std::slice::from_ref(tenant)).await?;
    Ok(TenantView::seen(tenant, above.get(&tenant.id), &grant.scope_of::<ReadTenants>()))
}

pub(super) async fn save<A: Action>(
    mut tx: Tx,
    grant: &Grant<A>,
    action: &'static str,
    before: &Tenant,
    mut after: Tenant,
) -> Result<Response, ApiError> {
    let (old, new) = (TenantView::from(before), TenantView::from(&after));
    let same = serde_json::to_value(&old).ok() == serde_json::to_value(&new).ok();
    let answer = seen(&mut tx, grant, &after).await?;
    if same && before.suspended == after.suspended {
        return Ok(Answer::ok(&answer).revision(before.revision).into_response());
    }
    store::update(&mut tx, &after).await.map_err(|error| error.or_unique(taken))?;
    after.revision += 1;
    audit::record(&mut tx, action, target(&after), Some(&old), Some(&new)).await?;
    outbox::record(&mut tx, &Change::Tenant(after.id)).await?;
    commit(tx, Answer::ok(&answer).revision(after.revision)).await
}
