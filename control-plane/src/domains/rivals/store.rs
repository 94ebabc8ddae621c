//! The columns of the table `domains` that say that a name went to another tenant. None of them moves the revision.

use contract::{Id, Micros, ids, mail::Domain as Name};
use uuid::Uuid;

use crate::db::{Read, StoreError, Tx, run, sql};

sql! {
    Main;
    MARK = "UPDATE domains SET taken_at = $3 WHERE name = $1 AND tenant_id <> $2 AND state = 'pending' AND taken_at IS NULL";
    // Three days are counted against one holder: against the next they begin anew.
    ANEW = "UPDATE domains SET contest_since = NULL, contest_seen_at = NULL WHERE name = $1 AND state = 'pending'";
    HURRY = "UPDATE domains SET next_check_at = $3 WHERE name = $1 AND tenant_id <> $2 AND state = 'pending'";
    CLEAR = "UPDATE domains SET taken_at = NULL, taken_told_at = NULL WHERE id = $1";
    UNTOLD = "SELECT id FROM domains WHERE taken_at IS NOT NULL AND taken_told_at IS NULL ORDER BY taken_at LIMIT 100";
    IS_UNTOLD = "SELECT id FROM domains WHERE id = $1 AND taken_at IS NOT NULL AND taken_told_at IS NULL";
    TOLD = "UPDATE domains SET taken_told_at = $2 WHERE id = $1";
}

/// Those of other tenants that wait for the name.
pub(super) async fn mark(tx: &mut Tx, holder: Id<ids::Tenant>, name: &Name) -> Result<(), StoreError> {
    let now = tx.now().as_micros();
    run!(tx, execute MARK, name.as_ascii(), holder.uuid(), now)?;
    run!(tx, execute ANEW, name.as_ascii())?;
    Ok(())
}

/// Those of other tenants that wait for the name are looked at at once.
pub(super) async fn hurry(tx: &mut Tx, holder: Id<ids::Tenant>, name: &Name) -> Result<(), StoreError> {
    let now = tx.now().as_micros();
    run!(tx, execute HURRY, name.as_ascii(), holder.uuid(), now)?;
    Ok(())
}

/// Nobody else has the name any more.
pub(in crate::domains) async fn clear(tx: &mut Tx, id: Id<ids::Domain>) -> Result<(), StoreError> {
    run!(tx, execute CLEAR, id.uuid())?;
    Ok(())
}

/// Some of those that are marked and were not told.
pub(super) async fn untold(read: &mut Read) -> Result<Vec<Id<ids::Domain>>, StoreError> {
    let rows = run!(read, fetch_all UNTOLD as (Uuid,))?;
    Ok(rows.into_iter().map(|(id,)| Id::from_uuid(id)).collect())
}

pub(super) async fn is_untold(read: &mut Read, id: Id<ids::Domain>) -> Result<bool, StoreError> {
    Ok(run!(read, fetch_optional IS_UNTOLD as (Uuid,), id.uuid())?.is_some())
}

pub(super) async fn told(tx: &mut Tx, id: Id<ids::Domain>) -> Result<(), StoreError> {
    let now: Micros = tx.now();
    run!(tx, execute TOLD, id.uuid(), now.as_micros())?;
    Ok(())
}
