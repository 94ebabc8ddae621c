//! Errands: what must be seen from a worker's place. Whoever asks writes a row and waits; any replica hands it to a worker
//! of the pool that waits for one; its answer goes back by the row. An errand outlives neither asker nor worker.

pub mod api;
mod pace;
mod store;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use contract::{
    Id,
    errand::{Outcome, Task},
    ids,
};
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use crate::{
    app::AppState,
    auth::{Grant, action::RunErrands},
    db::{StoreError, System, Tx},
    http::{ApiError, Code},
    workers,
};
use pace::Pace;
pub(crate) use store::STATEMENTS;

/// Nobody waits for an answer any longer.
const WITHIN: Duration = Duration::from_secs(20);
/// Of which the worker may not use so much: its answer has a way to go.
const WAY_BACK: Duration = Duration::from_secs(2);
/// A worker that waits for errands takes one at once.
const TAKEN_WITHIN: Duration = Duration::from_secs(5);
/// How often the rows are looked at: another replica writes them too.
const POLL: Duration = Duration::from_millis(250);
/// Under way in one pool.
const MOST: i64 = 50;

/// Who waits for errands here, and for answers.
#[derive(Debug, Default)]
pub struct Errands {
    waiting: Mutex<HashMap<Id<ids::Pool>, Arc<Notify>>>,
    /// Something changed in this process: an errand was asked for, or answered.
    news: watch::Sender<u64>,
    pace: Pace,
}

/// An answer, and whose it is.
#[derive(Debug)]
pub(crate) struct Answered {
    pub worker: Id<ids::Worker>,
    pub outcome: Outcome,
}

impl Errands {
    /// 429 for a person who asks too often.
    pub(crate) fn pace(&self, person: Id<ids::Person>, now: contract::Micros) -> Result<(), ApiError> {
        self.pace.check(person, now)
    }

    /// Has a worker of the first of these pools that has one do it, and waits for its answer.
    pub(crate) async fn ask(app: &AppState, pools: &[Id<ids::Pool>], task: &Task) -> Result<Answered, ApiError> {
        let system = System::task("errand");
        let mut news = app.errands.news.subscribe();
        let asked = Instant::now();
        let mut tx = app.db.begin(&system).await?;
        let since = tx.now() - workers::SEEN_WITHIN;
        let mut able = None;
        for pool in pools {
            if store::can_be_done(&mut tx, *pool, since).await? {
                able = Some(*pool);
                break;
            }
        }
        let Some(pool) = able else {
            return Err(no_worker(
                "no worker of the pool takes errands: none is there, or they are of an older release",
            ));
        };
        if store::under_way(&mut tx, pool).await? >= MOST {
            return Err(ApiError::new(Code::Overloaded).retry_after_s(5));
        }
        let id = tx.new_id();
        let expires_at = tx.now() + WITHIN;
        store::insert(&mut tx, id, pool, task, expires_at).await?;
        tx.commit().await?;
        app.errands.nudge();
        let answered = loop {
            let state = store::state(&mut app.db.read(&system).await?, id).await?;
            let over = asked.elapsed();
            match state {
                Some(store::State::Answered(worker, outcome)) => break Ok(Answered { worker, outcome }),
                Some(store::State::Waiting) if over >= TAKEN_WITHIN => {
                    break Err(no_worker("no worker took it within 5 seconds"));
                }
                Some(store::State::Taken) if over >= WITHIN => {
                    break Err(no_worker("the worker that took it did not answer"));
                }
                Some(_) if !app.stopping.is_cancelled() => {}
                Some(_) | None => break Err(no_worker("it was given up")),
            }
            let _ = tokio::time::timeout(POLL, news.changed()).await;
        };
        let mut tx = app.db.begin(&system).await?;
        store::delete(&mut tx, id).await?;
        tx.commit().await?;
        answered
    }

    fn nudge(&self) {
        self.news.send_modify(|n| *n += 1);
    }

    fn of_pool(&self, pool: Id<ids::Pool>) -> Arc<Notify> {
        Arc::clone(self.waiting.lock().unwrap_or_else(PoisonError::into_inner).entry(pool).or_default())
    }

    /// Wakes one worker for each errand that waits, whoever wrote it. Runs until the stop.
    pub(crate) async fn follow(app: AppState) {
        let system = System::task("errands");
        let mut news = app.errands.news.subscribe();
        loop {
            let waiting = async { store::waiting(&mut app.db.read(&system).await?, app.clock.now()).await };
            match waiting.await {
                Ok(pools) => pools.into_iter().for_each(|pool| app.errands.of_pool(pool).notify_one()),
                Err(error) => tracing::warn!(%error, "errands could not be looked for"),
            }
            tokio::select! {
                _ = tokio::time::timeout(POLL, news.changed()) => {}
                () = app.stopping.cancelled() => return,
            }
        }
    }
}

fn no_worker(detail: &str) -> ApiError {
    ApiError::new(Code::NoWorker).detail(detail)
}

/// Takes away what nobody waits for any more: whoever asked ended in the middle of it.
pub(crate) async fn sweep(tx: &mut Tx) -> Result<(), StoreError> {
    store::sweep(tx).await
}

/// The next errand for the worker that asks; 401 where it was deleted while it waited.
async fn take(app: &AppState, grant: &Grant<RunErrands>) -> Result<Option<contract::errand::Errand>, ApiError> {
    let (worker, pool) = grant.worker()?;
    // Most who are woken find nothing: they must not queue for the one writing connection.
    let now = app.clock.now();
    if !store::waiting(&mut app.db.read(grant).await?, now).await?.contains(&pool) {
        return Ok(None);
    }
    let mut tx = app.db.begin(grant).await?;
    grant.holding_now(app, &mut tx).await?;
    let taken = store::take(&mut tx, pool, worker, WAY_BACK).await?;
    tx.commit().await?;
    Ok(taken)
}

/// Notes an answer; false where nobody waits for it from this worker.
async fn answer(
    app: &AppState,
    proof: &impl crate::db::Proof,
    id: Id<ids::Errand>,
    worker: Id<ids::Worker>,
    outcome: &Outcome,
) -> Result<bool, StoreError> {
    let mut tx = app.db.begin(proof).await?;
    let noted = store::answer(&mut tx, id, worker, outcome).await?;
    tx.commit().await?;
    app.errands.nudge();
    Ok(noted)
}
