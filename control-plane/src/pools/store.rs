//! Rows of the tables `pools`, `tenant_pools` and `pool_departures`.

use contract::{Id, Micros, ids};
use uuid::Uuid;

use crate::db::{Read, StoreError, run, sql};

sql! {
    Main;
    ALL = "SELECT id, name FROM pools ORDER BY id";
    ASSIGNED = "SELECT tenant_id, pool_id FROM tenant_pools ORDER BY tenant_id, pool_id";
    // The nearest level that names any.
    EFFECTIVE = "WITH RECURSIVE up (id, parent_id, depth) AS (
            SELECT id, parent_id, 0 FROM tenants WHERE id = $1
            UNION SELECT t.id, t.parent_id, up.depth + 1 FROM tenants t JOIN up ON t.id = up.parent_id WHERE up.depth < 16)
        SELECT up.id, p.pool_id FROM up JOIN tenant_pools p ON p.tenant_id = up.id
        WHERE up.depth = (SELECT MIN(u.depth) FROM up u JOIN tenant_pools q ON q.tenant_id = u.id)
        ORDER BY p.pool_id";
    DEPARTED = "SELECT CAST(COALESCE(SUM(tenants), 0) AS BIGINT), CAST(COALESCE(SUM(domains), 0) AS BIGINT)
        FROM pool_departures WHERE pool_id = $1 AND left_at > $2";
}

/// A pool, as the publisher needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pool {
    pub id: Id<ids::Pool>,
    pub name: String,
}

/// The pool that serves whoever is assigned to none.
pub(crate) const DEFAULT: &str = "default";

impl Pool {
    pub(crate) fn is_default(&self) -> bool {
        self.name == DEFAULT
    }
}

/// All pools, in the order of their ids.
pub(crate) async fn all(read: &mut Read) -> Result<Vec<Pool>, StoreError> {
    let rows = run!(read, fetch_all ALL as (Uuid, String))?;
    Ok(rows.into_iter().map(|(id, name)| Pool { id: Id::from_uuid(id), name }).collect())
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
pub(crate) async fn departed(
    read: &mut Read,
    pool: Id<ids::Pool>,
    since: Micros,
) -> Result<(u32, u32), StoreError> {
    let (tenants, domains) = run!(read, fetch_one DEPARTED as (i64, i64), pool.uuid(), since.as_micros())?;
    let count = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
    Ok((count(tenants), count(domains)))
}
