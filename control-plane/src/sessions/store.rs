//! Rows of the tables `persons` and `sessions`.

use contract::{Id, Micros, ids};
use uuid::Uuid;

use crate::db::{Read, StoreError, Tx, run, sql};

sql! {
    Main;
    BY_EMAIL = "SELECT id, email, password_hash, must_change_password FROM persons
        WHERE email_key = $1 AND disabled_at IS NULL";
    BY_ID = "SELECT id, tenant_id, email, password_hash, must_change_password, created_at FROM persons WHERE id = $1";
    ROLES = "SELECT role, tenant_id, domain_id FROM grants
        WHERE person_id = $1 AND (expires_at IS NULL OR expires_at > $2) ORDER BY created_at, role";
    INSERT_SESSION = "INSERT INTO sessions (id, person_id, address, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)";
    END_SESSION = "UPDATE sessions SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL";
    END_OTHERS = "UPDATE sessions SET ended_at = $3 WHERE person_id = $1 AND id <> $2 AND ended_at IS NULL";
    SET_PASSWORD = "UPDATE persons SET password_hash = $2, must_change_password = FALSE
        WHERE id = $1 AND password_hash = $3";
    SWEEP = "DELETE FROM sessions WHERE expires_at <= $1";
}

/// An account as a sign-in needs it.
#[derive(Debug)]
pub(super) struct Account {
    pub id: Id<ids::Person>,
    pub email: String,
    pub password_hash: String,
    pub must_change_password: bool,
}

/// Role, and the subtree or the domain it is for.
pub(super) type HeldRole = (String, Option<Id<ids::Tenant>>, Option<Id<ids::Domain>>);

/// An account as its owner sees it.
#[derive(Debug)]
pub(super) struct Person {
    pub id: Id<ids::Person>,
    pub tenant: Id<ids::Tenant>,
    pub email: String,
    pub password_hash: String,
    pub must_change_password: bool,
    pub created_at: Micros,
    /// Those that count now.
    pub grants: Vec<HeldRole>,
}

pub(super) async fn by_email(read: &mut Read, email: &str) -> Result<Option<Account>, StoreError> {
    let key = email.to_lowercase();
    let row = run!(read, fetch_optional BY_EMAIL as (Uuid, String, String, bool), key.as_str())?;
    Ok(row.map(|(id, email, password_hash, must_change_password)| Account {
        id: Id::from_uuid(id),
        email,
        password_hash,
        must_change_password,
    }))
}

pub(super) async fn by_id(read: &mut Read, id: Id<ids::Person>, now: Micros) -> Result<Option<Person>, StoreError> {
    let row = run!(read, fetch_optional BY_ID as (Uuid, Uuid, String, String, bool, i64), id.uuid())?;
    let Some((person, tenant, email, password_hash, must_change_password, created_at)) = row else { return Ok(None) };
    let grants = run!(read, fetch_all ROLES as (String, Option<Uuid>, Option<Uuid>), person, now.as_micros())?;
    Ok(Some(Person {
        id: Id::from_uuid(person),
        tenant: Id::from_uuid(tenant),
        email,
        password_hash,
        must_change_password,
        created_at: Micros::from_micros(created_at),
        grants: grants
            .into_iter()
            .map(|(role, tenant, domain)| (role, tenant.map(Id::from_uuid), domain.map(Id::from_uuid)))
            .collect(),
    }))
}

pub(super) async fn insert_session(
    tx: &mut Tx,
    id: Id<ids::Session>,
    person: Id<ids::Person>,
    now: Micros,
    expires_at: Micros,
) -> Result<(), StoreError> {
    let address = tx.caller().address.map(|address| address.to_string());
    run!(tx, execute INSERT_SESSION, id.uuid(), person.uuid(), address.as_deref(), now.as_micros(), expires_at.as_micros())?;
    Ok(())
}

pub(super) async fn end_session(tx: &mut Tx, id: Id<ids::Session>) -> Result<(), StoreError> {
    let now = tx.now().as_micros();
    run!(tx, execute END_SESSION, id.uuid(), now)?;
    Ok(())
}

/// Ends every session of the person but one.
pub(super) async fn end_others(tx: &mut Tx, person: Id<ids::Person>, but: Id<ids::Session>) -> Result<(), StoreError> {
    let now = tx.now().as_micros();
    run!(tx, execute END_OTHERS, person.uuid(), but.uuid(), now)?;
    Ok(())
}

/// Fails with `Stale` if the password is not `old_hash` any more.
pub(super) async fn set_password(
    tx: &mut Tx,
    id: Id<ids::Person>,
    hash: &str,
    old_hash: &str,
) -> Result<(), StoreError> {
    match run!(tx, execute SET_PASSWORD, id.uuid(), hash, old_hash)? {
        1 => Ok(()),
        _ => Err(StoreError::Stale),
    }
}

/// Deletes sessions that are over by themselves.
pub(crate) async fn sweep(tx: &mut Tx, now: Micros) -> Result<u64, StoreError> {
    run!(tx, execute SWEEP, now.as_micros())
}
