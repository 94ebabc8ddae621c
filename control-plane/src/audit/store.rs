//! Rows of the table `audit`.

use uuid::Uuid;

use super::Actor;
use crate::{
    auth::Scope,
    db::{Read, StoreError, Tx, in_set, run, sql},
    http::Page,
};

macro_rules! list {
    ($first:expr) => {
        concat!(
            "SELECT id, at, action, target_kind, target_id, tenant_id, before_state, after_state, address, request_id,
                actor_kind, actor_id, actor_name
            FROM audit WHERE ",
            $first,
            " AND id < $1 AND (CAST($2 AS TEXT) IS NULL OR action = $2) AND (CAST($3 AS TEXT) IS NULL OR target_id = $3)
                AND (CAST($4 AS TEXT) IS NULL OR actor_id = $4)
                AND (CAST($6 AS TEXT) IS NULL OR $6 IS NOT NULL) AND (CAST($7 AS TEXT) IS NULL OR $7 IS NOT NULL)
            ORDER BY id DESC LIMIT $5"
        )
    };
}

sql! {
    Main;
    INSERT = "INSERT INTO audit (id, at, action, target_kind, target_id, tenant_id, before_state, after_state, address,
            request_id, actor_kind, actor_id, actor_name)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    LIST = (list!("TRUE"));
    // Of tenants, and of single domains by the texts of their ids.
    LIST_IN_SCOPE = {
        sqlite: list!(concat!("id IN (SELECT i.id FROM audit i WHERE ", in_set!(sqlite, "i.tenant_id", "$6"),
            " AND i.id < $1 UNION SELECT i.id FROM audit i
                WHERE i.target_id IN (SELECT value FROM json_each($7)) AND i.id < $1)")),
        postgres: list!(concat!("id IN (SELECT i.id FROM audit i WHERE ", in_set!(postgres, "i.tenant_id", "$6"),
            " AND i.id < $1 UNION SELECT i.id FROM audit i
                WHERE i.target_id = ANY (ARRAY(SELECT x FROM jsonb_array_elements_text(CAST($7 AS JSONB)) AS x)) AND i.id < $1)")),
    };
    DELETIONS = "SELECT action, COUNT(*) FROM audit WHERE at >= $1 AND action IN ('tenant.delete', 'domain.delete')
        GROUP BY action";
}

/// A row to be written.
#[derive(Debug)]
pub(super) struct Row {
    pub id: Uuid,
    pub at: i64,
    pub action: String,
    pub target_kind: String,
    pub target_id: Option<String>,
    pub tenant_id: Option<Uuid>,
    pub before: Option<String>,
    pub after: Option<String>,
    pub address: Option<String>,
    pub request_id: Option<String>,
    pub actor: Actor,
}

/// A row that was read.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Entry {
    pub id: Uuid,
    pub at: i64,
    pub action: String,
    pub target_kind: String,
    pub target_id: Option<String>,
    pub tenant_id: Option<Uuid>,
    pub before_state: Option<String>,
    pub after_state: Option<String>,
    pub address: Option<String>,
    pub request_id: Option<String>,
    pub actor_kind: String,
    pub actor_id: Option<String>,
    pub actor_name: Option<String>,
}

pub(super) async fn insert(tx: &mut Tx, row: &Row) -> Result<(), StoreError> {
    run!(tx, execute INSERT, row.id, row.at, row.action.as_str(), row.target_kind.as_str(), row.target_id.as_deref(),
        row.tenant_id, row.before.as_deref(), row.after.as_deref(), row.address.as_deref(), row.request_id.as_deref(),
        row.actor.kind, row.actor.id.as_deref(), row.actor.name.as_deref())?;
    Ok(())
}

/// Newest first; one more than the page holds.
pub(super) async fn list(
    read: &mut Read,
    page: &Page<Uuid>,
    action: Option<&str>,
    target: Option<&str>,
    actor: Option<&str>,
    scope: &Scope,
) -> Result<Vec<Entry>, StoreError> {
    let before = page.after.unwrap_or(Uuid::max());
    let domains = scope.domains().map(|domains| domains.map(|id| id.to_string()).collect::<Vec<_>>());
    let domains = domains.map(|ids| serde_json::to_string(&ids)).transpose().map_err(StoreError::corrupt("domains"))?;
    let statement = if domains.is_some() { LIST_IN_SCOPE } else { LIST };
    let tenants = scope.sets().tenants;
    run!(read, fetch_all statement as Entry, before, action, target, actor, page.rows(), tenants.as_deref(),
        domains.as_deref())
}

/// Tenants and domains whose deletion was written down since then.
pub(crate) async fn deletions(read: &mut Read, since: contract::Micros) -> Result<(u32, u32), StoreError> {
    let rows = run!(read, fetch_all DELETIONS as (String, i64), since.as_micros())?;
    let count = |action: &str| {
        let found = rows.iter().find(|(name, _)| name == action).map_or(0, |(_, count)| *count);
        u32::try_from(found).unwrap_or(u32::MAX)
    };
    Ok((count("tenant.delete"), count("domain.delete")))
}
