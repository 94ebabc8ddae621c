//! Searching the table `messages`. Rows come in the order of their commits, newest first: on PostgreSQL a transaction
//! that began earlier may commit later, so nothing is shown at or above the oldest that still runs.

use contract::{Id, ids};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    db::{Read, StoreError, run, sql},
    http::Page,
};

sql! {
    Trace;
    SEARCH = {
        sqlite: "SELECT m.xid, m.seq, m.worker_id, m.detail FROM messages m
            WHERE (m.xid, m.seq) < ($1, $2)
                AND ($3 IS NULL OR m.tenant_id = $3) AND ($4 IS NULL OR m.sender = $4)
                AND ($5 IS NULL OR m.id IN (SELECT r.message_id FROM message_recipients r
                    WHERE r.address = $5 AND r.tenant_id = m.tenant_id))
                AND ($6 IS NULL OR m.message_id = $6) AND ($7 IS NULL OR m.disposition = $7)
                AND m.started_at >= $8 AND m.started_at < $9
            ORDER BY m.xid DESC, m.seq DESC LIMIT $10",
        postgres: "SELECT m.xid, m.seq, m.worker_id, m.detail FROM messages m
            WHERE (m.xid, m.seq) < ($1, $2)
                AND m.xid < CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT)
                AND (CAST($3 AS UUID) IS NULL OR m.tenant_id = $3) AND (CAST($4 AS TEXT) IS NULL OR m.sender = $4)
                AND (CAST($5 AS TEXT) IS NULL OR m.id IN (SELECT r.message_id FROM message_recipients r
                    WHERE r.address = $5 AND r.tenant_id = m.tenant_id))
                AND (CAST($6 AS TEXT) IS NULL OR m.message_id = $6) AND (CAST($7 AS TEXT) IS NULL OR m.disposition = $7)
                AND m.started_at >= $8 AND m.started_at < $9
            ORDER BY m.xid DESC, m.seq DESC LIMIT $10",
    };
    GET = "SELECT xid, seq, worker_id, detail FROM messages WHERE id = $1 ORDER BY seq";
}

#[derive(Debug, sqlx::FromRow)]
pub(super) struct Row {
    pub xid: i64,
    pub seq: i64,
    pub worker_id: Uuid,
    pub detail: String,
}

/// Where a page ended.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Position {
    pub xid: i64,
    pub seq: i64,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Filter {
    pub tenant: Option<Uuid>,
    pub sender: Option<String>,
    pub recipient: Option<String>,
    pub message_id: Option<String>,
    pub disposition: Option<&'static str>,
    pub from: i64,
    pub to: i64,
}

pub(super) async fn search(read: &mut Read, page: &Page<Position>, filter: &Filter) -> Result<Vec<Row>, StoreError> {
    let after = page.after.unwrap_or(Position { xid: i64::MAX, seq: i64::MAX });
    run!(
        read,
        fetch_all SEARCH as Row,
        after.xid,
        after.seq,
        filter.tenant,
        filter.sender.as_deref(),
        filter.recipient.as_deref(),
        filter.message_id.as_deref(),
        filter.disposition,
        filter.from,
        filter.to,
        page.rows()
    )
}

/// The records of a message: one for each tenant that was in it.
pub(super) async fn get(read: &mut Read, id: Id<ids::Message>) -> Result<Vec<Row>, StoreError> {
    run!(read, fetch_all GET as Row, id.uuid())
}
