//! Rows of the table `persons`.

use contract::{Id, Micros, ids};
use uuid::Uuid;

use super::{Account, Fingerprint, Person};
use crate::{
    auth::scope::Sets,
    db::{Read, StoreError, Tx, in_set, run, sql},
    http::Page,
};

macro_rules! select {
    ($rest:expr) => {
        concat!(
            "SELECT p.id, p.tenant_id, p.email, p.must_change_password, p.disabled_at, p.disabled_in, p.created_at
            FROM persons p WHERE ",
            $rest
        )
    };
}

macro_rules! list {
    ($engine:ident, $first:expr) => {
        concat!(
            select!($first),
            " AND p.id > $1
            AND (CAST($2 AS TEXT) IS NULL OR p.email_key = $2)
            AND (CAST($3 AS UUID) IS NULL OR p.tenant_id = $3)
            AND (CAST($5 AS TEXT) IS NULL OR ",
            in_set!($engine, "p.tenant_id", "$5"),
            ") ORDER BY p.id LIMIT $4"
        )
    };
}

sql! {
    Main;
    GET = (select!("p.id = $1"));
    LIST = { sqlite: list!(sqlite, "TRUE"), postgres: list!(postgres, "TRUE") };
    // The same, in words that let the planner use an index.
    LIST_BY_EMAIL = { sqlite: list!(sqlite, "p.email_key = $2"), postgres: list!(postgres, "p.email_key = $2") };
    LIST_BY_TENANT = { sqlite: list!(sqlite, "p.tenant_id = $3"), postgres: list!(postgres, "p.tenant_id = $3") };
    LIST_IN_SCOPE = {
        sqlite: list!(sqlite, in_set!(sqlite, "p.tenant_id", "$5")),
        postgres: list!(postgres, in_set!(postgres, "p.tenant_id", "$5")),
    };
    INSERT = "INSERT INTO persons (id, tenant_id, email, email_key, password_hash, must_change_password, created_at)
        VALUES ($1, $2, $3, $4, $5, TRUE, $6)";
    SET_DISABLED = "UPDATE persons SET disabled_at = $2, disabled_in = $3 WHERE id = $1";
    INSERT_WITH_PASSWORD = "INSERT INTO persons (id, tenant_id, email, email_key, password_hash, must_change_password,
            password_compromised, password_checked_at, created_at)
        VALUES ($1, $2, $3, $4, $5, FALSE, $6, $7, $8)";
    BY_EMAIL = (select!("p.email_key = $1"));
    END_SESSIONS = "UPDATE sessions SET ended_at = $2 WHERE person_id = $1 AND ended_at IS NULL";
    // Whoever changes how somebody signs in, and whoever signs them in, waits here for the other.
    HOLD = "UPDATE persons SET email = email WHERE id = $1 AND disabled_at IS NULL";
    ACCOUNT = "SELECT tenant_id, email, must_change_password, password_compromised, password_hash, rehashed FROM persons
        WHERE id = $1 AND disabled_at IS NULL";
    REHASH = "UPDATE persons SET password_hash = $3, rehashed = $4 WHERE id = $1 AND password_hash = $2";
    OF_TENANT = (select!("p.tenant_id = $1 ORDER BY p.id"));
    DELETE = "DELETE FROM persons WHERE id = $1";
}

#[derive(Debug, sqlx::FromRow)]
struct Row {
    id: Uuid,
    tenant_id: Uuid,
    email: String,
    must_change_password: bool,
    disabled_at: Option<i64>,
    disabled_in: Option<Uuid>,
    created_at: i64,
}

