//! Rows of the table `domains`.

use std::collections::{BTreeMap, BTreeSet};

use contract::{Id, Micros, ids, mail::Domain as Name};
use uuid::Uuid;

use super::{
    Domain, Finding,
    row::{Row, unasked_name},
    view::DomainStateFilter,
};
use crate::{
    audit,
    auth::scope::Sets,
    db::{Engine, Read, StoreError, Tx, in_set, run, sql},
    http::Page,
    labels, outbox,
};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT d.id, d.tenant_id, d.name, d.external_ref, d.labels, d.state, d.recipients, d.call_out, d.alias_of,
                d.alias_hop_sees, d.route_id, d.hash_key, d.defer_until, d.activated_at, d.checked_at, d.check_result, d.next_check_at,
                d.ownership_missing_since, d.ownership_lost_at, d.closes_at, d.former_tenants, d.former_until, d.created_by,
                d.taken_at, d.contested_at, d.revision, d.created_at
            FROM domains d WHERE ", $rest
        )
    };
}

macro_rules! list {
    ($engine:ident, in_scope) => {
        list!(@ $engine, concat!("(", in_set!($engine, "d.tenant_id", "$11"), " OR ", in_set!($engine, "d.id", "$12"), ")"))
    };
    ($engine:ident, $first:literal) => {
        list!(@ $engine, $first)
    };
    (@ $engine:ident, $first:expr) => {
        concat!(
            select!(""),
            $first,
            " AND d.id > $1
            AND (CAST($2 AS TEXT) IS NULL OR d.name = $2)
            AND (CAST($3 AS TEXT) IS NULL OR d.external_ref = $3)
            AND (CAST($4 AS TEXT) IS NULL OR EXISTS
                (SELECT 1 FROM labels l WHERE l.object_id = d.id AND l.name = $4 AND l.value = $5))
            AND (CAST($6 AS UUID) IS NULL OR d.tenant_id = $6)
            AND (CAST($7 AS TEXT) IS NULL
                OR $7 = CASE WHEN d.closes_at IS NOT NULL THEN 'closing' ELSE d.state END)
            AND (CAST($9 AS UUID) IS NULL OR d.alias_of = $9)
            AND (CAST($10 AS BOOLEAN) IS NULL OR CAST($10 AS BOOLEAN) = ",
            is_lost!(),
            ") AND (CAST($11 AS TEXT) IS NULL OR ",
            in_set!($engine, "d.tenant_id", "$11"),
            " OR ",
            in_set!($engine, "d.id", "$12"),
            ") ORDER BY d.id LIMIT $8"
        )
    };
}

sql! {
    Main;
    GET = (select!("d.id = $1"));
    // The one that counts: active before pending, then whichever was registered first.
    SERVING = (select!("d.name = $1 ORDER BY CASE WHEN d.state = 'active' THEN 0 ELSE 1 END, d.created_at, d.id LIMIT 1"));
    LIST = { sqlite: list!(sqlite, "TRUE"), postgres: list!(postgres, "TRUE") };
    // The same, in words that let the planner use an index.
    LIST_BY_NAME = { sqlite: list!(sqlite, "d.name = $2"), postgres: list!(postgres, "d.name = $2") };
    LIST_BY_REF = { sqlite: list!(sqlite, "d.external_ref = $3"), postgres: list!(postgres, "d.external_ref = $3") };
    LIST_BY_TENANT = { sqlite: list!(sqlite, "d.tenant_id = $6"), postgres: list!(postgres, "d.tenant_id = $6") };
    LIST_BY_PRIMARY = { sqlite: list!(sqlite, "d.alias_of = $9"), postgres: list!(postgres, "d.alias_of = $9") };
    LIST_LOST = {
        sqlite: list!(sqlite, "d.ownership_lost_at IS NOT NULL"),
        postgres: list!(postgres, "d.ownership_lost_at IS NOT NULL"),
    };
    LIST_IN_SCOPE = { sqlite: list!(sqlite, in_scope), postgres: list!(postgres, in_scope) };
    USED_WITHIN = {
        sqlite: concat!("SELECT d.id FROM domains d WHERE d.route_id = $1 AND (", in_set!(sqlite, "d.tenant_id", "$2"), " OR ",
            in_set!(sqlite, "d.id", "$3"), ") LIMIT 1"),
        postgres: concat!("SELECT d.id FROM domains d WHERE d.route_id = $1 AND (", in_set!(postgres, "d.tenant_id", "$2"),
            " OR ", in_set!(postgres, "d.id", "$3"), ") LIMIT 1"),
    };
    TAKEN = "SELECT name, external_ref FROM domains WHERE tenant_id = $1 AND id <> $2 AND (name = $3 OR external_ref = $4)";
    HOLDER = "SELECT tenant_id FROM domains WHERE name = $1 AND state = 'active' AND tenant_id <> $2";
    ACTIVE = {
        sqlite: "SELECT name, id, tenant_id FROM domains
            WHERE state = 'active' AND name IN (SELECT value FROM json_each($1))",
        postgres: "SELECT name, id, tenant_id FROM domains
            WHERE state = 'active' AND name IN (SELECT x FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS x)",
    };
    INSERT = "INSERT INTO domains (id, tenant_id, name, external_ref, labels, state, recipients, route_id, hash_key,
            defer_until, activated_at, checked_at, check_result, next_check_at, revision, created_at, call_out, alias_of,
            alias_hop_sees, grant_id, created_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 1, $15, $16, $17, $18, $19, $20)";
    CREATED_THROUGH = "SELECT COUNT(*) FROM domains WHERE grant_id = $1";
    UPDATE = "UPDATE domains SET external_ref = $2, labels = $3, state = $4, recipients = $5, route_id = $6,
            activated_at = $7, closes_at = $8, call_out = $10, alias_of = $11, alias_hop_sees = $12,
            revision = revision + 1
        WHERE id = $1 AND revision = $9";
    NOTE_CHECK = "UPDATE domains SET checked_at = $2, check_result = $3, next_check_at = $4 WHERE id = $1";
    DUE = (select!("d.next_check_at <= $1 AND d.state = 'pending' ORDER BY d.next_check_at, d.id LIMIT 100"));
    OVERDUE = (select!("d.closes_at <= $1 ORDER BY d.closes_at, d.id LIMIT 20"));
    // Aliases go before what they are aliases of.
    OF_TENANT = (select!("d.tenant_id = $1 ORDER BY CASE WHEN d.alias_of IS NULL THEN 1 ELSE 0 END, d.id"));
    ALIASES = "SELECT id, name, closes_at FROM domains WHERE alias_of = $1 ORDER BY name";
    LOCK = {
        // One writer: whoever is here is alone.
        sqlite: "SELECT id FROM domains WHERE id = $1",
        postgres: "SELECT id FROM domains WHERE id = $1 FOR NO KEY UPDATE",
    };
    DELETE = "DELETE FROM domains WHERE id = $1 AND revision = $2";
    LOCK_NAMES = {
        // One writer: whoever is here is alone.
        sqlite: "SELECT CAST(1 AS INTEGER)",
        postgres: "SELECT CAST(1 AS BIGINT) FROM (SELECT pg_advisory_xact_lock(8101903)) AS locked",
    };
}

