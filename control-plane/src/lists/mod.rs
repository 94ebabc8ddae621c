//! Allow and block lists. An entry has a scope, names a sender or a client network, and may expire.

pub mod api;
mod store;
mod view;

use contract::{
    Id, Micros, ids,
    mail::{Domain as Name, LocalPart},
    policy::lists::{Entry, ListKind, Subject},
    snapshot::object::RecipientHash,
};

use crate::{
    db::{Read, StoreError},
    outbox::Change,
};
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

/// The entries that may decide about mail for one recipient.
#[derive(Debug, Default)]
pub(crate) struct ForRecipient {
    /// Of the domain, and of the recipient by each of its names.
    pub of_domain: Vec<ListEntry>,
    /// Of each tenant, from the domain's own upwards, and of the installation.
    pub above: Vec<Vec<ListEntry>>,
}

/// Entries of a domain, of the recipient by these names (in lower case), of these tenants and of the installation.
pub(crate) async fn for_recipient(
    read: &mut Read,
    domain: Id<ids::Domain>,
    tenants: &[Id<ids::Tenant>],
    names: &[&str],
) -> Result<ForRecipient, StoreError> {
    let of_recipient = names.iter().map(|name| format!("{domain}/{name}"));
    let keys: Vec<_> = of_recipient.chain([domain.to_string()]).collect();
    let mut found = ForRecipient { of_domain: store::in_scopes(read, &keys).await?, above: Vec::new() };
    let tenants = tenants.iter().map(|tenant| Scope::Tenant(*tenant).key());
    for key in tenants.chain([Scope::Installation.key()]) {
        found.above.push(store::in_scopes(read, &[key]).await?);
    }
    Ok(found)
}

impl ListEntry {
    /// As workers hold it. `hash` is that of the domain's recipients, in lower case.
    pub(crate) fn as_held(&self, hash: impl Fn(&str) -> RecipientHash) -> Entry {
        let recipient = match &self.scope {
            Scope::Recipient(_, _, local_part) => Some(hash(&local_part.as_str().to_lowercase())),
            Scope::Installation | Scope::Tenant(_) | Scope::Domain(..) => None,
        };
        Entry { id: self.id, kind: self.kind, subject: self.subject.clone(), recipient, expires_at: self.expires_at }
    }
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
