//! Rows of the table `api_keys`.

use contract::{Id, Micros, ids};
use uuid::Uuid;

use super::ApiKey;
use crate::{
    auth::{Scope, scope::Sets},
    db::{Read, StoreError, Tx, in_set, run, sql},
    grants::Over,
    http::Page,
};

macro_rules! select {
    ($rest:expr) => {
        concat!(
            "SELECT k.id, k.person_id, k.name, k.tenant_id, k.domain_id, d.tenant_id AS domain_tenant_id, k.actions, k.read_only,
                k.address_ranges, k.expires_at, k.last_used_at, k.previous_until, k.created_at
            FROM api_keys k LEFT JOIN domains d ON d.id = k.domain_id WHERE ",
            $rest
        )
    };
}

/// One's own, and those over what one administers.
macro_rules! seen {
    ($engine:ident, $rest:literal) => {
        select!(concat!(
            "(k.person_id = $2 OR CAST($3 AS BOOLEAN) OR ",
            in_set!($engine, "k.tenant_id", "$4"),
            " OR ",
            in_set!($engine, "d.tenant_id", "$4"),
            ") AND ",
            $rest
        ))
    };
}

/// Over a domain, made by people whom neither their own tenant nor a grant takes to any of these tenants.
macro_rules! strangers {
    ($engine:ident) => {
        select!(concat!(
            "k.domain_id = $1 AND NOT EXISTS (SELECT 1 FROM persons p WHERE p.id = k.person_id AND ",
            in_set!($engine, "p.tenant_id", "$2"),
            ") AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.person_id = k.person_id AND g.domain_id IS NULL
                AND (g.expires_at IS NULL OR g.expires_at > $3) AND (g.tenant_id IS NULL OR ",
            in_set!($engine, "g.tenant_id", "$2"),
            ")) ORDER BY k.id"
        ))
    };
}

sql! {
    Main;
    STRANGERS = { sqlite: strangers!(sqlite), postgres: strangers!(postgres) };
    LIVE = (select!("(k.secret_hash = $1 OR (k.previous_hash = $1 AND k.previous_until > $2))
        AND (k.expires_at IS NULL OR k.expires_at > $2)
        AND EXISTS (SELECT 1 FROM persons p WHERE p.id = k.person_id AND p.disabled_at IS NULL)"));
    STILL_GOOD = (select!("k.id = $1 AND (k.expires_at IS NULL OR k.expires_at > $2)
        AND EXISTS (SELECT 1 FROM persons p WHERE p.id = k.person_id AND p.disabled_at IS NULL)"));
    LIST = {
        sqlite: seen!(sqlite, "k.id > $1 ORDER BY k.id LIMIT $5"),
        postgres: seen!(postgres, "k.id > $1 ORDER BY k.id LIMIT $5"),
    };
    GET = { sqlite: seen!(sqlite, "k.id = $1"), postgres: seen!(postgres, "k.id = $1") };
    OF_PERSON = (select!("k.person_id = $1 ORDER BY k.id"));
    COUNT_LIVE = "SELECT COUNT(*) FROM api_keys WHERE person_id = $1 AND (expires_at IS NULL OR expires_at > $2)";
    COUNT = "SELECT COUNT(*) FROM api_keys WHERE person_id = $1";
    INSERT = "INSERT INTO api_keys (id, person_id, name, tenant_id, domain_id, secret_hash, actions, read_only, address_ranges,
            expires_at, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    ROTATE = "UPDATE api_keys SET previous_hash = secret_hash, previous_until = $3, secret_hash = $2 WHERE id = $1";
    NOTE_USE = "UPDATE api_keys SET last_used_at = $2 WHERE id = $1";
    DELETE = "DELETE FROM api_keys WHERE id = $1";
}

#[derive(Debug, sqlx::FromRow)]
struct Row {
    id: Uuid,
    person_id: Uuid,
    name: String,
    tenant_id: Option<Uuid>,
    domain_id: Option<Uuid>,
    domain_tenant_id: Option<Uuid>,
    actions: String,
    read_only: bool,
    address_ranges: String,
    expires_at: Option<i64>,
    last_used_at: Option<i64>,
    previous_until: Option<i64>,
    created_at: i64,
}

impl TryFrom<Row> for ApiKey {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let over = match (row.tenant_id, row.domain_id, row.domain_tenant_id) {
            (None, None, None) => Over::Installation,
            (Some(tenant), None, None) => Over::Tenant(Id::from_uuid(tenant)),
            (None, Some(domain), Some(tenant)) => Over::Domain(Id::from_uuid(domain), Id::from_uuid(tenant)),
            _ => return Err(StoreError::corrupt("api_keys")("over two things")),
        };
        Ok(Self {
            id: Id::from_uuid(row.id),
            maker: Id::from_uuid(row.person_id),
            name: row.name,
            over,
            actions: serde_json::from_str(&row.actions).map_err(StoreError::corrupt("api_keys.actions"))?,
            read_only: row.read_only,
            address_ranges: serde_json::from_str(&row.address_ranges)
                .map_err(StoreError::corrupt("api_keys.address_ranges"))?,
            expires_at: row.expires_at.map(Micros::from_micros),
            last_used_at: row.last_used_at.map(Micros::from_micros),
            previous_until: row.previous_until.map(Micros::from_micros),
            created_at: Micros::from_micros(row.created_at),
        })
    }
}

/// By its secret, or the one before while both are good; of somebody who may sign in.
pub(super) async fn live(read: &mut Read, hash: [u8; 32], now: Micros) -> Result<Option<ApiKey>, StoreError> {
    let row = run!(read, fetch_optional LIVE as Row, hash.to_vec(), now.as_micros())?;
    row.map(ApiKey::try_from).transpose()
}

/// By its id; of somebody who may sign in.
pub(crate) async fn still_good(
    read: &mut Read,
    id: Id<ids::ApiKey>,
    now: Micros,
) -> Result<Option<ApiKey>, StoreError> {
    let row = run!(read, fetch_optional STILL_GOOD as Row, id.uuid(), now.as_micros())?;
    row.map(ApiKey::try_from).transpose()
}

fn sets(scope: &Scope) -> (bool, String) {
    let Sets { tenants, .. } = scope.sets();
    (scope.is_everything(), tenants.unwrap_or_else(|| "[]".to_owned()))
}

/// One more than the page holds: one's own, and those over tenants in the scope.
pub(super) async fn list(
    read: &mut Read,
    maker: Id<ids::Person>,
    scope: &Scope,
    page: &Page<Uuid>,
) -> Result<Vec<ApiKey>, StoreError> {
    let (all, tenants) = sets(scope);
    let rows = run!(read, fetch_all LIST as Row, page.after.unwrap_or_default(), maker.uuid(), all, tenants.as_str(),
        page.rows())?;
    rows.into_iter().map(ApiKey::try_from).collect()
}

pub(super) async fn find(
    read: &mut Read,
    id: Id<ids::ApiKey>,
    maker: Id<ids::Person>,
    scope: &Scope,
) -> Result<Option<ApiKey>, StoreError> {
    let (all, tenants) = sets(scope);
    let row = run!(read, fetch_optional GET as Row, id.uuid(), maker.uuid(), all, tenants.as_str())?;
    row.map(ApiKey::try_from).transpose()
}

/// All that the person made.
pub(super) async fn of_person(read: &mut Read, maker: Id<ids::Person>) -> Result<Vec<ApiKey>, StoreError> {
    let rows = run!(read, fetch_all OF_PERSON as Row, maker.uuid())?;
    rows.into_iter().map(ApiKey::try_from).collect()
}

/// Those that are not over.
pub(super) async fn count_live(read: &mut Read, maker: Id<ids::Person>, now: Micros) -> Result<i64, StoreError> {
    Ok(run!(read, fetch_one COUNT_LIVE as (i64,), maker.uuid(), now.as_micros())?.0)
}

pub(super) async fn count(read: &mut Read, maker: Id<ids::Person>) -> Result<i64, StoreError> {
    Ok(run!(read, fetch_one COUNT as (i64,), maker.uuid())?.0)
}

pub(super) async fn insert(tx: &mut Tx, key: &ApiKey, hash: [u8; 32]) -> Result<(), StoreError> {
    let actions = serde_json::to_string(&key.actions).map_err(StoreError::corrupt("api_keys.actions"))?;
    let ranges = serde_json::to_string(&key.address_ranges).map_err(StoreError::corrupt("api_keys.address_ranges"))?;
    let (tenant, domain) = match key.over {
        Over::Installation => (None, None),
        Over::Tenant(tenant) => (Some(tenant.uuid()), None),
        Over::Domain(domain, _) => (None, Some(domain.uuid())),
    };
    run!(tx, execute INSERT, key.id.uuid(), key.maker.uuid(), key.name.as_str(), tenant, domain, hash.to_vec(),
        actions.as_str(), key.read_only, ranges.as_str(), key.expires_at.map(Micros::as_micros),
        key.created_at.as_micros())?;
    Ok(())
}

pub(super) async fn rotate(
    tx: &mut Tx,
    id: Id<ids::ApiKey>,
    hash: [u8; 32],
    previous_until: Micros,
) -> Result<(), StoreError> {
    run!(tx, execute ROTATE, id.uuid(), hash.to_vec(), previous_until.as_micros())?;
    Ok(())
}

pub(super) async fn note_use(tx: &mut Tx, id: Id<ids::ApiKey>) -> Result<(), StoreError> {
    let now = tx.now().as_micros();
    run!(tx, execute NOTE_USE, id.uuid(), now)?;
    Ok(())
}

/// Keys over a domain of people who have nothing to do with these tenants.
pub(super) async fn strangers(
    tx: &mut Tx,
    domain: Id<ids::Domain>,
    tenants: &[Id<ids::Tenant>],
) -> Result<Vec<ApiKey>, StoreError> {
    let tenants: Vec<_> = tenants.iter().map(|id| id.uuid().simple().to_string()).collect();
    let tenants = serde_json::to_string(&tenants).map_err(StoreError::corrupt("tenants"))?;
    let now = tx.now().as_micros();
    let rows = run!(tx, fetch_all STRANGERS as Row, domain.uuid(), tenants.as_str(), now)?;
    rows.into_iter().map(ApiKey::try_from).collect()
}

/// False: it is gone already.
pub(super) async fn delete(tx: &mut Tx, id: Id<ids::ApiKey>) -> Result<bool, StoreError> {
    Ok(run!(tx, execute DELETE, id.uuid())? > 0)
}
