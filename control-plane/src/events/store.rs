//! Rows of the trace database: streams, messages, counters, gaps, rejected events. A batch is a handful of statements,
//! however many events it has.

use contract::{Id, Micros, ids};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    db::{Read, StoreError, Tx, id_set, run, sql},
    http::Page,
};

sql! {
    Trace;
    STREAM = {
        sqlite: "SELECT worker_id, next_seq FROM streams WHERE id = $1",
        postgres: "SELECT worker_id, next_seq FROM streams WHERE id = $1 FOR UPDATE",
    };
    OPEN_STREAM = "INSERT INTO streams (id, worker_id, next_seq, stored, reported, created_at, last_heard_at)
        VALUES ($1, $2, 1, 0, 0, $3, $3) ON CONFLICT (id) DO NOTHING";
    ADVANCE = "UPDATE streams SET next_seq = $2, stored = stored + $3, last_heard_at = $4, closed_at = $5 WHERE id = $1";
    REPORTED = "INSERT INTO streams (id, worker_id, next_seq, stored, reported, created_at, last_heard_at)
        VALUES ($1, $2, 1, 0, $3, $4, $4)
        ON CONFLICT (id) DO UPDATE SET reported = excluded.reported, last_heard_at = excluded.last_heard_at
        WHERE streams.worker_id = excluded.worker_id";
    PUT_MESSAGES = {
        sqlite: "INSERT INTO messages (xid, id, tenant_id, top_id, worker_id, started_at, disposition, rule, reason, sender,
                message_id, subject, detail)
            SELECT 0, unhex(value ->> 'id'), unhex(value ->> 'tenant'), unhex(value ->> 'top'), $2, value ->> 'started_at', value ->> 'disposition',
                value ->> 'rule', value ->> 'reason', value ->> 'sender', value ->> 'message_id', value ->> 'subject',
                value ->> 'detail'
            FROM json_each($1) WHERE true ON CONFLICT DO NOTHING",
        postgres: "INSERT INTO messages (xid, id, tenant_id, top_id, worker_id, started_at, disposition, rule, reason, sender,
                message_id, subject, detail)
            SELECT CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT), x.id, x.tenant, x.top, $2, x.started_at,
                x.disposition, x.rule, x.reason, x.sender, x.message_id, x.subject, x.detail
            FROM jsonb_to_recordset(CAST($1 AS JSONB)) AS x(id UUID, tenant UUID, top UUID, started_at BIGINT,
                disposition TEXT, rule TEXT, reason TEXT, sender TEXT, message_id TEXT, subject TEXT, detail TEXT)
            ON CONFLICT DO NOTHING",
    };
    PUT_RECIPIENTS = {
        sqlite: "INSERT INTO message_recipients (message_id, tenant_id, address, started_at)
            SELECT unhex(value ->> 'id'), unhex(value ->> 'tenant'), value ->> 'address', value ->> 'started_at'
            FROM json_each($1)",
        postgres: "INSERT INTO message_recipients (message_id, tenant_id, address, started_at)
            SELECT x.id, x.tenant, x.address, x.started_at
            FROM jsonb_to_recordset(CAST($1 AS JSONB)) AS x(id UUID, tenant UUID, address TEXT, started_at BIGINT)",
    };
    ADD_COUNTERS = "INSERT INTO counters (tenant_id, domain_id, hour, accepted, refused, deferred, bytes)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (tenant_id, domain_id, hour) DO UPDATE SET accepted = counters.accepted + excluded.accepted,
            refused = counters.refused + excluded.refused, deferred = counters.deferred + excluded.deferred,
            bytes = counters.bytes + excluded.bytes";
    PUT_GAP = "INSERT INTO gaps (id, stream_id, worker_id, kind, from_at, to_at, events, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    FOLLOWED = {
        sqlite: "UPDATE streams SET closed_at = $2
            WHERE closed_at IS NULL AND id IN (SELECT unhex(value) FROM json_each($1))",
        postgres: "UPDATE streams SET closed_at = $2 WHERE closed_at IS NULL
            AND id IN (SELECT CAST(x AS UUID) FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS x)",
    };
    DELETE_ENDED_GAPS = {
        sqlite: "DELETE FROM gaps WHERE kind = 'ended' AND stream_id IN (SELECT unhex(value) FROM json_each($1))",
        postgres: "DELETE FROM gaps WHERE kind = 'ended'
            AND stream_id IN (SELECT CAST(x AS UUID) FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS x)",
    };
    DELETE_ENDED_GAP = "DELETE FROM gaps WHERE stream_id = $1 AND kind = 'ended'";
    REJECT = "INSERT INTO rejected_events (stream_id, seq, worker_id, why, body, created_at) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT DO NOTHING";
    SILENT = "SELECT id, worker_id, stored, reported, last_heard_at FROM streams
        WHERE closed_at IS NULL AND last_heard_at < $1 ORDER BY last_heard_at, id LIMIT 100";
    CLOSE = "UPDATE streams SET closed_at = $2 WHERE id = $1 AND closed_at IS NULL";
    GAPS = "SELECT id, stream_id, worker_id, kind, from_at, to_at, events, created_at FROM gaps
        WHERE id < $1 ORDER BY id DESC LIMIT $2";
    // On PostgreSQL by place, and in order: a planner that no longer looks at the parameter would walk over all rows for
    // one that is old, each minute anew.
    SWEEP_MESSAGES = {
        sqlite: "DELETE FROM messages WHERE seq IN (SELECT seq FROM messages WHERE started_at < $1 LIMIT 1000)",
        postgres: "DELETE FROM messages WHERE ctid = ANY (ARRAY
            (SELECT ctid FROM messages WHERE started_at < $1 ORDER BY started_at LIMIT 1000))",
    };
    SWEEP_RECIPIENTS = {
        sqlite: "DELETE FROM message_recipients WHERE rowid IN
            (SELECT rowid FROM message_recipients WHERE started_at < $1 LIMIT 1000)",
        postgres: "DELETE FROM message_recipients WHERE ctid = ANY (ARRAY
            (SELECT ctid FROM message_recipients WHERE started_at < $1 ORDER BY started_at LIMIT 1000))",
    };
    SWEEP_COUNTERS = {
        sqlite: "DELETE FROM counters WHERE rowid IN (SELECT rowid FROM counters WHERE hour < $1 LIMIT 1000)",
        postgres: "DELETE FROM counters WHERE ctid = ANY (ARRAY
            (SELECT ctid FROM counters WHERE hour < $1 ORDER BY hour LIMIT 1000))",
    };
    GAPS_SINCE = "SELECT COUNT(*), CAST(COALESCE(SUM(events), 0) AS BIGINT) FROM gaps WHERE created_at >= $1";
    REJECTED_SINCE = "SELECT COUNT(*) FROM rejected_events WHERE created_at >= $1";
    SWEEP_REJECTED = "DELETE FROM rejected_events WHERE created_at < $1";
    SWEEP_GAPS = "DELETE FROM gaps WHERE created_at < $1";
    SWEEP_STREAMS = "DELETE FROM streams WHERE closed_at < $1";
}

