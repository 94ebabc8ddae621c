//! Rows of the table `join_tokens`.

use contract::{Id, ids, mail::Cidr};
use uuid::Uuid;

use super::Terms;
use crate::{
    db::{Read, StoreError, Tx, run, sql},
    http::Page,
};

sql! {
    Main;
    INSERT = "INSERT INTO join_tokens (id, pool_id, name, secret_hash, uses_left, address_ranges, expires_at, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        RETURNING id, pool_id, name, secret_hash, uses_left, address_ranges, expires_at, created_at";
    LIVE = "SELECT id, pool_id, name, secret_hash, uses_left, address_ranges, expires_at, created_at FROM join_tokens
        WHERE id = $1 AND revoked_at IS NULL AND uses_left > 0 AND expires_at > $2";
    SPEND = "UPDATE join_tokens SET uses_left = uses_left - 1 WHERE id = $1 AND uses_left > 0";
    LIST = "SELECT id, pool_id, name, secret_hash, uses_left, address_ranges, expires_at, created_at FROM join_tokens
        WHERE revoked_at IS NULL AND id > $1 ORDER BY id LIMIT $2";
    GET = "SELECT id, pool_id, name, secret_hash, uses_left, address_ranges, expires_at, created_at FROM join_tokens
        WHERE revoked_at IS NULL AND id = $1";
    REVOKE = "UPDATE join_tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
}

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct Row {
    pub id: Uuid,
    pub pool_id: Uuid,
    pub name: String,
    pub secret_hash: Vec<u8>,
    pub uses_left: i64,
    pub address_ranges: String,
    pub expires_at: i64,
    pub created_at: i64,
}

impl Row {
    pub(crate) fn ranges(&self) -> Result<Vec<Cidr>, StoreError> {
        serde_json::from_str(&self.address_ranges).map_err(StoreError::corrupt("join_tokens.address_ranges"))
    }
}

pub(super) async fn insert(
    tx: &mut Tx,
    id: Id<ids::JoinToken>,
    terms: &Terms,
    secret_hash: &[u8],
) -> Result<Row, StoreError> {
    let ranges = serde_json::to_string(&terms.address_ranges).map_err(StoreError::corrupt("ranges"))?;
    let now = tx.now();
    run!(
        tx,
        fetch_one INSERT as Row,
        id.uuid(),
        terms.pool.uuid(),
        terms.name.as_str(),
        secret_hash,
        i64::from(terms.uses),
        ranges.as_str(),
        (now + terms.lifetime).as_micros(),
        now.as_micros()
    )
}

pub(super) async fn live(tx: &mut Tx, id: Id<ids::JoinToken>) -> Result<Option<Row>, StoreError> {
    let now = tx.now().as_micros();
    run!(tx, fetch_optional LIVE as Row, id.uuid(), now)
}

/// False where another call took the last use.
pub(super) async fn spend(tx: &mut Tx, id: Id<ids::JoinToken>) -> Result<bool, StoreError> {
    Ok(run!(tx, execute SPEND, id.uuid())? == 1)
}

pub(super) async fn list(read: &mut Read, page: &Page<Uuid>) -> Result<Vec<Row>, StoreError> {
    run!(read, fetch_all LIST as Row, page.after.unwrap_or_default(), page.rows())
}

pub(super) async fn get(read: &mut Read, id: Id<ids::JoinToken>) -> Result<Option<Row>, StoreError> {
    run!(read, fetch_optional GET as Row, id.uuid())
}

pub(super) async fn revoke(tx: &mut Tx, id: Id<ids::JoinToken>) -> Result<bool, StoreError> {
    let now = tx.now().as_micros();
    Ok(run!(tx, execute REVOKE, id.uuid(), now)? == 1)
}
