//! What the publisher has to know: every write to the configuration leaves a row here, in its own transaction.
//!
//! The row's number is the answer's `Config-Version`. Numbers commit out of order: take rows that are not marked, never
//! "greater than my last".

mod store;

use std::time::Duration;

use contract::{Id, ids, mail::Domain};

use crate::{
    app::AppState,
    db::{StoreError, System, Tx},
    lease::Lease,
};
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
    /// The key that a pool's certificates are sealed with: all of them there. None: in every pool.
    Certificates(Option<Id<ids::Pool>>),
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
        Change::Certificates(pool) => ("certificates", pool.map(Id::uuid), None),
        Change::TenantList(id) => ("tenant_list", Some(id.uuid()), None),
        Change::DomainList(id, name) => ("domain_list", Some(id.uuid()), Some(name)),
    };
    let seq = store::insert(tx, kind, id, name.map(Domain::as_ascii)).await?;
    tx.note_config_version(seq);
    Ok(seq)
}

/// How long it is known which head holds a change.
const KEPT: Duration = Duration::from_hours(7 * 24);
const LEASE: &str = "outbox_sweep";
const LEASE_LASTS: Duration = Duration::from_mins(1);
/// Rows that go in one transaction: others write here all the time.
const AT_ONCE: usize = 2_000;

/// Takes away what was published long ago. On one replica at a time: two would only wait for each other's rows.
pub(crate) async fn sweep(app: AppState) -> Result<(), StoreError> {
    let Some(lease) = Lease::take(&app.db, LEASE, app.replica, LEASE_LASTS).await? else { return Ok(()) };
    let swept = lease.while_held(&app.db, LEASE_LASTS, sweep_all(&app)).await?;
    lease.release(&app.db).await?;
    swept
}

async fn sweep_all(app: &AppState) -> Result<(), StoreError> {
    loop {
        let mut tx = app.db.begin(&System::task(LEASE)).await?;
        let until = tx.now() - KEPT;
        let swept = store::sweep(&mut tx, until, i64::try_from(AT_ONCE).unwrap_or(i64::MAX)).await?;
        tx.commit().await?;
        if swept < AT_ONCE || app.stopping.is_cancelled() {
            return Ok(());
        }
    }
}
