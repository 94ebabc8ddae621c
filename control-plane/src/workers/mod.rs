//! Workers: who has joined, what they run, what they report. `join` is how they get in (the worker API's `enrol` and
//! `token`), `report` takes their status, `api` shows them to people.

pub mod api;
pub mod join;
pub mod report;
mod store;
mod view;

use std::time::Duration;

use contract::{Id, Micros, ids};

use crate::db::{Db, Read, StoreError, System, Tx};
pub(crate) use store::STATEMENTS;
pub use store::{Running, default_pool, running, snapshot_schemas};
pub use view::{WorkerState, WorkerView};

/// Workers heard of within this count as there.
pub const SEEN_WITHIN: Duration = Duration::from_secs(30);
/// What has not been seen for so long is swept; a worker that comes back enrols anew.
const SWEPT_AFTER: Duration = Duration::from_hours(24);

/// The one pool there is from the first start on.
pub async fn make_default_pool(db: &Db) -> Result<Id<ids::Pool>, StoreError> {
    let system = System::task("start");
    loop {
        if let Some(pool) = default_pool(&mut db.read(&system).await?).await? {
            return Ok(pool);
        }
        let mut tx = db.begin(&system).await?;
        match store::insert_pool(&mut tx, "default").await {
            Ok(()) => tx.commit().await?,
            // Another replica was faster.
            Err(StoreError::Unique(_)) => {}
            Err(error) => return Err(error),
        }
    }
}

/// All workers, the `most` that were heard of last, as the API shows them.
pub(crate) async fn all(read: &mut Read, now: Micros, most: i64) -> Result<Vec<WorkerView>, StoreError> {
    store::latest(read, most).await?.into_iter().map(|row| view::view(row, now)).collect()
}

pub(crate) async fn sweep(tx: &mut Tx, up_since: Micros) -> Result<(), StoreError> {
    let now = tx.now();
    store::sweep_tokens(tx, now).await?;
    // Whoever was away for a day may be the control plane itself: its workers had nobody to be seen by.
    if now.since(up_since) < SWEPT_AFTER {
        return Ok(());
    }
    store::sweep_workers(tx, now - SWEPT_AFTER).await
}
