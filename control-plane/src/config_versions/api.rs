//! `GET /v1/config/versions/{version}`.

use std::time::Duration;

use axum::extract::State;
use contract::{
    ids::{PoolId, WorkerId},
    worker_api::Ring,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::AppState,
    auth::{
        Grant,
        action::{ReadConfigVersions, ReadWorkers},
    },
    http::{Answer, ApiError, ApiPath, ApiQuery, Code, FieldError, docs::CommonProblems},
    pools::{self, Pool},
    snapshots, workers,
};

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(read_config_version))
}

/// The longest a call waits, in seconds.
const MAX_WAIT_S: u64 = 60;
/// Another replica may have heard of a worker: look again so often.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct ConfigVersionQuery {
    /// Wait so many seconds for all workers to run it.
    #[param(minimum = 0, maximum = 60, default = 0, example = 10)]
    wait: u64,
}

/// How far a configuration write has come.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConfigVersionView {
    /// The number that the write's `Config-Version` gave.
    #[schema(example = 42)]
    pub version: i64,
    /// `pending`: a pool's head does not hold it yet. `published`: every pool's does. `applied`: every worker seen in the last 30
    /// seconds runs it.
    #[schema(example = "applied")]
    pub state: String,
    /// The head of the pool `default` that holds it: epoch and version.
    #[schema(example = "1.17", required)]
    pub head: Option<String>,
    /// Workers seen in the last 30 seconds.
    #[schema(example = 3)]
    pub workers_seen: u32,
    /// Of these, how many run it.
    #[schema(example = 3)]
    pub workers_running: u32,
    /// `workers_running` / `workers_seen`; 0 where none was seen.
    #[schema(example = 1.0)]
    pub share: f64,
    /// Workers that do not run it (yet). Empty for those who may not read workers.
    pub missing: Vec<MissingWorker>,
    /// How far it has come in each pool.
    pub pools: Vec<PoolVersion>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct PoolVersion {
    pub pool_id: PoolId,
    #[schema(example = "default")]
    pub name: String,
    /// The pool's first head that holds it; null while none does, and for a pool that was made later.
    #[schema(example = "1.17", required)]
    pub head: Option<String>,
    #[schema(example = 3)]
    pub workers_seen: u32,
    #[schema(example = 3)]
    pub workers_running: u32,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct MissingWorker {
    pub id: WorkerId,
    #[schema(example = "mx1.example.net")]
    pub name: String,
    pub pool_id: PoolId,
    /// What it runs instead.
    #[schema(example = "1.16", required)]
    pub running: Option<String>,
    /// Why it refused the newest head, where it did.
    #[schema(example = "hash_mismatch", required)]
    pub refused: Option<String>,
}

/// Read how far a configuration write has come; wait for it. A number is known until 7 days after its change was published.
#[utoipa::path(get, path = "/v1/config/versions/{version}", operation_id = "read_config_version", tag = "configuration",
    params(("version" = i64, Path, description = "`Config-Version` of the write", example = 42), ConfigVersionQuery),
    responses((status = 200, description = "How far it has come", body = ConfigVersionView), CommonProblems))]
pub(super) async fn read_config_version(
    grant: Grant<ReadConfigVersions>,
    State(app): State<AppState>,
    ApiPath(version): ApiPath<i64>,
    ApiQuery(query): ApiQuery<ConfigVersionQuery>,
) -> Result<Answer, ApiError> {
    if query.wait > MAX_WAIT_S {
        return Err(ApiError::new(Code::InvalidQuery).errors(vec![FieldError::invalid("?wait", "expected 0 to 60")]));
    }
    let deadline = tokio::time::Instant::now() + Duration::from_secs(query.wait);
    let mut news = app.heads.news();
    let mut waited = false;
    let mut view = loop {
        news.borrow_and_update();
        let view = look(&app, &grant, version).await?;
        if view.state == "applied" || tokio::time::Instant::now() >= deadline || app.stopping.is_cancelled() {
            break view;
        }
        waited = true;
        let again = (tokio::time::Instant::now() + LOOK_AGAIN).min(deadline);
        tokio::select! {
            _ = news.changed() => {}
            () = tokio::time::sleep_until(again) => {}
            () = app.stopping.cancelled() => {}
        }
    };
    let grant = if waited { grant.renewed(&app).await? } else { grant };
    // Which workers and pools there are is the installation's own business.
    if !grant.scope_of::<ReadWorkers>().is_everything() {
        view.missing.clear();
        view.pools.clear();
    }
    Ok(Answer::ok(&view))
}

async fn look(app: &AppState, grant: &Grant<ReadConfigVersions>, version: i64) -> Result<ConfigVersionView, ApiError> {
    let mut read = app.db.read(grant).await?;
    let marks = snapshots::marks(&mut read, version, Ring::Stable).await?.ok_or_else(ApiError::not_found)?;
    let since = app.clock.now() - workers::SEEN_WITHIN;
    let mut seen = Vec::new();
    for pool in pools::all(&mut read).await? {
        let running = workers::running(&mut read, pool.id, since).await?;
        seen.push((pool, running));
    }
    Ok(view(version, &marks, seen))
}

fn view(version: i64, marks: &snapshots::Marks, seen: Vec<(Pool, Vec<workers::Running>)>) -> ConfigVersionView {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let is_published = seen.iter().all(|(pool, _)| marks.of(pool.id).is_some());
    let default = seen.iter().find(|(pool, _)| pool.is_default());
    let head = default.and_then(|(pool, _)| marks.heads.get(&pool.id)).map(ToString::to_string);
    let (mut missing, mut pools) = (Vec::new(), Vec::new());
    for (pool, workers) in seen {
        let (workers_seen, held) = (count(workers.len()), marks.of(pool.id));
        let lagging: Vec<_> = workers.into_iter().filter(|worker| held.is_none() || worker.at < held).collect();
        pools.push(PoolVersion {
            pool_id: pool.id,
            head: marks.heads.get(&pool.id).map(ToString::to_string),
            workers_seen,
            workers_running: workers_seen - count(lagging.len()),
            name: pool.name,
        });
        missing.extend(lagging.into_iter().map(|worker| MissingWorker {
            id: worker.worker,
            name: worker.name,
            pool_id: pool.id,
            running: worker.at.map(|at| at.to_string()),
            refused: worker.refused,
        }));
    }
    let workers_seen = pools.iter().map(|pool| pool.workers_seen).sum();
    let workers_running = pools.iter().map(|pool| pool.workers_running).sum();
    let state = match is_published {
        false => "pending",
        true if workers_seen > 0 && missing.is_empty() => "applied",
        true => "published",
    };
    ConfigVersionView {
        version,
        state: state.to_owned(),
        head,
        workers_seen,
        workers_running,
        share: if workers_seen == 0 { 0.0 } else { f64::from(workers_running) / f64::from(workers_seen) },
        missing,
        pools,
    }
}
