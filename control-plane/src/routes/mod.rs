//! Inbound routes: where a domain's mail goes. Several next hops, each with its port, priority, weight and TLS.

pub mod api;
mod hop;
mod store;
mod view;

use contract::{Id, Micros, ids, snapshot::object::NextHop};

use crate::labels::Labels;
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
    /// As workers get them.
    pub hops: Vec<NextHop>,
    pub revision: i64,
    pub created_at: Micros,
}
