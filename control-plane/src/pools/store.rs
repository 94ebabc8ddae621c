//! Rows of the tables `pools`, `tenant_pools` and `pool_departures`.

use std::collections::BTreeSet;

use contract::{Id, Micros, ids, mail::Domain};
use uuid::Uuid;

use super::Pool;
use crate::{
    db::{Read, StoreError, Tx, id_set, run, sql},
    http::Page,
};

sql! {
    Main;
    ALL = "SELECT id, name, mx_hosts, revision, created_at FROM pools ORDER BY id";
    GET = "SELECT id, name, mx_hosts, revision, created_at FROM pools WHERE id = $1";
    LIST = "SELECT p.id, p.name, p.mx_hosts, p.revision, p.created_at,
            (SELECT COUNT(*) FROM tenant_pools t WHERE t.pool_id = p.id) AS tenants,
            (SELECT COUNT(*) FROM workers w
                WHERE w.pool_id = p.id AND w.revoked_at IS NULL AND w.last_seen_at >= $1) AS workers
        FROM pools p
        WHERE p.id > $2 AND (CAST($3 AS TEXT) IS NULL OR p.name = $3) AND (CAST($4 AS UUID) IS NULL OR p.id = $4)
        ORDER BY p.id LIMIT $5";
    LOCK = {
        sqlite: "SELECT id FROM pools WHERE id = $1",
        postgres: "SELECT id FROM pools WHERE id = $1 FOR UPDATE",
    };
    LOCK_ALL = {
        sqlite: "SELECT id FROM pools ORDER BY id",
        postgres: "SELECT id FROM pools ORDER BY id FOR NO KEY UPDATE",
    };
    INSERT = "INSERT INTO pools (id, name, mx_hosts, created_at) VALUES ($1, $2, $3, $4)";
    UPDATE = "UPDATE pools SET name = $2, mx_hosts = $3, revision = revision + 1 WHERE id = $1 AND revision = $4";
    TENANTS_OF = "SELECT COUNT(*) FROM tenant_pools WHERE pool_id = $1";
    WORKERS_OF = "SELECT COUNT(*) FROM workers WHERE pool_id = $1 AND revoked_at IS NULL";
    // What a pool without tenants and workers still has.
    DELETE_TOKENS = "DELETE FROM worker_tokens WHERE worker_id IN (SELECT id FROM workers WHERE pool_id = $1)";
    DELETE_WORKERS = "DELETE FROM workers WHERE pool_id = $1";
    DELETE_JOIN_TOKENS = "DELETE FROM join_tokens WHERE pool_id = $1";
    DELETE_ERRANDS = "DELETE FROM errands WHERE pool_id = $1";
    DELETE_KEYS = "DELETE FROM pool_keys WHERE pool_id = $1";
    DELETE_HEADS = "DELETE FROM heads WHERE pool_id = $1";
    DELETE_CHANGES = "DELETE FROM snapshot_changes WHERE pool_id = $1";
    DELETE_MARKS = "DELETE FROM outbox_marks WHERE pool_id = $1";
    DELETE = "DELETE FROM pools WHERE id = $1 AND revision = $2";
    ASSIGNED = "SELECT tenant_id, pool_id FROM tenant_pools ORDER BY tenant_id, pool_id";
    // The nearest level that names any.
    EFFECTIVE = "WITH RECURSIVE up (id, parent_id, depth) AS (
            SELECT id, parent_id, 0 FROM tenants WHERE id = $1
            UNION SELECT t.id, t.parent_id, up.depth + 1 FROM tenants t JOIN up ON t.id = up.parent_id WHERE up.depth < 16)
        SELECT up.id, p.pool_id FROM up JOIN tenant_pools p ON p.tenant_id = up.id
        WHERE up.depth = (SELECT MIN(u.depth) FROM up u JOIN tenant_pools q ON q.tenant_id = u.id)
        ORDER BY p.pool_id";
    TOPS_WITHOUT = "SELECT COUNT(*) FROM tenants t WHERE t.parent_id IS NULL
        AND NOT EXISTS (SELECT 1 FROM tenant_pools p WHERE p.tenant_id = t.id)";
    OF_TENANT = "SELECT pool_id FROM tenant_pools WHERE tenant_id = $1 ORDER BY pool_id";
    REVISION_OF_TENANT = "SELECT pools_revision FROM tenants WHERE id = $1";
    MOVE_REVISION = "UPDATE tenants SET pools_revision = pools_revision + 1 WHERE id = $1 AND pools_revision = $2";
    UNASSIGN = "DELETE FROM tenant_pools WHERE tenant_id = $1";
    ASSIGN = "INSERT INTO tenant_pools (tenant_id, pool_id) VALUES ($1, $2)";
    // Of each of these tenants that there is: the levels from it upwards that name pools, and those pools.
    NAMED_ABOVE = {
        sqlite: "WITH RECURSIVE up (start, id, parent_id, depth) AS (
                SELECT id, id, parent_id, 0 FROM tenants WHERE id IN (SELECT unhex(value) FROM json_each($1))
                UNION ALL SELECT up.start, t.id, t.parent_id, up.depth + 1 FROM tenants t JOIN up ON t.id = up.parent_id
                    WHERE up.depth < 16)
            SELECT up.start, CAST(up.depth AS BIGINT), p.pool_id FROM up LEFT JOIN tenant_pools p ON p.tenant_id = up.id",
        postgres: "WITH RECURSIVE up (start, id, parent_id, depth) AS (
                SELECT id, id, parent_id, 0 FROM tenants
                    WHERE id IN (SELECT CAST(x AS UUID) FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS x)
                UNION ALL SELECT up.start, t.id, t.parent_id, up.depth + 1 FROM tenants t JOIN up ON t.id = up.parent_id
                    WHERE up.depth < 16)
            SELECT up.start, CAST(up.depth AS BIGINT), p.pool_id FROM up LEFT JOIN tenant_pools p ON p.tenant_id = up.id",
    };
    // Those of these tenants that left a pool, or stand below one that did.
    LEFT_SINCE = {
        sqlite: "WITH RECURSIVE up (start, id, parent_id, depth) AS (
                SELECT id, id, parent_id, 0 FROM tenants WHERE id IN (SELECT unhex(value) FROM json_each($1))
                UNION ALL SELECT up.start, t.id, t.parent_id, up.depth + 1 FROM tenants t JOIN up ON t.id = up.parent_id
                    WHERE up.depth < 16)
            SELECT DISTINCT up.start FROM up JOIN pool_departures d ON d.tenant_id = up.id
            WHERE d.pool_id = $2 AND d.left_at > $3",
        postgres: "WITH RECURSIVE up (start, id, parent_id, depth) AS (
                SELECT id, id, parent_id, 0 FROM tenants
                    WHERE id IN (SELECT CAST(x AS UUID) FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS x)
                UNION ALL SELECT up.start, t.id, t.parent_id, up.depth + 1 FROM tenants t JOIN up ON t.id = up.parent_id
                    WHERE up.depth < 16)
            SELECT DISTINCT up.start FROM up JOIN pool_departures d ON d.tenant_id = up.id
            WHERE d.pool_id = $2 AND d.left_at > $3",
    };
    ANY_ASSIGNED = "SELECT tenant_id FROM tenant_pools LIMIT 1";
    DEPARTED = "SELECT CAST(COALESCE(SUM(tenants), 0) AS BIGINT), CAST(COALESCE(SUM(domains), 0) AS BIGINT)
        FROM pool_departures WHERE pool_id = $1 AND left_at > $2";
    NOTE_DEPARTURE = "INSERT INTO pool_departures (pool_id, tenant_id, left_at, tenants, domains) VALUES ($1, $2, $3, $4, $5)";
    SWEEP_DEPARTURES = "DELETE FROM pool_departures WHERE left_at <= $1";
    DOMAINS_OF = {
        sqlite: "SELECT COUNT(*) FROM domains WHERE tenant_id IN (SELECT unhex(value) FROM json_each($1))",
        postgres: "SELECT COUNT(*) FROM domains
            WHERE tenant_id IN (SELECT CAST(x AS UUID) FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS x)",
    };
}

