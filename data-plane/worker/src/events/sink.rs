//! The buffer between mail and the control plane. Recording never waits: what does not fit is counted, and the count is
//! itself an event.

use std::{
    collections::{HashMap, VecDeque},
    fmt::Write,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use contract::{
    Clock, Id, Micros,
    events::{Counters, Event, Gap, SCHEMA, Transaction},
    ids,
    policy::Disposition,
};
use tokio::sync::Notify;
use uuid::Uuid;

/// Events in one batch at most; with the limit on octets it keeps a batch far below what the control plane takes.
const BATCH_EVENTS: usize = 2_000;
const BATCH_BYTES: usize = 1024 * 1024;
/// Streams that a first batch names.
const FOLLOWS: usize = 16;

/// Where the mail path puts what happened. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Sink(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    wake: Notify,
    clock: Clock,
    limit_bytes: usize,
    totals: TotalsInner,
}

#[derive(Debug, Default)]
struct TotalsInner {
    events: AtomicU64,
    accepted: AtomicU64,
    refused: AtomicU64,
    deferred: AtomicU64,
}

/// Since the worker started.
pub type Totals = contract::worker_api::Totals;

/// Whose mail a sum is about.
type Counted = (Option<Id<ids::Tenant>>, Option<Id<ids::Domain>>);

#[derive(Debug)]
struct Queue {
    stream: Uuid,
    next_seq: u64,
    /// JSON, ready to send.
    events: VecDeque<String>,
    bytes: usize,
    /// Of the batch that was taken out and is not acknowledged.
    in_flight_bytes: usize,
    dropped: Option<Gap>,
    counters: HashMap<Counted, Counters>,
    counters_since: Micros,
    /// Transactions that earlier streams of this worker were about.
    before_this_stream: u64,
    /// Those streams, which ended without their mark.
    follows: Vec<Uuid>,
}

/// A batch whose bytes do not change any more.
#[derive(Debug, Clone)]
pub(crate) struct Frozen {
    pub stream: Uuid,
    pub first_seq: u64,
    pub count: u64,
    /// Of these, how many are transactions: what a gap counts.
    pub transactions: u64,
    pub body: bytes::Bytes,
}

impl Sink {
    pub fn new(clock: Clock, stream: Uuid, limit_bytes: usize) -> Self {
        let counters_since = clock.now();
        Self(Arc::new(Shared {
            queue: Mutex::new(Queue {
                stream,
                next_seq: 1,
                events: VecDeque::new(),
                bytes: 0,
                in_flight_bytes: 0,
                dropped: None,
                counters: HashMap::new(),
                counters_since,
                before_this_stream: 0,
                follows: Vec::new(),
            }),
            wake: Notify::new(),
            clock,
            limit_bytes,
            totals: TotalsInner::default(),
        }))
    }

    /// Takes one transaction: its record for the trace, and its sums.
    pub fn transaction(&self, transaction: Transaction) {
        let totals = &self.0.totals;
        let (accepted, refused, deferred) = match transaction.disposition {
            Disposition::Accepted => (1, 0, 0),
            Disposition::Refused => (0, 1, 0),
            Disposition::Deferred | Disposition::Unknown => (0, 0, 1),
            Disposition::Aborted => (0, 0, 0),
        };
        totals.accepted.fetch_add(accepted, Ordering::Relaxed);
        totals.refused.fetch_add(refused, Ordering::Relaxed);
        totals.deferred.fetch_add(deferred, Ordering::Relaxed);
        let domain = transaction.recipients.iter().find_map(|recipient| recipient.domain);
        let bytes = transaction.size_bytes.filter(|_| accepted == 1).unwrap_or(0);
        let key = (transaction.tenant, domain);
        // Outside the lock: this is the costly part.
        let json = serde_json::to_string(&Event::Transaction(Box::new(transaction)));
        let now = self.0.clock.now();
        let mut queue = self.lock();
        let since = queue.counters_since;
        let sums = queue.counters.entry(key).or_insert_with(|| Counters {
            from: since,
            to: since,
            tenant: key.0,
            domain: key.1,
            accepted: 0,
            refused: 0,
            deferred: 0,
            bytes: 0,
        });
        sums.accepted += accepted;
        sums.refused += refused;
        sums.deferred += deferred;
        sums.bytes += bytes;
        // Writing our own types as JSON does not fail; if it did, the loss would be counted like any other.
        queue.put(json.ok(), now, self.0.limit_bytes);
        let enough = queue.events.len() == 1 || queue.events.len() >= BATCH_EVENTS;
        drop(queue);
        self.0.totals.events.fetch_add(1, Ordering::Relaxed);
        if enough {
            self.0.wake.notify_one();
        }
    }

