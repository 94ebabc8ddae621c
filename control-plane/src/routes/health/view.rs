//! Health on the wire: each next hop summed over workers, and as each of them sees it.

use contract::{Id, Micros, ids::WorkerId};
use serde::Serialize;
use utoipa::ToSchema;

use super::Seen;
use crate::http::Time;

/// How a next hop fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HopState {
    /// The last connection stood.
    Up,
    /// The last try came to nothing.
    Failing,
    /// It failed again and again; it is tried again in a moment.
    Resting,
}

/// A next hop, as one worker sees it. Numbers count since the worker started.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HopAtWorkerView {
    pub worker_id: WorkerId,
    #[schema(example = "mx1.example.net")]
    pub worker: String,
    #[schema(example = "up")]
    pub state: HopState,
    /// Connections that came as far as EHLO.
    #[schema(example = 1200)]
    pub connected: i64,
    /// Tries that came to none.
    #[schema(example = 3)]
    pub failed: i64,
    #[schema(required)]
    pub last_connected_at: Option<Time>,
    #[schema(required)]
    pub last_failed_at: Option<Time>,
    #[schema(required, example = "no connection: Connection refused (os error 111)")]
    pub last_error: Option<String>,
    /// Left alone until then. In the past: it was, and has not worked since.
    #[schema(required)]
    pub rests_until: Option<Time>,
    /// Until EHLO was answered, the last time, in milliseconds.
    #[schema(required, example = 42)]
    pub connect_ms: Option<i64>,
}

/// A next hop: the worst state of all workers, sums, and the latest of everything.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HopHealthView {
    #[schema(example = "mx.acme.example")]
    pub host: String,
    #[schema(example = 25, minimum = 1, maximum = 65_535)]
    pub port: i64,
    /// Level of TLS.
    #[schema(example = "required")]
    pub tls: String,
    #[schema(example = "up")]
    pub state: HopState,
    #[schema(example = 2400)]
    pub connected: i64,
    #[schema(example = 6)]
    pub failed: i64,
    #[schema(required)]
    pub last_connected_at: Option<Time>,
    #[schema(required)]
    pub last_failed_at: Option<Time>,
    #[schema(required, example = "no connection: Connection refused (os error 111)")]
    pub last_error: Option<String>,
    /// The slowest of the workers' last connections, in milliseconds.
    #[schema(required, example = 42)]
    pub connect_ms: Option<i64>,
    pub workers: Vec<HopAtWorkerView>,
}

/// How this worker sees it now.
pub fn state(seen: &Seen, now: Micros) -> HopState {
    if seen.rests_until.is_some_and(|until| until > now.as_micros()) {
        HopState::Resting
    } else if seen.last_failed_at > seen.last_connected_at {
        HopState::Failing
    } else {
        HopState::Up
    }
}

fn time(micros: Option<i64>) -> Option<Time> {
    micros.map(|micros| Time(Micros::from_micros(micros)))
}

/// Rows in order of their hops, as one view a hop.
pub fn summed(seen: &[Seen], now: Micros) -> Vec<HopHealthView> {
    let same = |a: &Seen, b: &Seen| (&a.host, a.port, &a.tls) == (&b.host, b.port, &b.tls);
    seen.chunk_by(same).filter_map(|of_hop| one(of_hop, now)).collect()
}

fn one(of_hop: &[Seen], now: Micros) -> Option<HopHealthView> {
    let first = of_hop.first()?;
    let latest = of_hop.iter().max_by_key(|seen| seen.last_failed_at)?;
    Some(HopHealthView {
        host: first.host.clone(),
        port: first.port,
        tls: first.tls.clone(),
        state: of_hop.iter().map(|seen| state(seen, now)).max()?,
        connected: of_hop.iter().map(|seen| seen.connected).fold(0, i64::saturating_add),
        failed: of_hop.iter().map(|seen| seen.failed).fold(0, i64::saturating_add),
        last_connected_at: time(of_hop.iter().filter_map(|seen| seen.last_connected_at).max()),
        last_failed_at: time(latest.last_failed_at),
        last_error: latest.last_error.clone(),
        connect_ms: of_hop.iter().filter_map(|seen| seen.connect_ms).max(),
        workers: of_hop
            .iter()
            .map(|seen| HopAtWorkerView {
                worker_id: Id::from_uuid(seen.worker_id),
                worker: seen.worker.clone(),
                state: state(seen, now),
                connected: seen.connected,
                failed: seen.failed,
                last_connected_at: time(seen.last_connected_at),
                last_failed_at: time(seen.last_failed_at),
                last_error: seen.last_error.clone(),
                rests_until: time(seen.rests_until),
                connect_ms: seen.connect_ms,
            })
            .collect(),
    })
}