#[derive(Debug, sqlx::FromRow)]
struct Row {
    id: Uuid,
    name: String,
    mx_hosts: Option<String>,
    revision: i64,
    created_at: i64,
}

impl TryFrom<Row> for Pool {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let hosts = row.mx_hosts.map(|text| serde_json::from_str(&text)).transpose();
        Ok(Self {
            id: Id::from_uuid(row.id),
            name: row.name,
            mx_hosts: hosts.map_err(StoreError::corrupt("pools.mx_hosts"))?,
            revision: row.revision,
            created_at: Micros::from_micros(row.created_at),
        })
    }
}

/// A pool, and how much there is of it.
#[derive(Debug, sqlx::FromRow)]
struct ListedRow {
    #[sqlx(flatten)]
    pool: Row,
    tenants: i64,
    workers: i64,
}

#[derive(Debug)]
pub(super) struct Listed {
    pub pool: Pool,
    /// That name it.
    pub tenants: i64,
    /// That were seen lately.
    pub workers: i64,
}

/// All pools, in the order of their ids.
pub(crate) async fn all(read: &mut Read) -> Result<Vec<Pool>, StoreError> {
    run!(read, fetch_all ALL as Row)?.into_iter().map(Pool::try_from).collect()
}

/// All pools, and whether they serve anybody: a tenant names them, or it is the default one and the provider names none.
pub(crate) async fn all_with_use(read: &mut Read) -> Result<Vec<(Pool, bool)>, StoreError> {
    let named: BTreeSet<Uuid> = assigned(read).await?.into_iter().map(|(_, pool)| pool).collect();
    let (unnamed,) = run!(read, fetch_one TOPS_WITHOUT as (i64,))?;
    let pools = all(read).await?.into_iter();
    Ok(pools
        .map(|pool| {
            let used = pool.is_default() && unnamed > 0 || named.contains(&pool.id.uuid());
            (pool, used)
        })
        .collect())
}

