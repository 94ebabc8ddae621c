//! `GET /v1/status`

use axum::extract::State;
use contract::ids::PoolId;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    facts::{Facts, gather},
    problem::{StatusProblem, StatusSeverity, judge, versions},
};
use crate::{
    app::AppState,
    auth::{Grant, action::ReadStatus},
    db::Engine,
    http::{Answer, ApiError, Time, docs::CommonProblems},
    pools::Pool,
    workers::{WorkerState, WorkerView},
};

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(read_status))
}

/// The most problems one answer lists.
const MAX_PROBLEMS: usize = 200;

/// How an installation fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Overall {
    /// Nothing is wrong, or only things worth knowing.
    Ok,
    Warning,
    Critical,
}

/// The installation in one call: what is there, what is wrong, what to do about it.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatusView {
    /// The worst of `problems`; `ok` where there are only notices.
    #[schema(example = "ok")]
    pub state: Overall,
    pub at: Time,
    /// Of the control plane that answered.
    #[schema(example = "0.1.0")]
    pub software_version: String,
    /// `sqlite` or `postgresql`.
    #[schema(example = "sqlite")]
    pub database: String,
    pub configuration: ConfigurationStatus,
    pub workers: WorkersStatus,
    pub pools: Vec<PoolStatus>,
    pub events: EventsStatus,
    pub next_hops: NextHopsStatus,
    /// The worst first.
    pub problems: Vec<StatusProblem>,
    /// With those that the list had no room for (200).
    #[schema(example = 0)]
    pub problems_total: u32,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ConfigurationStatus {
    /// The newest head of the pool `default`: epoch and version.
    #[schema(example = "1.42", required)]
    pub head: Option<String>,
    /// When it was signed, anew every minute.
    #[schema(required)]
    pub head_issued_at: Option<Time>,
    /// When an edit was last published.
    #[schema(required)]
    pub last_published_at: Option<Time>,
    /// Edits that no head holds yet.
    #[schema(example = 0)]
    pub waiting: i64,
    /// Since when the oldest of them waits.
    #[schema(required)]
    pub waiting_since: Option<Time>,
    /// Workers that are there and run an older head.
    #[schema(example = 0)]
    pub workers_behind: u32,
}

/// A set of workers with a configuration of their own.
#[derive(Debug, Serialize, ToSchema)]
pub struct PoolStatus {
    pub id: PoolId,
    #[schema(example = "default")]
    pub name: String,
    /// The newest head: epoch and version.
    #[schema(example = "1.42", required)]
    pub head: Option<String>,
    #[schema(required)]
    pub head_issued_at: Option<Time>,
    /// It serves a tenant: without workers their mail would be put off.
    #[schema(example = true)]
    pub serves_tenants: bool,
    /// Workers that were heard of in the last 30 seconds, and those that take mail.
    #[schema(example = 3)]
    pub workers: u32,
    #[schema(example = 3)]
    pub workers_ready: u32,
}

/// Counts; `total` is their sum.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct WorkersStatus {
    #[schema(example = 3)]
    pub total: u32,
    #[schema(example = 3)]
    pub ready: u32,
    pub starting: u32,
    pub draining: u32,
    pub drained: u32,
    pub away: u32,
    /// By software version, of those that are there.
    pub versions: Vec<VersionCount>,
    /// SMTP sessions now, of all.
    #[schema(example = 12)]
    pub sessions: u64,
    /// Octets of messages that they hold now.
    #[schema(example = 1_048_576)]
    pub message_bytes: u64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct VersionCount {
    #[schema(example = "0.1.0")]
    pub software_version: String,
    #[schema(example = 3)]
    pub workers: u32,
}

/// What happened, on its way to the trace. Gaps and rejected events are those of the last 24 hours.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventsStatus {
    /// Octets that wait in workers.
    #[schema(example = 2_048)]
    pub waiting_bytes: u64,
    /// How full the fullest worker's buffer is, 0 to 1.
    #[schema(example = 0.01)]
    pub fullest_buffer: f64,
    pub gaps: i64,
    /// Transactions that the gaps count.
    pub missing: i64,
    pub rejected: i64,
}

/// Next hops in trouble, as workers of the last 30 seconds see them.
#[derive(Debug, Serialize, ToSchema)]
pub struct NextHopsStatus {
    /// The last try came to nothing.
    pub failing: u32,
    /// Five tries in a row or more came to nothing: left alone but for a try now and then.
    pub down: u32,
}

/// How the installation fares: workers, versions, next hops, events, what is wrong and what to do about it.
#[utoipa::path(get, path = "/v1/status", operation_id = "read_status", tag = "status",
    responses((status = 200, description = "How it fares now", body = StatusView), CommonProblems))]
