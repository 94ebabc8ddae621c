//! Applies batches. One task writes; batches that wait while it does are applied together in the next transaction.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use contract::{
    Id, Micros,
    events::{Batch, Event, Transaction},
    ids,
    policy::Disposition,
    worker_api::EventsAck,
};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::store::{self, NewMessage, NewRecipient, Sums};
use crate::{
    app::AppState,
    db::{StoreError, System, Tx},
    messages, pools, tenants,
};

/// Batches applied in one transaction at most.
const TOGETHER: usize = 32;
/// Batches that may wait; more are told to come later.
const WAITING: usize = 512;
/// Streams that one can go on with.
const FOLLOWED: usize = 16;
/// What a pool still tells of a tenant that left it: a worker that is cut off goes on for so long with what it has.
const LATE: Duration = Duration::from_hours(7 * 24);
const PACE_MS: u32 = 200;
const PACE_MAX_MS: u32 = 5_000;

/// Of a tenant: the one directly below the provider that it is, or stands below. Nobody moves in the tree, so what was
/// read once holds.
type Tops = HashMap<Uuid, Uuid>;

/// Pools and tenants that have nothing to do with each other: what a worker of the one tells of the other is set aside.
type Foreign = BTreeSet<(Uuid, Uuid)>;

/// What came of a batch.
#[derive(Debug)]
pub(super) enum Applied {
    Stored(EventsAck),
    /// Another number is expected.
    Expected(u64),
    /// The stream is another worker's.
    NotYours,
    Failed(StoreError),
}

#[derive(Debug)]
struct Job {
    worker: Id<ids::Worker>,
    pool: Id<ids::Pool>,
    batch: Batch,
    answer: oneshot::Sender<Applied>,
}

/// Where batches go. The receiving end is taken by the task that applies them.
#[derive(Debug)]
pub struct Ingest {
    jobs: mpsc::Sender<Job>,
    tops: std::sync::Mutex<Tops>,
    waiting: std::sync::Mutex<Option<mpsc::Receiver<Job>>>,
}

impl Default for Ingest {
    fn default() -> Self {
        let (jobs, waiting) = mpsc::channel(WAITING);
        Self { jobs, tops: std::sync::Mutex::default(), waiting: std::sync::Mutex::new(Some(waiting)) }
    }
}

impl Ingest {
    /// None: there is too much to do, or the stop has come.
    pub(super) async fn apply(
        &self,
        (worker, pool): (Id<ids::Worker>, Id<ids::Pool>),
        batch: Batch,
    ) -> Option<Applied> {
        let (answer, applied) = oneshot::channel();
        self.jobs.try_send(Job { worker, pool, batch, answer }).ok()?;
        applied.await.ok()
    }

    /// Runs until the stop.
    pub async fn run(app: AppState) {
        let taken = app.ingest.waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        let Some(mut waiting) = taken else { return };
        let mut jobs = Vec::with_capacity(TOGETHER);
        loop {
            tokio::select! {
                _ = waiting.recv_many(&mut jobs, TOGETHER) => {}
                () = app.stopping.cancelled() => return,
            }
            if jobs.is_empty() {
                return;
            }
            let behind = u32::try_from(waiting.len()).unwrap_or(u32::MAX);
            let pace = PACE_MS.saturating_add(behind.saturating_mul(20)).min(PACE_MAX_MS);
            together(&app, &mut jobs, pace).await;
        }
    }
}

/// The tenant that an event is about.
fn tenant_of(event: &serde_json::Value) -> Option<Uuid> {
    Some(event.get("tenant")?.as_str()?.parse::<Id<ids::Tenant>>().ok()?.uuid())
}

/// Where the tenants of these batches stand, read before the transaction that stores them: the tree may be in another
/// database.
async fn tops(app: &AppState, jobs: &[Job]) -> Result<Tops, StoreError> {
    let named: BTreeSet<Uuid> = jobs.iter().flat_map(|job| &job.batch.events).filter_map(tenant_of).collect();
    let known = || app.ingest.tops.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let unknown: Vec<Uuid> = {
        let known = known();
        named.iter().filter(|id| !known.contains_key(*id)).copied().collect()
    };
    if !unknown.is_empty() {
        let found = tenants::tops(&mut app.db.read(&System::task("events")).await?, &unknown).await?;
        known().extend(found);
    }
    let known = known();
    Ok(named.into_iter().filter_map(|id| Some((id, *known.get(&id)?))).collect())
}