pub(crate) async fn find(read: &mut Read, id: Id<ids::Pool>) -> Result<Option<Pool>, StoreError> {
    run!(read, fetch_optional GET as Row, id.uuid())?.map(Pool::try_from).transpose()
}

/// Names of MX hosts that pools have of their own: nobody registers them.
pub(crate) async fn own_names(read: &mut Read) -> Result<Vec<Domain>, StoreError> {
    Ok(all(read).await?.into_iter().filter_map(|pool| pool.mx_hosts).flatten().collect())
}

/// What narrows a list.
#[derive(Debug, Default)]
pub(super) struct Filter<'a> {
    pub name: Option<&'a str>,
    pub id: Option<Id<ids::Pool>>,
}

/// One more than the page holds.
pub(super) async fn list(
    read: &mut Read,
    filter: &Filter<'_>,
    page: &Page<Uuid>,
    seen_since: Micros,
) -> Result<Vec<Listed>, StoreError> {
    let rows = run!(read, fetch_all LIST as ListedRow, seen_since.as_micros(), page.after.unwrap_or_default(),
        filter.name, filter.id.map(Id::uuid), page.rows())?;
    rows.into_iter()
        .map(|row| Ok(Listed { pool: row.pool.try_into()?, tenants: row.tenants, workers: row.workers }))
        .collect()
}

/// Nobody else changes the pool, or counts on it, before this transaction ends.
pub(super) async fn lock(tx: &mut Tx, id: Id<ids::Pool>) -> Result<(), StoreError> {
    run!(tx, fetch_optional LOCK as (Uuid,), id.uuid())?;
    Ok(())
}

/// Nobody else changes any pool, or whom it serves, before this transaction ends.
pub(super) async fn lock_all(tx: &mut Tx) -> Result<(), StoreError> {
    run!(tx, fetch_all LOCK_ALL as (Uuid,))?;
    Ok(())
}

fn hosts(pool: &Pool) -> Result<Option<String>, StoreError> {
    pool.mx_hosts.as_ref().map(serde_json::to_string).transpose().map_err(StoreError::corrupt("pools.mx_hosts"))
}

/// `Unique`: the name is taken.
pub(super) async fn insert(tx: &mut Tx, pool: &Pool) -> Result<(), StoreError> {
    let created_at = pool.created_at.as_micros();
    run!(tx, execute INSERT, pool.id.uuid(), pool.name.as_str(), hosts(pool)?.as_deref(), created_at)?;
    Ok(())
}

/// `Unique`: the name is taken. `Stale`: somebody else changed it, meanwhile.
pub(super) async fn update(tx: &mut Tx, pool: &Pool) -> Result<(), StoreError> {
    match run!(tx, execute UPDATE, pool.id.uuid(), pool.name.as_str(), hosts(pool)?.as_deref(), pool.revision)? {
        1 => Ok(()),
        _ => Err(StoreError::Stale),
    }
}

/// How many tenants name it, and workers that were not deleted.
pub(super) async fn users(read: &mut Read, id: Id<ids::Pool>) -> Result<(i64, i64), StoreError> {
    let (tenants,) = run!(read, fetch_one TENANTS_OF as (i64,), id.uuid())?;
    let (workers,) = run!(read, fetch_one WORKERS_OF as (i64,), id.uuid())?;
    Ok((tenants, workers))
}

/// With what it still has: keys, heads, join tokens. `Stale`: somebody else changed it, meanwhile.
pub(super) async fn delete(tx: &mut Tx, pool: &Pool) -> Result<(), StoreError> {
    let id = pool.id.uuid();
    let all = [
        DELETE_TOKENS,
        DELETE_WORKERS,
        DELETE_JOIN_TOKENS,
        DELETE_ERRANDS,
        DELETE_KEYS,
        DELETE_HEADS,
        DELETE_CHANGES,
        DELETE_MARKS,
    ];
    for statement in all {
        run!(tx, execute statement, id)?;
    }
    match run!(tx, execute DELETE, id, pool.revision)? {
        1 => Ok(()),
        _ => Err(StoreError::Stale),
    }
}