pub(super) async fn read_status(grant: Grant<ReadStatus>, State(app): State<AppState>) -> Result<Answer, ApiError> {
    let facts = gather(&app, &grant).await?;
    let problems = judge(&facts);
    Ok(Answer::ok(&view(&facts, problems)))
}

fn view(facts: &Facts, mut problems: Vec<StatusProblem>) -> StatusView {
    let state = match problems.iter().map(|problem| problem.severity).max() {
        Some(StatusSeverity::Critical) => Overall::Critical,
        Some(StatusSeverity::Warning) => Overall::Warning,
        Some(StatusSeverity::Notice) | None => Overall::Ok,
    };
    let problems_total = count(problems.len());
    let of = |code: super::Code| count(problems.iter().filter(|problem| problem.code == code.name()).count());
    let next_hops = NextHopsStatus { failing: of(super::Code::NextHopFailing), down: of(super::Code::NextHopDown) };
    problems.truncate(MAX_PROBLEMS);
    let publishing = &facts.publishing;
    let default = facts.pools.iter().find(|(pool, _)| pool.is_default());
    let head = default.and_then(|(pool, _)| publishing.head(pool.id));
    let is_behind = |worker: &&WorkerView| {
        worker.is_alive && worker.running_at < publishing.head(worker.pool_id).map(|head| head.at)
    };
    let behind = facts.workers.iter().filter(is_behind);
    StatusView {
        state,
        at: Time(facts.now),
        software_version: env!("CARGO_PKG_VERSION").to_owned(),
        database: match facts.engine {
            Engine::Sqlite => "sqlite",
            Engine::Postgres => "postgresql",
        }
        .to_owned(),
        configuration: ConfigurationStatus {
            head: head.map(|head| head.at.to_string()),
            head_issued_at: head.map(|head| Time(head.issued_at)),
            last_published_at: publishing.last_published_at.map(Time),
            waiting: publishing.waiting,
            waiting_since: publishing.waiting_since.map(Time),
            workers_behind: count(behind.count()),
        },
        workers: workers(facts),
        pools: pools(facts),
        events: events(facts),
        next_hops,
        problems,
        problems_total,
    }
}

fn pools(facts: &Facts) -> Vec<PoolStatus> {
    let of = |(pool, serves_tenants): &(Pool, bool)| {
        let head = facts.publishing.head(pool.id);
        let workers = || facts.workers.iter().filter(|worker| worker.pool_id == pool.id && worker.is_alive);
        PoolStatus {
            id: pool.id,
            name: pool.name.clone(),
            head: head.map(|head| head.at.to_string()),
            head_issued_at: head.map(|head| Time(head.issued_at)),
            serves_tenants: *serves_tenants,
            workers: count(workers().count()),
            workers_ready: count(workers().filter(|worker| worker.state == WorkerState::Ready).count()),
        }
    };
    facts.pools.iter().map(of).collect()
}

fn workers(facts: &Facts) -> WorkersStatus {
    let mut status = WorkersStatus { total: count(facts.workers.len()), ..WorkersStatus::default() };
    for worker in &facts.workers {
        *match worker.state {
            WorkerState::Ready => &mut status.ready,
            WorkerState::Starting => &mut status.starting,
            WorkerState::Draining => &mut status.draining,
            WorkerState::Drained => &mut status.drained,
            WorkerState::Away => &mut status.away,
        } += 1;
        if worker.is_alive {
            status.sessions += u64::from(worker.sessions);
            status.message_bytes += worker.load.map_or(0, |load| load.message_bytes);
        }
    }
    let versions = versions(&facts.workers).into_iter();
    status.versions =
        versions.map(|(version, workers)| VersionCount { software_version: version.to_owned(), workers }).collect();
    status
}

fn events(facts: &Facts) -> EventsStatus {
    let alive = facts.workers.iter().filter(|worker| worker.is_alive);
    let loads: Vec<_> = alive.filter_map(|worker| worker.load).collect();
    #[expect(clippy::cast_precision_loss, reason = "a share for people")]
    let full = |load: &contract::worker_api::Load| match load.max_event_bytes {
        0 => 0.0,
        most => load.event_bytes as f64 / most as f64,
    };
    EventsStatus {
        waiting_bytes: loads.iter().map(|load| load.event_bytes).sum(),
        fullest_buffer: loads.iter().map(full).fold(0.0, f64::max),
        gaps: facts.trouble.gaps,
        missing: facts.trouble.missing,
        rejected: facts.trouble.rejected,
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
