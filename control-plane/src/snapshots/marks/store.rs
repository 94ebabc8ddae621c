//! The publisher's side of `outbox`, and `outbox_marks`.

use std::collections::BTreeMap;

use contract::{
    Id, Micros, ids,
    mail::Domain,
    worker_api::{HeadVersion, Ring},
};
use uuid::Uuid;

use crate::{
    db::{Read, StoreError, Tx, run, sql},
    outbox::Change,
    snapshots::{
        RINGS,
        heads::Head,
        store::{heads, number},
    },
};

sql! {
    Main;
    UNPUBLISHED_NUMBERS = "SELECT seq FROM outbox WHERE published_at IS NULL ORDER BY seq";
    // Those that no head of the pool holds yet.
    UNPUBLISHED = "SELECT o.seq, o.kind, o.object_id, o.object_name FROM outbox o WHERE o.published_at IS NULL
            AND NOT EXISTS (SELECT 1 FROM outbox_marks m WHERE m.seq = o.seq AND m.pool_id = $1 AND m.ring = $2)
        ORDER BY o.seq LIMIT $3";
    // Of these, those that a head of every pool holds.
    PUBLISHED = {
        sqlite: "UPDATE outbox SET published_at = $2 WHERE seq IN (SELECT value FROM json_each($1)) AND NOT EXISTS
            (SELECT 1 FROM pools p WHERE NOT EXISTS
                (SELECT 1 FROM outbox_marks m WHERE m.seq = outbox.seq AND m.pool_id = p.id AND m.ring = $3))",
        postgres: "UPDATE outbox SET published_at = $2
            WHERE seq IN (SELECT CAST(x AS BIGINT) FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS x) AND NOT EXISTS
            (SELECT 1 FROM pools p WHERE NOT EXISTS
                (SELECT 1 FROM outbox_marks m WHERE m.seq = outbox.seq AND m.pool_id = p.id AND m.ring = $3))",
    };
    // What only waited for a pool that is gone.
    PUBLISHED_ELSEWHERE = "UPDATE outbox SET published_at = $1 WHERE published_at IS NULL AND NOT EXISTS
        (SELECT 1 FROM pools p WHERE NOT EXISTS
            (SELECT 1 FROM outbox_marks m WHERE m.seq = outbox.seq AND m.pool_id = p.id AND m.ring = $2))";
    MARK = {
        sqlite: "INSERT INTO outbox_marks (seq, pool_id, ring, epoch, version)
            SELECT value, $2, $3, $4, $5 FROM json_each($1) WHERE true ON CONFLICT DO NOTHING",
        postgres: "INSERT INTO outbox_marks (seq, pool_id, ring, epoch, version)
            SELECT CAST(x AS BIGINT), $2, $3, $4, $5 FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS x
            ON CONFLICT DO NOTHING",
    };
    WAITING = "SELECT COUNT(*), MIN(changed_at) FROM outbox WHERE published_at IS NULL";
    // The first change after what a worker of the pool runs.
    PUBLISHED_AFTER = "SELECT MIN(o.published_at) FROM outbox_marks m JOIN outbox o ON o.seq = m.seq
        WHERE m.pool_id = $3 AND (m.epoch > $1 OR (m.epoch = $1 AND m.version > $2))";
    LAST_PUBLISHED = "SELECT published_at FROM outbox WHERE published_at IS NOT NULL ORDER BY seq DESC LIMIT 1";
    KNOWN = "SELECT published_at FROM outbox WHERE seq = $1";
    MARKS_OF = "SELECT pool_id, epoch, version FROM outbox_marks WHERE seq = $1 AND ring = $2";
}

/// How publishing fares.
#[derive(Debug, Clone)]
pub struct Publishing {
    /// Outbox rows that no head holds yet, and since when the oldest of them waits.
    pub waiting: i64,
    pub waiting_since: Option<Micros>,
    pub last_published_at: Option<Micros>,
    /// The newest of each pool, of the ring that everybody is in.
    pub heads: Vec<Head>,
}

impl Publishing {
    pub fn head(&self, pool: Id<ids::Pool>) -> Option<&Head> {
        self.heads.iter().find(|head| head.pool == pool)
    }
}

