//! Rows of `pools`, `workers`, `worker_tokens` and `worker_assertions`.

use contract::{
    Id, Micros, ids,
    worker_api::{HeadVersion, Status},
};
use uuid::Uuid;

use crate::{
    db::{Read, StoreError, Tx, run, sql},
    http::Page,
};

/// Workers that were not deleted, as [`Row`] has them.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, pool_id, ring, name, software_version, address, created_at, last_seen_at, running_epoch,
                running_version, refused, status, draining_since
            FROM workers WHERE revoked_at IS NULL",
            $rest
        )
    };
}

sql! {
    Main;
    DEFAULT_POOL = "SELECT id FROM pools WHERE name = 'default'";
    INSERT_POOL = "INSERT INTO pools (id, name, created_at) VALUES ($1, $2, $3)";
    INSERT = "INSERT INTO workers (id, pool_id, ring, name, public_key, software_version, join_token_id, address, created_at,
            last_seen_at, snapshot_schemas)
        VALUES ($1, $2, 'stable', $3, $4, $5, $6, $7, $8, $8, $9)";
    KEY = "SELECT pool_id, public_key FROM workers WHERE id = $1 AND revoked_at IS NULL";
    INSERT_ASSERTION = "INSERT INTO worker_assertions (id, expires_at) VALUES ($1, $2)";
    INSERT_TOKEN = "INSERT INTO worker_tokens (token_hash, worker_id, expires_at) VALUES ($1, $2, $3)";
    SEEN = "UPDATE workers SET last_seen_at = $2 WHERE id = $1 AND last_seen_at < $2";
    REPORT = "UPDATE workers SET last_seen_at = $2, running_epoch = $3, running_version = $4, refused = $5, status = $6,
            takes_errands = $7
        WHERE id = $1";
    LIST = (select!(" AND id > $1 AND (CAST($3 AS UUID) IS NULL OR pool_id = $3) ORDER BY id LIMIT $2"));
    LATEST = (select!(" ORDER BY last_seen_at DESC LIMIT $1"));
    GET = (select!(" AND id = $1"));
    DRAIN = "UPDATE workers SET draining_since = $2 WHERE id = $1 AND revoked_at IS NULL";
    DRAINING = "SELECT draining_since FROM workers WHERE id = $1";
    REVOKE = "UPDATE workers SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
    DELETE_TOKENS = "DELETE FROM worker_tokens WHERE worker_id = $1";
    RUNNING = "SELECT id, name, running_epoch, running_version, refused FROM workers
        WHERE revoked_at IS NULL AND pool_id = $1 AND last_seen_at >= $2 ORDER BY id";
    LIVE = "SELECT COUNT(*) FROM workers
        WHERE revoked_at IS NULL AND draining_since IS NULL AND pool_id = $1 AND last_seen_at >= $2";
    SCHEMAS = "SELECT DISTINCT snapshot_schemas FROM workers
        WHERE revoked_at IS NULL AND pool_id = $1 AND last_seen_at >= $2";
    SWEEP_TOKENS = "DELETE FROM worker_tokens WHERE expires_at <= $1";
    SWEEP_ASSERTIONS = "DELETE FROM worker_assertions WHERE expires_at <= $1";
    SWEEP_WORKERS = "DELETE FROM workers WHERE last_seen_at <= $1";
}

#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct Row {
    pub id: Uuid,
    pub pool_id: Uuid,
    pub ring: String,
    pub name: String,
    pub software_version: String,
    pub address: Option<String>,
    pub created_at: i64,
    pub last_seen_at: i64,
    pub running_epoch: Option<i64>,
    pub running_version: Option<i64>,
    pub refused: Option<String>,
    pub status: Option<String>,
    pub draining_since: Option<i64>,
}

/// A worker as its enrolment makes it.
pub(super) struct New<'a> {
    pub id: Id<ids::Worker>,
    pub pool: Id<ids::Pool>,
    pub name: &'a str,
    pub public_key: &'a [u8],
    pub software_version: &'a str,
    pub join_token: Id<ids::JoinToken>,
    pub address: Option<String>,
    pub snapshot_schemas: &'a [u16],
}

/// What a worker that was seen lately says it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    pub worker: Id<ids::Worker>,
    pub name: String,
    pub at: Option<HeadVersion>,
    pub refused: Option<String>,
}

pub async fn default_pool(read: &mut Read) -> Result<Option<Id<ids::Pool>>, StoreError> {
    let row = run!(read, fetch_optional DEFAULT_POOL as (Uuid,))?;
    Ok(row.map(|(id,)| Id::from_uuid(id)))
}

/// What the workers of a pool read that were seen lately: each different set of schemas once.
pub async fn snapshot_schemas(
    read: &mut Read,
    pool: Id<ids::Pool>,
    seen_since: Micros,
) -> Result<Vec<Vec<u16>>, StoreError> {
    let rows = run!(read, fetch_all SCHEMAS as (String,), pool.uuid(), seen_since.as_micros())?;
    // One that makes no sense must not hold up everybody's configuration: it is taken for a worker that has said nothing.
    Ok(rows.iter().map(|(text,)| serde_json::from_str(text).unwrap_or_else(|_| vec![1])).collect())
}

pub(super) async fn insert_pool(tx: &mut Tx, name: &str) -> Result<(), StoreError> {
    let (id, now) = (tx.new_id::<ids::Pool>().uuid(), tx.now().as_micros());
    run!(tx, execute INSERT_POOL, id, name, now)?;
    Ok(())
}