impl From<Row> for Person {
    fn from(row: Row) -> Self {
        Self {
            id: Id::from_uuid(row.id),
            tenant: Id::from_uuid(row.tenant_id),
            email: row.email,
            must_change_password: row.must_change_password,
            disabled_at: row.disabled_at.map(Micros::from_micros),
            disabled_in: row.disabled_in.map(Id::from_uuid),
            created_at: Micros::from_micros(row.created_at),
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Filter {
    /// In lower case.
    pub email_key: Option<String>,
    pub tenant: Option<Id<ids::Tenant>>,
}

/// A person by their id.
pub(crate) async fn find(read: &mut Read, id: Id<ids::Person>) -> Result<Option<Person>, StoreError> {
    Ok(run!(read, fetch_optional GET as Row, id.uuid())?.map(Person::from))
}

/// Takes the person's row until the transaction ends. None: there is nobody, or they may not sign in.
pub(crate) async fn hold(tx: &mut Tx, id: Id<ids::Person>) -> Result<Option<Account>, StoreError> {
    if run!(tx, execute HOLD, id.uuid())? == 0 {
        return Ok(None);
    }
    let row = run!(tx, fetch_optional ACCOUNT as (Uuid, String, bool, bool, String, Option<String>), id.uuid())?;
    let account = |(tenant, email, must_change_password, password_compromised, password_hash, rehashed)| Account {
        id,
        tenant: Id::from_uuid(tenant),
        email,
        must_change_password,
        password_compromised,
        password_hash,
        rehashed,
    };
    Ok(row.map(account))
}

/// The same password under another hash, where it is still stored under `old_hash`. False: somebody was faster.
pub(crate) async fn rehash(tx: &mut Tx, id: Id<ids::Person>, old_hash: &str, hash: &str) -> Result<bool, StoreError> {
    let mark = Fingerprint::of(old_hash).rehashed_as(hash);
    Ok(run!(tx, execute REHASH, id.uuid(), old_hash, hash, mark.as_str())? == 1)
}

/// One more than the page holds.
pub(super) async fn list(
    read: &mut Read,
    filter: &Filter,
    scope: &Sets,
    page: &Page<Uuid>,
) -> Result<Vec<Person>, StoreError> {
    let statement = match filter {
        Filter { email_key: Some(_), .. } => LIST_BY_EMAIL,
        Filter { tenant: Some(_), .. } => LIST_BY_TENANT,
        _ if scope.tenants.is_some() => LIST_IN_SCOPE,
        _ => LIST,
    };
    let rows = run!(read, fetch_all statement as Row, page.after.unwrap_or_default(), filter.email_key.as_deref(),
        filter.tenant.map(Id::uuid), page.rows(), scope.tenants.as_deref())?;
    Ok(rows.into_iter().map(Person::from).collect())
}

/// `Unique`: there is an account with the address.
pub(super) async fn insert(tx: &mut Tx, person: &Person, password_hash: &str) -> Result<(), StoreError> {
    let key = person.email.to_lowercase();
    run!(tx, execute INSERT, person.id.uuid(), person.tenant.uuid(), person.email.as_str(), key.as_str(), password_hash,
        person.created_at.as_micros())?;
    Ok(())
}

/// `Unique`: there is an account with the address.
pub(super) async fn insert_with_password(
    tx: &mut Tx,
    person: &Person,
    password_hash: &str,
    compromised: Option<bool>,
) -> Result<(), StoreError> {
    let key = person.email.to_lowercase();
    let checked_at = compromised.map(|_| person.created_at.as_micros());
    run!(tx, execute INSERT_WITH_PASSWORD, person.id.uuid(), person.tenant.uuid(), person.email.as_str(), key.as_str(),
        password_hash, compromised.unwrap_or(false), checked_at, person.created_at.as_micros())?;
    Ok(())
}

/// Whoever has the address, disabled or not.
pub(crate) async fn by_email(read: &mut Read, email: &str) -> Result<Option<Person>, StoreError> {
    let key = email.to_lowercase();
    Ok(run!(read, fetch_optional BY_EMAIL as Row, key.as_str())?.map(Person::from))
}

/// Whoever is disabled has no session any more, also when they are enabled again.
pub(super) async fn set_disabled(tx: &mut Tx, person: &Person) -> Result<(), StoreError> {
    let (id, at) = (person.id.uuid(), person.disabled_at.map(Micros::as_micros));
    run!(tx, execute SET_DISABLED, id, at, person.disabled_in.map(Id::uuid))?;
    if let Some(at) = at {
        run!(tx, execute END_SESSIONS, id, at)?;
    }
    Ok(())
}

/// Takes away all who belong to a tenant that is going, with their grants and sessions.
pub(crate) async fn remove_all(tx: &mut Tx, tenant: Id<ids::Tenant>) -> Result<(), StoreError> {
    for row in run!(tx, fetch_all OF_TENANT as Row, tenant.uuid())? {
        let person = Person::from(row);
        run!(tx, execute DELETE, person.id.uuid())?;
        let before = serde_json::json!({ "email": person.email });
        crate::audit::record(tx, "person.delete", person.target(), Some(&before), crate::audit::NOTHING).await?;
    }
    Ok(())
}
