//! How next hops fare, as workers report it: a row for each worker, route and hop.

pub mod api;
mod store;
mod view;

use std::collections::HashSet;

use contract::{
    Id, ids,
    worker_api::{HopHealth, MAX_HOPS_IN_STATUS},
};

use crate::db::{StoreError, Tx};
pub(crate) use store::STATEMENTS;
pub use store::{Seen, unwell};
pub use view::{HopHealthView, HopState, state, summed};

/// Notes what a worker reports. Hops of routes that are gone are left out.
pub(crate) async fn reported(tx: &mut Tx, worker: Id<ids::Worker>, hops: Vec<HopHealth>) -> Result<(), StoreError> {
    let mut known = HashSet::new();
    let mut hops: Vec<HopHealth> = hops.into_iter().take(MAX_HOPS_IN_STATUS).map(tidy).collect();
    hops.retain(|hop| known.insert((hop.route, hop.host.clone(), hop.port, hop.tls.clone())));
    if hops.is_empty() { Ok(()) } else { store::report(tx, worker, &hops).await }
}

/// Takes away what was not heard of for a day.
pub(crate) async fn sweep(tx: &mut Tx) -> Result<(), StoreError> {
    store::sweep(tx).await
}

/// Printable, and no longer than it may be.
fn tidy(mut hop: HopHealth) -> HopHealth {
    let short = |text: &str, most: usize| text.chars().filter(|c| !c.is_control()).take(most).collect::<String>();
    hop.host = short(&hop.host, 253);
    hop.tls = short(&hop.tls, 20);
    hop.last_error = hop.last_error.map(|error| short(&error, 200));
    hop
}