#[derive(Debug, Default)]
pub(super) struct Filter {
    pub name: Option<String>,
    pub external_ref: Option<String>,
    pub label: Option<(String, String)>,
    pub tenant: Option<Id<ids::Tenant>>,
    pub state: Option<DomainStateFilter>,
    pub alias_of: Option<Id<ids::Domain>>,
    pub ownership_lost: Option<bool>,
}

/// Another name of a domain.
#[derive(Debug)]
pub(super) struct Alias {
    pub id: Id<ids::Domain>,
    pub name: String,
    pub is_closing: bool,
}

/// Which of a domain's unique fields another one of the tenant has.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Taken {
    pub name: bool,
    pub external_ref: bool,
}

/// A domain by its id.
pub async fn find(read: &mut Read, id: Id<ids::Domain>) -> Result<Option<Domain>, StoreError> {
    run!(read, fetch_optional GET as Row, id.uuid())?.map(Domain::try_from).transpose()
}

/// The domain that takes the mail of a name.
pub(crate) async fn serving(read: &mut Read, name: &Name) -> Result<Option<Domain>, StoreError> {
    run!(read, fetch_optional SERVING as Row, name.as_ascii())?.map(Domain::try_from).transpose()
}

/// Of these names (A-labels), those that are active domains, and whose they are.
pub(crate) async fn active(
    read: &mut Read,
    names: &BTreeSet<&str>,
) -> Result<BTreeMap<String, (Id<ids::Domain>, Id<ids::Tenant>)>, StoreError> {
    let set = serde_json::to_string(names).map_err(StoreError::corrupt("domains.name"))?;
    let rows = run!(read, fetch_all ACTIVE as (String, Uuid, Uuid), set.as_str())?;
    Ok(rows.into_iter().map(|(name, id, tenant)| (name, (Id::from_uuid(id), Id::from_uuid(tenant)))).collect())
}

