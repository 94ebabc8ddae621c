//! The rows that objects are compiled from, read by sets: no query per row, and never a whole table.

use std::collections::HashMap;

use contract::{
    Micros,
    mail::{Domain, Mailbox},
};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    db::{Read, StoreError, id_set, run, sql},
    installation::Configured,
};

macro_rules! domains {
    ($which:literal) => {
        concat!(
            "SELECT d.id, d.tenant_id, d.name, d.state, d.recipients, d.hash_key, d.defer_until, d.created_at, d.call_out,
                d.policy, d.alias_hop_sees, p.name AS primary_name, r.id AS route_id, r.kind AS route_kind, r.hops,
                r.max_connections, r.certificate_id
            FROM domains d LEFT JOIN routes r ON r.id = d.route_id LEFT JOIN domains p ON p.id = d.alias_of",
            $which
        )
    };
}

sql! {
    Main;
    OWNER = "SELECT p.email FROM persons p JOIN grants g ON g.person_id = p.id
        WHERE g.role = 'owner' AND g.tenant_id IS NULL AND p.disabled_at IS NULL ORDER BY p.created_at, p.id LIMIT 1";
    PARENTS = "SELECT id, parent_id FROM tenants";
    TENANT_IDS = "SELECT id FROM tenants WHERE id > $1 ORDER BY id LIMIT $2";
    TENANTS_OF = {
        sqlite: "SELECT id, parent_id, closes_at, suspended_at, refuse_from, max_messages_per_hour, max_message_size_bytes, policy
            FROM tenants WHERE id IN (SELECT unhex(value) FROM json_each($1))",
        postgres: "SELECT id, parent_id, closes_at, suspended_at, refuse_from, max_messages_per_hour, max_message_size_bytes, policy
            FROM tenants
            WHERE id IN (SELECT CAST(x AS UUID) FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS x)",
    };
    // Each once, however many tenants have it: what counts of one name is never divided between two pages.
    NAMES = "SELECT DISTINCT name FROM domains WHERE name > $1 ORDER BY name LIMIT $2";
    NAMES_OF_TENANTS = {
        sqlite: "SELECT DISTINCT name FROM domains WHERE tenant_id IN (SELECT unhex(value) FROM json_each($1))",
        postgres: "SELECT DISTINCT name FROM domains
            WHERE tenant_id IN (SELECT CAST(x AS UUID) FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS x)",
    };
    DOMAINS_OF = {
        sqlite: domains!(" WHERE d.name IN (SELECT value FROM json_each($1))"),
        postgres: domains!(" WHERE d.name IN (SELECT x FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS x)"),
    };
    NAMES_OF_ROUTES = {
        sqlite: "SELECT DISTINCT name FROM domains WHERE route_id IN (SELECT unhex(value) FROM json_each($1))",
        postgres: "SELECT DISTINCT name FROM domains
            WHERE route_id IN (SELECT CAST(x AS UUID) FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS x)",
    };
    ROUTE_IDS = "SELECT id FROM routes WHERE id > $1 ORDER BY id LIMIT $2";
    ROUTES_OF_TENANTS = {
        sqlite: "SELECT id FROM routes WHERE tenant_id IN (SELECT unhex(value) FROM json_each($1))",
        postgres: "SELECT id FROM routes
            WHERE tenant_id IN (SELECT CAST(x AS UUID) FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS x)",
    };
    ROUTES_OF = {
        sqlite: "SELECT tenant_id, id, kind, hops, max_connections, certificate_id FROM routes
            WHERE id IN (SELECT unhex(value) FROM json_each($1))",
        postgres: "SELECT tenant_id, id, kind, hops, max_connections, certificate_id FROM routes
            WHERE id IN (SELECT CAST(x AS UUID) FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS x)",
    };
    RECIPIENT_COUNTS = {
        sqlite: "SELECT domain_id, COUNT(*) FROM recipients WHERE domain_id IN (SELECT unhex(value) FROM json_each($1))
            GROUP BY domain_id",
        postgres: "SELECT domain_id, COUNT(*) FROM recipients
            WHERE domain_id IN (SELECT CAST(x AS UUID) FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS x)
            GROUP BY domain_id",
    };
    RECIPIENTS_OF = {
        sqlite: "SELECT domain_id, local_key FROM recipients WHERE domain_id IN (SELECT unhex(value) FROM json_each($1))",
        postgres: "SELECT domain_id, local_key FROM recipients
            WHERE domain_id IN (SELECT CAST(x AS UUID) FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS x)",
    };
    // An alias whose mailbox is gone is a recipient like any other.
    ALIASES_OF = {
        sqlite: "SELECT a.domain_id, a.local_key, a.alias_of, a.hop_sees, m.local_part
            FROM recipients a JOIN recipients m ON m.domain_id = a.domain_id AND m.local_key = a.alias_of
            WHERE a.alias_of IS NOT NULL AND a.domain_id IN (SELECT unhex(value) FROM json_each($1))",
        postgres: "SELECT a.domain_id, a.local_key, a.alias_of, a.hop_sees, m.local_part
            FROM recipients a JOIN recipients m ON m.domain_id = a.domain_id AND m.local_key = a.alias_of
            WHERE a.alias_of IS NOT NULL
                AND a.domain_id IN (SELECT CAST(x AS UUID) FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS x)",
    };
    ENTRIES_OF_INSTALLATION = "SELECT id, scope, tenant_id, domain_id, recipient, kind, subject_kind, subject, expires_at
        FROM list_entries WHERE scope = 'installation' ORDER BY id";
    ENTRY_COUNTS_OF_TENANTS = {
        sqlite: "SELECT tenant_id, COUNT(*) FROM list_entries
            WHERE scope = 'tenant' AND tenant_id IN (SELECT unhex(value) FROM json_each($1)) GROUP BY tenant_id",
        postgres: "SELECT tenant_id, COUNT(*) FROM list_entries WHERE scope = 'tenant' AND tenant_id IN
                (SELECT CAST(x AS UUID) FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS x) GROUP BY tenant_id",
    };
    ENTRIES_OF_TENANTS = {
        sqlite: "SELECT id, scope, tenant_id, domain_id, recipient, kind, subject_kind, subject, expires_at
            FROM list_entries WHERE scope = 'tenant' AND tenant_id IN (SELECT unhex(value) FROM json_each($1)) ORDER BY id",
        postgres: "SELECT id, scope, tenant_id, domain_id, recipient, kind, subject_kind, subject, expires_at
            FROM list_entries WHERE scope = 'tenant' AND tenant_id IN
                (SELECT CAST(x AS UUID) FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS x) ORDER BY id",
    };
    ENTRY_COUNTS_OF_DOMAINS = {
        sqlite: "SELECT domain_id, COUNT(*) FROM list_entries WHERE domain_id IN (SELECT unhex(value) FROM json_each($1))
            GROUP BY domain_id",
        postgres: "SELECT domain_id, COUNT(*) FROM list_entries WHERE domain_id IN
                (SELECT CAST(x AS UUID) FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS x) GROUP BY domain_id",
    };
    ENTRIES_OF_DOMAINS = {
        sqlite: "SELECT id, scope, tenant_id, domain_id, recipient, kind, subject_kind, subject, expires_at
            FROM list_entries WHERE domain_id IN (SELECT unhex(value) FROM json_each($1)) ORDER BY id",
        postgres: "SELECT id, scope, tenant_id, domain_id, recipient, kind, subject_kind, subject, expires_at
            FROM list_entries WHERE domain_id IN
                (SELECT CAST(x AS UUID) FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS x) ORDER BY id",
    };
}

