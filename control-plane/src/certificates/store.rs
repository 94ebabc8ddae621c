//! Rows of the tables `certificates` and `certificate_names`.

use contract::{Id, Micros, ids};
use uuid::Uuid;

use super::{Certificate, Facts};
use crate::{
    audit,
    auth::scope::Sets,
    db::{Read, StoreError, Tx, id_set, in_set, run, sql},
    http::Page,
    outbox,
};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT c.id, c.tenant_id, c.chain, c.sealed_key, c.facts, c.revision, c.created_at, c.updated_at
            FROM certificates c",
            $rest
        )
    };
}

macro_rules! list {
    ($first:expr) => {
        concat!(
            select!(" WHERE "),
            $first,
            " AND c.id > $1
                AND (CAST($2 AS UUID) IS NULL OR c.tenant_id = $2)
                AND (CAST($3 AS TEXT) IS NULL OR EXISTS
                    (SELECT 1 FROM certificate_names n WHERE n.certificate_id = c.id AND n.name = $3))
                AND (CAST($5 AS TEXT) IS NULL OR $5 IS NOT NULL)
            ORDER BY c.id LIMIT $4"
        )
    };
}

sql! {
    Main;
    GET = (select!(" WHERE c.id = $1"));
    IDS = "SELECT id FROM certificates WHERE id > $1 ORDER BY id LIMIT $2";
    THESE = {
        sqlite: select!(" WHERE c.id IN (SELECT unhex(value) FROM json_each($1))"),
        postgres: select!(" WHERE c.id IN (SELECT CAST(x AS UUID) FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS x)"),
    };
    LIST = (list!("TRUE"));
    LIST_IN_SCOPE = {
        sqlite: list!(in_set!(sqlite, "c.tenant_id", "$5")),
        postgres: list!(in_set!(postgres, "c.tenant_id", "$5")),
    };
    INSERT = "INSERT INTO certificates (id, tenant_id, chain, sealed_key, facts, fingerprint, not_after, revision, created_at,
            updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $8)";
    UPDATE = "UPDATE certificates SET chain = $2, sealed_key = $3, facts = $4, fingerprint = $5, not_after = $6,
            warned_days = NULL, updated_at = $7, revision = revision + 1
        WHERE id = $1 AND revision = $8";
    DELETE = "DELETE FROM certificates WHERE id = $1 AND revision = $2";
    INSERT_NAMES = {
        sqlite: "INSERT INTO certificate_names (certificate_id, name) SELECT $1, value FROM json_each($2)",
        postgres: "INSERT INTO certificate_names (certificate_id, name)
            SELECT $1, x FROM jsonb_array_elements_text(CAST($2 AS JSONB)) AS x",
    };
    DELETE_NAMES = "DELETE FROM certificate_names WHERE certificate_id = $1";
    TWIN = "SELECT id FROM certificates WHERE fingerprint = $1 AND id <> $2
        AND ((tenant_id IS NULL AND CAST($3 AS UUID) IS NULL) OR tenant_id = $3) LIMIT 1";
    COUNT = "SELECT COUNT(*) FROM certificates WHERE tenant_id = $1";
    OF_TENANTS = {
        sqlite: "SELECT id FROM certificates WHERE tenant_id IN (SELECT unhex(value) FROM json_each($1))",
        postgres: "SELECT id FROM certificates
            WHERE tenant_id IN (SELECT CAST(x AS UUID) FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS x)",
    };
    OF_TENANT = (select!(" WHERE c.tenant_id = $1"));
    FINGERPRINTS = "SELECT tenant_id, fingerprint FROM certificates ORDER BY id DESC";
    ENDING = (select!(" WHERE c.not_after <= $1 AND (c.warned_days IS NULL OR c.warned_days > $2)
        ORDER BY c.not_after, c.id LIMIT 100"));
    WARNED = "UPDATE certificates SET warned_days = $2 WHERE id = $1";
    SOONEST = "SELECT id, tenant_id, not_after FROM certificates WHERE not_after > $1 ORDER BY not_after, id LIMIT 500";
}

#[derive(Debug, sqlx::FromRow)]
struct Row {
    id: Uuid,
    tenant_id: Option<Uuid>,
    chain: String,
    sealed_key: Vec<u8>,
    facts: String,
    revision: i64,
    created_at: i64,
    updated_at: i64,
}

impl TryFrom<Row> for Certificate {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: Id::from_uuid(row.id),
            tenant: row.tenant_id.map(Id::from_uuid),
            chain: row.chain,
            sealed_key: row.sealed_key,
            facts: serde_json::from_str(&row.facts).map_err(StoreError::corrupt("certificates.facts"))?,
            revision: row.revision,
            created_at: Micros::from_micros(row.created_at),
            updated_at: Micros::from_micros(row.updated_at),
        })
    }
}