/// One more than the page holds.
pub(super) async fn list(
    read: &mut Read,
    filter: &Filter,
    scope: &Sets,
    page: &Page<Uuid>,
) -> Result<Vec<Domain>, StoreError> {
    let statement = match filter {
        Filter { name: Some(_), .. } => LIST_BY_NAME,
        Filter { external_ref: Some(_), .. } => LIST_BY_REF,
        Filter { alias_of: Some(_), .. } => LIST_BY_PRIMARY,
        Filter { tenant: Some(_), .. } => LIST_BY_TENANT,
        // What is lost is little, and all of it is looked through.
        Filter { ownership_lost: Some(true), .. } => LIST_LOST,
        _ if scope.tenants.is_some() => LIST_IN_SCOPE,
        _ => LIST,
    };
    let (label, value) =
        filter.label.as_ref().map_or((None, None), |(name, value)| (Some(name.as_str()), Some(value.as_str())));
    let state = filter.state.map(|state| match state {
        DomainStateFilter::Pending => "pending",
        DomainStateFilter::Active => "active",
        DomainStateFilter::Closing => "closing",
    });
    let rows = run!(read, fetch_all statement as Row, page.after.unwrap_or_default(), filter.name.as_deref(),
        filter.external_ref.as_deref(), label, value, filter.tenant.map(Id::uuid), state, page.rows(),
        filter.alias_of.map(Id::uuid), filter.ownership_lost, scope.tenants.as_deref(), scope.domains.as_deref())?;
    rows.into_iter().map(Domain::try_from).collect()
}

/// Does a domain within the scope send its mail by this route already?
pub(super) async fn uses_route(read: &mut Read, route: Id<ids::Route>, scope: &Sets) -> Result<bool, StoreError> {
    let (tenants, domains) = (scope.tenants.as_deref(), scope.domains.as_deref());
    Ok(run!(read, fetch_optional USED_WITHIN as (Uuid,), route.uuid(), tenants, domains)?.is_some())
}

pub(super) async fn taken(read: &mut Read, domain: &Domain) -> Result<Taken, StoreError> {
    let rows = run!(read, fetch_all TAKEN as (String, Option<String>), domain.tenant.uuid(), domain.id.uuid(),
        domain.name.as_ascii(), domain.external_ref.as_deref())?;
    Ok(Taken {
        name: rows.iter().any(|(name, _)| name == domain.name.as_ascii()),
        external_ref: rows.iter().any(|(_, other)| other.is_some() && *other == domain.external_ref),
    })
}

/// Is the name, or one above it, active for another tenant? Under [`lock_names`], nobody can make it so meanwhile.
pub(super) async fn held_elsewhere(read: &mut Read, tenant: Id<ids::Tenant>, name: &Name) -> Result<bool, StoreError> {
    let mut at = Some(name.clone());
    while let Some(name) = at {
        if run!(read, fetch_optional HOLDER as (Uuid,), name.as_ascii(), tenant.uuid())?.is_some() {
            return Ok(true);
        }
        at = name.parent();
    }
    Ok(false)
}

/// Nobody else activates a name before this transaction ends.
pub(super) async fn lock_names(tx: &mut Tx) -> Result<(), StoreError> {
    if tx.engine() == Engine::Postgres {
        run!(tx, fetch_one LOCK_NAMES as (i64,))?;
    }
    Ok(())
}

fn labels_text(domain: &Domain) -> Result<String, StoreError> {
    serde_json::to_string(&domain.labels).map_err(StoreError::corrupt("labels"))
}

/// Domains that were created through a grant and are still there. Under [`lock_names`] there are not more of them a moment later.
pub(super) async fn created_through(read: &mut Read, grant: Id<ids::Grant>) -> Result<i64, StoreError> {
    Ok(run!(read, fetch_one CREATED_THROUGH as (i64,), grant.uuid())?.0)
}

