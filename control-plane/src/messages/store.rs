//! Searching the table `messages`, newest first. Each search has one filter that leads: its index has the page's order,
//! so that a page is read and nothing beyond it; the other filters pick from what it finds.

use contract::{Id, ids};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    db::{Read, StoreError, run, sql},
    http::Page,
    tenants::Subtree,
};

/// `$first` is the filter that leads, in words that let the planner use its index.
macro_rules! search {
    ($from:literal, $first:literal, $at:literal) => {
        concat!(
            "SELECT m.started_at, m.seq, m.worker_id, m.detail FROM ",
            $from,
            " WHERE ",
            $first,
            "(",
            $at,
            ", m.seq) < ($1, $2) AND ",
            $at,
            " >= $10
                AND (CAST($3 AS UUID) IS NULL OR m.tenant_id = $3) AND (CAST($4 AS UUID) IS NULL OR m.top_id = $4)
                AND (CAST($5 AS TEXT) IS NULL OR m.sender = $5)
                AND (CAST($6 AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM message_recipients r
                    WHERE r.address = $6 AND r.started_at = m.started_at AND r.message_id = m.id
                        AND r.tenant_id = m.tenant_id))
                AND (CAST($7 AS TEXT) IS NULL OR m.message_id = $7) AND (CAST($8 AS TEXT) IS NULL OR m.subject = $8)
                AND (CAST($9 AS TEXT) IS NULL OR m.rule = $9) AND (CAST($11 AS TEXT) IS NULL OR m.disposition = $11)
                AND (CAST($12 AS BOOLEAN) IS NOT TRUE OR m.top_id IS NOT NULL)
            ORDER BY ",
            $at,
            " DESC, m.seq DESC LIMIT $13"
        )
    };
    ($first:literal) => {
        search!("messages m", $first, "m.started_at")
    };
}

sql! {
    Trace;
    ALL = (search!(""));
    BY_TENANT = (search!("m.tenant_id = $3 AND "));
    BY_TOP = (search!("m.top_id = $4 AND "));
    BY_SENDER = (search!("m.sender = $5 AND "));
    BY_RECIPIENT = (search!(
        "message_recipients f JOIN messages m ON m.id = f.message_id AND m.tenant_id = f.tenant_id",
        "f.address = $6 AND ",
        "f.started_at"
    ));
    BY_MESSAGE_ID = (search!("m.message_id = $7 AND "));
    BY_SUBJECT = (search!("m.subject = $8 AND "));
    BY_RULE = (search!("m.rule = $9 AND "));
    BY_DISPOSITION = (search!("m.disposition = $11 AND "));
    GET = "SELECT started_at, seq, worker_id, detail FROM messages WHERE id = $1 ORDER BY seq";
}

#[derive(Debug, sqlx::FromRow)]
pub(super) struct Row {
    pub started_at: i64,
    pub seq: i64,
    pub worker_id: Uuid,
    pub detail: String,
}

/// Where a page ended.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Position {
    pub started_at: i64,
    pub seq: i64,
}

#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Filter {
    pub tenant: Option<Uuid>,
    /// The tenant directly below the provider, with all below it.
    pub top: Option<Uuid>,
    /// Any tenant's, but not what is nobody's.
    pub any_tenant: bool,
    pub sender: Option<String>,
    pub recipient: Option<String>,
    pub message_id: Option<String>,
    /// Folded.
    pub subject: Option<String>,
    pub rule: Option<&'static str>,
    pub disposition: Option<&'static str>,
    pub from: i64,
    pub to: i64,
}

impl Filter {
    /// The same within a tenant and all below it. None: what is asked for is not there.
    pub(super) fn within(&self, subtree: Subtree) -> Option<Self> {
        let (one, top) = match subtree {
            Subtree::One(id) => (Some(id.uuid()), None),
            Subtree::Below(id) => (None, Some(id.uuid())),
            Subtree::Everyone => (None, None),
        };
        if let (Some(one), Some(tenant)) = (one, self.tenant)
            && one != tenant
        {
            return None;
        }
        Some(Self { tenant: self.tenant.or(one), top, any_tenant: true, ..self.clone() })
    }

    /// By what there is the least of. Bounces have no sender, all alike, so that one leads only where nothing else does.
    fn leading(&self) -> crate::db::Statement {
        match self {
            Self { message_id: Some(_), .. } => BY_MESSAGE_ID,
            Self { recipient: Some(_), .. } => BY_RECIPIENT,
            Self { subject: Some(_), .. } => BY_SUBJECT,
            Self { sender: Some(sender), .. } if !sender.is_empty() => BY_SENDER,
            Self { tenant: Some(_), .. } => BY_TENANT,
            Self { top: Some(_), .. } => BY_TOP,
            Self { sender: Some(_), .. } => BY_SENDER,
            Self { rule: Some(_), .. } => BY_RULE,
            Self { disposition: Some(_), .. } => BY_DISPOSITION,
            _ => ALL,
        }
    }
}

pub(super) async fn search(read: &mut Read, page: &Page<Position>, filter: &Filter) -> Result<Vec<Row>, StoreError> {
    // Above all that began before `to`, the first page begins.
    let after = page.after.unwrap_or(Position { started_at: filter.to, seq: 0 });
    let statement = filter.leading();
    run!(
        read,
        fetch_all statement as Row,
        after.started_at,
        after.seq,
        filter.tenant,
        filter.top,
        filter.sender.as_deref(),
        filter.recipient.as_deref(),
        filter.message_id.as_deref(),
        filter.subject.as_deref(),
        filter.rule,
        filter.from,
        filter.disposition,
        filter.any_tenant,
        page.rows()
    )
}

/// The records of a message: one for each tenant that was in it.
pub(super) async fn get(read: &mut Read, id: Id<ids::Message>) -> Result<Vec<Row>, StoreError> {
    run!(read, fetch_all GET as Row, id.uuid())
}
