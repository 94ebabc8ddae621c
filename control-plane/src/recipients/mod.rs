//! The recipients of a domain: mailboxes, and aliases of them. Whether only those get mail, or every local part does, is
//! the domain's `recipients`.
//!
//! `plan` decides what becomes of many at once, `csv` reads and writes files of them, `view` is the wire.

pub mod api;
mod csv;
mod plan;
mod store;
mod view;

use contract::{Id, Micros, ids, mail::LocalPart};

pub(crate) use store::{STATEMENTS, named};
pub use view::AliasHop;

#[derive(Debug, Clone)]
pub struct Recipient {
    pub id: Id<ids::Recipient>,
    pub local_part: LocalPart,
    pub alias: Option<Alias>,
    pub created_at: Micros,
}

/// What a recipient that is no mailbox is: another address of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    pub of: LocalPart,
    pub hop_sees: AliasHop,
}

/// Local parts are compared without regard to case.
pub(crate) fn key(local_part: &LocalPart) -> String {
    local_part.as_str().to_lowercase()
}