/// `through` is the grant that it counts against.
pub(super) async fn insert(tx: &mut Tx, domain: &Domain, through: Option<Id<ids::Grant>>) -> Result<(), StoreError> {
    let text = labels_text(domain)?;
    run!(tx, execute INSERT, domain.id.uuid(), domain.tenant.uuid(), domain.name.as_ascii(),
        domain.external_ref.as_deref(), text.as_str(), domain.state.name(), domain.recipients.name(),
        domain.route.map(Id::uuid), domain.hash_key.to_vec(), domain.defer_until.as_micros(),
        domain.activated_at.map(Micros::as_micros), domain.check.checked_at.map(Micros::as_micros),
        domain.check.finding.map(Finding::name), domain.check.next_check_at.map(Micros::as_micros),
        domain.created_at.as_micros(), domain.unasked.map(unasked_name), domain.alias.map(|alias| alias.primary.uuid()),
        domain.alias.map(|alias| alias.hop_sees.name()), through.map(Id::uuid), domain.created_by.map(Id::uuid))?;
    labels::replace(tx, domain.id.uuid(), &domain.labels).await
}

/// `Stale`: somebody else changed it meanwhile. `Unique`: the name was activated elsewhere meanwhile.
pub(super) async fn update(tx: &mut Tx, domain: &Domain) -> Result<(), StoreError> {
    let text = labels_text(domain)?;
    let touched = run!(tx, execute UPDATE, domain.id.uuid(), domain.external_ref.as_deref(), text.as_str(),
        domain.state.name(), domain.recipients.name(), domain.route.map(Id::uuid),
        domain.activated_at.map(Micros::as_micros), domain.closes_at.map(Micros::as_micros), domain.revision,
        domain.unasked.map(unasked_name), domain.alias.map(|alias| alias.primary.uuid()),
        domain.alias.map(|alias| alias.hop_sees.name()))?;
    if touched != 1 {
        return Err(StoreError::Stale);
    }
    labels::replace(tx, domain.id.uuid(), &domain.labels).await
}

pub(super) async fn note_check(tx: &mut Tx, domain: &Domain) -> Result<(), StoreError> {
    run!(tx, execute NOTE_CHECK, domain.id.uuid(), domain.check.checked_at.map(Micros::as_micros),
        domain.check.finding.map(Finding::name), domain.check.next_check_at.map(Micros::as_micros))?;
    Ok(())
}

pub(super) async fn due_for_check(read: &mut Read, now: Micros) -> Result<Vec<Domain>, StoreError> {
    run!(read, fetch_all DUE as Row, now.as_micros())?.into_iter().map(Domain::try_from).collect()
}

/// Closing domains whose time is up.
pub(super) async fn overdue(read: &mut Read, now: Micros) -> Result<Vec<Domain>, StoreError> {
    run!(read, fetch_all OVERDUE as Row, now.as_micros())?.into_iter().map(Domain::try_from).collect()
}

/// Alias domains of this one.
pub(super) async fn aliases(read: &mut Read, primary: Id<ids::Domain>) -> Result<Vec<Alias>, StoreError> {
    let rows = run!(read, fetch_all ALIASES as (Uuid, String, Option<i64>), primary.uuid())?;
    let rows = rows.into_iter();
    Ok(rows.map(|(id, name, closes)| Alias { id: Id::from_uuid(id), name, is_closing: closes.is_some() }).collect())
}

/// Nobody else writes to what the domain has before this transaction ends.
pub(crate) async fn lock(tx: &mut Tx, id: Id<ids::Domain>) -> Result<(), StoreError> {
    run!(tx, fetch_optional LOCK as (Uuid,), id.uuid())?;
    Ok(())
}

/// Takes the domain away with its recipients and lists.
pub(super) async fn delete(tx: &mut Tx, domain: &Domain) -> Result<(), StoreError> {
    labels::remove(tx, domain.id.uuid()).await?;
    match run!(tx, execute DELETE, domain.id.uuid(), domain.revision)? {
        1 => Ok(()),
        _ => Err(StoreError::Stale),
    }
}

/// Takes away all domains of a tenant that is going.
pub(crate) async fn remove_all(tx: &mut Tx, tenant: Id<ids::Tenant>) -> Result<(), StoreError> {
    let rows = run!(tx, fetch_all OF_TENANT as Row, tenant.uuid())?;
    for row in rows {
        let domain = Domain::try_from(row)?;
        delete(tx, &domain).await?;
        let before = serde_json::json!({ "name": domain.name });
        audit::record(tx, "domain.delete", domain.target(), Some(&before), audit::NOTHING).await?;
        outbox::record(tx, &domain.change()).await?;
    }
    Ok(())
}
