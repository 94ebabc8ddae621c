//! Rows of the table `tenants`.

use contract::{Id, Micros, ids};
use uuid::Uuid;

use super::{Suspended, Tenant, TenantKind};
use crate::{
    auth::scope::Sets,
    db::{Read, StoreError, Tx, id_set, in_set, run, sql},
    http::Page,
    labels,
};

macro_rules! list {
    ($engine:ident, in_scope) => {
        list!(@ $engine, in_set!($engine, "t.id", "$8"))
    };
    ($engine:ident, $first:literal) => {
        list!(@ $engine, $first)
    };
    (@ $engine:ident, $first:expr) => {
        concat!(
            "SELECT t.id, t.parent_id, t.kind, t.name, t.external_ref, t.labels, t.suspended_at, t.refuse_from,
                t.suspension_reason, t.closes_at, t.revision, t.created_at FROM tenants t WHERE ",
            $first,
            " AND t.id > $1
                AND (CAST($2 AS TEXT) IS NULL OR t.name = $2)
                AND (CAST($3 AS TEXT) IS NULL OR t.external_ref = $3)
                AND (CAST($4 AS TEXT) IS NULL OR EXISTS
                    (SELECT 1 FROM labels l WHERE l.object_id = t.id AND l.name = $4 AND l.value = $5))
                AND (CAST($6 AS UUID) IS NULL OR t.parent_id = $6)
                AND (CAST($8 AS TEXT) IS NULL OR ",
            in_set!($engine, "t.id", "$8"),
            ") ORDER BY t.id LIMIT $7"
        )
    };
}

sql! {
    Main;
    GET = "SELECT id, parent_id, kind, name, external_ref, labels, suspended_at, refuse_from, suspension_reason, closes_at,
            revision, created_at FROM tenants WHERE id = $1";
    PROVIDER = "SELECT id FROM tenants WHERE parent_id IS NULL ORDER BY id LIMIT 1";
    LIST = { sqlite: list!(sqlite, "TRUE"), postgres: list!(postgres, "TRUE") };
    // The same, in words that let the planner use an index.
    LIST_BY_NAME = { sqlite: list!(sqlite, "t.name = $2"), postgres: list!(postgres, "t.name = $2") };
    LIST_BY_REF = { sqlite: list!(sqlite, "t.external_ref = $3"), postgres: list!(postgres, "t.external_ref = $3") };
    LIST_BY_PARENT = { sqlite: list!(sqlite, "t.parent_id = $6"), postgres: list!(postgres, "t.parent_id = $6") };
    LIST_IN_SCOPE = { sqlite: list!(sqlite, in_scope), postgres: list!(postgres, in_scope) };
    INSERT = "INSERT INTO tenants (id, parent_id, kind, name, external_ref, labels, revision, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, 1, $7)";
    UPDATE = "UPDATE tenants SET name = $2, external_ref = $3, labels = $4, closes_at = $5, suspended_at = $7,
            refuse_from = $8, suspension_reason = $9, revision = revision + 1
        WHERE id = $1 AND revision = $6";
    OPEN_CHILDREN = "SELECT COUNT(*) FROM tenants WHERE parent_id = $1 AND closes_at IS NULL";
    // The tree is three levels deep; UNION ends even a ring that should not be.
    ANCESTRY = "WITH RECURSIVE up (id, parent_id, depth) AS (
            SELECT id, parent_id, 0 FROM tenants WHERE id = $1
            UNION SELECT t.id, t.parent_id, up.depth + 1 FROM tenants t JOIN up ON t.id = up.parent_id WHERE up.depth < 16)
        SELECT id FROM up ORDER BY depth";
    BELOW = "WITH RECURSIVE down (id, depth) AS (
            SELECT id, 0 FROM tenants WHERE id = $1
            UNION SELECT t.id, down.depth + 1 FROM tenants t JOIN down ON t.parent_id = down.id WHERE down.depth < 16)
        SELECT id FROM down";
    // The tree is three levels deep, and nobody moves in it: a tenant is below the provider, or its parent is.
    TOPS = {
        sqlite: "SELECT t.id, CASE WHEN p.parent_id IS NULL THEN t.id ELSE p.id END FROM tenants t
            LEFT JOIN tenants p ON p.id = t.parent_id WHERE t.id IN (SELECT unhex(value) FROM json_each($1))",
        postgres: "SELECT t.id, CASE WHEN p.parent_id IS NULL THEN t.id ELSE p.id END FROM tenants t
            LEFT JOIN tenants p ON p.id = t.parent_id
            WHERE t.id IN (SELECT CAST(x AS UUID) FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS x)",
    };
    OVERDUE = "SELECT t.id FROM tenants t WHERE t.closes_at <= $1
            AND NOT EXISTS (SELECT 1 FROM tenants c WHERE c.parent_id = t.id)
        ORDER BY t.closes_at, t.id LIMIT 20";
    DELETE = "DELETE FROM tenants WHERE id = $1 AND closes_at <= $2";
    LOCK = {
        sqlite: "SELECT id FROM tenants WHERE id = $1",
        postgres: "SELECT id FROM tenants WHERE id = $1 FOR UPDATE",
    };
}

