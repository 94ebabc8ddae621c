//! What workers tell: streams of batches, each event counted exactly once. `ingest` applies batches, several together
//! where they wait; `gaps` are what is known to be missing.

pub mod api;
mod gaps;
mod ingest;
mod store;

use contract::{Id, ids, worker_api::Status};

use crate::{
    app::App,
    db::{StoreError, System},
};
pub(crate) use gaps::look as look_for_gaps;
pub use ingest::Ingest;
pub(crate) use ingest::disposition;
pub(crate) use store::{STATEMENTS, sweep};
pub use store::{Trouble, trouble};

/// A worker says how much there was: what a gap is measured by.
pub(crate) async fn reported(app: &App, worker: Id<ids::Worker>, status: &Status) -> Result<(), StoreError> {
    let mut tx = app.trace.begin(&System::task("status")).await?;
    store::reported(&mut tx, status.stream, worker, status.totals.events).await?;
    tx.commit().await
}
