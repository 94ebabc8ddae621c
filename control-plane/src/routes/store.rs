//! Rows of the table `routes`.

use contract::{Id, Micros, ids, mail::Domain};
use uuid::Uuid;

use super::{Destination, Route};
use crate::{
    auth::scope::Sets,
    db::{Read, StoreError, Tx, in_set, run, sql},
    http::Page,
    labels,
    outbox::{self, Change},
};

macro_rules! list {
    ($first:expr) => {
        concat!(
            "SELECT r.id, r.tenant_id, r.name, r.external_ref, r.labels, r.kind, r.hops, r.max_connections,
                r.certificate_id, r.revision, r.created_at
            FROM routes r WHERE ",
            $first,
            " AND r.id > $1
                AND (CAST($2 AS TEXT) IS NULL OR r.name = $2)
                AND (CAST($3 AS TEXT) IS NULL OR r.external_ref = $3)
                AND (CAST($4 AS TEXT) IS NULL OR EXISTS
                    (SELECT 1 FROM labels l WHERE l.object_id = r.id AND l.name = $4 AND l.value = $5))
                AND (CAST($6 AS UUID) IS NULL OR r.tenant_id = $6)
                AND (CAST($8 AS TEXT) IS NULL OR $8 IS NOT NULL)
            ORDER BY r.id LIMIT $7"
        )
    };
}

sql! {
    Main;
    GET = "SELECT id, tenant_id, name, external_ref, labels, kind, hops, max_connections, certificate_id, revision,
            created_at
        FROM routes WHERE id = $1";
    LIST = (list!("TRUE"));
    // The same, in words that let the planner use an index.
    LIST_BY_TENANT = (list!("r.tenant_id = $6"));
    LIST_IN_SCOPE = {
        sqlite: list!(in_set!(sqlite, "r.tenant_id", "$8")),
        postgres: list!(in_set!(postgres, "r.tenant_id", "$8")),
    };
    INSERT = "INSERT INTO routes (id, tenant_id, name, external_ref, labels, kind, hops, max_connections, revision, created_at,
            certificate_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $10)";
    UPDATE = "UPDATE routes SET name = $2, external_ref = $3, labels = $4, kind = $5, hops = $6, max_connections = $7,
            certificate_id = $9, revision = revision + 1
        WHERE id = $1 AND revision = $8";
    DELETE = "DELETE FROM routes WHERE id = $1 AND revision = $2";
    // Of the domains that a route has to do with, one that uses it first.
    ANY_DOMAIN = "SELECT name FROM domains WHERE route_id = $1 OR tenant_id = $2
        ORDER BY CASE WHEN route_id = $1 THEN 0 ELSE 1 END, id LIMIT 1";
    RELATED = "SELECT tenant_id FROM domains WHERE name = $3 AND (route_id = $1 OR tenant_id = $2) LIMIT 1";
    OF_TENANT = "SELECT id FROM routes WHERE tenant_id = $1";
    NAMES = "SELECT name, external_ref FROM routes WHERE tenant_id = $1 AND id <> $2 AND (name = $3 OR external_ref = $4)";
}

#[derive(Debug, sqlx::FromRow)]
struct Row {
    id: Uuid,
    tenant_id: Uuid,
    name: String,
    external_ref: Option<String>,
    labels: String,
    kind: String,
    hops: String,
    max_connections: Option<i64>,
    certificate_id: Option<Uuid>,
    revision: i64,
    created_at: i64,
}

impl TryFrom<Row> for Route {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: Id::from_uuid(row.id),
            tenant: Id::from_uuid(row.tenant_id),
            name: row.name,
            external_ref: row.external_ref,
            labels: serde_json::from_str(&row.labels).map_err(StoreError::corrupt("routes.labels"))?,
            destination: Destination::from_stored(&row.kind, &row.hops)?,
            max_connections: row
                .max_connections
                .map(u32::try_from)
                .transpose()
                .map_err(StoreError::corrupt("routes.max_connections"))?,
            certificate: row.certificate_id.map(Id::from_uuid),
            revision: row.revision,
            created_at: Micros::from_micros(row.created_at),
        })
    }
}

#[derive(Debug, Default)]
pub(super) struct Filter {
    pub name: Option<String>,
    pub external_ref: Option<String>,
    pub label: Option<(String, String)>,
    pub tenant: Option<Id<ids::Tenant>>,
}

/// Which of a route's unique fields another one of the tenant has.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Taken {
    pub name: bool,
    pub external_ref: bool,
}

/// A route by its id.
pub async fn find(read: &mut Read, id: Id<ids::Route>) -> Result<Option<Route>, StoreError> {
    run!(read, fetch_optional GET as Row, id.uuid())?.map(Route::try_from).transpose()
}

