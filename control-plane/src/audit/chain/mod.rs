//! The log's chains. Rows are written with their change and know nothing of it; a job on one replica chains what was
//! committed, so that writes do not wait for each other. `store` has the rows, `entry` the text that is hashed, `export`
//! and `api` show it, `sweep` takes old rows away, `verify` follows an export.

pub(crate) mod api;
mod entry;
mod export;
mod store;
pub(crate) mod sweep;
pub mod verify;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use contract::{
    Id,
    audit::{self, AuditRoot, Chain, Position},
    ids,
};
use uuid::Uuid;

use crate::{
    app::AppState,
    db::{Read, StoreError, System},
    lease::Lease,
};
pub(crate) use store::STATEMENTS;

const LEASE: &str = "audit_chain";
const LEASE_LASTS: Duration = Duration::from_mins(1);
/// How often it is looked whether rows wait.
pub(crate) const PAUSE: Duration = Duration::from_secs(1);
/// Rows that are chained in one transaction.
const AT_ONCE: i64 = 500;

/// The name of a chain; the nil id is the installation's own.
fn name(chain: Uuid) -> String {
    if chain.is_nil() { audit::INSTALLATION.to_owned() } else { Id::<ids::Tenant>::from_uuid(chain).to_string() }
}

/// Chains what was committed and is not chained yet. Whatever commits later is chained later: no row is passed over.
pub(crate) async fn run(app: AppState) -> Result<(), StoreError> {
    let system = System::task(LEASE);
    // Mostly there is nothing to do, and no lease is needed to see that.
    if store::unchained(&mut app.db.read(&system).await?, 1).await?.is_empty() {
        return Ok(());
    }
    let Some(lease) = Lease::take(&app.db, LEASE, app.replica, LEASE_LASTS).await? else { return Ok(()) };
    while chain_some(&app, lease).await? && !app.stopping.is_cancelled() {}
    Ok(())
}

/// True: there may be more.
async fn chain_some(app: &AppState, lease: Lease) -> Result<bool, StoreError> {
    let mut tx = app.db.begin(&System::task(LEASE)).await?;
    // First of all: whoever else would chain waits here, and then sees what is chained.
    lease.extend(&mut tx, LEASE_LASTS).await?;
    let rows = store::unchained(&mut tx, AT_ONCE).await?;
    let chains: BTreeSet<Uuid> = rows.iter().map(store::Row::chain).collect();
    let mut heads: BTreeMap<Uuid, Position> = store::heads(&mut tx, &chains).await?.into_iter().collect();
    let mut links = Vec::with_capacity(rows.len());
    for row in &rows {
        let chain = row.chain();
        let head = heads.entry(chain).or_insert(Position::START);
        let seq = head.seq + 1;
        let hash = audit::row_hash(&head.hash, &name(chain), seq, &entry::text(row)?);
        links.push(store::Link { id: row.id, chain, seq, previous: head.hash, hash });
        *head = Position { seq, hash };
    }
    store::put_links(&mut tx, &links).await?;
    store::put_heads(&mut tx, &heads).await?;
    tx.commit().await?;
    Ok(i64::try_from(rows.len()).is_ok_and(|count| count >= AT_ONCE))
}

/// All chains in the order of their names, and what is to be signed of them.
async fn statement(app: &AppState, read: &mut Read) -> Result<(Vec<store::Kept>, AuditRoot), StoreError> {
    let mut chains = store::all(read).await?;
    chains.sort_by(|a, b| a.chain.chain.cmp(&b.chain.chain));
    let plain = || chains.iter().map(|kept| &kept.chain);
    let root = AuditRoot {
        installation: app.installation,
        issued_at: app.clock.now(),
        chains: chains.len() as u64,
        rows: plain().map(|chain: &Chain| chain.head.seq).sum(),
        root: audit::root(plain()),
    };
    Ok((chains, root))
}
