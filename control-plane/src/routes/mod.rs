//! Inbound routes: where a domain's mail goes. `destination` says what kinds there are and makes the next hops of each
//! domain, `hop` and `mx` are what is told of them, `health` how they fare, `trial` has a worker try them.

pub mod api;
mod destination;
pub mod health;
mod hop;
mod mx;
mod store;
mod tls;
mod trial;
mod view;

use contract::{Id, Micros, ids};

use crate::labels::Labels;
pub use destination::{Destination, RouteKind};
pub(crate) use health::STATEMENTS as HEALTH_STATEMENTS;
pub(crate) use store::STATEMENTS;
pub use store::find;
pub(crate) use store::remove_all;

#[derive(Debug, Clone)]
pub struct Route {
    pub id: Id<ids::Route>,
    pub tenant: Id<ids::Tenant>,
    pub name: String,
    pub external_ref: Option<String>,
    pub labels: Labels,
    pub destination: Destination,
    /// Connections to each next hop by the whole pool.
    pub max_connections: Option<u32>,
    /// Shown to next hops that ask for one.
    pub certificate: Option<Id<ids::Certificate>>,
    pub revision: i64,
    pub created_at: Micros,
}
