//! Pools: sets of workers with a configuration of their own, and which of them serve a tenant. A tenant that names none is served
//! by those of the tenant above it; where no level names any, by the pool `default`, which is always there.

pub(crate) mod api;
mod assignment;
mod moving;
mod store;
mod view;

use std::{cmp::Ordering, collections::HashMap, time::Duration};

use contract::{Id, Micros, ids, mail::Domain};
use uuid::Uuid;

use crate::{
    db::{Read, StoreError, Tx},
    snapshots,
};
pub(crate) use moving::{domains_move, lock_assignments};
pub(crate) use store::{STATEMENTS, all, all_with_use, assigned, departed, find, own_names};

/// A pool, as far as it is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pool {
    pub id: Id<ids::Pool>,
    pub name: String,
    /// Where MX records of domains that it serves should point. None: as the installation's settings say.
    pub mx_hosts: Option<Vec<Domain>>,
    pub revision: i64,
    pub created_at: Micros,
}

/// The pool that serves whoever names none.
pub(crate) const DEFAULT: &str = "default";

impl Pool {
    pub(crate) fn is_default(&self) -> bool {
        self.name == DEFAULT
    }
}

/// Departures explain a smaller configuration for so long, and are kept a little longer.
const DEPARTURES_KEPT: Duration = Duration::from_hours(8 * 24);

/// Takes away what explains nothing any more.
pub(crate) async fn sweep(tx: &mut Tx, now: Micros) -> Result<(), StoreError> {
    store::sweep_departures(tx, now - DEPARTURES_KEPT).await
}

/// Which pools serve a tenant.
#[derive(Debug, Clone)]
pub(crate) struct Serving {
    pub pools: Vec<Pool>,
    /// The level that names them; none: no level does, and it is the default pool.
    pub named_by: Option<Id<ids::Tenant>>,
}

impl Serving {
    /// Where MX records should point: what each pool says, or the installation where it says nothing. Each host once.
    pub(crate) fn mx_hosts(&self, of_installation: &[Domain]) -> Vec<Domain> {
        let mut hosts: Vec<Domain> = Vec::new();
        for host in self.pools.iter().flat_map(|pool| pool.mx_hosts.as_deref().unwrap_or(of_installation)) {
            if !hosts.contains(host) {
                hosts.push(host.clone());
            }
        }
        hosts
    }
}

/// The pools that serve a tenant, in the order of their ids.
pub(crate) async fn serving(read: &mut Read, tenant: Id<ids::Tenant>) -> Result<Serving, StoreError> {
    let named = store::effective(read, tenant).await?;
    let mut pools = store::all(read).await?;
    pools.retain(|pool| named.as_ref().map_or_else(|| pool.is_default(), |(_, ids)| ids.contains(&pool.id)));
    Ok(Serving { pools, named_by: named.map(|(level, _)| level) })
}

/// Takes away a tenant by `remove`, and notes what else leaves a pool with it: those above it that stood there for its sake.
pub(crate) async fn without<T>(
    tx: &mut Tx,
    tenant: Id<ids::Tenant>,
    remove: impl AsyncFnOnce(&mut Tx) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    if !store::any_assigned(tx).await? {
        return remove(tx).await;
    }
    store::lock_all(tx).await?;
    let before = snapshots::extents(tx).await?;
    let done = remove(tx).await?;
    // The deletion itself is in the audit log.
    assignment::departures(tx, tenant, before, 1).await?;
    Ok(done)
}

/// Those of these tenants that the pool neither serves nor served since then. One that is not there any more is nobody's.
pub(crate) async fn foreign(
    read: &mut Read,
    pool: Id<ids::Pool>,
    tenants: &[Uuid],
    since: Micros,
) -> Result<Vec<Uuid>, StoreError> {
    let is_default = store::find(read, pool).await?.is_some_and(|pool| pool.is_default());
    if is_default && !store::any_assigned(read).await? {
        return Ok(Vec::new());
    }
    // The nearest level that names any decides; where none does, it is the default pool.
    let mut nearest: HashMap<Uuid, (i64, bool)> = HashMap::new();
    for (tenant, depth, named) in store::named_above(read, tenants).await? {
        let decided = nearest.entry(tenant).or_insert((i64::MAX, is_default));
        if let Some(named) = named {
            let is_this = named == pool.uuid();
            match depth.cmp(&decided.0) {
                Ordering::Less => *decided = (depth, is_this),
                Ordering::Equal => decided.1 |= is_this,
                Ordering::Greater => {}
            }
        }
    }
    let unserved: Vec<_> = nearest.into_iter().filter(|(_, (_, serves))| !serves).map(|(tenant, _)| tenant).collect();
    if unserved.is_empty() {
        return Ok(Vec::new());
    }
    let left = store::left_since(read, pool, &unserved, since).await?;
    Ok(unserved.into_iter().filter(|tenant| !left.contains(tenant)).collect())
}
