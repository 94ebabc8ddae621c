//! Rows of the tables `persons` and `sessions`.

use contract::{Id, Micros, ids};
use uuid::Uuid;

use crate::{
    db::{Read, StoreError, Tx, run, sql},
    http::Page,
};

sql! {
    Main;
    BY_EMAIL = "SELECT id, password_hash FROM persons WHERE email_key = $1 AND disabled_at IS NULL";
    BY_ID = "SELECT id, tenant_id, email, password_hash, must_change_password, password_compromised, password_checked_at,
            created_at
        FROM persons WHERE id = $1";
    ROLES = "SELECT role, tenant_id, domain_id FROM grants
        WHERE person_id = $1 AND (expires_at IS NULL OR expires_at > $2) ORDER BY created_at, role";
    INSERT_SESSION = "INSERT INTO sessions
        (id, person_id, address, user_agent, factors, created_at, last_used_at, idle_ends_at, expires_at, enrol_only)
        VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9)";
    STATE = "SELECT factors, enrol_only, created_at, expires_at FROM sessions WHERE id = $1";
    MAKE_WHOLE = "UPDATE sessions SET enrol_only = FALSE, idle_ends_at = $2, expires_at = $3 WHERE id = $1";
    VERIFIED = "UPDATE sessions SET verified_at = $2, factors = $3 WHERE id = $1";
    // Whoever signed in by less than the person has now shows more before anything that matters.
    STALE = "UPDATE sessions SET verified_at = 0 WHERE person_id = $1 AND id <> $2 AND ended_at IS NULL";
    END_ALL = "UPDATE sessions SET ended_at = $2 WHERE person_id = $1 AND ended_at IS NULL";
    DEMAND_CHANGE = "UPDATE persons SET must_change_password = TRUE WHERE id = $1";
    CARRY_ON = "UPDATE sessions SET last_used_at = $2, idle_ends_at = $3 WHERE id = $1";
    INSERT_TOKEN = "INSERT INTO refresh_tokens (token_hash, session_id, created_at) VALUES ($1, $2, $3)";
    SPEND_TOKEN = "UPDATE refresh_tokens SET spent_at = $2, spent_by = $3 WHERE token_hash = $1 AND spent_at IS NULL";
    FAMILY = "SELECT s.id AS session, s.person_id AS person, p.must_change_password, s.enrol_only, s.idle_ends_at, s.expires_at,
            s.ended_at, t.spent_at, t.spent_by
        FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id JOIN persons p ON p.id = s.person_id
        WHERE t.token_hash = $1 AND p.disabled_at IS NULL";
    OF_PERSON = "SELECT id, address, user_agent, factors, created_at, last_used_at, idle_ends_at, expires_at FROM sessions
        WHERE person_id = $1 AND ended_at IS NULL AND COALESCE(idle_ends_at, expires_at) > $2 AND id < $3
        ORDER BY id DESC LIMIT $4";
    END_OWN = "UPDATE sessions SET ended_at = $3 WHERE id = $1 AND person_id = $2 AND ended_at IS NULL
        AND COALESCE(idle_ends_at, expires_at) > $3";
    // Whoever ends it waits, or has ended it.
    HOLD_SESSION = "UPDATE sessions SET ended_at = NULL WHERE id = $1 AND person_id = $2 AND ended_at IS NULL";
    END_SESSION = "UPDATE sessions SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL";
    END_OTHERS = "UPDATE sessions SET ended_at = $3 WHERE person_id = $1 AND id <> $2 AND ended_at IS NULL";
    SET_PASSWORD = "UPDATE persons SET password_hash = $2, must_change_password = FALSE, password_compromised = $4,
            password_checked_at = $5
        WHERE id = $1 AND password_hash = $3";
    MARK_PASSWORD = "UPDATE persons SET must_change_password = must_change_password OR $2, password_compromised = $3,
            password_checked_at = $4
        WHERE id = $1";
    IS_COMPROMISED = "SELECT password_compromised FROM persons WHERE id = $1";
    SWEEP = "DELETE FROM sessions WHERE expires_at <= $1 OR idle_ends_at <= $1";
}

/// An account whose password is to be verified.
#[derive(Debug)]
pub(super) struct Account {
    pub id: Id<ids::Person>,
    pub password_hash: String,
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
    pub password_compromised: bool,
    /// When it was last known whether it is. None: it could not be found out yet.
    pub password_checked_at: Option<Micros>,
    pub created_at: Micros,
    /// Those that count now.
    pub grants: Vec<HeldRole>,
}

