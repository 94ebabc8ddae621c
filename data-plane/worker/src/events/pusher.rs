//! Sends what the sink holds: one batch in flight, the same bytes until it is acknowledged.

use std::{future::Future, time::Duration};

use contract::{Entropy, worker_api::EventsAck};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Sink, sink::Frozen};

/// Why a batch was not taken.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Nobody answered, or it is a passing fault: the same bytes again, later.
    Later,
    /// Another number is expected: the control plane knows less, or more, than this batch follows on.
    Expected(u64),
    /// It will never be taken: size or form.
    Never(String),
    /// The stream is another's: this worker had to enrol anew since it began.
    NotOurs,
}

/// What an upload came to.
pub(crate) type Pushed = Result<EventsAck, Refusal>;

/// Whoever can carry a batch to the control plane.
pub(crate) trait Uplink {
    fn upload(&self, body: bytes::Bytes) -> impl Future<Output = Pushed> + Send;

    /// Counts the identities this worker has had: a stream belongs to one of them.
    fn era(&self) -> u64;
}

const RETRY_MAX: Duration = Duration::from_secs(10);

/// Runs until `stop`, then sends what is left, the closing mark last, for at most `flush`.
pub(crate) async fn push(
    sink: &Sink,
    uplink: &impl Uplink,
    entropy: &Entropy,
    counters: Duration,
    stop: CancellationToken,
    flush: Duration,
) {
    let too_late = async {
        stop.cancelled().await;
        tokio::time::sleep(flush).await;
    };
    tokio::select! {
        () = run(sink, uplink, entropy, counters, &stop) => {}
        () = too_late => tracing::warn!(waiting_bytes = sink.waiting_bytes(), "events were left when the worker stopped"),
    }
}

async fn run(sink: &Sink, uplink: &impl Uplink, entropy: &Entropy, counters: Duration, stop: &CancellationToken) {
    let mut tick = tokio::time::interval(counters);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut closed = false;
    // The first identity is the one that the stream was made for.
    let mut era = 1;
    loop {
        if uplink.era() > era {
            era = uplink.era();
            // Nothing is in flight here, so nothing is lost.
            sink.restart(Uuid::from_bytes(entropy.bytes()), 0);
        }
        // Looked at before each batch: under steady mail there is always one, and the sums must go out all the same.
        if futures::FutureExt::now_or_never(tick.tick()).is_some() {
            sink.flush_counters();
        }
        match sink.freeze() {
            Some(batch) => {
                let pause = deliver(sink, uplink, entropy, batch).await;
                sink.settled();
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = stop.cancelled() => {}
                }
            }
            None if closed => return,
            None if stop.is_cancelled() => {
                sink.close();
                closed = true;
            }
            None => tokio::select! {
                () = sink.woken() => {}
                () = stop.cancelled() => {}
                _ = tick.tick() => sink.flush_counters(),
            },
        }
    }
}

/// Sends one batch until it is taken; returns how long to wait before the next.
async fn deliver(sink: &Sink, uplink: &impl Uplink, entropy: &Entropy, batch: Frozen) -> Duration {
    let mut pause = Duration::from_millis(200);
    loop {
        match uplink.upload(batch.body.clone()).await {
            Ok(ack) if ack.next_seq >= batch.first_seq + batch.count => {
                return Duration::from_millis(u64::from(ack.next_in_ms).min(5_000));
            }
            // It stored a part of a batch, or another one: not what it promises. Start over rather than guess.
            Ok(ack) => return restart(sink, entropy, &batch, ack.next_seq),
            Err(Refusal::Expected(next)) if next == batch.first_seq + batch.count => {
                return Duration::ZERO; // It had arrived; only its answer had not.
            }
            Err(Refusal::Expected(next)) => return restart(sink, entropy, &batch, next),
            // What was in flight may have arrived under the old name, or not.
            Err(Refusal::NotOurs) => return restart(sink, entropy, &batch, 1),
            Err(Refusal::Never(why)) => {
                tracing::error!(
                    first_seq = batch.first_seq,
                    events = batch.count,
                    why,
                    "a batch of events was refused"
                );
                return restart(sink, entropy, &batch, batch.first_seq);
            }
            Err(Refusal::Later) => {
                let jitter = Duration::from_millis(u64::from(entropy.bytes::<1>()[0]));
                tokio::time::sleep(pause + jitter).await;
                pause = (pause * 2).min(RETRY_MAX);
            }
        }
    }
}

fn restart(sink: &Sink, entropy: &Entropy, batch: &Frozen, expected: u64) -> Duration {
    tracing::warn!(stream = %batch.stream, first_seq = batch.first_seq, expected, "the event stream starts over");
    sink.restart(Uuid::from_bytes(entropy.bytes()), batch.transactions);
    Duration::ZERO
}
