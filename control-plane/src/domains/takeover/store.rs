//! The columns of `domains` that follow who wants an active name: `contest_…` of who wants it, `contested_at` of who has it. None
//! of them moves the revision.

use contract::{Id, Micros, ids, mail::Domain as Name};
use uuid::Uuid;

use super::Contest;
use crate::{
    db::{Read, StoreError, Tx, run, sql},
    domains::Domain,
};

sql! {
    Main;
    OPEN = "UPDATE domains SET contest_next_at = $2 WHERE id = $1 AND contest_next_at IS NULL";
    CLOSE = "UPDATE domains SET contest_next_at = NULL, contest_since = NULL, contest_seen_at = NULL WHERE id = $1";
    NOTE = "UPDATE domains SET contest_next_at = $2, contest_since = $3, contest_seen_at = $4 WHERE id = $1";
    GET = "SELECT contest_since, contest_seen_at FROM domains WHERE id = $1";
    DUE = "SELECT c.id, h.id FROM domains c JOIN domains h ON h.name = c.name AND h.state = 'active' AND h.tenant_id <> c.tenant_id
        WHERE c.contest_next_at <= $1 AND c.state = 'pending' ORDER BY c.contest_next_at LIMIT 20";
    SINCE = "SELECT MIN(contest_since) FROM domains WHERE name = $1 AND state = 'pending'";
    // Whoever wanted it is gone.
    QUIET = "SELECT h.id FROM domains h WHERE h.contested_at IS NOT NULL AND h.state = 'active' AND NOT EXISTS
            (SELECT 1 FROM domains c WHERE c.name = h.name AND c.state = 'pending' AND c.contest_since IS NOT NULL)
        ORDER BY h.id LIMIT 20";
    MARK = "UPDATE domains SET contested_at = $2 WHERE id = $1";
    LET_GO = "UPDATE domains SET defer_until = $2, taken_at = $3, taken_told_at = $3, contested_at = NULL, former_tenants = NULL,
            former_until = NULL, ownership_missing_since = NULL, ownership_lost_at = NULL
        WHERE id = $1";
}

/// From now on both proofs are looked at.
pub(in crate::domains) async fn open(tx: &mut Tx, id: Id<ids::Domain>) -> Result<(), StoreError> {
    let now = tx.now().as_micros();
    run!(tx, execute OPEN, id.uuid(), now)?;
    Ok(())
}

pub(in crate::domains) async fn close(tx: &mut Tx, id: Id<ids::Domain>) -> Result<(), StoreError> {
    run!(tx, execute CLOSE, id.uuid())?;
    Ok(())
}

pub(super) async fn note(tx: &mut Tx, id: Id<ids::Domain>, contest: Contest, next: Micros) -> Result<(), StoreError> {
    run!(tx, execute NOTE, id.uuid(), next.as_micros(), contest.since.map(Micros::as_micros),
        contest.seen_at.map(Micros::as_micros))?;
    Ok(())
}

pub(super) async fn contest(read: &mut Read, id: Id<ids::Domain>) -> Result<Contest, StoreError> {
    let row = run!(read, fetch_optional GET as (Option<i64>, Option<i64>), id.uuid())?;
    let (since, seen_at) = row.unwrap_or_default();
    Ok(Contest { since: since.map(Micros::from_micros), seen_at: seen_at.map(Micros::from_micros) })
}

/// Who wants a name, and who has it.
pub(super) async fn due(read: &mut Read, now: Micros) -> Result<Vec<(Id<ids::Domain>, Id<ids::Domain>)>, StoreError> {
    let rows = run!(read, fetch_all DUE as (Uuid, Uuid), now.as_micros())?;
    Ok(rows.into_iter().map(|(claimant, holder)| (Id::from_uuid(claimant), Id::from_uuid(holder))).collect())
}

/// Domains whose holders were told of somebody who is not there any more.
pub(super) async fn quiet(read: &mut Read) -> Result<Vec<Id<ids::Domain>>, StoreError> {
    let rows = run!(read, fetch_all QUIET as (Uuid,))?;
    Ok(rows.into_iter().map(|(id,)| Id::from_uuid(id)).collect())
}

/// Since when the first of those who want the name has the only proof.
pub(super) async fn contested_since(read: &mut Read, name: &Name) -> Result<Option<Micros>, StoreError> {
    let (since,) = run!(read, fetch_one SINCE as (Option<i64>,), name.as_ascii())?;
    Ok(since.map(Micros::from_micros))
}

pub(super) async fn mark(tx: &mut Tx, id: Id<ids::Domain>, since: Option<Micros>) -> Result<(), StoreError> {
    run!(tx, execute MARK, id.uuid(), since.map(Micros::as_micros))?;
    Ok(())
}

/// What only an active domain has. Of one that is taken its tenant is told otherwise.
pub(super) async fn let_go(tx: &mut Tx, domain: &Domain) -> Result<(), StoreError> {
    run!(tx, execute LET_GO, domain.id.uuid(), domain.defer_until.as_micros(),
        domain.taken_at.map(Micros::as_micros))?;
    Ok(())
}
