//! Rows of the table `grants`.

use contract::{Id, Micros, ids};
use uuid::Uuid;

use super::{Given, Over};
use crate::{
    auth::scope::Sets,
    db::{Engine, Read, StoreError, Tx, id_set, in_reach, in_set, run, sql},
    http::Page,
};

macro_rules! select {
    ($rest:expr) => {
        concat!(
            "SELECT g.id, g.person_id, p.email, g.role, g.tenant_id, g.domain_id, d.tenant_id AS domain_tenant_id,
                g.expires_at, g.may_delegate, g.max_domains, g.created_by, g.created_at
            FROM grants g JOIN persons p ON p.id = g.person_id LEFT JOIN domains d ON d.id = g.domain_id WHERE ",
            $rest
        )
    };
}

/// Of a tenant in the scope, of a domain there, or of a single domain.
macro_rules! in_scope {
    ($engine:ident) => {
        concat!(
            "(",
            in_set!($engine, "g.tenant_id", "$6"),
            " OR ",
            in_set!($engine, "d.tenant_id", "$6"),
            " OR ",
            in_set!($engine, "g.domain_id", "$7"),
            ")"
        )
    };
}

macro_rules! list {
    ($engine:ident, $first:expr) => {
        list!($first, in_scope!($engine))
    };
    // Where the scope leads, nothing is left to pick by it.
    (in_scope $engine:ident) => {
        list!(in_reach!($engine, "g.id", "grants", "$6", "$7"), "TRUE")
    };
    ($first:expr, $scope:expr) => {
        concat!(
            select!($first),
            " AND g.id > $1
            AND (CAST($2 AS UUID) IS NULL OR g.person_id = $2)
            AND (CAST($3 AS UUID) IS NULL OR g.tenant_id = $3)
            AND (CAST($4 AS UUID) IS NULL OR g.domain_id = $4)
            AND (CAST($6 AS TEXT) IS NULL OR ",
            $scope,
            ") ORDER BY g.id LIMIT $5"
        )
    };
}

/// Over the installation, one of these tenants, or the domain.
macro_rules! over_domain {
    ($engine:ident) => {
        select!(concat!(
            "g.id IN (SELECT i.id FROM grants i WHERE i.tenant_id IS NULL AND i.domain_id IS NULL
                UNION SELECT i.id FROM grants i WHERE ",
            in_set!($engine, "i.tenant_id", "$2"),
            " UNION SELECT i.id FROM grants i WHERE i.domain_id = $1)
            AND (g.expires_at IS NULL OR g.expires_at > $3) AND p.disabled_at IS NULL ORDER BY g.id LIMIT 1000"
        ))
    };
}

/// Over a domain, of people whom neither their own tenant nor another grant takes to any of these tenants.
macro_rules! strangers {
    ($engine:ident) => {
        select!(concat!(
            "g.domain_id = $1 AND NOT (",
            in_set!($engine, "p.tenant_id", "$2"),
            ") AND NOT EXISTS (SELECT 1 FROM grants o WHERE o.person_id = g.person_id AND o.domain_id IS NULL
                AND (o.expires_at IS NULL OR o.expires_at > $3) AND (o.tenant_id IS NULL OR ",
            in_set!($engine, "o.tenant_id", "$2"),
            ")) ORDER BY g.id"
        ))
    };
}

sql! {
    Main;
    GET = (select!("g.id = $1"));
    STRANGERS = { sqlite: strangers!(sqlite), postgres: strangers!(postgres) };
    LIST = { sqlite: list!(sqlite, "TRUE"), postgres: list!(postgres, "TRUE") };
    // The same, in words that let the planner use an index.
    LIST_BY_PERSON = { sqlite: list!(sqlite, "g.person_id = $2"), postgres: list!(postgres, "g.person_id = $2") };
    LIST_BY_TENANT = { sqlite: list!(sqlite, "g.tenant_id = $3"), postgres: list!(postgres, "g.tenant_id = $3") };
    LIST_BY_DOMAIN = { sqlite: list!(sqlite, "g.domain_id = $4"), postgres: list!(postgres, "g.domain_id = $4") };
    LIST_IN_SCOPE = { sqlite: list!(in_scope sqlite), postgres: list!(in_scope postgres) };
    OF_PERSON = (select!("g.person_id = $1 AND (g.expires_at IS NULL OR g.expires_at > $2) ORDER BY g.id"));
    OVER_DOMAIN = { sqlite: over_domain!(sqlite), postgres: over_domain!(postgres) };
    INSERT = "INSERT INTO grants (id, person_id, role, tenant_id, domain_id, expires_at, may_delegate, max_domains, created_by,
            created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    DELETE = "DELETE FROM grants WHERE id = $1";
    OWNERS = "SELECT COUNT(*) FROM grants g JOIN persons p ON p.id = g.person_id
        WHERE g.tenant_id IS NULL AND g.domain_id IS NULL AND g.role = 'owner' AND g.expires_at IS NULL
            AND p.disabled_at IS NULL";
    LOCK = {
        // One writer: whoever is here is alone.
        sqlite: "SELECT CAST(1 AS INTEGER)",
        postgres: "SELECT CAST(1 AS BIGINT) FROM (SELECT pg_advisory_xact_lock(8101904)) AS locked",
    };
}

#[derive(Debug, sqlx::FromRow)]
struct Row {
    id: Uuid,
    person_id: Uuid,
    email: String,
    role: String,
    tenant_id: Option<Uuid>,
    domain_id: Option<Uuid>,
    domain_tenant_id: Option<Uuid>,
    expires_at: Option<i64>,
    may_delegate: bool,
    max_domains: Option<i64>,
    created_by: Option<Uuid>,
    created_at: i64,
}

impl TryFrom<Row> for Given {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let over = match (row.tenant_id, row.domain_id, row.domain_tenant_id) {
            (None, None, None) => Over::Installation,
            (Some(tenant), None, None) => Over::Tenant(Id::from_uuid(tenant)),
            (None, Some(domain), Some(tenant)) => Over::Domain(Id::from_uuid(domain), Id::from_uuid(tenant)),
            _ => return Err(StoreError::corrupt("grants")("over two things")),
        };
        Ok(Self {
            id: Id::from_uuid(row.id),
            person: Id::from_uuid(row.person_id),
            email: row.email,
            role: row.role,
            over,
            expires_at: row.expires_at.map(Micros::from_micros),
            may_delegate: row.may_delegate,
            max_domains: row.max_domains,
            created_by: row.created_by.map(Id::from_uuid),
            created_at: Micros::from_micros(row.created_at),
        })
    }
}

#[derive(Debug, Default)]
pub(super) struct Filter {
    pub person: Option<Id<ids::Person>>,
    pub tenant: Option<Id<ids::Tenant>>,
    pub domain: Option<Id<ids::Domain>>,
}

/// Nobody else changes who holds what, or who may sign in, before this transaction ends.
pub(crate) async fn lock(tx: &mut Tx) -> Result<(), StoreError> {
    if tx.engine() == Engine::Postgres {
        run!(tx, fetch_one LOCK as (i64,))?;
    }
    Ok(())
}

pub(super) async fn find(read: &mut Read, id: Id<ids::Grant>) -> Result<Option<Given>, StoreError> {
    run!(read, fetch_optional GET as Row, id.uuid())?.map(Given::try_from).transpose()
}

/// One more than the page holds.
pub(super) async fn list(
    read: &mut Read,
    filter: &Filter,
    scope: &Sets,
    page: &Page<Uuid>,
) -> Result<Vec<Given>, StoreError> {
    let statement = match filter {
        Filter { person: Some(_), .. } => LIST_BY_PERSON,
        Filter { domain: Some(_), .. } => LIST_BY_DOMAIN,
        Filter { tenant: Some(_), .. } => LIST_BY_TENANT,
        _ if scope.tenants.is_some() => LIST_IN_SCOPE,
        _ => LIST,
    };
    let rows = run!(read, fetch_all statement as Row, page.after.unwrap_or_default(), filter.person.map(Id::uuid),
        filter.tenant.map(Id::uuid), filter.domain.map(Id::uuid), page.rows(), scope.tenants.as_deref(),
        scope.domains.as_deref())?;
    rows.into_iter().map(Given::try_from).collect()
}

/// What a person holds at that time.
pub(super) async fn of_person(read: &mut Read, person: Id<ids::Person>, now: Micros) -> Result<Vec<Given>, StoreError> {
    let rows = run!(read, fetch_all OF_PERSON as Row, person.uuid(), now.as_micros())?;
    rows.into_iter().map(Given::try_from).collect()
}

/// Live grants that reach a domain, of people who may sign in. `above` is its tenant and those above that.
pub(super) async fn over_domain(
    read: &mut Read,
    domain: Id<ids::Domain>,
    above: &[Id<ids::Tenant>],
    now: Micros,
) -> Result<Vec<Given>, StoreError> {
    let above = id_set(above.iter().map(|id| id.uuid()));
    let rows = run!(read, fetch_all OVER_DOMAIN as Row, domain.uuid(), above, now.as_micros())?;
    rows.into_iter().map(Given::try_from).collect()
}

/// Grants over a domain that people hold who have nothing to do with these tenants.
pub(super) async fn strangers(
    tx: &mut Tx,
    domain: Id<ids::Domain>,
    tenants: &[Id<ids::Tenant>],
) -> Result<Vec<Given>, StoreError> {
    let tenants: Vec<_> = tenants.iter().map(|id| id.uuid().simple().to_string()).collect();
    let tenants = serde_json::to_string(&tenants).map_err(StoreError::corrupt("tenants"))?;
    let now = tx.now().as_micros();
    let rows = run!(tx, fetch_all STRANGERS as Row, domain.uuid(), tenants.as_str(), now)?;
    rows.into_iter().map(Given::try_from).collect()
}

pub(super) async fn insert(tx: &mut Tx, given: &Given) -> Result<(), StoreError> {
    let (tenant, domain) = match given.over {
        Over::Installation => (None, None),
        Over::Tenant(tenant) => (Some(tenant.uuid()), None),
        Over::Domain(domain, _) => (None, Some(domain.uuid())),
    };
    run!(tx, execute INSERT, given.id.uuid(), given.person.uuid(), given.role.as_str(), tenant, domain,
        given.expires_at.map(Micros::as_micros), given.may_delegate, given.max_domains, given.created_by.map(Id::uuid),
        given.created_at.as_micros())?;
    Ok(())
}

/// False: it is gone already.
pub(super) async fn delete(tx: &mut Tx, id: Id<ids::Grant>) -> Result<bool, StoreError> {
    Ok(run!(tx, execute DELETE, id.uuid())? > 0)
}

/// Owners over the installation who may sign in, for good.
pub(super) async fn lasting_owners(read: &mut Read) -> Result<i64, StoreError> {
    Ok(run!(read, fetch_one OWNERS as (i64,))?.0)
}
