//! Rows of the table `errands`.

use std::time::Duration;

use contract::{
    Id, Micros,
    errand::{Errand, Outcome, Task},
    ids,
};
use uuid::Uuid;

use crate::db::{Read, StoreError, Tx, run, sql};

sql! {
    Main;
    CAN_BE_DONE = "SELECT id FROM workers
        WHERE pool_id = $1 AND takes_errands AND revoked_at IS NULL AND last_seen_at >= $2 LIMIT 1";
    UNDER_WAY = "SELECT COUNT(*) FROM errands WHERE pool_id = $1 AND expires_at > $2";
    INSERT = "INSERT INTO errands (id, pool_id, task, expires_at) VALUES ($1, $2, $3, $4)";
    WAITING = "SELECT DISTINCT pool_id FROM errands WHERE taken_at IS NULL AND expires_at > $1";
    TAKE = {
        sqlite: "UPDATE errands SET taken_at = $3, worker_id = $2 WHERE id =
                (SELECT id FROM errands WHERE pool_id = $1 AND taken_at IS NULL AND expires_at > $3 ORDER BY id LIMIT 1)
            RETURNING id, task, expires_at",
        postgres: "UPDATE errands SET taken_at = $3, worker_id = $2 WHERE id =
                (SELECT id FROM errands WHERE pool_id = $1 AND taken_at IS NULL AND expires_at > $3 ORDER BY id LIMIT 1
                    FOR UPDATE SKIP LOCKED)
            RETURNING id, task, expires_at",
    };
    ANSWER = "UPDATE errands SET answer = $3 WHERE id = $1 AND worker_id = $2 AND answer IS NULL AND expires_at > $4";
    STATE = "SELECT worker_id, answer FROM errands WHERE id = $1";
    DELETE = "DELETE FROM errands WHERE id = $1";
    SWEEP = "DELETE FROM errands WHERE expires_at <= $1";
}

/// How far an errand is.
pub(super) enum State {
    Waiting,
    Taken,
    Answered(Id<ids::Worker>, Outcome),
}

/// Does a worker that was seen since then take errands?
pub(super) async fn can_be_done(read: &mut Read, pool: Id<ids::Pool>, since: Micros) -> Result<bool, StoreError> {
    Ok(run!(read, fetch_optional CAN_BE_DONE as (Uuid,), pool.uuid(), since.as_micros())?.is_some())
}

pub(super) async fn under_way(tx: &mut Tx, pool: Id<ids::Pool>) -> Result<i64, StoreError> {
    let now = tx.now().as_micros();
    Ok(run!(tx, fetch_one UNDER_WAY as (i64,), pool.uuid(), now)?.0)
}

pub(super) async fn insert(
    tx: &mut Tx,
    id: Id<ids::Errand>,
    pool: Id<ids::Pool>,
    task: &Task,
    expires_at: Micros,
) -> Result<(), StoreError> {
    let text = serde_json::to_string(task).map_err(StoreError::corrupt("errands.task"))?;
    run!(tx, execute INSERT, id.uuid(), pool.uuid(), text.as_str(), expires_at.as_micros())?;
    Ok(())
}

/// Pools that have an errand nobody took.
pub(super) async fn waiting(read: &mut Read, now: Micros) -> Result<Vec<Id<ids::Pool>>, StoreError> {
    let rows = run!(read, fetch_all WAITING as (Uuid,), now.as_micros())?;
    Ok(rows.into_iter().map(|(pool,)| Id::from_uuid(pool)).collect())
}

/// The oldest that nobody took, with the time there is for it.
pub(super) async fn take(
    tx: &mut Tx,
    pool: Id<ids::Pool>,
    worker: Id<ids::Worker>,
    way_back: Duration,
) -> Result<Option<Errand>, StoreError> {
    let now = tx.now();
    let row = run!(tx, fetch_optional TAKE as (Uuid, String, i64), pool.uuid(), worker.uuid(), now.as_micros())?;
    let Some((id, task, expires_at)) = row else { return Ok(None) };
    let left = Micros::from_micros(expires_at).since(now).saturating_sub(way_back);
    let task = serde_json::from_str(&task).map_err(StoreError::corrupt("errands.task"))?;
    Ok(Some(Errand { id: Id::from_uuid(id), within_ms: u32::try_from(left.as_millis()).unwrap_or(u32::MAX), task }))
}

pub(super) async fn answer(
    tx: &mut Tx,
    id: Id<ids::Errand>,
    worker: Id<ids::Worker>,
    outcome: &Outcome,
) -> Result<bool, StoreError> {
    let text = serde_json::to_string(outcome).map_err(StoreError::corrupt("errands.answer"))?;
    let now = tx.now().as_micros();
    Ok(run!(tx, execute ANSWER, id.uuid(), worker.uuid(), text.as_str(), now)? == 1)
}

pub(super) async fn state(read: &mut Read, id: Id<ids::Errand>) -> Result<Option<State>, StoreError> {
    let Some((worker, answer)) = run!(read, fetch_optional STATE as (Option<Uuid>, Option<String>), id.uuid())? else {
        return Ok(None);
    };
    Ok(Some(match (worker, answer) {
        (None, _) => State::Waiting,
        (Some(_), None) => State::Taken,
        (Some(worker), Some(text)) => {
            let outcome = serde_json::from_str(&text).map_err(StoreError::corrupt("errands.answer"))?;
            State::Answered(Id::from_uuid(worker), outcome)
        }
    }))
}

pub(super) async fn delete(tx: &mut Tx, id: Id<ids::Errand>) -> Result<(), StoreError> {
    run!(tx, execute DELETE, id.uuid())?;
    Ok(())
}

pub(super) async fn sweep(tx: &mut Tx) -> Result<(), StoreError> {
    let now = tx.now().as_micros();
    run!(tx, execute SWEEP, now)?;
    Ok(())
}
