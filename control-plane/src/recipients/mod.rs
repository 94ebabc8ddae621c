//! The recipients of a domain. Whether only those get mail, or every local part does, is the domain's `recipients`.

pub mod api;
mod store;
mod view;

use contract::{Id, Micros, ids, mail::LocalPart};

pub(crate) use store::STATEMENTS;

#[derive(Debug, Clone)]
pub struct Recipient {
    pub id: Id<ids::Recipient>,
    pub local_part: LocalPart,
    pub created_at: Micros,
}

/// Local parts are compared without regard to case.
fn key(local_part: &LocalPart) -> String {
    local_part.as_str().to_lowercase()
}
