//! The publisher's side of `outbox`, and `outbox_marks`.

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

pub(in crate::snapshots) async fn any_unpublished(read: &mut Read) -> Result<bool, StoreError> {
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
        head: heads(read).await?.into_iter().find(|head| head.ring == RINGS[0]),
    })
}

/// Numbers of all rows that no head holds yet.
pub(in crate::snapshots) async fn unpublished_numbers(read: &mut Read) -> Result<Vec<i64>, StoreError> {
    let rows = run!(read, fetch_all UNPUBLISHED_NUMBERS as (i64,))?;
    Ok(rows.into_iter().map(|(seq,)| seq).collect())
}

/// Rows that no head holds yet, oldest first.
pub(in crate::snapshots) async fn unpublished(read: &mut Read, limit: i64) -> Result<Vec<(i64, Change)>, StoreError> {
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