#[derive(Debug, sqlx::FromRow)]
pub(super) struct TenantRow {
    pub id: Uuid,
    pub parent_id: Option<Uuid>,
    pub closes_at: Option<i64>,
    pub suspended_at: Option<i64>,
    pub refuse_from: Option<i64>,
    pub max_messages_per_hour: Option<i64>,
    pub max_message_size_bytes: Option<i64>,
    /// JSON, as is `DomainRow`'s.
    pub policy: String,
}

#[derive(Debug, sqlx::FromRow)]
pub(super) struct DomainRow {
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub name: String,
    pub state: String,
    pub recipients: String,
    pub hash_key: Vec<u8>,
    pub defer_until: i64,
    pub created_at: i64,
    pub call_out: Option<String>,
    pub policy: String,
    pub alias_hop_sees: Option<String>,
    /// Of an alias domain.
    pub primary_name: Option<String>,
    pub route_id: Option<Uuid>,
    pub route_kind: Option<String>,
    pub hops: Option<String>,
    pub max_connections: Option<i64>,
    pub certificate_id: Option<Uuid>,
}

#[derive(Debug, sqlx::FromRow)]
pub(super) struct RouteRow {
    pub id: Uuid,
    pub kind: String,
    pub hops: String,
    pub max_connections: Option<i64>,
    pub certificate_id: Option<Uuid>,
}

