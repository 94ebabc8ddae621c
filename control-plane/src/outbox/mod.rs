//! What the publisher has to know: every write to the configuration leaves a row here, in its own transaction.
//!
//! The row's number is the answer's `Config-Version`. Numbers commit out of order: take rows that are not marked, never
//! "greater than my last".

mod store;

use contract::{Id, ids, mail::Domain};

use crate::db::{StoreError, Tx};
pub(crate) use store::STATEMENTS;

/// What changed. Names are kept beside ids, so that a thing that is gone can be taken out of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The installation's policy or allowed ranges.
    Installation,
    Tenant(Id<ids::Tenant>),
    /// Added, edited or gone.
    Domain(Id<ids::Domain>, Domain),
    /// The recipients of a domain.
    Recipients(Id<ids::Domain>, Domain),
    /// A route: every domain that points to it.
    Route(Id<ids::Route>),
    InstallationList,
    /// A certificate: added, replaced or gone.
    Certificate(Id<ids::Certificate>),
    /// The key that seals them: all certificates.
    Certificates,
    TenantList(Id<ids::Tenant>),
    /// The list of a domain, with the entries for its recipients.
    DomainList(Id<ids::Domain>, Domain),
}

/// Adds the row and notes its number for the answer.
pub async fn record(tx: &mut Tx, change: &Change) -> Result<i64, StoreError> {
    let (kind, id, name) = match change {
        Change::Installation => ("installation", None, None),
        Change::Tenant(id) => ("tenant", Some(id.uuid()), None),
        Change::Domain(id, name) => ("domain", Some(id.uuid()), Some(name)),
        Change::Recipients(id, name) => ("recipients", Some(id.uuid()), Some(name)),
        Change::Route(id) => ("route", Some(id.uuid()), None),
        Change::InstallationList => ("installation_list", None, None),
        Change::Certificate(id) => ("certificate", Some(id.uuid()), None),
        Change::Certificates => ("certificates", None, None),
        Change::TenantList(id) => ("tenant_list", Some(id.uuid()), None),
        Change::DomainList(id, name) => ("domain_list", Some(id.uuid()), Some(name)),
    };
    let seq = store::insert(tx, kind, id, name.map(Domain::as_ascii)).await?;
    tx.note_config_version(seq);
    Ok(seq)
}
