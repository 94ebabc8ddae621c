//! Domains that go to another tenant, which other pools may serve.

use contract::{Id, ids};

use super::{Pool, serving, store};
use crate::{
    db::{StoreError, Tx},
    http::{ApiError, Code},
};

/// Nobody changes which pools serve whom before this transaction ends.
pub(crate) async fn lock_assignments(tx: &mut Tx) -> Result<(), StoreError> {
    store::lock_all(tx).await
}

/// So many domains go from one tenant to another, under [`lock_assignments`]. As with a tenant that moves: somebody serves them
/// before and after, and what a pool loses is noted.
pub(crate) async fn domains_move(
    tx: &mut Tx,
    from: Id<ids::Tenant>,
    to: Id<ids::Tenant>,
    domains: usize,
) -> Result<(), ApiError> {
    let (before, after) = (serving(tx, from).await?.pools, serving(tx, to).await?.pools);
    let stays = |pool: &&Pool| after.iter().any(|other| other.id == pool.id);
    if !before.iter().any(|pool| stays(&pool)) {
        let detail = "its workers are others than those of the old tenant: let one pool serve both, move the MX records, \
            then move the domain";
        return Err(ApiError::new(Code::PoolsMustOverlap).at("/tenant_id").detail(detail));
    }
    let domains = i64::try_from(domains).unwrap_or(i64::MAX);
    for pool in before.iter().filter(|pool| !stays(pool)) {
        store::note_departure(tx, pool.id, from, (0, domains)).await?;
    }
    Ok(())
}