/// A route, and whose it is.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct OwnedRoute {
    pub tenant_id: Uuid,
    #[sqlx(flatten)]
    pub route: RouteRow,
}

#[derive(Debug, sqlx::FromRow)]
pub(super) struct AliasRow {
    pub domain_id: Uuid,
    pub local_key: String,
    /// Key of the mailbox …
    pub alias_of: String,
    pub hop_sees: Option<String>,
    /// … and the mailbox as it is written.
    pub local_part: String,
}

#[derive(Debug, sqlx::FromRow)]
pub(super) struct EntryRow {
    pub id: Uuid,
    pub scope: String,
    pub tenant_id: Option<Uuid>,
    pub domain_id: Option<Uuid>,
    pub recipient: Option<String>,
    pub kind: String,
    pub subject_kind: String,
    pub subject: String,
    pub expires_at: Option<i64>,
}

/// A set as one parameter.
fn set<T: Serialize>(members: impl IntoIterator<Item = T>) -> String {
    let members: Vec<T> = members.into_iter().collect();
    serde_json::to_string(&members).unwrap_or_else(|_| "[]".to_owned())
}

/// Who reads mail for `<postmaster>`: whom the configuration names, else the first owner, whose address is always known.
pub(crate) async fn postmaster(read: &mut Read, configured: &Configured) -> Result<Option<Mailbox>, StoreError> {
    if let Some(named) = &configured.postmaster {
        return Ok(Some(named.clone()));
    }
    let row = run!(read, fetch_optional OWNER as (String,))?;
    Ok(row.and_then(|(email,)| email.parse().ok()))
}

/// Every tenant with the one above it: the shape of the tree, and nothing of what is in it.
pub(super) async fn parents(read: &mut Read) -> Result<Vec<(Uuid, Option<Uuid>)>, StoreError> {
    run!(read, fetch_all PARENTS as (Uuid, Option<Uuid>))
}

