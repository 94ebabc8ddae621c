//! Rows of the table `pool_keys`.

use contract::{Id, Micros, ids};
use uuid::Uuid;

use crate::db::{Read, StoreError, Tx, run, sql};

sql! {
    Main;
    ALL = "SELECT version, sealed FROM pool_keys WHERE pool_id = $1 ORDER BY version DESC";
    INSERT = "INSERT INTO pool_keys (pool_id, version, sealed, created_at) VALUES ($1, $2, $3, $4)";
    LOCK = {
        // One writer: whoever is here is alone.
        sqlite: "SELECT id FROM pools WHERE id = $1",
        postgres: "SELECT id FROM pools WHERE id = $1 FOR NO KEY UPDATE",
    };
    // One whose successor has stood so long.
    SWEEP = "DELETE FROM pool_keys WHERE EXISTS (SELECT 1 FROM pool_keys newer WHERE newer.pool_id = pool_keys.pool_id
        AND newer.version > pool_keys.version AND newer.created_at <= $1)";
}

pub(super) async fn all(read: &mut Read, pool: Id<ids::Pool>) -> Result<Vec<(u32, Vec<u8>)>, StoreError> {
    let rows = run!(read, fetch_all ALL as (i64, Vec<u8>), pool.uuid())?;
    let version = |n: i64| u32::try_from(n).map_err(StoreError::corrupt("pool_keys.version"));
    rows.into_iter().map(|(n, sealed)| Ok((version(n)?, sealed))).collect()
}

/// `Unique`: another replica was faster.
pub(super) async fn insert(tx: &mut Tx, pool: Id<ids::Pool>, version: u32, sealed: &[u8]) -> Result<(), StoreError> {
    let now = tx.now().as_micros();
    run!(tx, execute INSERT, pool.uuid(), i64::from(version), sealed, now)?;
    Ok(())
}

/// Nobody else rotates before this transaction ends.
pub(super) async fn lock(tx: &mut Tx, pool: Id<ids::Pool>) -> Result<(), StoreError> {
    run!(tx, fetch_optional LOCK as (Uuid,), pool.uuid())?;
    Ok(())
}

pub(super) async fn sweep(tx: &mut Tx, succeeded_before: Micros) -> Result<(), StoreError> {
    run!(tx, execute SWEEP, succeeded_before.as_micros())?;
    Ok(())
}
