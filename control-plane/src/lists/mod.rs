//! Allow and block lists. An entry has a scope, names a sender or a client network, and may expire.

pub mod api;
mod store;
mod view;

use contract::{
    Id, Micros, ids,
    mail::{Domain as Name, LocalPart},
    policy::lists::{ListKind, Subject},
};

use crate::outbox::Change;
pub(crate) use store::STATEMENTS;

/// Whose mail an entry is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    Installation,
    Tenant(Id<ids::Tenant>),
    Domain(Id<ids::Domain>, Name),
    /// One recipient of a domain, listed there or not.
    Recipient(Id<ids::Domain>, Name, LocalPart),
}

#[derive(Debug, Clone)]
pub struct ListEntry {
    pub id: Id<ids::ListEntry>,
    pub kind: ListKind,
    pub scope: Scope,
    pub subject: Subject,
    pub expires_at: Option<Micros>,
    pub comment: Option<String>,
    pub revision: i64,
    pub created_at: Micros,
}

impl Scope {
    /// The list that has to be compiled again.
    pub(crate) fn change(&self) -> Change {
        match self {
            Self::Installation => Change::InstallationList,
            Self::Tenant(id) => Change::TenantList(*id),
            Self::Domain(id, name) | Self::Recipient(id, name, _) => Change::DomainList(*id, name.clone()),
        }
    }

    /// One text for a scope, by which entries are unique.
    fn key(&self) -> String {
        match self {
            Self::Installation => "installation".to_owned(),
            Self::Tenant(id) => id.to_string(),
            Self::Domain(id, _) => id.to_string(),
            Self::Recipient(id, _, local_part) => format!("{id}/{}", local_part.as_str().to_lowercase()),
        }
    }
}
