//! Rows of the table `leases`.

use contract::Micros;
use uuid::Uuid;

use crate::db::{StoreError, Tx, run, sql};

sql! {
    Main;
    TAKE = "INSERT INTO leases (name, holder, fence, expires_at) VALUES ($1, $2, 1, $3)
        ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at,
            fence = CASE WHEN leases.holder = excluded.holder THEN leases.fence ELSE leases.fence + 1 END
        WHERE leases.holder = excluded.holder OR leases.expires_at <= $4
        RETURNING fence";
    FENCE = {
        sqlite: "SELECT fence FROM leases WHERE name = $1 AND holder = $2",
        postgres: "SELECT fence FROM leases WHERE name = $1 AND holder = $2 FOR SHARE",
    };
    EXTEND = "UPDATE leases SET expires_at = $4 WHERE name = $1 AND holder = $2 AND fence = $3";
    RELEASE = "UPDATE leases SET expires_at = 0 WHERE name = $1 AND holder = $2 AND fence = $3";
}

/// The fencing number; none while somebody else holds the lease.
pub(super) async fn take(
    tx: &mut Tx,
    name: &str,
    holder: Uuid,
    until: Micros,
    now: Micros,
) -> Result<Option<i64>, StoreError> {
    let row = run!(tx, fetch_optional TAKE as (i64,), name, holder, until.as_micros(), now.as_micros())?;
    Ok(row.map(|(fence,)| fence))
}

/// The number of the lease as long as `holder` has it; it cannot be taken away before this transaction ends.
pub(super) async fn fence(tx: &mut Tx, name: &str, holder: Uuid) -> Result<Option<i64>, StoreError> {
    let row = run!(tx, fetch_optional FENCE as (i64,), name, holder)?;
    Ok(row.map(|(fence,)| fence))
}

/// How many rows it was: one, or none where somebody else has it.
pub(super) async fn extend(
    tx: &mut Tx,
    name: &str,
    holder: Uuid,
    fence: i64,
    until: Micros,
) -> Result<u64, StoreError> {
    run!(tx, execute EXTEND, name, holder, fence, until.as_micros())
}

pub(super) async fn release(tx: &mut Tx, name: &str, holder: Uuid, fence: i64) -> Result<(), StoreError> {
    run!(tx, execute RELEASE, name, holder, fence)?;
    Ok(())
}
