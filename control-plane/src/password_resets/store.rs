//! Rows of the tables `password_resets` and `password_reset_requests`.

use contract::{Id, Micros, ids};
use uuid::Uuid;

use super::{Account, Chosen};
use crate::{
    auth::scope::Sets,
    db::{Read, StoreError, Tx, in_set, run, sql},
    http::Page,
};

/// A new password that waits for an administrator.
macro_rules! waiting {
    ($rest:expr) => {
        concat!(
            "SELECT r.id, r.person_id, p.tenant_id, p.email, p.password_hash, r.created_at, r.waiting_since, r.expires_at,
                r.new_password_hash, r.compromised, r.end_api_keys
            FROM password_resets r JOIN persons p ON p.id = r.person_id
            WHERE r.waiting_since IS NOT NULL AND r.ended_at IS NULL AND r.new_password_hash IS NOT NULL AND r.expires_at > $2
                AND p.disabled_at IS NULL AND p.password_hash = r.password_hash AND ",
            $rest
        )
    };
}

/// Those of people all of whose grants are over something in the scope.
macro_rules! waiting_in_scope {
    ($engine:ident) => {
        waiting!(concat!(
            "r.id > $1 AND (CAST($3 AS TEXT) IS NULL OR (",
            in_set!($engine, "p.tenant_id", "$3"),
            " AND NOT EXISTS (SELECT 1 FROM grants g LEFT JOIN domains d ON d.id = g.domain_id
                WHERE g.person_id = p.id AND (g.expires_at IS NULL OR g.expires_at > $2)
                    AND NOT COALESCE(",
            in_set!($engine, "COALESCE(g.tenant_id, d.tenant_id)", "$3"),
            ", FALSE)))) ORDER BY r.id LIMIT $4"
        ))
    };
}

sql! {
    Main;
    INSERT_REQUEST = "INSERT INTO password_reset_requests (id, sealed, created_at) VALUES ($1, $2, $3)";
    COUNT_REQUESTS = "SELECT COUNT(*) FROM password_reset_requests";
    REQUESTS = "SELECT id, sealed, created_at FROM password_reset_requests ORDER BY id LIMIT $1";
    TAKE_REQUEST = "DELETE FROM password_reset_requests WHERE id = $1";
    COUNT_SINCE = "SELECT COUNT(*) FROM password_resets WHERE person_id = $1 AND created_at > $2";
    INSERT = "INSERT INTO password_resets (id, person_id, token_hash, password_hash, created_at, expires_at)
        SELECT $1, p.id, $3, p.password_hash, $4, $5 FROM persons p WHERE p.id = $2";
    LINK = "SELECT r.id, p.id, p.tenant_id, p.email, p.password_hash
        FROM password_resets r JOIN persons p ON p.id = r.person_id
        WHERE r.token_hash = $1 AND r.expires_at > $2 AND r.ended_at IS NULL AND r.waiting_since IS NULL
            AND p.disabled_at IS NULL AND p.password_hash = r.password_hash";
    END_LINKS = "UPDATE password_resets SET ended_at = $2
        WHERE person_id = $1 AND ended_at IS NULL AND waiting_since IS NULL";
    END_WAITING = "UPDATE password_resets SET ended_at = $2, new_password_hash = NULL
        WHERE person_id = $1 AND ended_at IS NULL AND waiting_since IS NOT NULL";
    END_ALL = "UPDATE password_resets SET ended_at = $2, new_password_hash = NULL
        WHERE person_id = $1 AND ended_at IS NULL";
    WAIT = "UPDATE password_resets SET waiting_since = $2, expires_at = $3, new_password_hash = $4, compromised = $5,
            end_api_keys = $6
        WHERE id = $1";
    WAITING = { sqlite: waiting_in_scope!(sqlite), postgres: waiting_in_scope!(postgres) };
    GET_WAITING = (waiting!("r.id = $1"));
    SWEEP = "DELETE FROM password_resets WHERE expires_at <= $1";
}

type AccountRow = (Uuid, Uuid, String, String);

fn account((id, tenant, email, password_hash): AccountRow) -> Account {
    Account { id: Id::from_uuid(id), tenant: Id::from_uuid(tenant), email, password_hash }
}

/// What somebody asked for.
#[derive(Debug)]
pub(super) struct Request {
    pub id: Id<ids::PasswordReset>,
    pub sealed: Vec<u8>,
    pub created_at: Micros,
}

pub(super) async fn insert_request(
    tx: &mut Tx,
    id: Id<ids::PasswordReset>,
    sealed: &[u8],
    most: i64,
) -> Result<(), StoreError> {
    let (waiting,) = run!(tx, fetch_one COUNT_REQUESTS as (i64,))?;
    if waiting < most {
        let now = tx.now().as_micros();
        run!(tx, execute INSERT_REQUEST, id.uuid(), sealed, now)?;
    }
    Ok(())
}

/// The oldest that nobody has looked at.
pub(super) async fn requests(read: &mut Read, limit: i64) -> Result<Vec<Request>, StoreError> {
    let rows = run!(read, fetch_all REQUESTS as (Uuid, Vec<u8>, i64), limit)?;
    let request = |(id, sealed, created_at)| Request {
        id: Id::from_uuid(id),
        sealed,
        created_at: Micros::from_micros(created_at),
    };
    Ok(rows.into_iter().map(request).collect())
}

/// False: another replica has it.
pub(super) async fn take_request(tx: &mut Tx, id: Id<ids::PasswordReset>) -> Result<bool, StoreError> {
    Ok(run!(tx, execute TAKE_REQUEST, id.uuid())? == 1)
}

/// Links that the person was sent since then.
pub(super) async fn count_since(read: &mut Read, person: Id<ids::Person>, since: Micros) -> Result<i64, StoreError> {
    Ok(run!(read, fetch_one COUNT_SINCE as (i64,), person.uuid(), since.as_micros())?.0)
}

pub(super) async fn insert(
    tx: &mut Tx,
    person: Id<ids::Person>,
    token_hash: [u8; 32],
    expires_at: Micros,
) -> Result<(), StoreError> {
    let (id, now) = (tx.new_id::<ids::PasswordReset>(), tx.now().as_micros());
    run!(tx, execute INSERT, id.uuid(), person.uuid(), token_hash.to_vec(), now, expires_at.as_micros())?;
    Ok(())
}

/// A link that is good at this moment, and whose it is.
pub(super) async fn link(
    read: &mut Read,
    token_hash: [u8; 32],
    now: Micros,
) -> Result<Option<(Id<ids::PasswordReset>, Account)>, StoreError> {
    let row =
        run!(read, fetch_optional LINK as (Uuid, Uuid, Uuid, String, String), token_hash.to_vec(), now.as_micros())?;
    Ok(row.map(|(id, person, tenant, email, hash)| (Id::from_uuid(id), account((person, tenant, email, hash)))))
}

/// Links that nobody has used; what waits goes on waiting.
pub(super) async fn end_links(tx: &mut Tx, person: Id<ids::Person>) -> Result<(), StoreError> {
    let now = tx.now().as_micros();
    run!(tx, execute END_LINKS, person.uuid(), now)?;
    Ok(())
}

/// Links of the person, and what waits.
pub(crate) async fn end_all(tx: &mut Tx, person: Id<ids::Person>) -> Result<(), StoreError> {
    let now = tx.now().as_micros();
    run!(tx, execute END_ALL, person.uuid(), now)?;
    Ok(())
}

/// The password waits, in place of one that did before.
pub(super) async fn wait(
    tx: &mut Tx,
    id: Id<ids::PasswordReset>,
    person: Id<ids::Person>,
    chosen: &Chosen,
    until: Micros,
) -> Result<(), StoreError> {
    let now = tx.now().as_micros();
    run!(tx, execute END_WAITING, person.uuid(), now)?;
    run!(tx, execute WAIT, id.uuid(), now, until.as_micros(), chosen.hash.as_str(), chosen.compromised, chosen.end_api_keys)?;
    Ok(())
}

#[derive(Debug, sqlx::FromRow)]
struct Row {
    id: Uuid,
    person_id: Uuid,
    tenant_id: Uuid,
    email: String,
    password_hash: String,
    created_at: i64,
    waiting_since: i64,
    expires_at: i64,
    new_password_hash: String,
    compromised: Option<bool>,
    end_api_keys: bool,
}

/// A new password that waits for an administrator.
pub(super) struct Waiting {
    pub id: Id<ids::PasswordReset>,
    pub account: Account,
    pub created_at: Micros,
    pub since: Micros,
    pub expires_at: Micros,
    pub chosen: Chosen,
}

impl From<Row> for Waiting {
    fn from(row: Row) -> Self {
        Self {
            id: Id::from_uuid(row.id),
            account: account((row.person_id, row.tenant_id, row.email, row.password_hash)),
            created_at: Micros::from_micros(row.created_at),
            since: Micros::from_micros(row.waiting_since),
            expires_at: Micros::from_micros(row.expires_at),
            chosen: Chosen {
                hash: row.new_password_hash,
                compromised: row.compromised,
                end_api_keys: row.end_api_keys,
            },
        }
    }
}

/// One more than the page holds.
pub(super) async fn list_waiting(
    read: &mut Read,
    scope: &Sets,
    now: Micros,
    page: &Page<Uuid>,
) -> Result<Vec<Waiting>, StoreError> {
    let rows = run!(read, fetch_all WAITING as Row, page.after.unwrap_or_default(), now.as_micros(),
        scope.tenants.as_deref(), page.rows())?;
    Ok(rows.into_iter().map(Waiting::from).collect())
}

pub(super) async fn waiting(
    read: &mut Read,
    id: Id<ids::PasswordReset>,
    now: Micros,
) -> Result<Option<Waiting>, StoreError> {
    Ok(run!(read, fetch_optional GET_WAITING as Row, id.uuid(), now.as_micros())?.map(Waiting::from))
}

pub(super) async fn sweep(tx: &mut Tx, until: Micros) -> Result<u64, StoreError> {
    run!(tx, execute SWEEP, until.as_micros())
}
