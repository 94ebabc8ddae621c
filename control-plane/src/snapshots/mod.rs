//! From rows to signed snapshots. `compile` is pure: rows in, objects out; `gather` reads
//! the rows, `scope` says of whom a pool gets what. `publisher` runs on one replica at a time and
//! takes outbox rows to new heads, one a pool; `heads` lets every replica know of it; `api` serves heads, nodes and objects, `subtree` whole
//! packs of them and what changed.

pub mod api;
mod compile;
mod gather;
mod heads;
mod marks;
mod publisher;
mod scope;
mod signing;
mod source;
mod store;
mod subtree;

pub use heads::{Head, Heads};
pub(crate) use marks::{Marks, STATEMENTS as MARKS_STATEMENTS, marks};
pub use marks::{Publishing, lacking_since, publishing};
pub use publisher::run as publish;
pub(crate) use scope::{Extent, extents};
pub use signing::Signing;
pub(crate) use source::postmaster;

use crate::db::Statement;

pub(crate) const STATEMENTS: &[Statement] = store::STATEMENTS;
pub(crate) const SOURCE_STATEMENTS: &[Statement] = source::STATEMENTS;

use contract::worker_api::Ring;

/// The rings there are. `canary` comes with staged edits.
const RINGS: &[Ring] = &[Ring::Stable];