pub(super) async fn by_email(read: &mut Read, email: &str) -> Result<Option<Account>, StoreError> {
    let key = email.to_lowercase();
    let row = run!(read, fetch_optional BY_EMAIL as (Uuid, String), key.as_str())?;
    Ok(row.map(|(id, password_hash)| Account { id: Id::from_uuid(id), password_hash }))
}

pub(super) async fn by_id(read: &mut Read, id: Id<ids::Person>, now: Micros) -> Result<Option<Person>, StoreError> {
    let row =
        run!(read, fetch_optional BY_ID as (Uuid, Uuid, String, String, bool, bool, Option<i64>, i64), id.uuid())?;
    let Some((person, tenant, email, password_hash, must_change, compromised, checked_at, created_at)) = row else {
        return Ok(None);
    };
    let grants = run!(read, fetch_all ROLES as (String, Option<Uuid>, Option<Uuid>), person, now.as_micros())?;
    Ok(Some(Person {
        id: Id::from_uuid(person),
        tenant: Id::from_uuid(tenant),
        email,
        password_hash,
        must_change_password: must_change,
        password_compromised: compromised,
        password_checked_at: checked_at.map(Micros::from_micros),
        created_at: Micros::from_micros(created_at),
        grants: grants
            .into_iter()
            .map(|(role, tenant, domain)| (role, tenant.map(Id::from_uuid), domain.map(Id::from_uuid)))
            .collect(),
    }))
}

/// A session in the making.
#[derive(Debug)]
pub(super) struct NewSession<'a> {
    pub id: Id<ids::Session>,
    pub person: Id<ids::Person>,
    pub agent: Option<&'a str>,
    pub factors: &'a [&'static str],
    pub enrol_only: bool,
    pub idle_ends_at: Micros,
    pub expires_at: Micros,
}

pub(super) async fn insert_session(tx: &mut Tx, new: &NewSession<'_>) -> Result<(), StoreError> {
    let address = tx.caller().address.map(|address| address.to_string());
    let factors = serde_json::to_string(new.factors).map_err(StoreError::corrupt("factors"))?;
    let now = tx.now().as_micros();
    run!(
        tx,
        execute INSERT_SESSION,
        new.id.uuid(),
        new.person.uuid(),
        address.as_deref(),
        new.agent,
        factors.as_str(),
        now,
        new.idle_ends_at.as_micros(),
        new.expires_at.as_micros(),
        new.enrol_only,
    )?;
    Ok(())
}

/// What a session has shown and how long it lasts.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct State {
    pub factors: String,
    pub enrol_only: bool,
    pub created_at: i64,
    pub expires_at: i64,
}

impl State {
    pub(super) fn shown(&self) -> Result<Vec<String>, StoreError> {
        serde_json::from_str(&self.factors).map_err(StoreError::corrupt("sessions.factors"))
    }
}

pub(super) async fn state(read: &mut Read, id: Id<ids::Session>) -> Result<Option<State>, StoreError> {
    run!(read, fetch_optional STATE as State, id.uuid())
}

/// It is no enrol-only session any more.
pub(super) async fn make_whole(
    tx: &mut Tx,
    id: Id<ids::Session>,
    idle_ends_at: Micros,
    expires_at: Micros,
) -> Result<(), StoreError> {
    run!(tx, execute MAKE_WHOLE, id.uuid(), idle_ends_at.as_micros(), expires_at.as_micros())?;
    Ok(())
}

/// It was shown just now who it is, by these in all.
pub(super) async fn verified(tx: &mut Tx, id: Id<ids::Session>, factors: &[String]) -> Result<(), StoreError> {
    let factors = serde_json::to_string(factors).map_err(StoreError::corrupt("factors"))?;
    let now = tx.now().as_micros();
    run!(tx, execute VERIFIED, id.uuid(), now, factors.as_str())?;
    Ok(())
}

/// Every session of the person but one has to show again who it is.
pub(super) async fn make_stale(tx: &mut Tx, person: Id<ids::Person>, but: Id<ids::Session>) -> Result<(), StoreError> {
    run!(tx, execute STALE, person.uuid(), but.uuid())?;
    Ok(())
}

pub(crate) async fn end_all(tx: &mut Tx, person: Id<ids::Person>) -> Result<(), StoreError> {
    let now = tx.now().as_micros();
    run!(tx, execute END_ALL, person.uuid(), now)?;
    Ok(())
}

/// The password must be changed before anything else.
pub(super) async fn demand_change(tx: &mut Tx, person: Id<ids::Person>) -> Result<(), StoreError> {
    run!(tx, execute DEMAND_CHANGE, person.uuid())?;
    Ok(())
}

