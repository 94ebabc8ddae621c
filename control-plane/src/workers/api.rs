//! `/v1/workers` and `/v1/pools`.

use axum::{extract::State, response::Response};
use contract::{
    Id, Micros,
    ids::{PoolId, WorkerId},
    worker_api::{PartError, Status, Totals},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{SEEN_WITHIN, store};
use crate::{
    app::AppState,
    audit,
    auth::{
        Grant,
        action::{ReadWorkers, WriteWorkers},
    },
    certificates,
    db::StoreError,
    http::{Answer, ApiError, ApiPath, ApiQuery, Time, commit, docs::CommonProblems},
    pool_keys,
};

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_pools))
        .routes(routes!(list_workers))
        .routes(routes!(read_worker, delete_worker))
}

/// A set of workers with its own head.
#[derive(Debug, Serialize, ToSchema)]
pub struct PoolView {
    pub id: PoolId,
    #[schema(example = "default")]
    pub name: String,
    pub created_at: Time,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct PoolPage {
    pub data: Vec<PoolView>,
    /// Null on the last page.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// A worker, as far as it has told.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkerView {
    pub id: WorkerId,
    pub pool_id: PoolId,
    /// `stable` or `canary`.
    #[schema(example = "stable")]
    pub ring: String,
    #[schema(example = "mx1.example.net")]
    pub name: String,
    #[schema(example = "0.1.0")]
    pub software_version: String,
    /// Where it enrolled from.
    #[schema(example = "192.0.2.7")]
    pub address: Option<String>,
    pub created_at: Time,
    pub last_seen_at: Time,
    /// Heard of within the last 30 seconds.
    #[schema(example = true)]
    pub is_alive: bool,
    /// It has a snapshot and takes mail.
    #[schema(example = true)]
    pub is_ready: bool,
    /// Head it runs: epoch and version.
    #[schema(example = "1.42", required)]
    pub running: Option<String>,
    /// Why it refused the newest head: `bad_signature`, `hash_mismatch`, `rolled_back`, … (docs/operations.md).
    #[schema(example = "hash_mismatch", required)]
    pub refused: Option<String>,
    /// Parts of the configuration that it could not take; their last good state is used.
    pub errors: Vec<PartError>,
    /// SMTP sessions now.
    #[schema(example = 12)]
    pub sessions: u32,
    /// Since it started.
    pub totals: Totals,
    /// How far its clock is ahead of the control plane's, in microseconds.
    #[schema(example = -1200)]
    pub clock_skew_us: i64,
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
    /// 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List the pools.
#[utoipa::path(get, path = "/v1/pools", operation_id = "list_pools", tag = "workers",
    responses((status = 200, description = "All pools", body = PoolPage), CommonProblems))]
pub(super) async fn list_pools(grant: Grant<ReadWorkers>, State(app): State<AppState>) -> Result<Answer, ApiError> {
    let rows = store::pools(&mut app.db.read(&grant).await?).await?;
    let data = rows.into_iter().map(|row| PoolView {
        id: PoolId::from_uuid(row.id),
        name: row.name,
        created_at: Time(Micros::from_micros(row.created_at)),
    });
    Ok(Answer::ok(&PoolPage { data: data.collect(), next_cursor: None }))
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
    let page = app.cursors.page::<Uuid>(LIST, &(), query.limit, query.cursor.as_deref())?;
    let mut rows = store::list(&mut app.db.read(&grant).await?, &page).await?;
    let next_cursor = app.cursors.cut(LIST, &(), page.limit, &mut rows, |row| row.id);
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
    let held = certificates::fingerprints(&mut tx).await?;
    let after = (!held.is_empty()).then(|| serde_json::json!({ "held_certificates": held }));
    audit::record(&mut tx, "worker.delete", audit::Target::new("worker").id(id), Some(&before), after.as_ref()).await?;
    pool_keys::rotate(&mut tx, &app.vault, before.pool_id).await?;
    commit(tx, Answer::no_content()).await
}

fn view(row: store::Row, now: Micros) -> Result<WorkerView, StoreError> {
    let status: Option<Status> =
        row.status.map(|text| serde_json::from_str(&text)).transpose().map_err(StoreError::corrupt("worker status"))?;
    let last_seen_at = Micros::from_micros(row.last_seen_at);
    let skew = status.as_ref().map_or(0, |status| status.now.as_micros() - last_seen_at.as_micros());
    Ok(WorkerView {
        id: Id::from_uuid(row.id),
        pool_id: Id::from_uuid(row.pool_id),
        ring: row.ring,
        name: row.name,
        software_version: row.software_version,
        address: row.address,
        created_at: Time(Micros::from_micros(row.created_at)),
        last_seen_at: Time(last_seen_at),
        is_alive: now.since(last_seen_at) <= SEEN_WITHIN,
        is_ready: status.as_ref().is_some_and(|status| status.ready),
        running: store::version_of(row.running_epoch, row.running_version).map(|at| at.to_string()),
        refused: row.refused,
        sessions: status.as_ref().map_or(0, |status| status.sessions),
        totals: status.as_ref().map(|status| status.totals).unwrap_or_default(),
        errors: status.map(|status| status.errors).unwrap_or_default(),
        clock_skew_us: skew,
    })
}
