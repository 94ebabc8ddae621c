//! Rows of the table `outbox`, and the marks of those that are swept.

use contract::Micros;
use uuid::Uuid;

use crate::db::{StoreError, Tx, run, sql};

sql! {
    Main;
    INSERT = "INSERT INTO outbox (kind, object_id, object_name, changed_at) VALUES ($1, $2, $3, $4) RETURNING seq";
    // The newest row stays: it says when something was published last.
    SWEEP = "DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox
            WHERE published_at <= $1 AND seq < (SELECT MAX(seq) FROM outbox) ORDER BY published_at LIMIT $2)
        RETURNING seq";
    SWEEP_MARKS = {
        sqlite: "DELETE FROM outbox_marks WHERE seq IN (SELECT value FROM json_each($1))",
        postgres: "DELETE FROM outbox_marks
            WHERE seq IN (SELECT CAST(x AS BIGINT) FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS x)",
    };
}

pub(super) async fn insert(tx: &mut Tx, kind: &str, id: Option<Uuid>, name: Option<&str>) -> Result<i64, StoreError> {
    let now = tx.now().as_micros();
    let (seq,) = run!(tx, fetch_one INSERT as (i64,), kind, id, name, now)?;
    Ok(seq)
}

/// Takes away so many of the rows that were published until then, with their marks; says how many it were.
pub(super) async fn sweep(tx: &mut Tx, published_until: Micros, limit: i64) -> Result<usize, StoreError> {
    let swept = run!(tx, fetch_all SWEEP as (i64,), published_until.as_micros(), limit)?;
    let swept: Vec<i64> = swept.into_iter().map(|(seq,)| seq).collect();
    let set = serde_json::to_string(&swept).map_err(StoreError::corrupt("outbox.seq"))?;
    run!(tx, execute SWEEP_MARKS, set.as_str())?;
    Ok(swept.len())
}
