//! `/v1/workers`.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use contract::ids::{PoolId, WorkerId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    store,
    view::{WorkerView, view},
};
use crate::{
    app::AppState,
    audit,
    auth::{
        Grant,
        action::{ReadWorkers, WriteWorkers},
    },
    certificates,
    http::{Answer, ApiError, ApiPath, ApiQuery, commit, docs::CommonProblems},
    pool_keys, snapshots,
};

/// Certificates that a row of the audit log names.
const MOST_HELD: usize = 1_000;

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_workers))
        .routes(routes!(read_worker, delete_worker))
        .routes(routes!(drain_worker))
        .routes(routes!(resume_worker))
}

#[derive(Debug, Serialize, ToSchema)]
pub struct WorkerPage {
    pub data: Vec<WorkerView>,
    /// Null on the last page.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct WorkerQuery {
    /// Those of one pool.
    pool_id: Option<PoolId>,
    /// 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List the workers.
#[utoipa::path(get, path = "/v1/workers", operation_id = "list_workers", tag = "workers", params(WorkerQuery),
    responses((status = 200, description = "A page of workers", body = WorkerPage), CommonProblems))]
pub(super) async fn list_workers(
    grant: Grant<ReadWorkers>,
    State(app): State<AppState>,
    ApiQuery(query): ApiQuery<WorkerQuery>,
) -> Result<Answer, ApiError> {
    const LIST: &str = "workers";
    let page = app.cursors.page::<Uuid>(LIST, &query.pool_id, query.limit, query.cursor.as_deref())?;
    let mut rows = store::list(&mut app.db.read(&grant).await?, query.pool_id, &page).await?;
    let next_cursor = app.cursors.cut(LIST, &query.pool_id, page.limit, &mut rows, |row| row.id);
    let now = app.clock.now();
    let data = rows.into_iter().map(|row| view(row, now)).collect::<Result<_, _>>()?;
    Ok(Answer::ok(&WorkerPage { data, next_cursor }))
}

/// Read one worker.
#[utoipa::path(get, path = "/v1/workers/{id}", operation_id = "read_worker", tag = "workers", params(("id" = WorkerId, Path)),
    responses((status = 200, description = "The worker", body = WorkerView), CommonProblems))]
pub(super) async fn read_worker(
    grant: Grant<ReadWorkers>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<WorkerId>,
) -> Result<Answer, ApiError> {
    let row = store::get(&mut app.db.read(&grant).await?, id).await?.ok_or_else(ApiError::not_found)?;
    Ok(Answer::ok(&view(row, app.clock.now())?))
}

/// Delete a worker. Its tokens end at once, and its pool gets another key: it cannot read what is published from now on, and
/// goes on with the configuration it has until it is stopped. The audit log names the certificates whose keys it held.
#[utoipa::path(delete, path = "/v1/workers/{id}", operation_id = "delete_worker", tag = "workers",
    params(("id" = WorkerId, Path)),
    responses((status = 204, description = "Deleted"), CommonProblems))]
pub(super) async fn delete_worker(
    grant: Grant<WriteWorkers>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<WorkerId>,
) -> Result<Response, ApiError> {
    let mut tx = app.db.begin(&grant).await?;
    let row = store::get(&mut tx, id).await?.ok_or_else(ApiError::not_found)?;
    let before = view(row, app.clock.now())?;
    if !store::revoke(&mut tx, id).await? {
        return Err(ApiError::not_found());
    }
    // What it could read, for whoever has to judge whether certificates must be replaced.
    let extents = snapshots::extents(&mut tx).await?;
    let extent = extents.iter().find(|extent| extent.pool == before.pool_id);
    let of_pool = |tenant: Option<Uuid>| tenant.is_none_or(|tenant| extent.is_some_and(|extent| extent.holds(tenant)));
    let held = certificates::fingerprints(&mut tx).await?.into_iter().filter(|(tenant, _)| of_pool(*tenant));
    let held: Vec<String> = held.map(|(_, fingerprint)| fingerprint).take(MOST_HELD).collect();
    let after = (!held.is_empty()).then(|| serde_json::json!({ "held_certificates": held }));
    audit::record(&mut tx, "worker.delete", audit::Target::new("worker").id(id), Some(&before), after.as_ref()).await?;
    pool_keys::rotate(&mut tx, &app.vault, before.pool_id).await?;
    commit(tx, Answer::no_content()).await
}

/// Have a worker drain: who connects hears 421, and sessions end after their transaction. When `state` is `drained` it can be
/// stopped without anybody noticing. What it delivers meanwhile it delivers to the end.
#[utoipa::path(post, path = "/v1/workers/{id}/drain", operation_id = "drain_worker", tag = "workers",
    params(("id" = WorkerId, Path)),
    responses((status = 200, description = "Told with its next report, within seconds", body = WorkerView), CommonProblems))]
pub(super) async fn drain_worker(
    grant: Grant<WriteWorkers>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<WorkerId>,
) -> Result<Response, ApiError> {
    turn(&app, &grant, id, true).await
}

/// Have a worker that drains take mail again.
#[utoipa::path(post, path = "/v1/workers/{id}/resume", operation_id = "resume_worker", tag = "workers",
    params(("id" = WorkerId, Path)),
    responses((status = 200, description = "Told with its next report, within seconds", body = WorkerView), CommonProblems))]
pub(super) async fn resume_worker(
    grant: Grant<WriteWorkers>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<WorkerId>,
) -> Result<Response, ApiError> {
    turn(&app, &grant, id, false).await
}

async fn turn(app: &AppState, grant: &Grant<WriteWorkers>, id: WorkerId, drain: bool) -> Result<Response, ApiError> {
    let mut tx = app.db.begin(grant).await?;
    let mut row = store::get(&mut tx, id).await?.ok_or_else(ApiError::not_found)?;
    let now = tx.now();
    if row.draining_since.is_some() == drain {
        return Ok(Answer::ok(&view(row, now)?).into_response());
    }
    let before = view(row.clone(), now)?;
    row.draining_since = drain.then_some(now.as_micros());
    store::drain(&mut tx, id, drain.then_some(now)).await?;
    let after = view(row, now)?;
    let action = if drain { "worker.drain" } else { "worker.resume" };
    audit::record(&mut tx, action, audit::Target::new("worker").id(id), Some(&before), Some(&after)).await?;
    commit(tx, Answer::ok(&after)).await
}
