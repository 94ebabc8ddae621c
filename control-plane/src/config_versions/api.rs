//! `GET /v1/config/versions/{version}`.

use std::time::Duration;

use axum::extract::State;
use contract::{
    ids::WorkerId,
    worker_api::{HeadVersion, Ring},
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
    /// `pending`: in no head yet. `published`: in a head. `applied`: every worker seen in the last 30 seconds runs it.
    #[schema(example = "applied")]
    pub state: String,
    /// The head that holds it: epoch and version.
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
}

#[derive(Debug, Serialize, ToSchema)]
pub struct MissingWorker {
    pub id: WorkerId,
    #[schema(example = "mx1.example.net")]
    pub name: String,
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
    loop {
        news.borrow_and_update();
        let view = look(&app, &grant, version).await?;
        if view.state == "applied" || tokio::time::Instant::now() >= deadline || app.stopping.is_cancelled() {
            return Ok(Answer::ok(&view));
        }
        let again = (tokio::time::Instant::now() + LOOK_AGAIN).min(deadline);
        tokio::select! {
            _ = news.changed() => {}
            () = tokio::time::sleep_until(again) => {}
            () = app.stopping.cancelled() => {}
        }
    }
}

async fn look(app: &AppState, grant: &Grant<ReadConfigVersions>, version: i64) -> Result<ConfigVersionView, ApiError> {
    let mut read = app.db.read(grant).await?;
    let pool = workers::default_pool(&mut read).await?.ok_or_else(ApiError::not_found)?;
    let head = snapshots::mark(&mut read, version, pool, Ring::Stable).await?.ok_or_else(ApiError::not_found)?;
    let since = app.clock.now() - workers::SEEN_WITHIN;
    let seen = workers::running(&mut read, pool, since).await?;
    let mut view = view(version, head, seen);
    if !grant.scope_of::<ReadWorkers>().is_everything() {
        view.missing.clear();
    }
    Ok(view)
}

fn view(version: i64, head: Option<HeadVersion>, seen: Vec<workers::Running>) -> ConfigVersionView {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let workers_seen = count(seen.len());
    let missing: Vec<_> = seen
        .into_iter()
        .filter(|worker| head.is_none() || worker.at < head)
        .map(|worker| MissingWorker {
            id: worker.worker,
            name: worker.name,
            running: worker.at.map(|at| at.to_string()),
            refused: worker.refused,
        })
        .collect();
    let workers_running = workers_seen - count(missing.len());
    let state = match head {
        None => "pending",
        Some(_) if workers_seen > 0 && missing.is_empty() => "applied",
        Some(_) => "published",
    };
    ConfigVersionView {
        version,
        state: state.to_owned(),
        head: head.map(|head| head.to_string()),
        workers_seen,
        workers_running,
        share: if workers_seen == 0 { 0.0 } else { f64::from(workers_running) / f64::from(workers_seen) },
        missing,
    }
}
