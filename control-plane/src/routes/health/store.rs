//! Rows of the table `hop_health`.

use std::time::Duration;

use contract::{Id, Micros, ids, worker_api::HopHealth};
use serde::Serialize;
use uuid::Uuid;

use crate::db::{Read, StoreError, Tx, run, sql};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT h.worker_id, w.name AS worker, h.route_id, h.host, h.port, h.tls, h.connected, h.failed,
                h.last_connected_at, h.last_failed_at, h.last_error, h.rests_until, h.connect_ms
            FROM hop_health h JOIN workers w ON w.id = h.worker_id
            WHERE w.revoked_at IS NULL AND w.last_seen_at >= $1 AND ",
            $rest
        )
    };
}

sql! {
    Main;
    // One statement for a whole report; a route that is gone meanwhile has no row to stand beside.
    REPORT = {
        sqlite: "INSERT INTO hop_health (worker_id, route_id, host, port, tls, connected, failed, last_connected_at,
                last_failed_at, last_error, rests_until, connect_ms, reported_at)
            SELECT $1, r.id, h.value ->> 'host', h.value ->> 'port', h.value ->> 'tls', h.value ->> 'connected',
                h.value ->> 'failed', h.value ->> 'last_connected_at', h.value ->> 'last_failed_at',
                h.value ->> 'last_error', h.value ->> 'rests_until', h.value ->> 'connect_ms', $2
            FROM json_each($3) AS h JOIN routes r ON r.id = unhex(h.value ->> 'route') WHERE true
            ON CONFLICT (worker_id, route_id, host, port, tls) DO UPDATE SET connected = excluded.connected,
                failed = excluded.failed, last_connected_at = excluded.last_connected_at,
                last_failed_at = excluded.last_failed_at, last_error = excluded.last_error,
                rests_until = excluded.rests_until, connect_ms = excluded.connect_ms, reported_at = excluded.reported_at",
        postgres: "INSERT INTO hop_health (worker_id, route_id, host, port, tls, connected, failed, last_connected_at,
                last_failed_at, last_error, rests_until, connect_ms, reported_at)
            SELECT CAST($1 AS UUID), r.id, h.host, h.port, h.tls, h.connected, h.failed, h.last_connected_at, h.last_failed_at,
                h.last_error, h.rests_until, h.connect_ms, CAST($2 AS BIGINT)
            FROM jsonb_to_recordset(CAST($3 AS JSONB)) AS h (route UUID, host TEXT, port BIGINT, tls TEXT, connected BIGINT,
                failed BIGINT, last_connected_at BIGINT, last_failed_at BIGINT, last_error TEXT, rests_until BIGINT,
                connect_ms BIGINT)
            JOIN routes r ON r.id = h.route
            ON CONFLICT (worker_id, route_id, host, port, tls) DO UPDATE SET connected = excluded.connected,
                failed = excluded.failed, last_connected_at = excluded.last_connected_at,
                last_failed_at = excluded.last_failed_at, last_error = excluded.last_error,
                rests_until = excluded.rests_until, connect_ms = excluded.connect_ms, reported_at = excluded.reported_at",
    };
    OF_ROUTE = (select!("h.route_id = $2 ORDER BY h.host, h.port, h.tls, h.worker_id LIMIT 5000"));
    UNWELL = (select!(
        "(h.rests_until > $2 OR h.last_failed_at > COALESCE(h.last_connected_at, 0))
            ORDER BY h.last_failed_at DESC, h.route_id LIMIT $3"
    ));
    SWEEP = "DELETE FROM hop_health WHERE reported_at <= $1";
}

/// Not heard of for so long, it is nobody's next hop any more.
const KEPT: Duration = Duration::from_hours(24);

/// A next hop as one live worker sees it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Seen {
    pub worker_id: Uuid,
    pub worker: String,
    pub route_id: Uuid,
    pub host: String,
    pub port: i64,
    pub tls: String,
    pub connected: i64,
    pub failed: i64,
    pub last_connected_at: Option<i64>,
    pub last_failed_at: Option<i64>,
    pub last_error: Option<String>,
    pub rests_until: Option<i64>,
    pub connect_ms: Option<i64>,
}

#[derive(Serialize)]
struct Told<'a> {
    route: String,
    host: &'a str,
    port: u16,
    tls: &'a str,
    connected: i64,
    failed: i64,
    last_connected_at: Option<i64>,
    last_failed_at: Option<i64>,
    last_error: Option<&'a str>,
    rests_until: Option<i64>,
    connect_ms: Option<u32>,
}

pub(super) async fn report(tx: &mut Tx, worker: Id<ids::Worker>, hops: &[HopHealth]) -> Result<(), StoreError> {
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let told = hops.iter().map(|hop| Told {
        route: hop.route.uuid().simple().to_string(),
        host: &hop.host,
        port: hop.port,
        tls: &hop.tls,
        connected: number(hop.connected),
        failed: number(hop.failed),
        last_connected_at: hop.last_connected_at.map(Micros::as_micros),
        last_failed_at: hop.last_failed_at.map(Micros::as_micros),
        last_error: hop.last_error.as_deref(),
        rests_until: hop.rests_until.map(Micros::as_micros),
        connect_ms: hop.connect_ms,
    });
    let text = serde_json::to_string(&told.collect::<Vec<_>>()).map_err(StoreError::corrupt("hop_health"))?;
    let now = tx.now().as_micros();
    run!(tx, execute REPORT, worker.uuid(), now, text.as_str())?;
    Ok(())
}

/// What workers seen since then say of one route.
pub(super) async fn of_route(
    read: &mut Read,
    route: Id<ids::Route>,
    seen_since: Micros,
) -> Result<Vec<Seen>, StoreError> {
    run!(read, fetch_all OF_ROUTE as Seen, seen_since.as_micros(), route.uuid())
}

/// Hops that rest, or whose last try came to nothing, as workers seen since then say; the latest first, `most` at most.
pub async fn unwell(read: &mut Read, seen_since: Micros, now: Micros, most: i64) -> Result<Vec<Seen>, StoreError> {
    run!(read, fetch_all UNWELL as Seen, seen_since.as_micros(), now.as_micros(), most)
}

pub(super) async fn sweep(tx: &mut Tx) -> Result<(), StoreError> {
    let until = (tx.now() - KEPT).as_micros();
    run!(tx, execute SWEEP, until)?;
    Ok(())
}
