//! `/v1/pools`

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use contract::{Id, ids, ids::PoolId};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    Pool, assignment, store,
    view::{PoolCreate, PoolPage, PoolQuery, PoolUpdate, PoolView},
};
use crate::{
    app::AppState,
    audit::{self, Target},
    auth::{
        Grant,
        action::{ReadPools, WritePools},
    },
    db::{Read, Tx},
    http::{Answer, ApiError, ApiJson, ApiPatch, ApiPath, ApiQuery, Code, IfMatch, Page, commit, docs::CommonProblems},
    workers,
};

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_pools, create_pool))
        .routes(routes!(read_pool, update_pool, delete_pool))
        .merge(assignment::router())
}

fn target(pool: &Pool) -> Target {
    Target::new("pool").id(pool.id)
}

fn taken() -> ApiError {
    ApiError::new(Code::NameTaken).at("/name")
}

/// List the pools.
#[utoipa::path(get, path = "/v1/pools", operation_id = "list_pools", tag = "pools", params(PoolQuery),
    responses((status = 200, description = "A page of pools", body = PoolPage), CommonProblems))]
pub(super) async fn list_pools(
    grant: Grant<ReadPools>,
    State(app): State<AppState>,
    ApiQuery(query): ApiQuery<PoolQuery>,
) -> Result<Answer, ApiError> {
    const LIST: &str = "pools";
    let page = app.cursors.page::<Uuid>(LIST, &query.name, query.limit, query.cursor.as_deref())?;
    let filter = store::Filter { name: query.name.as_deref(), id: None };
    let since = app.clock.now() - workers::SEEN_WITHIN;
    let mut rows = store::list(&mut app.db.read(&grant).await?, &filter, &page, since).await?;
    let next_cursor = app.cursors.cut(LIST, &query.name, page.limit, &mut rows, |row| row.pool.id.uuid());
    Ok(Answer::ok(&PoolPage { data: rows.iter().map(PoolView::from).collect(), next_cursor }))
}

/// Create a pool. Workers join it with a join token of the pool; tenants are given to it by `PUT /v1/tenants/{tenant_id}/pools`.
#[utoipa::path(post, path = "/v1/pools", operation_id = "create_pool", tag = "pools", request_body = PoolCreate,
    responses((status = 201, description = "Created", body = PoolView), CommonProblems))]
pub(super) async fn create_pool(
    grant: Grant<WritePools>,
    State(app): State<AppState>,
    ApiJson(body): ApiJson<PoolCreate>,
) -> Result<Response, ApiError> {
    body.check()?;
    let mut tx = app.db.begin(&grant).await?;
    let pool = Pool { id: tx.new_id(), name: body.name, mx_hosts: body.mx_hosts, revision: 1, created_at: tx.now() };
    store::insert(&mut tx, &pool).await.map_err(|error| error.or_unique(taken))?;
    let view = PoolView::of(&pool);
    audit::record(&mut tx, "pool.create", target(&pool), audit::NOTHING, Some(&view)).await?;
    commit(tx, Answer::created(format!("/v1/pools/{}", pool.id), &view).revision(pool.revision)).await
}

/// Read a pool.
#[utoipa::path(get, path = "/v1/pools/{pool_id}", operation_id = "read_pool", tag = "pools",
    params(("pool_id" = PoolId, Path)),
    responses((status = 200, description = "The pool", body = PoolView), CommonProblems))]
pub(super) async fn read_pool(
    grant: Grant<ReadPools>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<PoolId>,
) -> Result<Answer, ApiError> {
    let listed = counted(&app, &mut app.db.read(&grant).await?, id).await?;
    Ok(Answer::ok(&PoolView::from(&listed)).revision(listed.pool.revision))
}

/// Change a pool.
#[utoipa::path(patch, path = "/v1/pools/{pool_id}", operation_id = "update_pool", tag = "pools",
    params(("pool_id" = PoolId, Path)), request_body = PoolUpdate,
    responses((status = 200, description = "The pool as it is now", body = PoolView), CommonProblems))]
pub(super) async fn update_pool(
    grant: Grant<WritePools>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<PoolId>,
    if_match: IfMatch,
    ApiPatch(body): ApiPatch<PoolUpdate>,
) -> Result<Response, ApiError> {
    let mut tx = app.db.begin(&grant).await?;
    let before = load(&mut tx, id).await?;
    if_match.check(before.revision)?;
    let mut after = before.clone();
    body.apply(&mut after)?;
    if after != before {
        store::update(&mut tx, &after).await.map_err(|error| error.or_unique(taken))?;
        after.revision += 1;
        let (old, new) = (PoolView::of(&before), PoolView::of(&after));
        audit::record(&mut tx, "pool.update", target(&after), Some(&old), Some(&new)).await?;
    }
    let listed = counted(&app, &mut tx, id).await?;
    let answer = Answer::ok(&PoolView::from(&listed)).revision(after.revision);
    if after == before { Ok(answer.into_response()) } else { commit(tx, answer).await }
}

/// Delete a pool that serves nobody and has no worker any more, with its join tokens and keys.
#[utoipa::path(delete, path = "/v1/pools/{pool_id}", operation_id = "delete_pool", tag = "pools",
    params(("pool_id" = PoolId, Path)),
    responses((status = 204, description = "Deleted"), CommonProblems))]
pub(super) async fn delete_pool(
    grant: Grant<WritePools>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<PoolId>,
    if_match: IfMatch,
) -> Result<Response, ApiError> {
    let mut tx = app.db.begin(&grant).await?;
    let pool = load(&mut tx, id).await?;
    if_match.check(pool.revision)?;
    if pool.is_default() {
        return Err(ApiError::new(Code::InUse).detail("the pool `default` stays"));
    }
    match store::users(&mut tx, id).await? {
        (0, 0) => {}
        (tenants, workers) => {
            let detail = format!("{tenants} tenants name it, and {workers} workers are in it");
            return Err(ApiError::new(Code::InUse).detail(&detail));
        }
    }
    store::delete(&mut tx, &pool).await?;
    audit::record(&mut tx, "pool.delete", target(&pool), Some(&PoolView::of(&pool)), audit::NOTHING).await?;
    commit(tx, Answer::no_content()).await
}

async fn load(tx: &mut Tx, id: Id<ids::Pool>) -> Result<Pool, ApiError> {
    store::lock(tx, id).await?;
    store::find(tx, id).await?.ok_or_else(ApiError::not_found)
}

async fn counted(app: &AppState, read: &mut Read, id: Id<ids::Pool>) -> Result<store::Listed, ApiError> {
    let filter = store::Filter { name: None, id: Some(id) };
    let page = Page { after: None, limit: 1 };
    let found = store::list(read, &filter, &page, app.clock.now() - workers::SEEN_WITHIN).await?;
    found.into_iter().next().ok_or_else(ApiError::not_found)
}
