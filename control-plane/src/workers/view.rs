//! A worker on the wire.

use contract::{
    Id, Micros,
    ids::{PoolId, WorkerId},
    worker_api::{HeadVersion, Load, PartError, Status, Totals},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{SEEN_WITHIN, store};
use crate::{db::StoreError, http::Time};

/// What a worker is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WorkerState {
    /// Not heard of for 30 seconds.
    Away,
    /// It has no configuration yet, and does not listen.
    Starting,
    /// It takes mail.
    Ready,
    /// It takes no new sessions, or was just told so; some are not over.
    Draining,
    /// It takes no new sessions, and the last is over: it can be stopped.
    Drained,
}

/// A worker, as far as it has told.
#[derive(Debug, Clone, Serialize, ToSchema)]
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
    #[serde(skip)]
    #[schema(ignore)]
    pub running_at: Option<HeadVersion>,
    /// Why it refused the newest head: `bad_signature`, `hash_mismatch`, `rolled_back`, … (docs/operations.md).
    #[schema(example = "hash_mismatch", required)]
    pub refused: Option<String>,
    /// Parts of the configuration that it could not take; their last good state is used.
    pub errors: Vec<PartError>,
    #[schema(example = "ready")]
    pub state: WorkerState,
    /// When it was told to take no new sessions.
    #[schema(required)]
    pub drain_requested_at: Option<Time>,
    /// SMTP sessions now.
    #[schema(example = 12)]
    pub sessions: u32,
    /// What it holds, against what it may hold. Null for a worker of an older release.
    #[schema(required)]
    pub load: Option<Load>,
    /// Since it started.
    pub totals: Totals,
    /// How far its clock is ahead of the control plane's, in microseconds.
    #[schema(example = -1200)]
    pub clock_skew_us: i64,
}

pub(crate) fn view(row: store::Row, now: Micros) -> Result<WorkerView, StoreError> {
    let status: Option<Status> =
        row.status.map(|text| serde_json::from_str(&text)).transpose().map_err(StoreError::corrupt("worker status"))?;
    let last_seen_at = Micros::from_micros(row.last_seen_at);
    let skew = status.as_ref().map_or(0, |status| status.now.as_micros() - last_seen_at.as_micros());
    let is_alive = now.since(last_seen_at) <= SEEN_WITHIN;
    let sessions = status.as_ref().map_or(0, |status| status.sessions);
    let confirmed = status.as_ref().is_some_and(|status| status.draining);
    let is_ready = status.as_ref().is_some_and(|status| status.ready);
    let running_at = store::version_of(row.running_epoch, row.running_version);
    let state = match (is_alive, row.draining_since) {
        (false, _) => WorkerState::Away,
        (true, Some(_)) if confirmed && sessions == 0 => WorkerState::Drained,
        (true, Some(_)) => WorkerState::Draining,
        // Told to take mail again, and not heard since.
        (true, None) if confirmed => WorkerState::Draining,
        (true, None) if is_ready => WorkerState::Ready,
        (true, None) => WorkerState::Starting,
    };
    Ok(WorkerView {
        id: Id::from_uuid(row.id),
        pool_id: Id::from_uuid(row.pool_id),
        ring: row.ring,
        name: row.name,
        software_version: row.software_version,
        address: row.address,
        created_at: Time(Micros::from_micros(row.created_at)),
        last_seen_at: Time(last_seen_at),
        is_alive,
        state,
        drain_requested_at: row.draining_since.map(|at| Time(Micros::from_micros(at))),
        is_ready,
        running: running_at.map(|at| at.to_string()),
        running_at,
        refused: row.refused,
        sessions,
        load: status.as_ref().and_then(|status| status.load),
        totals: status.as_ref().map(|status| status.totals).unwrap_or_default(),
        errors: status.map(|status| status.errors).unwrap_or_default(),
        clock_skew_us: skew,
    })
}
