//! The columns of the table `tenants` that stop it.

use contract::{Id, ids};
use uuid::Uuid;

use super::State;
use crate::db::{Read, StoreError, run, sql};

macro_rules! up_from {
    ($set:literal) => {
        concat!(
            "WITH RECURSIVE up (start, id, parent_id, depth) AS (
                SELECT id, id, parent_id, 0 FROM tenants WHERE id IN (",
            $set,
            ") UNION SELECT up.start, t.id, t.parent_id, up.depth + 1 FROM tenants t JOIN up ON t.id = up.parent_id
                    WHERE up.depth < 16)
            SELECT up.start, t.id, t.suspended_at, t.refuse_from, t.closes_at FROM up JOIN tenants t ON t.id = up.id
            WHERE t.suspended_at IS NOT NULL OR t.closes_at IS NOT NULL ORDER BY up.depth, t.id"
        )
    };
}

sql! {
    Main;
    UP_FROM = {
        sqlite: up_from!("SELECT unhex(value) FROM json_each($1)"),
        postgres: up_from!("SELECT CAST(x AS UUID) FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS x"),
    };
}

/// Somebody who is not active.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Row {
    /// Whose chain it is.
    pub start: Uuid,
    pub id: Uuid,
    pub suspended_at: Option<i64>,
    pub refuse_from: Option<i64>,
    closes_at: Option<i64>,
}

impl Row {
    pub(super) fn state(&self) -> State {
        State::of(self.suspended_at.is_some(), self.closes_at.is_some())
    }
}

/// Of each of these tenants and all above it, those that are not active; from below upwards.
pub(super) async fn up_from(read: &mut Read, of: &[Id<ids::Tenant>]) -> Result<Vec<Row>, StoreError> {
    let names: std::collections::BTreeSet<_> = of.iter().map(|id| id.uuid().simple().to_string()).collect();
    let set = serde_json::to_string(&names).map_err(StoreError::corrupt("tenants"))?;
    run!(read, fetch_all UP_FROM as Row, set.as_str())
}