/// A tenant that is asked for must be within the scope.
pub(super) async fn list(
    read: &mut Read,
    filter: &Filter,
    scope: &Sets,
    page: &Page<Uuid>,
) -> Result<Vec<Route>, StoreError> {
    let statement = match filter {
        Filter { tenant: Some(_), .. } => LIST_BY_TENANT,
        _ if scope.tenants.is_some() => LIST_IN_SCOPE,
        _ => LIST,
    };
    let (label, value) =
        filter.label.as_ref().map_or((None, None), |(name, value)| (Some(name.as_str()), Some(value.as_str())));
    let rows = run!(read, fetch_all statement as Row, page.after.unwrap_or_default(), filter.name.as_deref(),
        filter.external_ref.as_deref(), label, value, filter.tenant.map(Id::uuid), page.rows(), scope.tenants.as_deref())?;
    rows.into_iter().map(Route::try_from).collect()
}

pub(super) async fn taken(read: &mut Read, route: &Route) -> Result<Taken, StoreError> {
    let rows = run!(read, fetch_all NAMES as (String, Option<String>), route.tenant.uuid(), route.id.uuid(),
        route.name.as_str(), route.external_ref.as_deref())?;
    Ok(Taken {
        name: rows.iter().any(|(name, _)| *name == route.name),
        external_ref: rows.iter().any(|(_, other)| other.is_some() && *other == route.external_ref),
    })
}

fn texts(route: &Route) -> Result<(String, String), StoreError> {
    let labels = serde_json::to_string(&route.labels).map_err(StoreError::corrupt("labels"))?;
    let hops = serde_json::to_string(route.destination.stored_hops()).map_err(StoreError::corrupt("hops"))?;
    Ok((labels, hops))
}

pub(super) async fn insert(tx: &mut Tx, route: &Route) -> Result<(), StoreError> {
    let (labels, hops) = texts(route)?;
    run!(tx, execute INSERT, route.id.uuid(), route.tenant.uuid(), route.name.as_str(), route.external_ref.as_deref(),
        labels.as_str(), route.destination.kind().name(), hops.as_str(), route.max_connections.map(i64::from),
        route.created_at.as_micros(), route.certificate.map(Id::uuid))?;
    labels::replace(tx, route.id.uuid(), &route.labels).await
}

pub(super) async fn update(tx: &mut Tx, route: &Route) -> Result<(), StoreError> {
    let (labels, hops) = texts(route)?;
    let touched = run!(tx, execute UPDATE, route.id.uuid(), route.name.as_str(), route.external_ref.as_deref(),
        labels.as_str(), route.destination.kind().name(), hops.as_str(), route.max_connections.map(i64::from),
        route.revision, route.certificate.map(Id::uuid))?;
    if touched != 1 {
        return Err(StoreError::Stale);
    }
    labels::replace(tx, route.id.uuid(), &route.labels).await
}

/// `Reference`: a domain points to it.
pub(super) async fn delete(tx: &mut Tx, route: &Route) -> Result<(), StoreError> {
    labels::remove(tx, route.id.uuid()).await?;
    match run!(tx, execute DELETE, route.id.uuid(), route.revision)? {
        1 => Ok(()),
        _ => Err(StoreError::Stale),
    }
}

/// A domain that uses the route, or else one of its tenant.
pub(super) async fn any_domain(read: &mut Read, route: &Route) -> Result<Option<Domain>, StoreError> {
    let row = run!(read, fetch_optional ANY_DOMAIN as (String,), route.id.uuid(), route.tenant.uuid())?;
    row.map(|(name,)| name.parse().map_err(StoreError::corrupt("domains.name"))).transpose()
}

/// Whose the domain is, if it uses the route or belongs to its tenant.
pub(super) async fn related(
    read: &mut Read,
    route: &Route,
    domain: &Domain,
) -> Result<Option<Id<ids::Tenant>>, StoreError> {
    let (id, tenant) = (route.id.uuid(), route.tenant.uuid());
    let row = run!(read, fetch_optional RELATED as (Uuid,), id, tenant, domain.as_ascii())?;
    Ok(row.map(|(tenant,)| Id::from_uuid(tenant)))
}

/// Takes away all routes of a tenant that is going; its domains are gone by then.
pub(crate) async fn remove_all(tx: &mut Tx, tenant: Id<ids::Tenant>) -> Result<(), StoreError> {
    for (id,) in run!(tx, fetch_all OF_TENANT as (Uuid,), tenant.uuid())? {
        if let Some(route) = find(tx, Id::from_uuid(id)).await? {
            delete(tx, &route).await?;
            outbox::record(tx, &Change::Route(route.id)).await?;
        }
    }
    Ok(())
}
