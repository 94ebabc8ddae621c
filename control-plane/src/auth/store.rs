//! What a credential is worth now: sessions with their person's grants, and worker tokens.

use contract::{Id, Micros, ids};
use uuid::Uuid;

use crate::db::{Read, StoreError, run, sql};

sql! {
    Main;
    SESSION = "SELECT p.email, p.must_change_password, COALESCE(s.idle_ends_at, s.expires_at), s.enrol_only,
            COALESCE(s.verified_at, s.created_at)
        FROM sessions s JOIN persons p ON p.id = s.person_id
        WHERE s.id = $1 AND s.person_id = $2 AND s.ended_at IS NULL AND p.disabled_at IS NULL";
    GRANTS = "SELECT role FROM grants WHERE person_id = $1 AND tenant_id IS NULL";
    WORKER = "SELECT w.id, w.pool_id FROM worker_tokens t JOIN workers w ON w.id = t.worker_id
        WHERE t.token_hash = $1 AND t.expires_at > $2 AND w.revoked_at IS NULL";
}

/// A live session.
#[derive(Debug)]
pub(super) struct Session {
    pub email: String,
    pub must_change_password: bool,
    pub enrol_only: bool,
    /// When it was last shown who it is.
    pub verified_at: Micros,
    /// Names of roles over the whole installation.
    pub roles: Vec<String>,
}

pub(super) async fn session(
    read: &mut Read,
    session: Id<ids::Session>,
    person: Id<ids::Person>,
    now: Micros,
) -> Result<Option<Session>, StoreError> {
    let row = run!(read, fetch_optional SESSION as (String, bool, i64, bool, i64), session.uuid(), person.uuid())?;
    let Some((email, must_change_password, _, enrol_only, verified_at)) = row.filter(|row| row.2 > now.as_micros())
    else {
        return Ok(None);
    };
    let roles = run!(read, fetch_all GRANTS as (String,), person.uuid())?;
    let roles = roles.into_iter().map(|(role,)| role).collect();
    Ok(Some(Session { email, must_change_password, enrol_only, verified_at: Micros::from_micros(verified_at), roles }))
}

/// The worker behind a token that is neither expired nor revoked.
pub(super) async fn worker(
    read: &mut Read,
    token_hash: [u8; 32],
    now: Micros,
) -> Result<Option<(Id<ids::Worker>, Id<ids::Pool>)>, StoreError> {
    let row = run!(read, fetch_optional WORKER as (Uuid, Uuid), token_hash.to_vec(), now.as_micros())?;
    Ok(row.map(|(worker, pool)| (Id::from_uuid(worker), Id::from_uuid(pool))))
}