#[derive(Debug, sqlx::FromRow)]
struct Row {
    id: Uuid,
    parent_id: Option<Uuid>,
    kind: String,
    name: String,
    external_ref: Option<String>,
    labels: String,
    suspended_at: Option<i64>,
    refuse_from: Option<i64>,
    suspension_reason: Option<String>,
    closes_at: Option<i64>,
    revision: i64,
    created_at: i64,
}

impl TryFrom<Row> for Tenant {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: Id::from_uuid(row.id),
            parent: row.parent_id.map(Id::from_uuid),
            kind: TenantKind::parse(&row.kind).ok_or_else(|| StoreError::corrupt("tenants.kind")(row.kind))?,
            name: row.name,
            external_ref: row.external_ref,
            labels: serde_json::from_str(&row.labels).map_err(StoreError::corrupt("tenants.labels"))?,
            suspended: row.suspended_at.map(|at| Suspended {
                at: Micros::from_micros(at),
                refuse_from: row.refuse_from.map(Micros::from_micros),
                reason: row.suspension_reason,
            }),
            closes_at: row.closes_at.map(Micros::from_micros),
            revision: row.revision,
            created_at: Micros::from_micros(row.created_at),
        })
    }
}

/// What narrows a list.
#[derive(Debug, Default)]
pub(super) struct Filter {
    pub name: Option<String>,
    pub external_ref: Option<String>,
    pub label: Option<(String, String)>,
    pub parent: Option<Id<ids::Tenant>>,
}

/// A tenant by its id.
pub async fn find(read: &mut Read, id: Id<ids::Tenant>) -> Result<Option<Tenant>, StoreError> {
    run!(read, fetch_optional GET as Row, id.uuid())?.map(Tenant::try_from).transpose()
}

/// The tenant and those above it, itself first; empty if there is no such tenant.
pub async fn ancestry(read: &mut Read, id: Id<ids::Tenant>) -> Result<Vec<Id<ids::Tenant>>, StoreError> {
    let rows = run!(read, fetch_all ANCESTRY as (Uuid,), id.uuid())?;
    Ok(rows.into_iter().map(|(id,)| Id::from_uuid(id)).collect())
}

