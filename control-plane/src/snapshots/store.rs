//! Rows of `heads`, `snapshot_objects`, `outbox_marks`, and the publisher's side of `outbox`.

use std::collections::BTreeMap;

use contract::{
    Id, Micros, ids,
    mail::Domain,
    snapshot::{hash::Hash, head::Totals},
    worker_api::{HeadVersion, Ring},
};
use uuid::Uuid;

use super::heads::{Head, Peak};
use crate::{
    db::{Read, StoreError, Tx, run, sql},
    hex,
    outbox::Change,
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
        sqlite: "INSERT INTO snapshot_objects (hash, bytes)
            SELECT unhex(value ->> 0), unhex(value ->> 1) FROM json_each($1) WHERE true
            ON CONFLICT (hash) DO UPDATE SET dropped_at = NULL",
        postgres: "INSERT INTO snapshot_objects (hash, bytes)
            SELECT decode(x ->> 0, 'hex'), decode(x ->> 1, 'hex') FROM jsonb_array_elements(CAST($1 AS JSONB)) AS x
            ON CONFLICT (hash) DO UPDATE SET dropped_at = NULL",
    };
    IN_USE = {
        sqlite: "SELECT hash FROM snapshot_objects
            WHERE dropped_at IS NULL AND hash IN (SELECT unhex(value) FROM json_each($1))",
        postgres: "SELECT hash FROM snapshot_objects WHERE dropped_at IS NULL
            AND hash IN (SELECT decode(x, 'hex') FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS x)",
    };
    NAMES_IN_USE = "SELECT hash FROM snapshot_objects WHERE dropped_at IS NULL AND hash > $1 ORDER BY hash LIMIT $2";
    DROP_OBJECTS = {
        sqlite: "UPDATE snapshot_objects SET dropped_at = $2 WHERE hash IN (SELECT unhex(value) FROM json_each($1))",
        postgres: "UPDATE snapshot_objects SET dropped_at = $2
            WHERE hash IN (SELECT decode(x, 'hex') FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS x)",
    };
    SWEEP_OBJECTS = "DELETE FROM snapshot_objects WHERE dropped_at <= $1";
    OBJECTS = {
        sqlite: "SELECT hash, bytes FROM snapshot_objects WHERE hash IN (SELECT unhex(value) FROM json_each($1))",
        postgres: "SELECT hash, bytes FROM snapshot_objects
            WHERE hash IN (SELECT decode(x, 'hex') FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS x)",
    };
    PUT_CHANGES = "INSERT INTO snapshot_changes
        (pool_id, ring, epoch, version, root_before, root_after, changes, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    STEPS = "SELECT epoch, version, root_before, root_after, CAST(LENGTH(changes) AS BIGINT) AS size FROM snapshot_changes
        WHERE pool_id = $1 AND ring = $2 ORDER BY epoch DESC, version DESC LIMIT $3";
    CHANGES_SINCE = "SELECT epoch, version, changes FROM snapshot_changes
        WHERE pool_id = $1 AND ring = $2 AND (epoch > $3 OR (epoch = $3 AND version >= $4)) ORDER BY epoch, version LIMIT $5";
    SWEEP_CHANGES = "DELETE FROM snapshot_changes
        WHERE created_at <= $1 OR (pool_id = $2 AND ring = $3 AND epoch = $4 AND version <= $5)";
    ANY_UNPUBLISHED = "SELECT seq FROM outbox WHERE published_at IS NULL LIMIT 1";
    UNPUBLISHED_NUMBERS = "SELECT seq FROM outbox WHERE published_at IS NULL ORDER BY seq";
    UNPUBLISHED = "SELECT seq, kind, object_id, object_name FROM outbox WHERE published_at IS NULL ORDER BY seq LIMIT $1";
    PUBLISHED = {
        sqlite: "UPDATE outbox SET published_at = $2 WHERE seq IN (SELECT value FROM json_each($1))",
        postgres: "UPDATE outbox SET published_at = $2
            WHERE seq IN (SELECT CAST(x AS BIGINT) FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS x)",
    };
    MARK = {
        sqlite: "INSERT INTO outbox_marks (seq, pool_id, ring, epoch, version)
            SELECT value, $2, $3, $4, $5 FROM json_each($1) WHERE true ON CONFLICT DO NOTHING",
        postgres: "INSERT INTO outbox_marks (seq, pool_id, ring, epoch, version)
            SELECT CAST(x AS BIGINT), $2, $3, $4, $5 FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS x
            ON CONFLICT DO NOTHING",
    };
    WAITING = "SELECT COUNT(*), MIN(changed_at) FROM outbox WHERE published_at IS NULL";
    // The first change after what a worker runs.
    PUBLISHED_AFTER = "SELECT MIN(o.published_at) FROM outbox_marks m JOIN outbox o ON o.seq = m.seq
        WHERE m.epoch > $1 OR (m.epoch = $1 AND m.version > $2)";
    LAST_PUBLISHED = "SELECT published_at FROM outbox WHERE published_at IS NOT NULL ORDER BY seq DESC LIMIT 1";
    KNOWN = "SELECT changed_at FROM outbox WHERE seq = $1";
    MARK_OF = "SELECT epoch, version FROM outbox_marks WHERE seq = $1 AND pool_id = $2 AND ring = $3";
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
            let root: [u8; 32] = row
                .root
                .as_slice()
                .try_into()
                .map_err(StoreError::corrupt::<std::array::TryFromSliceError>("heads.root"))?;
            let number = |n: i64| u64::try_from(n).unwrap_or(0);
            let count = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
            Ok(Head {
                pool: Id::from_uuid(row.pool_id),
                ring: if row.ring == "canary" { Ring::Canary } else { Ring::Stable },
                at: HeadVersion { epoch: number(row.epoch), version: number(row.version) },
                root: Hash::from_bytes(root),
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
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
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
    objects: impl Iterator<Item = &(Hash, Vec<u8>)>,
) -> Result<(), StoreError> {
    // No name twice: PostgreSQL touches a row only once a statement.
    let objects: BTreeMap<String, &[u8]> = objects.map(|(hash, bytes)| (hash.to_string(), &**bytes)).collect();
    let (mut pairs, mut size) = (Vec::new(), 0);
    for (name, bytes) in objects {
        pairs.push((name, hex::digits(bytes)));
        size += bytes.len();
        if size >= PUT_BYTES {
            put_pairs(tx, &pairs).await?;
            pairs.clear();
            size = 0;
        }
    }
    put_pairs(tx, &pairs).await
}

async fn put_pairs(tx: &mut Tx, pairs: &[(String, String)]) -> Result<(), StoreError> {
    if !pairs.is_empty() {
        let text = serde_json::to_string(pairs).map_err(StoreError::corrupt("snapshot_objects"))?;
        run!(tx, execute PUT_OBJECTS, text.as_str())?;
    }
    Ok(())
}

fn name(bytes: &[u8]) -> Result<Hash, StoreError> {
    let corrupt = StoreError::corrupt::<std::array::TryFromSliceError>("snapshot_objects.hash");
    bytes.try_into().map(Hash::from_bytes).map_err(corrupt)
}

/// Those of these that are there and not to be swept.
pub(super) async fn in_use(read: &mut Read, hashes: &[Hash]) -> Result<Vec<Hash>, StoreError> {
    let rows = run!(read, fetch_all IN_USE as (Vec<u8>,), names(hashes))?;
    rows.iter().map(|(hash,)| name(hash)).collect()
}

/// The next names of all that are there and not to be swept.
pub(super) async fn names_in_use(read: &mut Read, after: &[u8], limit: i64) -> Result<Vec<Hash>, StoreError> {
    let rows = run!(read, fetch_all NAMES_IN_USE as (Vec<u8>,), after, limit)?;
    rows.iter().map(|(hash,)| name(hash)).collect()
}

fn names(hashes: &[Hash]) -> String {
    let names: Vec<_> = hashes.iter().map(ToString::to_string).collect();
    serde_json::to_string(&names).unwrap_or_else(|_| "[]".to_owned())
}

pub(super) async fn drop_objects(tx: &mut Tx, hashes: &[Hash]) -> Result<(), StoreError> {
    let now = tx.now().as_micros();
    for some in hashes.chunks(5_000) {
        run!(tx, execute DROP_OBJECTS, names(some), now)?;
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
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
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
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
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
pub(super) async fn objects(read: &mut Read, hashes: &[Hash]) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StoreError> {
    run!(read, fetch_all OBJECTS as (Vec<u8>, Vec<u8>), names(hashes))
}

pub(super) async fn any_unpublished(read: &mut Read) -> Result<bool, StoreError> {
    Ok(run!(read, fetch_optional ANY_UNPUBLISHED as (i64,))?.is_some())
}

/// How publishing fares.
#[derive(Debug, Clone)]
pub struct Publishing {
    /// Outbox rows that no head holds yet, and since when the oldest of them waits.
    pub waiting: i64,
    pub waiting_since: Option<Micros>,
    pub last_published_at: Option<Micros>,
    /// The newest of the ring that everybody is in.
    pub head: Option<Head>,
}

/// When the first change was published that a worker at this version lacks.
pub async fn lacking_since(read: &mut Read, at: HeadVersion) -> Result<Option<Micros>, StoreError> {
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let (since,) = run!(read, fetch_one PUBLISHED_AFTER as (Option<i64>,), number(at.epoch), number(at.version))?;
    Ok(since.map(Micros::from_micros))
}

pub async fn publishing(read: &mut Read) -> Result<Publishing, StoreError> {
    let (waiting, waiting_since) = run!(read, fetch_one WAITING as (i64, Option<i64>))?;
    let last = run!(read, fetch_optional LAST_PUBLISHED as (i64,))?;
    Ok(Publishing {
        waiting,
        waiting_since: waiting_since.map(Micros::from_micros),
        last_published_at: last.map(|(at,)| Micros::from_micros(at)),
        head: heads(read).await?.into_iter().find(|head| head.ring == super::RINGS[0]),
    })
}

/// Numbers of all rows that no head holds yet.
pub(super) async fn unpublished_numbers(read: &mut Read) -> Result<Vec<i64>, StoreError> {
    let rows = run!(read, fetch_all UNPUBLISHED_NUMBERS as (i64,))?;
    Ok(rows.into_iter().map(|(seq,)| seq).collect())
}

/// Rows that no head holds yet, oldest first.
pub(super) async fn unpublished(read: &mut Read, limit: i64) -> Result<Vec<(i64, Change)>, StoreError> {
    type Row = (i64, String, Option<Uuid>, Option<String>);
    let rows = run!(read, fetch_all UNPUBLISHED as Row, limit)?;
    rows.into_iter().map(|(seq, kind, id, name)| Ok((seq, change(&kind, id, name.as_deref())?))).collect()
}

fn change(kind: &str, id: Option<Uuid>, name: Option<&str>) -> Result<Change, StoreError> {
    let corrupt = || StoreError::corrupt("outbox")(format!("{kind} without what it needs"));
    let tenant = || id.map(Id::from_uuid).ok_or_else(corrupt);
    let domain = || -> Result<(Id<ids::Domain>, Domain), StoreError> {
        let name = name.ok_or_else(corrupt)?.parse().map_err(StoreError::corrupt("outbox.object_name"))?;
        Ok((id.map(Id::from_uuid).ok_or_else(corrupt)?, name))
    };
    Ok(match kind {
        "installation" => Change::Installation,
        "installation_list" => Change::InstallationList,
        "tenant" => Change::Tenant(tenant()?),
        "tenant_list" => Change::TenantList(tenant()?),
        "domain" => domain().map(|(id, name)| Change::Domain(id, name))?,
        "recipients" => domain().map(|(id, name)| Change::Recipients(id, name))?,
        "domain_list" => domain().map(|(id, name)| Change::DomainList(id, name))?,
        "certificate" => Change::Certificate(id.map(Id::from_uuid).ok_or_else(corrupt)?),
        "certificates" => Change::Certificates,
        "route" => Change::Route(id.map(Id::from_uuid).ok_or_else(corrupt)?),
        _ => return Err(corrupt()),
    })
}

pub(super) async fn mark_all(tx: &mut Tx, rows: &[i64], head: &Head) -> Result<(), StoreError> {
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let now = tx.now().as_micros();
    for some in rows.chunks(5_000) {
        let set = serde_json::to_string(some).unwrap_or_else(|_| "[]".to_owned());
        run!(
            tx,
            execute MARK,
            set.as_str(),
            head.pool.uuid(),
            head.ring.name(),
            number(head.at.epoch),
            number(head.at.version)
        )?;
        run!(tx, execute PUBLISHED, set.as_str(), now)?;
    }
    Ok(())
}

/// Which head holds an outbox row; the outer none: there is no such row.
pub(crate) async fn mark(
    read: &mut Read,
    seq: i64,
    pool: Id<ids::Pool>,
    ring: Ring,
) -> Result<Option<Option<HeadVersion>>, StoreError> {
    if run!(read, fetch_optional KNOWN as (i64,), seq)?.is_none() {
        return Ok(None);
    }
    let row = run!(read, fetch_optional MARK_OF as (i64, i64), seq, pool.uuid(), ring.name())?;
    let number = |n: i64| u64::try_from(n).unwrap_or(0);
    Ok(Some(row.map(|(epoch, version)| HeadVersion { epoch: number(epoch), version: number(version) })))
}