/// A row of `messages`, as the batch's one parameter holds it.
#[derive(Debug, Serialize)]
pub(super) struct NewMessage {
    pub id: String,
    pub tenant: String,
    /// None: nobody's, or a tenant that is not known here.
    pub top: Option<String>,
    pub started_at: i64,
    pub disposition: &'static str,
    pub rule: &'static str,
    pub reason: &'static str,
    pub sender: String,
    pub message_id: Option<String>,
    pub subject: Option<String>,
    pub detail: String,
}

#[derive(Debug, Serialize)]
pub(super) struct NewRecipient {
    pub id: String,
    pub tenant: String,
    pub address: String,
    pub started_at: i64,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    pub accepted: u64,
    pub refused: u64,
    pub deferred: u64,
    pub bytes: u64,
}

#[derive(Debug, sqlx::FromRow)]
pub(super) struct GapRow {
    pub id: Uuid,
    pub stream_id: Uuid,
    pub worker_id: Uuid,
    pub kind: String,
    pub from_at: i64,
    pub to_at: i64,
    pub events: i64,
    pub created_at: i64,
}

#[derive(Debug, sqlx::FromRow)]
pub(super) struct Silent {
    pub id: Uuid,
    pub worker_id: Uuid,
    pub stored: i64,
    pub reported: i64,
    pub last_heard_at: i64,
}

/// No count of ours comes near 2^53; a worker that says so must not make a later sum overflow.
fn number(n: u64) -> i64 {
    i64::try_from(n.min(1 << 53)).unwrap_or(i64::MAX)
}

/// Whose stream it is, and the next number; locked until the transaction ends. It is made where there is none.
pub(super) async fn stream(tx: &mut Tx, id: Uuid, worker: Id<ids::Worker>) -> Result<(Uuid, u64), StoreError> {
    let now = tx.now().as_micros();
    run!(tx, execute OPEN_STREAM, id, worker.uuid(), now)?;
    let (owner, next) = run!(tx, fetch_one STREAM as (Uuid, i64), id)?;
    Ok((owner, u64::try_from(next).unwrap_or(1)))
}

pub(super) async fn advance(tx: &mut Tx, id: Uuid, next: u64, stored: u64, closed: bool) -> Result<(), StoreError> {
    let now = tx.now().as_micros();
    run!(tx, execute ADVANCE, id, number(next), number(stored), now, closed.then_some(now))?;
    // It was thought to have ended; it had only been silent.
    run!(tx, execute DELETE_ENDED_GAP, id)?;
    Ok(())
}

