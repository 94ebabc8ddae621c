//! Rows of the table `signing_keys`.

use contract::Micros;

use super::SigningKey;
use crate::db::{Read, StoreError, Tx, run, sql};

sql! {
    Main;
    ALL = "SELECT sealed, created_at, is_current FROM signing_keys WHERE purpose = $1 ORDER BY created_at DESC, id";
    INSERT_CURRENT = "INSERT INTO signing_keys (id, purpose, public_key, sealed, is_current, created_at)
        VALUES ($1, $2, $3, $4, TRUE, $5)";
}

#[derive(Debug)]
pub(super) struct Row {
    pub sealed: Vec<u8>,
    pub created_at: Micros,
    pub is_current: bool,
}

pub(super) async fn all(read: &mut Read, purpose: &str) -> Result<Vec<Row>, StoreError> {
    let rows = run!(read, fetch_all ALL as (Vec<u8>, i64, bool), purpose)?;
    let rows = rows.into_iter().map(|(sealed, created_at, is_current)| Row {
        sealed,
        created_at: Micros::from_micros(created_at),
        is_current,
    });
    Ok(rows.collect())
}

/// Fails with `Unique` where the use has a current key.
pub(super) async fn insert_current(
    tx: &mut Tx,
    purpose: &str,
    key: &SigningKey,
    sealed: &[u8],
) -> Result<(), StoreError> {
    run!(tx, execute INSERT_CURRENT, key.id.as_str(), purpose, key.public.to_vec(), sealed, key.created_at.as_micros())?;
    Ok(())
}
