//! Rows of the table `mails`.

use contract::{Id, Micros, ids};
use uuid::Uuid;

use crate::db::{Read, StoreError, Tx, run, sql};

sql! {
    Main;
    INSERT = "INSERT INTO mails (id, sealed, tries, next_try_at, created_at, expires_at) VALUES ($1, $2, 0, $3, $3, $4)";
    DUE = "SELECT id, sealed, tries, expires_at FROM mails WHERE next_try_at <= $1 ORDER BY next_try_at LIMIT $2";
    REMOVE = "DELETE FROM mails WHERE id = $1";
    PUT_OFF = "UPDATE mails SET tries = tries + 1, next_try_at = $2 WHERE id = $1";
}

/// A mail that is due.
#[derive(Debug)]
pub(super) struct Waiting {
    pub id: Id<ids::Mail>,
    pub sealed: Vec<u8>,
    /// How often it was tried.
    pub tries: i64,
    pub expires_at: Micros,
}

pub(super) async fn insert(
    tx: &mut Tx,
    id: Id<ids::Mail>,
    sealed: &[u8],
    expires_at: Micros,
) -> Result<(), StoreError> {
    let now = tx.now().as_micros();
    run!(tx, execute INSERT, id.uuid(), sealed, now, expires_at.as_micros())?;
    Ok(())
}

pub(super) async fn due(read: &mut Read, now: Micros, limit: i64) -> Result<Vec<Waiting>, StoreError> {
    let rows = run!(read, fetch_all DUE as (Uuid, Vec<u8>, i64, i64), now.as_micros(), limit)?;
    let waiting = |(id, sealed, tries, expires_at)| Waiting {
        id: Id::from_uuid(id),
        sealed,
        tries,
        expires_at: Micros::from_micros(expires_at),
    };
    Ok(rows.into_iter().map(waiting).collect())
}

/// False: it is gone already.
pub(super) async fn remove(tx: &mut Tx, id: Id<ids::Mail>) -> Result<bool, StoreError> {
    Ok(run!(tx, execute REMOVE, id.uuid())? == 1)
}

pub(super) async fn put_off(tx: &mut Tx, id: Id<ids::Mail>, until: Micros) -> Result<(), StoreError> {
    run!(tx, execute PUT_OFF, id.uuid(), until.as_micros())?;
    Ok(())
}