#[derive(Debug, Default)]
pub(super) struct Filter {
    pub tenant: Option<Id<ids::Tenant>>,
    /// A name that it bears.
    pub name: Option<String>,
}

/// A certificate as it was found, and whose it is even where the rest of the row makes no sense.
#[derive(Debug)]
pub(crate) struct Stored {
    pub id: Id<ids::Certificate>,
    /// None: the installation's.
    pub tenant: Option<Uuid>,
    pub certificate: Result<Certificate, StoreError>,
}

/// A certificate by its id.
pub async fn find(read: &mut Read, id: Id<ids::Certificate>) -> Result<Option<Certificate>, StoreError> {
    run!(read, fetch_optional GET as Row, id.uuid())?.map(Certificate::try_from).transpose()
}

/// The next certificates by their ids.
pub(crate) async fn ids(read: &mut Read, after: Uuid, limit: i64) -> Result<Vec<Id<ids::Certificate>>, StoreError> {
    let rows = run!(read, fetch_all IDS as (Uuid,), after, limit)?;
    Ok(rows.into_iter().map(|(id,)| Id::from_uuid(id)).collect())
}

/// Those of these tenants.
pub(crate) async fn of_tenants(read: &mut Read, tenants: &[Uuid]) -> Result<Vec<Id<ids::Certificate>>, StoreError> {
    let rows = run!(read, fetch_all OF_TENANTS as (Uuid,), id_set(tenants.iter().copied()))?;
    Ok(rows.into_iter().map(|(id,)| Id::from_uuid(id)).collect())
}

/// Those of a set: what objects are made from.
pub(crate) async fn rows(read: &mut Read, of: &[Id<ids::Certificate>]) -> Result<Vec<Stored>, StoreError> {
    if of.is_empty() {
        return Ok(Vec::new());
    }
    let found = run!(read, fetch_all THESE as Row, id_set(of.iter().map(|id| id.uuid())))?;
    let stored =
        |row: Row| Stored { id: Id::from_uuid(row.id), tenant: row.tenant_id, certificate: Certificate::try_from(row) };
    Ok(found.into_iter().map(stored).collect())
}

/// One more than the page holds.
pub(super) async fn list(
    read: &mut Read,
    filter: &Filter,
    scope: &Sets,
    page: &Page<Uuid>,
) -> Result<Vec<Certificate>, StoreError> {
    let statement = if scope.tenants.is_some() { LIST_IN_SCOPE } else { LIST };
    let rows = run!(read, fetch_all statement as Row, page.after.unwrap_or_default(), filter.tenant.map(Id::uuid),
        filter.name.as_deref(), page.rows(), scope.tenants.as_deref())?;
    rows.into_iter().map(Certificate::try_from).collect()
}

fn facts(facts: &Facts) -> Result<(String, String), StoreError> {
    let corrupt = || StoreError::corrupt("certificates.facts");
    let names = serde_json::to_string(&facts.names).map_err(corrupt())?;
    Ok((serde_json::to_string(facts).map_err(corrupt())?, names))
}

pub(super) async fn insert(tx: &mut Tx, certificate: &Certificate) -> Result<(), StoreError> {
    let (text, names) = facts(&certificate.facts)?;
    let id = certificate.id.uuid();
    run!(tx, execute INSERT, id, certificate.tenant.map(Id::uuid), certificate.chain.as_str(),
        certificate.sealed_key.as_slice(), text.as_str(), certificate.facts.fingerprint_sha256.as_str(),
        certificate.facts.not_after.as_micros(), certificate.created_at.as_micros())?;
    run!(tx, execute INSERT_NAMES, id, names.as_str())?;
    Ok(())
}