/// The tenant and all below it; empty if there is no such tenant.
pub(crate) async fn below(read: &mut Read, id: Id<ids::Tenant>) -> Result<Vec<Uuid>, StoreError> {
    let rows = run!(read, fetch_all BELOW as (Uuid,), id.uuid())?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Of each of these tenants that exists: the one directly below the provider that it is, or stands below.
pub(crate) async fn tops(read: &mut Read, of: &[Uuid]) -> Result<Vec<(Uuid, Uuid)>, StoreError> {
    run!(read, fetch_all TOPS as (Uuid, Uuid), id_set(of.iter().copied()))
}

/// Nobody else changes the tenant, or counts on its state, before this transaction ends.
pub(super) async fn lock(tx: &mut Tx, id: Id<ids::Tenant>) -> Result<(), StoreError> {
    run!(tx, fetch_optional LOCK as (Uuid,), id.uuid())?;
    Ok(())
}

pub(super) async fn provider(read: &mut Read) -> Result<Id<ids::Tenant>, StoreError> {
    let (id,) = run!(read, fetch_one PROVIDER as (Uuid,))?;
    Ok(Id::from_uuid(id))
}

/// One more than the page holds.
pub(super) async fn list(
    read: &mut Read,
    filter: &Filter,
    scope: &Sets,
    page: &Page<Uuid>,
) -> Result<Vec<Tenant>, StoreError> {
    let statement = match filter {
        Filter { name: Some(_), .. } => LIST_BY_NAME,
        Filter { external_ref: Some(_), .. } => LIST_BY_REF,
        Filter { parent: Some(_), .. } => LIST_BY_PARENT,
        _ if scope.tenants.is_some() => LIST_IN_SCOPE,
        _ => LIST,
    };
    let (label, value) =
        filter.label.as_ref().map_or((None, None), |(name, value)| (Some(name.as_str()), Some(value.as_str())));
    let rows = run!(read, fetch_all statement as Row, page.after.unwrap_or_default(), filter.name.as_deref(),
        filter.external_ref.as_deref(), label, value, filter.parent.map(Id::uuid), page.rows(),
        scope.tenants.as_deref())?;
    rows.into_iter().map(Tenant::try_from).collect()
}

/// `Unique`: the external reference is taken.
pub(super) async fn insert(tx: &mut Tx, tenant: &Tenant) -> Result<(), StoreError> {
    let text = serde_json::to_string(&tenant.labels).map_err(StoreError::corrupt("labels"))?;
    run!(tx, execute INSERT, tenant.id.uuid(), tenant.parent.map(Id::uuid), tenant.kind.name(), tenant.name.as_str(),
        tenant.external_ref.as_deref(), text.as_str(), tenant.created_at.as_micros())?;
    labels::replace(tx, tenant.id.uuid(), &tenant.labels).await
}

/// Writes what can change. `Stale`: somebody else did, meanwhile.
pub(super) async fn update(tx: &mut Tx, tenant: &Tenant) -> Result<(), StoreError> {
    let text = serde_json::to_string(&tenant.labels).map_err(StoreError::corrupt("labels"))?;
    let suspended = tenant.suspended.as_ref();
    let touched = run!(tx, execute UPDATE, tenant.id.uuid(), tenant.name.as_str(), tenant.external_ref.as_deref(),
        text.as_str(), tenant.closes_at.map(Micros::as_micros), tenant.revision,
        suspended.map(|suspended| suspended.at.as_micros()),
        suspended.and_then(|suspended| suspended.refuse_from).map(Micros::as_micros),
        suspended.and_then(|suspended| suspended.reason.as_deref()))?;
    if touched != 1 {
        return Err(StoreError::Stale);
    }
    labels::replace(tx, tenant.id.uuid(), &tenant.labels).await
}

pub(super) async fn has_open_children(read: &mut Read, id: Id<ids::Tenant>) -> Result<bool, StoreError> {
    let (count,) = run!(read, fetch_one OPEN_CHILDREN as (i64,), id.uuid())?;
    Ok(count > 0)
}

/// Tenants whose time is up and that have nobody below them any more.
pub(super) async fn overdue(read: &mut Read, now: Micros) -> Result<Vec<Id<ids::Tenant>>, StoreError> {
    let rows = run!(read, fetch_all OVERDUE as (Uuid,), now.as_micros())?;
    Ok(rows.into_iter().map(|(id,)| Id::from_uuid(id)).collect())
}

/// `Stale`: it was taken back. `Reference`: something still belongs to it.
pub(super) async fn delete(tx: &mut Tx, id: Id<ids::Tenant>, now: Micros) -> Result<(), StoreError> {
    labels::remove(tx, id.uuid()).await?;
    match run!(tx, execute DELETE, id.uuid(), now.as_micros())? {
        1 => Ok(()),
        _ => Err(StoreError::Stale),
    }
}