    /// Turns the sums so far into events.
    pub(crate) fn flush_counters(&self) {
        let now = self.0.clock.now();
        let mut queue = self.lock();
        let sums = std::mem::take(&mut queue.counters);
        queue.counters_since = now;
        for (key, sums) in sums {
            let json =
                serde_json::to_string(&Event::Counters(Counters { to: now, ..sums.clone() })).unwrap_or_default();
            if queue.bytes + json.len() <= self.0.limit_bytes {
                queue.put(Some(json), now, self.0.limit_bytes);
            } else {
                // No room: they go on adding up until there is.
                queue.counters.insert(key, sums);
            }
        }
    }

    /// The last event of the stream: what is missing after it does not exist.
    pub(crate) fn close(&self) {
        self.flush_counters();
        let json = serde_json::to_string(&Event::Closing);
        let mut queue = self.lock();
        queue.put_gap();
        queue.events.extend(json.ok());
    }

    /// The next events as one batch, taken out of the buffer; none when there are none.
    pub(crate) fn freeze(&self) -> Option<Frozen> {
        let mut queue = self.lock();
        queue.put_gap();
        let mut body = String::with_capacity(BATCH_BYTES.min(queue.bytes + 256));
        // Writing to a String does not fail.
        let _ = write!(body, r#"{{"schema":{SCHEMA},"stream":"{}","first_seq":{},"#, queue.stream, queue.next_seq);
        if queue.next_seq == 1 && !queue.follows.is_empty() {
            let follows = serde_json::to_string(&queue.follows).unwrap_or_else(|_| "[]".to_owned());
            let _ = write!(body, r#""follows":{follows},"#);
        }
        body.push_str(r#""events":["#);
        let (mut count, mut transactions) = (0, 0);
        while count < BATCH_EVENTS && (count == 0 || body.len() < BATCH_BYTES) {
            let Some(event) = queue.events.pop_front() else { break };
            if count > 0 {
                body.push(',');
            }
            body.push_str(&event);
            queue.bytes = queue.bytes.saturating_sub(event.len());
            count += 1;
            transactions += u64::from(is_transaction(&event));
        }
        body.push_str("]}");
        if count == 0 {
            return None;
        }
        let (stream, first_seq) = (queue.stream, queue.next_seq);
        queue.next_seq += count as u64;
        queue.in_flight_bytes = body.len();
        Some(Frozen { stream, first_seq, count: count as u64, transactions, body: body.into() })
    }

    /// The batch that was taken out last is done with.
    pub(crate) fn settled(&self) {
        self.lock().in_flight_bytes = 0;
    }

    /// Begins another stream: the control plane cannot go on with this one. What was in flight may or may not have
    /// arrived, so it is reported as a gap.
    pub(crate) fn restart(&self, stream: Uuid, in_flight: u64) {
        let now = self.0.clock.now();
        let mut queue = self.lock();
        let waiting = queue.events.iter().filter(|event| is_transaction(event)).count() as u64;
        let all = self.0.totals.events.load(Ordering::Relaxed);
        queue.before_this_stream = all.saturating_sub(waiting + in_flight);
        let before = std::mem::replace(&mut queue.stream, stream);
        queue.follows.push(before);
        let too_many = queue.follows.len().saturating_sub(FOLLOWS);
        queue.follows.drain(..too_many);
        queue.next_seq = 1;
        queue.note_dropped(now, in_flight);
        if queue.events.is_empty() && queue.dropped.is_none() {
            // A first batch there must be, for it says which streams this one goes on with.
            let nothing = Counters {
                from: now,
                to: now,
                tenant: None,
                domain: None,
                accepted: 0,
                refused: 0,
                deferred: 0,
                bytes: 0,
            };
            let json = serde_json::to_string(&Event::Counters(nothing)).unwrap_or_default();
            queue.bytes += json.len();
            queue.events.push_back(json);
        }
    }

    pub(crate) fn stream(&self) -> Uuid {
        self.lock().stream
    }

    /// Octets that may wait.
    pub(crate) fn limit_bytes(&self) -> usize {
        self.0.limit_bytes
    }

    /// Octets that the control plane has not acknowledged.
    pub fn waiting_bytes(&self) -> usize {
        let queue = self.lock();
        queue.bytes + queue.in_flight_bytes
    }

    /// Returns when there may be something to send.
    pub(crate) async fn woken(&self) {
        self.0.wake.notified().await;
    }

    pub fn totals(&self) -> Totals {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let totals = &self.0.totals;
        Totals {
            // Those of this stream: what is stored is counted by stream too.
            events: get(&totals.events).saturating_sub(self.lock().before_this_stream),
            accepted: get(&totals.accepted),
            refused: get(&totals.refused),
            deferred: get(&totals.deferred),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Queue> {
        // Nothing in here can panic half-way through a change.
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The kind is the first thing that an event's JSON says.
fn is_transaction(event: &str) -> bool {
    event.starts_with(r#"{"kind":"transaction""#)
}

impl Queue {
    fn put(&mut self, event: Option<String>, now: Micros, limit_bytes: usize) {
        match event.filter(|event| self.bytes + event.len() <= limit_bytes) {
            Some(event) => {
                self.put_gap();
                self.bytes += event.len();
                self.events.push_back(event);
            }
            None => self.note_dropped(now, 1),
        }
    }

    fn note_dropped(&mut self, now: Micros, events: u64) {
        if events == 0 {
            return;
        }
        metrics::counter!("postern_events_dropped_total").increment(events);
        let gap = self.dropped.get_or_insert(Gap { from: now, to: now, events: 0 });
        gap.to = now;
        gap.events += events;
    }

    /// What was dropped stands in the stream where it happened.
    fn put_gap(&mut self) {
        if let Some(gap) = self.dropped.take()
            && let Ok(json) = serde_json::to_string(&Event::Gap(gap))
        {
            self.bytes += json.len();
            self.events.push_back(json);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contract::{
        events::Batch,
        policy::{Reason, Rule},
    };

    fn sink(limit: usize) -> Sink {
        Sink::new(Clock::new(|| Micros::from_secs(1_790_000_000)), Uuid::nil(), limit)
    }

    fn transaction(n: u8) -> Transaction {
        let now = Micros::from_secs(1_790_000_000);
        Transaction {
            id: Id::new(now, [n; 10]),
            tenant: None,
            started_at: now,
            ended_at: now,
            client: contract::events::Client {
                address: "192.0.2.1".to_owned(),
                helo: None,
                protocol: "SMTP".to_owned(),
                tls: None,
            },
            reverse_path: String::new(),
            message_id: None,
            subject: None,
            size_bytes: Some(10),
            disposition: Disposition::Accepted,
            rule: Rule::Default,
            reason: Reason::None,
            reply: "250".to_owned(),
            recipients: vec![],
            hop: None,
            timings: contract::events::Timings::default(),
            probable_duplicate: false,
            config: "1.1".to_owned(),
            dialogue: None,
        }
    }

    fn read(frozen: &Frozen) -> Vec<Event> {
        let batch: Batch = serde_json::from_slice(&frozen.body).unwrap();
        assert_eq!((batch.first_seq, batch.events.len() as u64), (frozen.first_seq, frozen.count));
        batch.events.into_iter().map(|event| serde_json::from_value(event).unwrap()).collect()
    }

    #[test]
    fn numbers_follow_without_a_hole_over_batches() {
        let sink = sink(1 << 20);
        (0..3).for_each(|n| sink.transaction(transaction(n)));
        let first = sink.freeze().unwrap();
        sink.transaction(transaction(3));
        let second = sink.freeze().unwrap();
        assert_eq!((first.first_seq, first.count, second.first_seq), (1, 3, 4));
        assert_eq!(read(&first).len(), 3);
        assert!(sink.freeze().is_none());
    }

    #[test]
    fn what_does_not_fit_is_a_gap_in_its_place_and_the_sums_still_count_it() {
        let sink = sink(1_000);
        (0..20).for_each(|n| sink.transaction(transaction(n)));
        let kept = read(&sink.freeze().unwrap());
        let Some(Event::Gap(gap)) = kept.last() else { panic!("a gap at the end: {kept:?}") };
        assert_eq!(gap.events + kept.len() as u64 - 1, 20);
        sink.flush_counters();
        let sums = read(&sink.freeze().unwrap());
        assert!(matches!(&sums[..], [Event::Counters(sums)] if sums.accepted == 20 && sums.bytes == 200));
    }

    #[test]
    fn a_stream_that_starts_over_names_those_before_it_in_its_first_batch() {
        let sink = sink(1 << 20);
        let named = |frozen: &Frozen| serde_json::from_slice::<Batch>(&frozen.body).unwrap().follows;
        sink.transaction(transaction(1));
        let first = sink.freeze().unwrap();
        assert_eq!(named(&first), Vec::<Uuid>::new());
        let [second, third] = [2, 3].map(Uuid::from_u128);
        sink.restart(second, first.transactions);
        sink.restart(third, 0);
        sink.transaction(transaction(2));
        let frozen = sink.freeze().unwrap();
        assert_eq!((frozen.stream, named(&frozen)), (third, vec![Uuid::nil(), second]));
        assert!(matches!(&read(&frozen)[..], [Event::Gap(gap), Event::Transaction(_)] if gap.events == 1));
        sink.transaction(transaction(3));
        assert_eq!(named(&sink.freeze().unwrap()), Vec::<Uuid>::new());
        // Nothing waits, and the first batch is there all the same.
        sink.restart(Uuid::from_u128(4), 0);
        assert_eq!(named(&sink.freeze().unwrap()).len(), 3);
    }

    #[test]
    fn a_closed_stream_ends_with_its_mark() {
        let sink = sink(1 << 20);
        sink.transaction(transaction(1));
        sink.close();
        let events = read(&sink.freeze().unwrap());
        assert!(matches!(&events[..], [Event::Transaction(_), Event::Counters(_), Event::Closing]));
    }
}