/// `Stale`: somebody else changed it meanwhile.
pub(super) async fn update(tx: &mut Tx, certificate: &Certificate) -> Result<(), StoreError> {
    let (text, names) = facts(&certificate.facts)?;
    let id = certificate.id.uuid();
    let touched = run!(tx, execute UPDATE, id, certificate.chain.as_str(), certificate.sealed_key.as_slice(),
        text.as_str(), certificate.facts.fingerprint_sha256.as_str(), certificate.facts.not_after.as_micros(),
        certificate.updated_at.as_micros(), certificate.revision)?;
    if touched != 1 {
        return Err(StoreError::Stale);
    }
    run!(tx, execute DELETE_NAMES, id)?;
    run!(tx, execute INSERT_NAMES, id, names.as_str())?;
    Ok(())
}

/// `Reference`: a route names it.
pub(super) async fn delete(tx: &mut Tx, certificate: &Certificate) -> Result<(), StoreError> {
    match run!(tx, execute DELETE, certificate.id.uuid(), certificate.revision)? {
        1 => Ok(()),
        _ => Err(StoreError::Stale),
    }
}

/// Has the same owner the same certificate already?
pub(super) async fn has_twin(read: &mut Read, certificate: &Certificate) -> Result<bool, StoreError> {
    let found = run!(read, fetch_optional TWIN as (Uuid,), certificate.facts.fingerprint_sha256.as_str(),
        certificate.id.uuid(), certificate.tenant.map(Id::uuid))?;
    Ok(found.is_some())
}

pub(super) async fn count(read: &mut Read, tenant: Id<ids::Tenant>) -> Result<i64, StoreError> {
    Ok(run!(read, fetch_one COUNT as (i64,), tenant.uuid())?.0)
}

/// Fingerprints of the newest thousand.
pub(crate) async fn fingerprints(read: &mut Read) -> Result<Vec<(Option<Uuid>, String)>, StoreError> {
    run!(read, fetch_all FINGERPRINTS as (Option<Uuid>, String))
}

/// Those that end by `until` and were not warned of `days` before their end, or later.
pub(super) async fn ending(read: &mut Read, until: Micros, days: i64) -> Result<Vec<Certificate>, StoreError> {
    let rows = run!(read, fetch_all ENDING as Row, until.as_micros(), days)?;
    rows.into_iter().map(Certificate::try_from).collect()
}

pub(super) async fn warned(tx: &mut Tx, id: Id<ids::Certificate>, days: i64) -> Result<(), StoreError> {
    run!(tx, execute WARNED, id.uuid(), days)?;
    Ok(())
}

/// When a certificate ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Soonest {
    pub id: Id<ids::Certificate>,
    pub tenant: Option<Id<ids::Tenant>>,
    pub not_after: Micros,
}

/// What ended longer ago is forgotten, and must not crowd out what ends next.
const FORGOTTEN: std::time::Duration = std::time::Duration::from_hours(30 * 24);

/// The 500 that end first.
pub(crate) async fn soonest(read: &mut Read, now: Micros) -> Result<Vec<Soonest>, StoreError> {
    let rows = run!(read, fetch_all SOONEST as (Uuid, Option<Uuid>, i64), (now - FORGOTTEN).as_micros())?;
    let rows = rows.into_iter().map(|(id, tenant, not_after)| Soonest {
        id: Id::from_uuid(id),
        tenant: tenant.map(Id::from_uuid),
        not_after: Micros::from_micros(not_after),
    });
    Ok(rows.collect())
}

/// Takes away all certificates of a tenant that is going; its routes are gone by then.
pub(crate) async fn remove_all(tx: &mut Tx, tenant: Id<ids::Tenant>) -> Result<(), StoreError> {
    for row in run!(tx, fetch_all OF_TENANT as Row, tenant.uuid())? {
        let certificate = Certificate::try_from(row)?;
        delete(tx, &certificate).await?;
        let before = serde_json::json!({ "fingerprint_sha256": certificate.facts.fingerprint_sha256 });
        audit::record(tx, "certificate.delete", certificate.target(), Some(&before), audit::NOTHING).await?;
        outbox::record(tx, &certificate.change()).await?;
    }
    Ok(())
}
