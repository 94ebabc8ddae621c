//! Keys of pools: what they seal stands in objects that only the pool's workers can read. Made when a pool is first published
//! to, sealed under the master key, and replaced when a worker is deleted: it knew the one before.

pub mod api;
mod store;

use std::time::Duration;

use contract::{Id, Micros, ids, snapshot::pool_key::PoolKey};
use zeroize::Zeroizing;

use crate::{
    audit::{self, Target},
    certificates,
    db::{Db, Read, StoreError, System, Tx},
    outbox::{self, Change},
    vault::{Purpose, Vault},
};
pub(crate) use store::STATEMENTS;

/// An older key is kept as long as objects that a head of the last day names, and some more.
const KEPT: Duration = Duration::from_hours(48);

fn context(pool: Id<ids::Pool>, version: u32) -> Vec<u8> {
    [pool.uuid().as_bytes().as_slice(), &version.to_be_bytes()].concat()
}

/// The versions there are, newest first.
pub(crate) async fn all(read: &mut Read, vault: &Vault, pool: Id<ids::Pool>) -> Result<Vec<PoolKey>, StoreError> {
    let rows = store::all(read, pool).await?;
    rows.into_iter()
        .map(|(version, sealed)| {
            let key = vault.open_with(Purpose::PoolKey, &context(pool, version), &sealed);
            let key = key.map_err(StoreError::corrupt("pool_keys.sealed"))?;
            let key: [u8; 32] =
                key.as_slice().try_into().map_err(|_| StoreError::corrupt("pool_keys.sealed")("not 32 bytes"))?;
            Ok(PoolKey::new(version, Zeroizing::new(key)))
        })
        .collect()
}

/// The version that seals.
pub(crate) async fn current(read: &mut Read, vault: &Vault, pool: Id<ids::Pool>) -> Result<PoolKey, StoreError> {
    let newest = all(read, vault, pool).await?.into_iter().next();
    newest.ok_or_else(|| StoreError::corrupt("pool_keys")("the pool has none"))
}

/// The pool has a key when this is done.
pub(crate) async fn ensure(db: &Db, vault: &Vault, pool: Id<ids::Pool>) -> Result<(), StoreError> {
    let system = System::task("pool_keys");
    if !store::all(&mut db.read(&system).await?, pool).await?.is_empty() {
        return Ok(());
    }
    let mut tx = db.begin(&system).await?;
    match insert(&mut tx, vault, pool, 1).await {
        Ok(()) => tx.commit().await,
        // Another replica was faster.
        Err(StoreError::Unique(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

async fn insert(tx: &mut Tx, vault: &Vault, pool: Id<ids::Pool>, version: u32) -> Result<(), StoreError> {
    let key = Zeroizing::new(tx.entropy().bytes::<32>());
    let sealed = vault.seal_with(Purpose::PoolKey, &context(pool, version), &*key);
    store::insert(tx, pool, version, &sealed).await
}

/// Another key from now on: everything that is sealed is published anew, under the new one. A worker gets it by an
/// authenticated call before it takes an object that needs it.
pub(crate) async fn rotate(tx: &mut Tx, vault: &Vault, pool: Id<ids::Pool>) -> Result<u32, StoreError> {
    store::lock(tx, pool).await?;
    let newest = store::all(tx, pool).await?.first().map_or(0, |(version, _)| *version);
    let version = newest.saturating_add(1);
    insert(tx, vault, pool, version).await?;
    let after = serde_json::json!({ "version": version });
    audit::record(tx, "pool_key.rotate", Target::new("pool").id(pool), audit::NOTHING, Some(&after)).await?;
    // Where nothing is sealed there is nothing to publish; and a control plane of before, which publishes while others are new
    // already, does not know this kind of change.
    if !certificates::fingerprints(tx).await?.is_empty() {
        outbox::record(tx, &Change::Certificates(Some(pool))).await?;
    }
    Ok(version)
}

/// Takes away keys that nothing is sealed with any more.
pub(crate) async fn sweep(tx: &mut Tx, now: Micros) -> Result<(), StoreError> {
    store::sweep(tx, now - KEPT).await
}