pub(super) async fn insert(tx: &mut Tx, new: &New<'_>) -> Result<(), StoreError> {
    let now = tx.now().as_micros();
    run!(
        tx,
        execute INSERT,
        new.id.uuid(),
        new.pool.uuid(),
        new.name,
        new.public_key,
        new.software_version,
        new.join_token.uuid(),
        new.address.as_deref(),
        now,
        serde_json::to_string(new.snapshot_schemas).unwrap_or_else(|_| "[]".to_owned())
    )?;
    Ok(())
}

/// The key that a worker signs with; none where it is unknown or revoked.
pub(super) async fn key(read: &mut Read, worker: Id<ids::Worker>) -> Result<Option<Vec<u8>>, StoreError> {
    let row = run!(read, fetch_optional KEY as (Uuid, Vec<u8>), worker.uuid())?;
    Ok(row.map(|(_, key)| key))
}

/// Fails with `Unique` where the assertion was used before.
pub(super) async fn use_assertion(tx: &mut Tx, id: &[u8], expires_at: Micros) -> Result<(), StoreError> {
    run!(tx, execute INSERT_ASSERTION, id, expires_at.as_micros())?;
    Ok(())
}

pub(super) async fn insert_token(
    tx: &mut Tx,
    hash: &[u8],
    worker: Id<ids::Worker>,
    expires_at: Micros,
) -> Result<(), StoreError> {
    run!(tx, execute INSERT_TOKEN, hash, worker.uuid(), expires_at.as_micros())?;
    let now = tx.now().as_micros();
    run!(tx, execute SEEN, worker.uuid(), now)?;
    Ok(())
}

pub(super) async fn report(tx: &mut Tx, worker: Id<ids::Worker>, status: &Status) -> Result<(), StoreError> {
    let text = serde_json::to_string(status).map_err(StoreError::corrupt("status"))?;
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let now = tx.now().as_micros();
    run!(
        tx,
        execute REPORT,
        worker.uuid(),
        now,
        status.running.map(|at| number(at.epoch)),
        status.running.map(|at| number(at.version)),
        status.refused.as_ref().map(|refused| refused.refusal.as_str()),
        text.as_str(),
        status.takes_errands
    )?;
    Ok(())
}

/// How many workers of a pool were seen since `since` and take mail.
pub(super) async fn live(read: &mut Read, pool: Id<ids::Pool>, since: Micros) -> Result<i64, StoreError> {
    Ok(run!(read, fetch_one LIVE as (i64,), pool.uuid(), since.as_micros())?.0)
}

pub(super) async fn list(
    read: &mut Read,
    pool: Option<Id<ids::Pool>>,
    page: &Page<Uuid>,
) -> Result<Vec<Row>, StoreError> {
    run!(read, fetch_all LIST as Row, page.after.unwrap_or_default(), page.rows(), pool.map(Id::uuid))
}

/// Those that were heard of last.
pub(super) async fn latest(read: &mut Read, most: i64) -> Result<Vec<Row>, StoreError> {
    run!(read, fetch_all LATEST as Row, most)
}

pub(super) async fn get(read: &mut Read, id: Id<ids::Worker>) -> Result<Option<Row>, StoreError> {
    run!(read, fetch_optional GET as Row, id.uuid())
}

/// False where there is no such worker.
pub(super) async fn revoke(tx: &mut Tx, id: Id<ids::Worker>) -> Result<bool, StoreError> {
    let now = tx.now().as_micros();
    let revoked = run!(tx, execute REVOKE, id.uuid(), now)?;
    run!(tx, execute DELETE_TOKENS, id.uuid())?;
    Ok(revoked == 1)
}

/// Tells a worker to drain, or with None to take mail again.
pub(super) async fn drain(tx: &mut Tx, id: Id<ids::Worker>, since: Option<Micros>) -> Result<(), StoreError> {
    run!(tx, execute DRAIN, id.uuid(), since.map(Micros::as_micros))?;
    Ok(())
}

/// Was it told to drain?
pub(super) async fn is_draining(read: &mut Read, id: Id<ids::Worker>) -> Result<bool, StoreError> {
    let row = run!(read, fetch_optional DRAINING as (Option<i64>,), id.uuid())?;
    Ok(row.is_some_and(|(since,)| since.is_some()))
}

/// Workers of a pool that were seen since `since`.
pub async fn running(read: &mut Read, pool: Id<ids::Pool>, since: Micros) -> Result<Vec<Running>, StoreError> {
    type Found = (Uuid, String, Option<i64>, Option<i64>, Option<String>);
    let rows = run!(read, fetch_all RUNNING as Found, pool.uuid(), since.as_micros())?;
    let rows = rows.into_iter().map(|(id, name, epoch, version, refused)| Running {
        worker: Id::from_uuid(id),
        name,
        at: version_of(epoch, version),
        refused,
    });
    Ok(rows.collect())
}

pub(super) fn version_of(epoch: Option<i64>, version: Option<i64>) -> Option<HeadVersion> {
    let number = |n: i64| u64::try_from(n).ok();
    Some(HeadVersion { epoch: number(epoch?)?, version: number(version?)? })
}

pub(super) async fn sweep_tokens(tx: &mut Tx, now: Micros) -> Result<(), StoreError> {
    run!(tx, execute SWEEP_TOKENS, now.as_micros())?;
    run!(tx, execute SWEEP_ASSERTIONS, now.as_micros())?;
    Ok(())
}

pub(super) async fn sweep_workers(tx: &mut Tx, unseen_since: Micros) -> Result<(), StoreError> {
    run!(tx, execute SWEEP_WORKERS, unseen_since.as_micros())?;
    Ok(())
}
