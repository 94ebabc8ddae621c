//! The one row of the table `installation`.

use contract::{Id, ids, mail::MailboxError, policy::Settings};
use uuid::Uuid;

use super::Configured;

use crate::db::{Engine, Read, StoreError, Tx, run, sql};

sql! {
    Main;
    LOCK = {
        sqlite: "SELECT CAST(1 AS INTEGER)",
        postgres: "SELECT CAST(1 AS BIGINT) FROM (SELECT pg_advisory_xact_lock(8101902)) AS locked",
    };
    FIND = "SELECT id, policy, allowed_hop_ranges, postmaster, epoch, seal_check FROM installation";
    INSERT = "INSERT INTO installation (id, only_one, policy, policy_revision, allowed_hop_ranges, postmaster, epoch,
            seal_check, created_at)
        VALUES ($1, 1, '{}', 1, $2, $3, 1, $4, $5)";
    CONFIGURE = "UPDATE installation SET allowed_hop_ranges = $1, postmaster = $2";
}

#[derive(Debug, Clone)]
pub struct Installation {
    pub id: Id<ids::Installation>,
    pub policy: Settings,
    pub configured: Configured,
    pub epoch: i64,
    pub(super) seal_check: Vec<u8>,
}

#[derive(Debug, sqlx::FromRow)]
struct Row {
    id: Uuid,
    policy: String,
    allowed_hop_ranges: String,
    postmaster: Option<String>,
    epoch: i64,
    seal_check: Vec<u8>,
}

/// Waits until no other replica is at its start; lasts as long as the transaction.
pub(crate) async fn lock(tx: &mut Tx) -> Result<(), StoreError> {
    if tx.engine() == Engine::Postgres {
        run!(tx, fetch_one LOCK as (i64,))?;
    }
    Ok(())
}

pub(super) async fn find(read: &mut Read) -> Result<Option<Installation>, StoreError> {
    let Some(row) = run!(read, fetch_optional FIND as Row)? else { return Ok(None) };
    Ok(Some(Installation {
        id: Id::from_uuid(row.id),
        policy: serde_json::from_str(&row.policy).map_err(StoreError::corrupt("installation.policy"))?,
        configured: Configured {
            allowed_hop_ranges: serde_json::from_str(&row.allowed_hop_ranges)
                .map_err(StoreError::corrupt("installation.allowed_hop_ranges"))?,
            postmaster: row.postmaster.map(|text| text.parse()).transpose().map_err(StoreError::corrupt::<
                MailboxError,
            >(
                "installation.postmaster"
            ))?,
        },
        epoch: row.epoch,
        seal_check: row.seal_check,
    }))
}

/// The installation; it exists from the first start on.
pub async fn load(read: &mut Read) -> Result<Installation, StoreError> {
    find(read).await?.ok_or_else(|| StoreError::corrupt("installation")("its row is missing"))
}

pub(super) async fn insert(
    tx: &mut Tx,
    id: Id<ids::Installation>,
    configured: &Configured,
    seal_check: &[u8],
) -> Result<(), StoreError> {
    let (ranges, postmaster) = columns(configured)?;
    let now = tx.now().as_micros();
    run!(tx, execute INSERT, id.uuid(), ranges.as_str(), postmaster.as_deref(), seal_check, now)?;
    Ok(())
}

pub(super) async fn configure(tx: &mut Tx, configured: &Configured) -> Result<(), StoreError> {
    let (ranges, postmaster) = columns(configured)?;
    run!(tx, execute CONFIGURE, ranges.as_str(), postmaster.as_deref())?;
    Ok(())
}

fn columns(configured: &Configured) -> Result<(String, Option<String>), StoreError> {
    let ranges = serde_json::to_string(&configured.allowed_hop_ranges).map_err(StoreError::corrupt("ranges"))?;
    Ok((ranges, configured.postmaster.as_ref().map(ToString::to_string)))
}