/// The pools that a tenant names itself, and the revision of that.
pub(super) async fn of_tenant(
    read: &mut Read,
    tenant: Id<ids::Tenant>,
) -> Result<(Vec<Id<ids::Pool>>, i64), StoreError> {
    let rows = run!(read, fetch_all OF_TENANT as (Uuid,), tenant.uuid())?;
    let (revision,) = run!(read, fetch_one REVISION_OF_TENANT as (i64,), tenant.uuid())?;
    Ok((rows.into_iter().map(|(id,)| Id::from_uuid(id)).collect(), revision))
}

/// `Stale`: somebody else changed it, meanwhile.
pub(super) async fn assign(
    tx: &mut Tx,
    tenant: Id<ids::Tenant>,
    pools: &[Id<ids::Pool>],
    revision: i64,
) -> Result<(), StoreError> {
    if run!(tx, execute MOVE_REVISION, tenant.uuid(), revision)? != 1 {
        return Err(StoreError::Stale);
    }
    run!(tx, execute UNASSIGN, tenant.uuid())?;
    for pool in pools {
        run!(tx, execute ASSIGN, tenant.uuid(), pool.uuid())?;
    }
    Ok(())
}

/// Domains of these tenants.
pub(super) async fn domains_of(read: &mut Read, tenants: &[Uuid]) -> Result<i64, StoreError> {
    Ok(run!(read, fetch_one DOMAINS_OF as (i64,), id_set(tenants.iter().copied()))?.0)
}

/// Does any tenant name a pool at all?
pub(super) async fn any_assigned(read: &mut Read) -> Result<bool, StoreError> {
    Ok(run!(read, fetch_optional ANY_ASSIGNED as (Uuid,))?.is_some())
}

/// For each of these tenants that there is, and each level from it (0) upwards: the pools that the level names, or none.
pub(super) async fn named_above(
    read: &mut Read,
    tenants: &[Uuid],
) -> Result<Vec<(Uuid, i64, Option<Uuid>)>, StoreError> {
    run!(read, fetch_all NAMED_ABOVE as (Uuid, i64, Option<Uuid>), id_set(tenants.iter().copied()))
}

/// Those of these tenants that left the pool since then.
pub(super) async fn left_since(
    read: &mut Read,
    pool: Id<ids::Pool>,
    tenants: &[Uuid],
    since: Micros,
) -> Result<Vec<Uuid>, StoreError> {
    let rows =
        run!(read, fetch_all LEFT_SINCE as (Uuid,), id_set(tenants.iter().copied()), pool.uuid(), since.as_micros())?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Notes how much a pool's configuration shrinks because a tenant's pools are others now.
pub(super) async fn note_departure(
    tx: &mut Tx,
    pool: Id<ids::Pool>,
    tenant: Id<ids::Tenant>,
    (tenants, domains): (i64, i64),
) -> Result<(), StoreError> {
    let now = tx.now().as_micros();
    run!(tx, execute NOTE_DEPARTURE, pool.uuid(), tenant.uuid(), now, tenants, domains)?;
    Ok(())
}

pub(super) async fn sweep_departures(tx: &mut Tx, until: Micros) -> Result<(), StoreError> {
    run!(tx, execute SWEEP_DEPARTURES, until.as_micros())?;
    Ok(())
}

/// Every assignment: a tenant, and one of the pools that it names.
pub(crate) async fn assigned(read: &mut Read) -> Result<Vec<(Uuid, Uuid)>, StoreError> {
    run!(read, fetch_all ASSIGNED as (Uuid, Uuid))
}

/// The pools that serve a tenant, and the level that names them; none where no level does: then it is the default pool.
pub(crate) async fn effective(
    read: &mut Read,
    tenant: Id<ids::Tenant>,
) -> Result<Option<(Id<ids::Tenant>, Vec<Id<ids::Pool>>)>, StoreError> {
    let rows = run!(read, fetch_all EFFECTIVE as (Uuid, Uuid), tenant.uuid())?;
    let level = rows.first().map(|(level, _)| Id::from_uuid(*level));
    Ok(level.map(|level| (level, rows.into_iter().map(|(_, pool)| Id::from_uuid(pool)).collect())))
}

/// How many tenants and domains left a pool since then.
pub(crate) async fn departed(read: &mut Read, pool: Id<ids::Pool>, since: Micros) -> Result<(u32, u32), StoreError> {
    let (tenants, domains) = run!(read, fetch_one DEPARTED as (i64, i64), pool.uuid(), since.as_micros())?;
    let count = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
    Ok((count(tenants), count(domains)))
}
