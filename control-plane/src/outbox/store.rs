//! Rows of the table `outbox`.

use uuid::Uuid;

use crate::db::{StoreError, Tx, run, sql};

sql! {
    Main;
    INSERT = "INSERT INTO outbox (kind, object_id, object_name, changed_at) VALUES ($1, $2, $3, $4) RETURNING seq";
}

pub(super) async fn insert(tx: &mut Tx, kind: &str, id: Option<Uuid>, name: Option<&str>) -> Result<i64, StoreError> {
    let now = tx.now().as_micros();
    let (seq,) = run!(tx, fetch_one INSERT as (i64,), kind, id, name, now)?;
    Ok(seq)
}
