//! Stored answers, by the hash of scope and key.

use contract::Micros;

use crate::db::{Engine, Read, StoreError, Tx, run, sql};

sql! {
    Main;
    FIND = "SELECT body_hash, answer FROM idempotent_answers WHERE id = $1 AND expires_at > $2";
    INSERT = "INSERT INTO idempotent_answers (id, body_hash, answer, expires_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (id) DO UPDATE SET body_hash = excluded.body_hash, answer = excluded.answer,
            expires_at = excluded.expires_at
        WHERE idempotent_answers.expires_at <= $5";
    LOCK = {
        // One writer: whoever is here is alone.
        sqlite: "SELECT CAST(1 AS INTEGER) WHERE $1 IS NOT NULL",
        postgres: "SELECT CAST(CASE WHEN pg_try_advisory_xact_lock($1) THEN 1 ELSE 0 END AS BIGINT)",
    };
    SWEEP = "DELETE FROM idempotent_answers WHERE expires_at <= $1";
}

/// Hash of the body and sealed answer.
pub(super) async fn find(read: &mut Read, id: [u8; 32], now: Micros) -> Result<Option<(Vec<u8>, Vec<u8>)>, StoreError> {
    run!(read, fetch_optional FIND as (Vec<u8>, Vec<u8>), id.to_vec(), now.as_micros())
}

/// False if another replica works on the same key at this moment.
pub(super) async fn lock(tx: &mut Tx, id: [u8; 32]) -> Result<bool, StoreError> {
    if tx.engine() == Engine::Sqlite {
        return Ok(true);
    }
    let number = i64::from_be_bytes(std::array::from_fn(|i| id[i]));
    let (locked,) = run!(tx, fetch_one LOCK as (i64,), number)?;
    Ok(locked == 1)
}

/// False if there is one already.
pub(super) async fn insert(
    tx: &mut Tx,
    id: [u8; 32],
    body_hash: [u8; 32],
    answer: Vec<u8>,
    expires_at: Micros,
    now: Micros,
) -> Result<bool, StoreError> {
    let touched = run!(tx, execute INSERT, id.to_vec(), body_hash.to_vec(), answer.as_slice(), expires_at.as_micros(),
        now.as_micros())?;
    Ok(touched == 1)
}

pub(crate) async fn sweep(tx: &mut Tx, now: Micros) -> Result<u64, StoreError> {
    run!(tx, execute SWEEP, now.as_micros())
}