/// When the first change was published that a worker of the pool at this version lacks.
pub async fn lacking_since(
    read: &mut Read,
    pool: Id<ids::Pool>,
    at: HeadVersion,
) -> Result<Option<Micros>, StoreError> {
    let (epoch, version) = (number(at.epoch), number(at.version));
    let (since,) = run!(read, fetch_one PUBLISHED_AFTER as (Option<i64>,), epoch, version, pool.uuid())?;
    Ok(since.map(Micros::from_micros))
}

pub async fn publishing(read: &mut Read) -> Result<Publishing, StoreError> {
    let (waiting, waiting_since) = run!(read, fetch_one WAITING as (i64, Option<i64>))?;
    let last = run!(read, fetch_optional LAST_PUBLISHED as (i64,))?;
    Ok(Publishing {
        waiting,
        waiting_since: waiting_since.map(Micros::from_micros),
        last_published_at: last.map(|(at,)| Micros::from_micros(at)),
        heads: heads(read).await?.into_iter().filter(|head| head.ring == RINGS[0]).collect(),
    })
}

/// Numbers of all rows that no head holds yet.
pub(in crate::snapshots) async fn unpublished_numbers(read: &mut Read) -> Result<Vec<i64>, StoreError> {
    let rows = run!(read, fetch_all UNPUBLISHED_NUMBERS as (i64,))?;
    Ok(rows.into_iter().map(|(seq,)| seq).collect())
}

/// Rows that no head of the pool holds yet, oldest first.
pub(in crate::snapshots) async fn unpublished(
    read: &mut Read,
    pool: Id<ids::Pool>,
    ring: Ring,
    limit: i64,
) -> Result<Vec<(i64, Change)>, StoreError> {
    type Row = (i64, String, Option<Uuid>, Option<String>);
    let rows = run!(read, fetch_all UNPUBLISHED as Row, pool.uuid(), ring.name(), limit)?;
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
        "certificates" => Change::Certificates(id.map(Id::from_uuid)),
        "route" => Change::Route(id.map(Id::from_uuid).ok_or_else(corrupt)?),
        _ => return Err(corrupt()),
    })
}

/// Notes that a pool's head holds these rows, and which of them are published with that: a head of every pool holds them.
pub(in crate::snapshots) async fn mark_all(tx: &mut Tx, rows: &[i64], head: &Head) -> Result<(), StoreError> {
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
        run!(tx, execute PUBLISHED, set.as_str(), now, head.ring.name())?;
    }
    Ok(())
}

/// Notes what is published since a pool that it waited for is gone.
pub(in crate::snapshots) async fn published_elsewhere(tx: &mut Tx, ring: Ring) -> Result<(), StoreError> {
    let now = tx.now().as_micros();
    run!(tx, execute PUBLISHED_ELSEWHERE, now, ring.name())?;
    Ok(())
}

/// Which heads hold an outbox row.
#[derive(Debug, Clone, Default)]
pub(crate) struct Marks {
    /// By pool.
    pub heads: BTreeMap<Id<ids::Pool>, HeadVersion>,
    /// Every pool's head holds it: of a pool without a mark, which came later, each.
    pub published: bool,
}

impl Marks {
    /// From which version on the pool's heads hold it; none: none does yet.
    pub(crate) fn of(&self, pool: Id<ids::Pool>) -> Option<HeadVersion> {
        let any = self.published.then_some(HeadVersion { epoch: 0, version: 0 });
        self.heads.get(&pool).copied().or(any)
    }
}

/// None: there is no such row.
pub(crate) async fn marks(read: &mut Read, seq: i64, ring: Ring) -> Result<Option<Marks>, StoreError> {
    let Some((published_at,)) = run!(read, fetch_optional KNOWN as (Option<i64>,), seq)? else { return Ok(None) };
    let rows = run!(read, fetch_all MARKS_OF as (Uuid, i64, i64), seq, ring.name())?;
    let number = |n: i64| u64::try_from(n).unwrap_or(0);
    let heads = rows.into_iter().map(|(pool, epoch, version)| {
        (Id::from_uuid(pool), HeadVersion { epoch: number(epoch), version: number(version) })
    });
    Ok(Some(Marks { heads: heads.collect(), published: published_at.is_some() }))
}