pub(super) async fn reported(tx: &mut Tx, id: Uuid, worker: Id<ids::Worker>, events: u64) -> Result<(), StoreError> {
    let now = tx.now().as_micros();
    run!(tx, execute REPORTED, id, worker.uuid(), number(events), now)?;
    Ok(())
}

pub(super) async fn put_messages(
    tx: &mut Tx,
    worker: Id<ids::Worker>,
    messages: &[NewMessage],
    recipients: &[NewRecipient],
) -> Result<(), StoreError> {
    if !messages.is_empty() {
        let rows = serde_json::to_string(messages).map_err(StoreError::corrupt("messages"))?;
        run!(tx, execute PUT_MESSAGES, rows.as_str(), worker.uuid())?;
    }
    if !recipients.is_empty() {
        let rows = serde_json::to_string(recipients).map_err(StoreError::corrupt("recipients"))?;
        run!(tx, execute PUT_RECIPIENTS, rows.as_str())?;
    }
    Ok(())
}

pub(super) async fn add_counters(
    tx: &mut Tx,
    tenant: Uuid,
    domain: Uuid,
    hour: Micros,
    sums: Sums,
) -> Result<(), StoreError> {
    run!(
        tx,
        execute ADD_COUNTERS,
        tenant,
        domain,
        hour.as_micros(),
        number(sums.accepted),
        number(sums.refused),
        number(sums.deferred),
        number(sums.bytes)
    )?;
    Ok(())
}

pub(super) async fn put_gap(
    tx: &mut Tx,
    stream: Uuid,
    worker: Uuid,
    kind: &str,
    (from, to): (Micros, Micros),
    events: u64,
) -> Result<(), StoreError> {
    let (id, now) = (tx.new_id::<ids::Gap>().uuid(), tx.now().as_micros());
    run!(tx, execute PUT_GAP, id, stream, worker, kind, from.as_micros(), to.as_micros(), number(events), now)?;
    Ok(())
}

pub(super) async fn reject(
    tx: &mut Tx,
    stream: Uuid,
    seq: u64,
    worker: Id<ids::Worker>,
    why: &str,
    body: &str,
) -> Result<(), StoreError> {
    let now = tx.now().as_micros();
    let body: String = body.chars().take(16 * 1024).collect();
    run!(tx, execute REJECT, stream, number(seq), worker.uuid(), why, body.as_str(), now)?;
    Ok(())
}

/// Open streams that have not been heard of since then.
pub(super) async fn silent(read: &mut Read, since: Micros) -> Result<Vec<Silent>, StoreError> {
    run!(read, fetch_all SILENT as Silent, since.as_micros())
}

/// False where it is closed.
pub(super) async fn close(tx: &mut Tx, stream: Uuid) -> Result<bool, StoreError> {
    let now = tx.now().as_micros();
    Ok(run!(tx, execute CLOSE, stream, now)? == 1)
}

/// Newest first.
/// What did not come into the trace as it should.
#[derive(Debug, Clone, Copy, Default)]
pub struct Trouble {
    pub gaps: i64,
    /// Transactions that the gaps count.
    pub missing: i64,
    pub rejected: i64,
}

pub async fn trouble(read: &mut Read, since: Micros) -> Result<Trouble, StoreError> {
    let (gaps, missing) = run!(read, fetch_one GAPS_SINCE as (i64, i64), since.as_micros())?;
    let (rejected,) = run!(read, fetch_one REJECTED_SINCE as (i64,), since.as_micros())?;
    Ok(Trouble { gaps, missing, rejected })
}

pub(super) async fn gaps(read: &mut Read, page: &Page<Uuid>) -> Result<Vec<GapRow>, StoreError> {
    run!(read, fetch_all GAPS as GapRow, page.after.unwrap_or(Uuid::max()), page.rows())
}

/// Streams that another one goes on with: what is missing of them, that one tells.
pub(super) async fn followed(tx: &mut Tx, streams: &[Uuid]) -> Result<(), StoreError> {
    let set = id_set(streams.iter().copied());
    let now = tx.now().as_micros();
    run!(tx, execute FOLLOWED, set.as_str(), now)?;
    run!(tx, execute DELETE_ENDED_GAPS, set.as_str())?;
    Ok(())
}

/// One small batch of what is older than it is kept; true: there may be more.
pub(crate) async fn sweep(tx: &mut Tx, until: Micros, counters_until: Micros) -> Result<bool, StoreError> {
    let until = until.as_micros();
    let counters = run!(tx, execute SWEEP_COUNTERS, counters_until.as_micros())?;
    let messages = run!(tx, execute SWEEP_MESSAGES, until)?;
    let recipients = run!(tx, execute SWEEP_RECIPIENTS, until)?;
    run!(tx, execute SWEEP_REJECTED, until)?;
    run!(tx, execute SWEEP_GAPS, until)?;
    run!(tx, execute SWEEP_STREAMS, until)?;
    Ok(messages == 1_000 || recipients == 1_000 || counters == 1_000)
}
