//! The columns of the table `tenants` that limit it, and what is counted against them.

use contract::{Id, ids};
use uuid::Uuid;

use super::Limits;
use crate::db::{Read, StoreError, Tx, run, sql};

macro_rules! below {
    ($count:literal) => {
        concat!(
            "WITH RECURSIVE down (id, depth) AS (
                SELECT id, 0 FROM tenants WHERE id = $1
                UNION SELECT t.id, down.depth + 1 FROM tenants t JOIN down ON t.parent_id = down.id WHERE down.depth < 16) ",
            $count
        )
    };
}

sql! {
    Main;
    GET = "SELECT id, max_domains, max_recipients, max_messages_per_hour, max_message_size_bytes, limits_revision
        FROM tenants WHERE id = $1";
    SET = "UPDATE tenants SET max_domains = $2, max_recipients = $3, max_messages_per_hour = $5, max_message_size_bytes = $6,
            limits_revision = limits_revision + 1
        WHERE id = $1 AND limits_revision = $4";
    // Of the tenant and those above it, itself first: those that have a limit.
    ABOVE = "WITH RECURSIVE up (id, parent_id, depth) AS (
            SELECT id, parent_id, 0 FROM tenants WHERE id = $1
            UNION SELECT t.id, t.parent_id, up.depth + 1 FROM tenants t JOIN up ON t.id = up.parent_id WHERE up.depth < 16)
        SELECT t.id, t.max_domains, t.max_recipients, t.max_messages_per_hour, t.max_message_size_bytes, t.limits_revision
        FROM up JOIN tenants t ON t.id = up.id
        WHERE t.max_domains IS NOT NULL OR t.max_recipients IS NOT NULL OR t.max_message_size_bytes IS NOT NULL
        ORDER BY up.depth";
    DOMAINS = (below!("SELECT COUNT(*) FROM down JOIN domains d ON d.tenant_id = down.id"));
    RECIPIENTS = (below!(
        "SELECT COUNT(*) FROM down JOIN domains d ON d.tenant_id = down.id JOIN recipients r ON r.domain_id = d.id"
    ));
}

#[derive(Debug, sqlx::FromRow)]
struct Row {
    id: Uuid,
    max_domains: Option<i64>,
    max_recipients: Option<i64>,
    max_messages_per_hour: Option<i64>,
    max_message_size_bytes: Option<i64>,
    limits_revision: i64,
}

impl Row {
    const fn limits(&self) -> Limits {
        Limits {
            max_domains: self.max_domains,
            max_recipients: self.max_recipients,
            max_messages_per_hour: self.max_messages_per_hour,
            max_message_size_bytes: self.max_message_size_bytes,
        }
    }
}

/// With their revision.
pub(super) async fn find(read: &mut Read, id: Id<ids::Tenant>) -> Result<Option<(Limits, i64)>, StoreError> {
    let row = run!(read, fetch_optional GET as Row, id.uuid())?;
    Ok(row.map(|row| (row.limits(), row.limits_revision)))
}

/// `Stale`: somebody else set them meanwhile.
pub(super) async fn set(tx: &mut Tx, id: Id<ids::Tenant>, limits: Limits, revision: i64) -> Result<(), StoreError> {
    match run!(tx, execute SET, id.uuid(), limits.max_domains, limits.max_recipients, revision,
        limits.max_messages_per_hour, limits.max_message_size_bytes)?
    {
        1 => Ok(()),
        _ => Err(StoreError::Stale),
    }
}

/// Limits of the tenant and of those above it, itself first; tenants without one that is looked up so are left out.
pub(super) async fn above(read: &mut Read, id: Id<ids::Tenant>) -> Result<Vec<(Id<ids::Tenant>, Limits)>, StoreError> {
    let rows = run!(read, fetch_all ABOVE as Row, id.uuid())?;
    Ok(rows.into_iter().map(|row| (Id::from_uuid(row.id), row.limits())).collect())
}

/// Domains of the tenant and of all below it, whatever their state.
pub(super) async fn domains(read: &mut Read, id: Id<ids::Tenant>) -> Result<i64, StoreError> {
    Ok(run!(read, fetch_one DOMAINS as (i64,), id.uuid())?.0)
}

/// Recipients of all these domains.
pub(super) async fn recipients(read: &mut Read, id: Id<ids::Tenant>) -> Result<i64, StoreError> {
    Ok(run!(read, fetch_one RECIPIENTS as (i64,), id.uuid())?.0)
}
