//! Takes outbox rows to new heads, one a pool. One replica at a time, under a lease that is renewed while it compiles and whose fence
//! is checked in every transaction that writes. Edits made close together are published together; an edit compiles only what
//! it touches. `state` is what the holder remembers, `anew` how it begins, `draft` what is compiled and not in a head yet,
//! `commit` how it gets there.

mod anew;
mod commit;
mod draft;
mod schema;
mod shards;
mod state;

use std::{collections::BTreeMap, pin::Pin, time::Duration};

use contract::{Id, Micros, ids};
use tokio::time::Instant;

use self::state::State;
use super::compile::CompileError;
use crate::{
    app::AppState,
    db::{StoreError, System},
    lease::Lease,
    pools::{self, Pool},
};
pub(super) use draft::Draft;

const LEASE: &str = "publisher";
const LEASE_LASTS: Duration = Duration::from_secs(10);
/// At most four versions a second.
const PACE: Duration = Duration::from_millis(250);
/// After so many failures in a row the lease is given back, and this replica stands back for a while each time: what keeps
/// one from publishing need not keep another.
const FAILURES: u32 = 8;
const STANDS_BACK: Duration = Duration::from_secs(2);

#[derive(Debug, thiserror::Error)]
pub(super) enum PublishError {
    #[error("the database failed")]
    Store(#[from] StoreError),
    #[error("the configuration cannot be compiled")]
    Compile(#[from] CompileError),
    #[error("the head cannot be signed")]
    Seal(#[from] contract::snapshot::seal::SealError),
    #[error("compiling was cut short")]
    CutShort(#[source] tokio::task::JoinError),
    #[error("a stop was asked for")]
    Stopping,
}

/// Runs until the stop.
pub async fn run(app: AppState) {
    let mut publisher =
        Publisher { up_since: app.clock.now(), app, held: None, states: BTreeMap::new(), failing: BTreeMap::new() };
    let mut failures = 0;
    loop {
        let mut pause = PACE;
        match publisher.turn().await {
            Ok(()) if publisher.failing.is_empty() => failures = 0,
            Ok(()) | Err(PublishError::Stopping) => {}
            Err(error) => {
                failures += 1;
                // Of a pool it was told already.
                if publisher.failing.is_empty() {
                    publisher.tell("", &error, failures);
                }
                if failures >= FAILURES {
                    publisher.release().await;
                    pause = STANDS_BACK;
                }
            }
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = publisher.app.stopping.cancelled() => break,
        }
    }
    // Whoever comes next, this one started again perhaps, need not wait for its end.
    publisher.release().await;
}

struct Publisher {
    app: AppState,
    up_since: Micros,
    /// The lease, and until when it was taken.
    held: Option<(Lease, Micros)>,
    /// By pool. Without one, what is in memory may not be what is stored, and the pool begins anew.
    states: BTreeMap<Id<ids::Pool>, State>,
    failing: BTreeMap<Id<ids::Pool>, Failing>,
}

/// A pool that cannot be published to: how often in a row it was tried, and until when it is left alone.
struct Failing {
    times: u32,
    until: Instant,
}

impl Publisher {
    async fn turn(&mut self) -> Result<(), PublishError> {
        let now = self.app.clock.now();
        let Some(lease) = self.lease(now).await? else { return Ok(()) };
        let pools = pools::all(&mut self.app.db.read(&System::task(LEASE)).await?).await?;
        self.states.retain(|id, _| pools.iter().any(|pool| pool.id == *id));
        self.failing.retain(|id, _| pools.iter().any(|pool| pool.id == *id));
        // One pool that fails holds up no other, and is left alone for a while. Only where none can be published to may
        // another replica do better.
        let (mut failed, mut any_went) = (None, false);
        for pool in &pools {
            if self.failing.get(&pool.id).is_some_and(|failing| Instant::now() < failing.until) {
                continue;
            }
            match self.publish(pool, lease, now).await {
                Ok(()) => {
                    any_went = true;
                    self.failing.remove(&pool.id);
                }
                Err(PublishError::Stopping) => return Err(PublishError::Stopping),
                Err(error) => {
                    self.has_failed(pool, &error);
                    failed = failed.or(Some(error));
                }
            }
        }
        match failed {
            Some(error) if !any_went => Err(error),
            _ => Ok(()),
        }
    }

    fn has_failed(&mut self, pool: &Pool, error: &PublishError) {
        let failing = self.failing.entry(pool.id).or_insert(Failing { times: 0, until: Instant::now() });
        failing.times += 1;
        failing.until = Instant::now() + if failing.times >= FAILURES { STANDS_BACK } else { Duration::ZERO };
        let times = failing.times;
        self.tell(&pool.name, error, times);
    }

    fn tell(&self, pool: &str, error: &PublishError, failures: u32) {
        self.app.metrics.with(|| metrics::counter!("postern_snapshot_publish_failures_total").increment(1));
        let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
        if failures == 1 {
            tracing::warn!(pool, %error, cause, "cannot publish; tried again");
        } else {
            tracing::debug!(pool, %error, cause, failures, "still cannot publish");
        }
    }

    async fn publish(&mut self, pool: &Pool, lease: Lease, now: Micros) -> Result<(), PublishError> {
        let is_read = match self.states.get(&pool.id) {
            Some(state) => self.is_read(state, now).await?,
            None => false,
        };
        // Comes back only if all went well.
        let mut state = match self.states.remove(&pool.id).filter(|_| is_read) {
            Some(state) => state,
            None => State::anew(&self.app, lease, pool, self.up_since).await?,
        };
        state.pool.clone_from(pool);
        state.publish(&self.app, lease, now).await?;
        self.states.insert(pool.id, state);
        Ok(())
    }

    /// Do all live workers read what is written, and none of them could read a newer one?
    async fn is_read(&self, state: &State, now: Micros) -> Result<bool, StoreError> {
        let mut read = self.app.db.read(&System::task(LEASE)).await?;
        let schema = schema::schema(&mut read, state.pool.id, Some(state.schema), now, self.up_since).await?;
        if schema != state.schema {
            tracing::info!(from = state.schema, to = schema, "objects are written in the schema that all workers read");
        }
        Ok(schema == state.schema)
    }

    /// The lease, while it is here or can be had.
    async fn lease(&mut self, now: Micros) -> Result<Option<Lease>, StoreError> {
        if let Some((lease, until)) = self.held
            && until > now + LEASE_LASTS / 2
        {
            return Ok(Some(lease));
        }
        let before = self.held.take();
        let lease = Lease::take(&self.app.db, LEASE, self.app.replica, LEASE_LASTS).await?;
        // Another one may have published in between.
        if before.map(|(lease, _)| lease.fence()) != lease.map(|lease| lease.fence()) {
            self.states.clear();
        }
        self.held = lease.map(|lease| (lease, now + LEASE_LASTS));
        Ok(lease)
    }

    async fn release(&mut self) {
        self.states.clear();
        if let Some((lease, _)) = self.held.take()
            && let Err(error) = lease.release(&self.app.db).await
        {
            tracing::debug!(%error, "the lease ends by itself");
        }
    }
}

/// On a thread of its own: a large installation compiles for seconds, and requests must be answered meanwhile.
async fn apart<T: Send + 'static>(
    work: Pin<Box<dyn Future<Output = Result<T, PublishError>> + Send>>,
) -> Result<T, PublishError> {
    let runtime = tokio::runtime::Handle::current();
    let done = tokio::task::spawn_blocking(move || runtime.block_on(work)).await;
    done.unwrap_or_else(|error| Err(PublishError::CutShort(error)))
}