/// The next tenants by their ids.
pub(super) async fn tenant_ids(read: &mut Read, after: Uuid, limit: i64) -> Result<Vec<Uuid>, StoreError> {
    let rows = run!(read, fetch_all TENANT_IDS as (Uuid,), after, limit)?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

pub(super) async fn tenants(read: &mut Read, of: &[Uuid]) -> Result<Vec<TenantRow>, StoreError> {
    run!(read, fetch_all TENANTS_OF as TenantRow, id_set(of.iter().copied()))
}

/// The next names that there are domains of.
pub(super) async fn names(read: &mut Read, after: &str, limit: i64) -> Result<Vec<Domain>, StoreError> {
    let rows = run!(read, fetch_all NAMES as (String,), after, limit)?;
    rows.into_iter().map(|(name,)| domain(&name)).collect()
}

pub(super) async fn names_of_tenants(read: &mut Read, tenants: &[Uuid]) -> Result<Vec<Domain>, StoreError> {
    let rows = run!(read, fetch_all NAMES_OF_TENANTS as (String,), id_set(tenants.iter().copied()))?;
    rows.into_iter().map(|(name,)| domain(&name)).collect()
}

pub(super) async fn routes_of_tenants(read: &mut Read, tenants: &[Uuid]) -> Result<Vec<Uuid>, StoreError> {
    let rows = run!(read, fetch_all ROUTES_OF_TENANTS as (Uuid,), id_set(tenants.iter().copied()))?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

fn domain(name: &str) -> Result<Domain, StoreError> {
    name.parse().map_err(StoreError::corrupt("domains.name"))
}

/// Several of one name, where several tenants have it.
pub(super) async fn domains(read: &mut Read, of: &[Domain]) -> Result<Vec<DomainRow>, StoreError> {
    run!(read, fetch_all DOMAINS_OF as DomainRow, set(of.iter().map(Domain::as_ascii)))
}

/// The next routes by their ids.
pub(super) async fn route_ids(read: &mut Read, after: Uuid, limit: i64) -> Result<Vec<Uuid>, StoreError> {
    let rows = run!(read, fetch_all ROUTE_IDS as (Uuid,), after, limit)?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

pub(super) async fn routes(read: &mut Read, of: &[Uuid]) -> Result<Vec<OwnedRoute>, StoreError> {
    run!(read, fetch_all ROUTES_OF as OwnedRoute, id_set(of.iter().copied()))
}

pub(super) async fn names_of_routes(read: &mut Read, routes: &[Uuid]) -> Result<Vec<Domain>, StoreError> {
    if routes.is_empty() {
        return Ok(Vec::new());
    }
    let rows = run!(read, fetch_all NAMES_OF_ROUTES as (String,), id_set(routes.iter().copied()))?;
    rows.into_iter().map(|(name,)| domain(&name)).collect()
}

/// How many rows each of these domains has beside its own: recipients and entries of its list.
pub(super) async fn rows_of_domains(read: &mut Read, of: &[Uuid]) -> Result<HashMap<Uuid, i64>, StoreError> {
    let mut counts: HashMap<_, _> =
        run!(read, fetch_all RECIPIENT_COUNTS as (Uuid, i64), id_set(of.iter().copied()))?.into_iter().collect();
    for (id, entries) in run!(read, fetch_all ENTRY_COUNTS_OF_DOMAINS as (Uuid, i64), id_set(of.iter().copied()))? {
        *counts.entry(id).or_default() += entries;
    }
    Ok(counts)
}

/// How many entries the list of each of these tenants has.
pub(super) async fn rows_of_tenants(read: &mut Read, of: &[Uuid]) -> Result<HashMap<Uuid, i64>, StoreError> {
    Ok(run!(read, fetch_all ENTRY_COUNTS_OF_TENANTS as (Uuid, i64), id_set(of.iter().copied()))?.into_iter().collect())
}

/// Domain and local part, in lower case.
pub(super) async fn recipients(read: &mut Read, of: &[Uuid]) -> Result<Vec<(Uuid, String)>, StoreError> {
    run!(read, fetch_all RECIPIENTS_OF as (Uuid, String), id_set(of.iter().copied()))
}

pub(super) async fn aliases(read: &mut Read, of: &[Uuid]) -> Result<Vec<AliasRow>, StoreError> {
    run!(read, fetch_all ALIASES_OF as AliasRow, id_set(of.iter().copied()))
}

pub(super) async fn installation_entries(read: &mut Read) -> Result<Vec<EntryRow>, StoreError> {
    run!(read, fetch_all ENTRIES_OF_INSTALLATION as EntryRow)
}

pub(super) async fn tenant_entries(read: &mut Read, of: &[Uuid]) -> Result<Vec<EntryRow>, StoreError> {
    run!(read, fetch_all ENTRIES_OF_TENANTS as EntryRow, id_set(of.iter().copied()))
}

pub(super) async fn domain_entries(read: &mut Read, of: &[Uuid]) -> Result<Vec<EntryRow>, StoreError> {
    run!(read, fetch_all ENTRIES_OF_DOMAINS as EntryRow, id_set(of.iter().copied()))
}

impl DomainRow {
    /// The route that it names, as a row of its own.
    pub(super) fn route(&self) -> Option<RouteRow> {
        Some(RouteRow {
            id: self.route_id?,
            kind: self.route_kind.clone()?,
            hops: self.hops.clone()?,
            max_connections: self.max_connections,
            certificate_id: self.certificate_id,
        })
    }

    /// An active domain before a pending one; of pending ones that which was registered first.
    pub(super) fn precedence(&self) -> (bool, Micros, Uuid) {
        (self.state != "active", Micros::from_micros(self.created_at), self.id)
    }
}