/// Of the tenants that these batches name: which are none of the pool's whose worker names them.
async fn foreign(app: &AppState, jobs: &[Job]) -> Result<Foreign, StoreError> {
    let mut named: BTreeMap<Id<ids::Pool>, BTreeSet<Uuid>> = BTreeMap::new();
    for job in jobs {
        named.entry(job.pool).or_default().extend(job.batch.events.iter().filter_map(tenant_of));
    }
    let mut foreign = Foreign::new();
    let mut read = app.db.read(&System::task("events")).await?;
    for (pool, tenants) in named.into_iter().filter(|(_, tenants)| !tenants.is_empty()) {
        let tenants: Vec<_> = tenants.into_iter().collect();
        let since = app.clock.now() - LATE;
        foreign.extend(
            pools::foreign(&mut read, pool, &tenants, since).await?.into_iter().map(|tenant| (pool.uuid(), tenant)),
        );
    }
    Ok(foreign)
}

/// All in one transaction; if that fails, each learns it and comes again with the same bytes.
async fn together(app: &AppState, jobs: &mut Vec<Job>, next_in_ms: u32) {
    let began = tokio::time::Instant::now();
    let mut answers = Vec::with_capacity(jobs.len());
    let mut rejected = 0;
    let result: Result<(), StoreError> = async {
        let tops = tops(app, jobs).await?;
        let foreign = foreign(app, jobs).await?;
        let mut tx = app.trace.begin(&System::task("events")).await?;
        for job in jobs.iter() {
            answers.push(one(&mut tx, job, (&tops, &foreign), next_in_ms, &mut rejected).await?);
        }
        tx.commit().await
    }
    .await;
    let events: usize = jobs.iter().map(|job| job.batch.events.len()).sum();
    app.metrics.with(|| {
        metrics::counter!("postern_events_total").increment(events as u64);
        if result.is_ok() && rejected > 0 {
            metrics::counter!("postern_events_rejected_total").increment(rejected);
        }
        metrics::histogram!("postern_events_apply_seconds").record(began.elapsed().as_secs_f64());
    });
    match result {
        Ok(()) => {
            for (job, applied) in jobs.drain(..).zip(answers) {
                let _ = job.answer.send(applied);
            }
        }
        Err(error @ (StoreError::Busy(_) | StoreError::Away(_))) => {
            tracing::warn!(%error, batches = jobs.len(), "events could not be stored; they come again");
            let mut error = Some(error);
            for job in jobs.drain(..) {
                let _ = job.answer.send(Applied::Failed(error.take().unwrap_or(StoreError::Stale)));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // One of them cannot be stored, now or ever: it must not hold up the others.
        Err(_) => {
            for job in jobs.drain(..) {
                let applied = alone(app, &job, next_in_ms).await;
                let _ = job.answer.send(applied);
            }
        }
    }
}

/// One batch in a transaction of its own. What the database refuses is set aside whole, and the stream goes on.
async fn alone(app: &AppState, job: &Job, next_in_ms: u32) -> Applied {
    let system = System::task("events");
    let stored: Result<Applied, StoreError> = async {
        let tops = tops(app, std::slice::from_ref(job)).await?;
        let foreign = foreign(app, std::slice::from_ref(job)).await?;
        let mut tx = app.trace.begin(&system).await?;
        let applied = one(&mut tx, job, (&tops, &foreign), next_in_ms, &mut 0).await?;
        tx.commit().await?;
        Ok(applied)
    }
    .await;
    let error = match stored {
        Ok(applied) => return applied,
        Err(error @ (StoreError::Busy(_) | StoreError::Away(_))) => return Applied::Failed(error),
        Err(error) => error,
    };
    let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    tracing::error!(%error, cause, worker = %job.worker, stream = %job.batch.stream, "a batch of events is set aside");
    let aside: Result<u64, StoreError> = async {
        let mut tx = app.trace.begin(&system).await?;
        let Batch { stream, first_seq, events, .. } = &job.batch;
        store::stream(&mut tx, *stream, job.worker).await?;
        for (seq, value) in (*first_seq..).zip(events) {
            let body = without_nul(&value.to_string());
            store::reject(&mut tx, *stream, seq, job.worker, "the database refused its batch", &body).await?;
        }
        let end = first_seq.saturating_add(events.len() as u64);
        store::advance(&mut tx, *stream, end, 0, false).await?;
        tx.commit().await?;
        Ok(end)
    }
    .await;
    match aside {
        Ok(next_seq) => {
            app.metrics.with(|| {
                metrics::counter!("postern_events_rejected_total").increment(job.batch.events.len() as u64);
            });
            Applied::Stored(EventsAck { next_seq, next_in_ms })
        }
        Err(error) => Applied::Failed(error),
    }
}

async fn one(
    tx: &mut Tx,
    job: &Job,
    (tops, foreign): (&Tops, &Foreign),
    next_in_ms: u32,
    rejected: &mut u64,
) -> Result<Applied, StoreError> {
    let Batch { stream, first_seq, follows, events, .. } = &job.batch;
    let (owner, next) = store::stream(tx, *stream, job.worker).await?;
    if owner != job.worker.uuid() {
        return Ok(Applied::NotYours);
    }
    let end = first_seq.saturating_add(events.len() as u64);
    if *first_seq < next && end <= next {
        // The same bytes again: they are stored.
        return Ok(Applied::Stored(EventsAck { next_seq: next, next_in_ms }));
    }
    if *first_seq != next {
        return Ok(Applied::Expected(next));
    }
    if *first_seq == 1 && !follows.is_empty() {
        let before: Vec<Uuid> = follows.iter().filter(|before| *before != stream).take(FOLLOWED).copied().collect();
        store::followed(tx, &before).await?;
    }
    let mut sorted = Sorted::default();
    for (seq, value) in (*first_seq..).zip(events) {
        let is_foreign = tenant_of(value).is_some_and(|tenant| foreign.contains(&(job.pool.uuid(), tenant)));
        let why = match serde_json::from_value::<Event>(value.clone()) {
            Ok(_) if is_foreign => "its tenant is not served by the worker's pool".to_owned(),
            Ok(event) => {
                sorted.add(event, tops);
                continue;
            }
            Err(error) => without_nul(&error.to_string()),
        };
        store::reject(tx, *stream, seq, job.worker, &why, &without_nul(&value.to_string())).await?;
        *rejected += 1;
    }
    store::put_messages(tx, job.worker, &sorted.messages, &sorted.recipients).await?;
    for ((tenant, domain, hour), sums) in &sorted.counters {
        store::add_counters(tx, *tenant, *domain, *hour, *sums).await?;
    }
    for gap in &sorted.gaps {
        let span = (gap.from, gap.to);
        store::put_gap(tx, *stream, job.worker.uuid(), "dropped", span, gap.events).await?;
    }
    let stored = sorted.transactions + sorted.gaps.iter().map(|gap| gap.events).sum::<u64>();
    store::advance(tx, *stream, end, stored, sorted.closing).await?;
    Ok(Applied::Stored(EventsAck { next_seq: end, next_in_ms }))
}

/// The events of a batch, by where they go.
#[derive(Debug, Default)]
struct Sorted {
    messages: Vec<NewMessage>,
    recipients: Vec<NewRecipient>,
    counters: BTreeMap<(Uuid, Uuid, Micros), Sums>,
    gaps: Vec<contract::events::Gap>,
    transactions: u64,
    closing: bool,
}

impl Sorted {
    fn add(&mut self, event: Event, tops: &Tops) {
        match event {
            Event::Transaction(transaction) => self.transaction(&transaction, tops),
            Event::Counters(sums) => {
                let hour = Micros::from_secs(sums.to.as_secs().div_euclid(3_600) * 3_600);
                let zero = Uuid::nil();
                let key =
                    (sums.tenant.map_or(zero, contract::Id::uuid), sums.domain.map_or(zero, contract::Id::uuid), hour);
                let all = self.counters.entry(key).or_default();
                all.accepted = all.accepted.saturating_add(sums.accepted);
                all.refused = all.refused.saturating_add(sums.refused);
                all.deferred = all.deferred.saturating_add(sums.deferred);
                all.bytes = all.bytes.saturating_add(sums.bytes);
            }
            Event::Gap(gap) => self.gaps.push(gap),
            Event::Closing => self.closing = true,
        }
    }

    fn transaction(&mut self, transaction: &Transaction, tops: &Tops) {
        self.transactions += 1;
        let id = transaction.id.uuid().simple().to_string();
        let tenant = transaction.tenant.map_or(Uuid::nil(), contract::Id::uuid).simple().to_string();
        let started_at = transaction.started_at.as_micros();
        let top = transaction.tenant.and_then(|tenant| tops.get(&tenant.uuid()));
        // A sender may name one twice, or in two spellings; it is found once.
        let addresses: BTreeSet<String> =
            transaction.recipients.iter().map(|recipient| without_nul(&recipient.address.to_lowercase())).collect();
        for address in addresses {
            self.recipients.push(NewRecipient { id: id.clone(), tenant: tenant.clone(), address, started_at });
        }
        // Its own JSON again: there is nothing in it that does not serialize.
        let detail = serde_json::to_string(transaction).unwrap_or_default();
        self.messages.push(NewMessage {
            id,
            tenant,
            top: top.map(|top| top.simple().to_string()),
            started_at,
            disposition: disposition(transaction.disposition),
            rule: transaction.rule.name(),
            reason: transaction.reason.name(),
            sender: without_nul(&transaction.reverse_path.to_lowercase()),
            message_id: transaction.message_id.as_deref().map(without_nul),
            subject: transaction.subject.as_deref().map(messages::folded),
            detail,
        });
    }
}

/// PostgreSQL has no NUL in texts; no address has one.
fn without_nul(text: &str) -> String {
    text.replace('\0', "")
}

pub(crate) const fn disposition(disposition: Disposition) -> &'static str {
    match disposition {
        Disposition::Accepted => "accepted",
        Disposition::Refused => "refused",
        Disposition::Deferred => "deferred",
        Disposition::Unknown => "unknown",
        Disposition::Aborted => "aborted",
    }
}