pub(super) async fn carry_on(tx: &mut Tx, id: Id<ids::Session>, idle_ends_at: Micros) -> Result<(), StoreError> {
    let now = tx.now().as_micros();
    run!(tx, execute CARRY_ON, id.uuid(), now, idle_ends_at.as_micros())?;
    Ok(())
}

pub(super) async fn insert_token(tx: &mut Tx, hash: &[u8; 32], session: Id<ids::Session>) -> Result<(), StoreError> {
    let now = tx.now().as_micros();
    run!(tx, execute INSERT_TOKEN, hash.as_slice(), session.uuid(), now)?;
    Ok(())
}

/// Is this the first time? Of two at once, one hears no and then sees what the other did.
pub(super) async fn spend_token(tx: &mut Tx, hash: &[u8; 32], by: &[u8; 32]) -> Result<bool, StoreError> {
    let now = tx.now().as_micros();
    Ok(run!(tx, execute SPEND_TOKEN, hash.as_slice(), now, by.as_slice())? == 1)
}

/// A refresh token and the session it is of.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Family {
    pub session: Uuid,
    pub person: Uuid,
    pub must_change_password: bool,
    pub enrol_only: bool,
    pub idle_ends_at: Option<i64>,
    pub expires_at: i64,
    pub ended_at: Option<i64>,
    pub spent_at: Option<i64>,
    pub spent_by: Option<Vec<u8>>,
}

pub(super) async fn family(read: &mut Read, hash: &[u8; 32]) -> Result<Option<Family>, StoreError> {
    run!(read, fetch_optional FAMILY as Family, hash.as_slice())
}

/// A session as its owner sees it.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Listed {
    pub id: Uuid,
    pub address: Option<String>,
    pub user_agent: Option<String>,
    pub factors: String,
    pub created_at: i64,
    pub last_used_at: Option<i64>,
    pub idle_ends_at: Option<i64>,
    pub expires_at: i64,
}

/// Those that are not over, newest first.
pub(super) async fn of_person(
    read: &mut Read,
    person: Id<ids::Person>,
    now: Micros,
    page: &Page<Uuid>,
) -> Result<Vec<Listed>, StoreError> {
    let before = page.after.unwrap_or(Uuid::max());
    run!(read, fetch_all OF_PERSON as Listed, person.uuid(), now.as_micros(), before, page.rows())
}

/// False if the person has no such session, or it is over.
pub(super) async fn end_own(tx: &mut Tx, id: Id<ids::Session>, person: Id<ids::Person>) -> Result<bool, StoreError> {
    let now = tx.now().as_micros();
    Ok(run!(tx, execute END_OWN, id.uuid(), person.uuid(), now)? == 1)
}

/// Takes the session's row until the transaction ends. False: it has ended.
pub(super) async fn hold_session(
    tx: &mut Tx,
    id: Id<ids::Session>,
    person: Id<ids::Person>,
) -> Result<bool, StoreError> {
    Ok(run!(tx, execute HOLD_SESSION, id.uuid(), person.uuid())? == 1)
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
pub(crate) async fn set_password(
    tx: &mut Tx,
    id: Id<ids::Person>,
    hash: &str,
    old_hash: &str,
    compromised: Option<bool>,
) -> Result<(), StoreError> {
    let checked_at = compromised.map(|_| tx.now().as_micros());
    let compromised = compromised.unwrap_or(false);
    match run!(tx, execute SET_PASSWORD, id.uuid(), hash, old_hash, compromised, checked_at)? {
        1 => Ok(()),
        _ => Err(StoreError::Stale),
    }
}

/// Writes down what was found out about the password, under `persons::hold`.
pub(super) async fn mark_password(
    tx: &mut Tx,
    person: Id<ids::Person>,
    must_change: bool,
    compromised: bool,
) -> Result<(), StoreError> {
    let now = tx.now().as_micros();
    run!(tx, execute MARK_PASSWORD, person.uuid(), must_change, compromised, now)?;
    Ok(())
}

/// Is it known that the person's password was exposed?
pub(super) async fn is_compromised(read: &mut Read, person: Id<ids::Person>) -> Result<bool, StoreError> {
    let row = run!(read, fetch_optional IS_COMPROMISED as (bool,), person.uuid())?;
    Ok(row.is_some_and(|(compromised,)| compromised))
}

/// Deletes sessions that are over by themselves.
pub(crate) async fn sweep(tx: &mut Tx, now: Micros) -> Result<u64, StoreError> {
    run!(tx, execute SWEEP, now.as_micros())
}
