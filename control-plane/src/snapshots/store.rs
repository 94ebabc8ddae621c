//! Rows of `heads`, `pool_objects` and `snapshot_changes`.

use std::collections::BTreeMap;

use contract::{
    Id, Micros, ids,
    snapshot::{hash::Hash, head::Totals},
    worker_api::{HeadVersion, Ring},
};
use uuid::Uuid;

use super::heads::{Head, Peak};
use crate::{
    db::{Read, StoreError, Tx, run, sql},
    hex,
};

sql! {
    Main;
    HEADS = "SELECT pool_id, ring, epoch, version, root, issued_at, jws, peak_tenants, peak_domains, peak_at FROM heads";
    PUT_HEAD = "INSERT INTO heads (pool_id, ring, epoch, version, root, issued_at, jws, peak_tenants, peak_domains, peak_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (pool_id, ring) DO UPDATE SET epoch = excluded.epoch, version = excluded.version, root = excluded.root,
            issued_at = excluded.issued_at, jws = excluded.jws, peak_tenants = excluded.peak_tenants,
            peak_domains = excluded.peak_domains, peak_at = excluded.peak_at";
    // Pairs of hash and octets, in hex.
    PUT_OBJECTS = {
        sqlite: "INSERT INTO pool_objects (pool_id, hash, bytes)
            SELECT $1, unhex(value ->> 0), unhex(value ->> 1) FROM json_each($2) WHERE true
            ON CONFLICT (pool_id, hash) DO UPDATE SET dropped_at = NULL",
        postgres: "INSERT INTO pool_objects (pool_id, hash, bytes)
            SELECT $1, decode(x ->> 0, 'hex'), decode(x ->> 1, 'hex') FROM jsonb_array_elements(CAST($2 AS JSONB)) AS x
            ON CONFLICT (pool_id, hash) DO UPDATE SET dropped_at = NULL",
    };
    IN_USE = {
        sqlite: "SELECT hash FROM pool_objects
            WHERE pool_id = $1 AND dropped_at IS NULL AND hash IN (SELECT unhex(value) FROM json_each($2))",
        postgres: "SELECT hash FROM pool_objects WHERE pool_id = $1 AND dropped_at IS NULL
            AND hash IN (SELECT decode(x, 'hex') FROM jsonb_array_elements_text(CAST($2 AS JSONB)) AS x)",
    };
    NAMES_IN_USE = "SELECT hash FROM pool_objects
        WHERE pool_id = $1 AND dropped_at IS NULL AND hash > $2 ORDER BY hash LIMIT $3";
    DROP_OBJECTS = {
        sqlite: "UPDATE pool_objects SET dropped_at = $3
            WHERE pool_id = $1 AND hash IN (SELECT unhex(value) FROM json_each($2))",
        postgres: "UPDATE pool_objects SET dropped_at = $3 WHERE pool_id = $1
            AND hash IN (SELECT decode(x, 'hex') FROM jsonb_array_elements_text(CAST($2 AS JSONB)) AS x)",
    };
    SWEEP_OBJECTS = "DELETE FROM pool_objects WHERE dropped_at <= $1";
    OBJECTS = {
        sqlite: "SELECT hash, bytes FROM pool_objects
            WHERE pool_id = $1 AND hash IN (SELECT unhex(value) FROM json_each($2))",
        postgres: "SELECT hash, bytes FROM pool_objects WHERE pool_id = $1
            AND hash IN (SELECT decode(x, 'hex') FROM jsonb_array_elements_text(CAST($2 AS JSONB)) AS x)",
    };
    PUT_CHANGES = "INSERT INTO snapshot_changes
        (pool_id, ring, epoch, version, root_before, root_after, changes, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    STEPS = "SELECT epoch, version, root_before, root_after, CAST(LENGTH(changes) AS BIGINT) AS size FROM snapshot_changes
        WHERE pool_id = $1 AND ring = $2 ORDER BY epoch DESC, version DESC LIMIT $3";
    CHANGES_SINCE = "SELECT epoch, version, changes FROM snapshot_changes
        WHERE pool_id = $1 AND ring = $2 AND (epoch > $3 OR (epoch = $3 AND version >= $4)) ORDER BY epoch, version LIMIT $5";
    SWEEP_CHANGES = "DELETE FROM snapshot_changes
        WHERE created_at <= $1 OR (pool_id = $2 AND ring = $3 AND epoch = $4 AND version <= $5)";
}

/// As it is stored.
pub(super) fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

#[derive(Debug, sqlx::FromRow)]
struct HeadRow {
    pool_id: Uuid,
    ring: String,
    epoch: i64,
    version: i64,
    root: Vec<u8>,
    issued_at: i64,
    jws: String,
    peak_tenants: i64,
    peak_domains: i64,
    peak_at: i64,
}

pub(super) async fn heads(read: &mut Read) -> Result<Vec<Head>, StoreError> {
    let rows = run!(read, fetch_all HEADS as HeadRow)?;
    rows.into_iter()
        .map(|row| {
            let number = |n: i64| u64::try_from(n).unwrap_or(0);
            let count = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
            Ok(Head {
                pool: Id::from_uuid(row.pool_id),
                ring: if row.ring == "canary" { Ring::Canary } else { Ring::Stable },
                at: HeadVersion { epoch: number(row.epoch), version: number(row.version) },
                root: hash(&row.root, "heads.root")?,
                issued_at: Micros::from_micros(row.issued_at),
                jws: row.jws.into(),
                peak: Peak {
                    totals: Totals { tenants: count(row.peak_tenants), domains: count(row.peak_domains) },
                    at: Micros::from_micros(row.peak_at),
                },
            })
        })
        .collect()
}

pub(super) async fn put_head(tx: &mut Tx, head: &Head) -> Result<(), StoreError> {
    run!(
        tx,
        execute PUT_HEAD,
        head.pool.uuid(),
        head.ring.name(),
        number(head.at.epoch),
        number(head.at.version),
        head.root.as_bytes().to_vec(),
        head.issued_at.as_micros(),
        &*head.jws,
        i64::from(head.peak.totals.tenants),
        i64::from(head.peak.totals.domains),
        head.peak.at.as_micros()
    )?;
    Ok(())
}

/// Octets that go in by one statement, or a little more.
const PUT_BYTES: usize = 1024 * 1024;

/// Stores what is not there; what was to be swept is in use again.
pub(super) async fn put_objects(
    tx: &mut Tx,
    pool: Id<ids::Pool>,
    objects: impl Iterator<Item = &(Hash, Vec<u8>)>,
) -> Result<(), StoreError> {
    // No name twice: PostgreSQL touches a row only once a statement.
    let objects: BTreeMap<String, &[u8]> = objects.map(|(hash, bytes)| (hash.to_string(), &**bytes)).collect();
    let (mut pairs, mut size) = (Vec::new(), 0);
    for (name, bytes) in objects {
        pairs.push((name, hex::digits(bytes)));
        size += bytes.len();
        if size >= PUT_BYTES {
            put_pairs(tx, pool, &pairs).await?;
            pairs.clear();
            size = 0;
        }
    }
    put_pairs(tx, pool, &pairs).await
}

async fn put_pairs(tx: &mut Tx, pool: Id<ids::Pool>, pairs: &[(String, String)]) -> Result<(), StoreError> {
    if !pairs.is_empty() {
        let text = serde_json::to_string(pairs).map_err(StoreError::corrupt("pool_objects"))?;
        run!(tx, execute PUT_OBJECTS, pool.uuid(), text.as_str())?;
    }
    Ok(())
}

fn hash(bytes: &[u8], column: &'static str) -> Result<Hash, StoreError> {
    bytes.try_into().map(Hash::from_bytes).map_err(StoreError::corrupt::<std::array::TryFromSliceError>(column))
}

/// Those of these that are there and not to be swept.
pub(super) async fn in_use(read: &mut Read, pool: Id<ids::Pool>, hashes: &[Hash]) -> Result<Vec<Hash>, StoreError> {
    let rows = run!(read, fetch_all IN_USE as (Vec<u8>,), pool.uuid(), names(hashes))?;
    rows.iter().map(|(name,)| hash(name, "pool_objects.hash")).collect()
}

/// The next names of all that are there and not to be swept.
pub(super) async fn names_in_use(
    read: &mut Read,
    pool: Id<ids::Pool>,
    after: &[u8],
    limit: i64,
) -> Result<Vec<Hash>, StoreError> {
    let rows = run!(read, fetch_all NAMES_IN_USE as (Vec<u8>,), pool.uuid(), after, limit)?;
    rows.iter().map(|(name,)| hash(name, "pool_objects.hash")).collect()
}

fn names(hashes: &[Hash]) -> String {
    let names: Vec<_> = hashes.iter().map(ToString::to_string).collect();
    serde_json::to_string(&names).unwrap_or_else(|_| "[]".to_owned())
}

pub(super) async fn drop_objects(tx: &mut Tx, pool: Id<ids::Pool>, hashes: &[Hash]) -> Result<(), StoreError> {
    let now = tx.now().as_micros();
    for some in hashes.chunks(5_000) {
        run!(tx, execute DROP_OBJECTS, pool.uuid(), names(some), now)?;
    }
    Ok(())
}

pub(super) async fn sweep_objects(tx: &mut Tx, dropped_until: Micros) -> Result<(), StoreError> {
    run!(tx, execute SWEEP_OBJECTS, dropped_until.as_micros())?;
    Ok(())
}

/// What was changed until then, and what lies so many versions behind a head: no way leads back so far.
pub(super) async fn sweep_changes(
    tx: &mut Tx,
    created_until: Micros,
    head: &Head,
    versions: u64,
) -> Result<(), StoreError> {
    let version = number(head.at.version.saturating_sub(versions));
    run!(
        tx,
        execute SWEEP_CHANGES,
        created_until.as_micros(),
        head.pool.uuid(),
        head.ring.name(),
        number(head.at.epoch),
        version
    )?;
    Ok(())
}

/// What a version changed, encoded.
pub(super) async fn put_changes(tx: &mut Tx, head: &Head, before: Hash, changes: Vec<u8>) -> Result<(), StoreError> {
    let now = tx.now().as_micros();
    run!(
        tx,
        execute PUT_CHANGES,
        head.pool.uuid(),
        head.ring.name(),
        number(head.at.epoch),
        number(head.at.version),
        before.as_bytes().to_vec(),
        head.root.as_bytes().to_vec(),
        changes,
        now
    )?;
    Ok(())
}

/// From one tree to the next.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Step {
    pub epoch: i64,
    pub version: i64,
    pub root_before: Vec<u8>,
    pub root_after: Vec<u8>,
    /// Octets of what changed.
    pub size: i64,
}

/// The last steps, the newest first.
pub(super) async fn steps(
    read: &mut Read,
    pool: Id<ids::Pool>,
    ring: Ring,
    limit: i64,
) -> Result<Vec<Step>, StoreError> {
    run!(read, fetch_all STEPS as Step, pool.uuid(), ring.name(), limit)
}

/// What changed from this step on, the oldest first.
pub(super) async fn changes_since(
    read: &mut Read,
    pool: Id<ids::Pool>,
    ring: Ring,
    first: &Step,
    limit: i64,
) -> Result<Vec<(i64, i64, Vec<u8>)>, StoreError> {
    type Row = (i64, i64, Vec<u8>);
    run!(read, fetch_all CHANGES_SINCE as Row, pool.uuid(), ring.name(), first.epoch, first.version, limit)
}

/// In no order.
pub(super) async fn objects(
    read: &mut Read,
    pool: Id<ids::Pool>,
    hashes: &[Hash],
) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StoreError> {
    run!(read, fetch_all OBJECTS as (Vec<u8>, Vec<u8>), pool.uuid(), names(hashes))
}
