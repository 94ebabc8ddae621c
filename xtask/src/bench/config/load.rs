//! Mail at a modest rate while the configuration changes. Each session holds a message for a moment before its end, so that
//! the rate is bounded by their number, and messages are under way whenever a configuration is swapped.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use pretend::load::{self, Comparison, Ledger, Plan, Sink, Slow};
use tokio::{task::JoinSet, time::Instant};

use crate::Failure;

/// How long the first message may take, and the last.
const MOMENT: Duration = Duration::from_secs(30);
const SIZE_BYTES: usize = 4 * 1024;

/// The book and the sink of it; nothing is sent yet.
#[derive(Debug)]
pub(super) struct Load {
    rate: usize,
    ledger: Arc<Ledger>,
    sink: Sink,
}

/// Where it goes.
#[derive(Debug)]
pub(super) struct Target {
    pub worker: SocketAddr,
    /// In turn.
    pub to: Vec<String>,
}

/// On its way. Dropped, it stops at once.
#[derive(Debug)]
pub(super) struct Sending {
    load: Load,
    task: JoinSet<Comparison>,
    since: Instant,
}

/// What became of it.
#[derive(Debug)]
pub(super) struct Mail {
    pub comparison: Comparison,
    pub last_refusal: String,
    pub took: Duration,
}

/// So many sessions, each with a message that takes so long, are so many messages a second at most.
fn pace(rate: usize) -> (usize, Duration) {
    let sessions = (rate / 4).max(1);
    (sessions, Duration::from_secs(1) * u32::try_from(sessions).unwrap_or(1) / u32::try_from(rate).unwrap_or(1).max(1))
}

impl Load {
    /// So many messages a second, for so long at most.
    pub(super) async fn new(rate: usize, longest: Duration) -> Self {
        let rate = rate.max(1);
        let ledger = Ledger::new(rate * usize::try_from(longest.as_secs()).unwrap_or(usize::MAX));
        let sink = Sink::start(&ledger, None).await;
        Self { rate, ledger, sink }
    }

    pub(super) fn sink(&self) -> SocketAddr {
        self.sink.address()
    }

    /// Begins, and waits until mail flows.
    pub(super) async fn start(self, target: &Target) -> Result<Sending, Failure> {
        let (sessions, pause) = pace(self.rate);
        let plan = Plan {
            sessions,
            size_bytes: SIZE_BYTES,
            messages_per_connection: 100,
            to: target.to.clone(),
            slow: Some(Slow { chunk_bytes: SIZE_BYTES, pause }),
            ..Plan::new(vec![target.worker], "")
        };
        let (mut task, ledger) = (JoinSet::new(), Arc::clone(&self.ledger));
        task.spawn(async move { load::run(plan, &ledger).await });
        let sending = Sending { load: self, task, since: Instant::now() };
        let flows = sending.load.ledger.try_until_arrived(sessions, MOMENT).await;
        flows.map_err(|error| format!("{error}; {}", sending.load.ledger.last_refusal()))?;
        Ok(sending)
    }
}

impl Sending {
    /// Stops amid some messages. What has no answer by then is nobody's loss.
    pub(super) async fn end(mut self) -> Mail {
        self.task.shutdown().await;
        let took = self.since.elapsed();
        let ledger = &self.load.ledger;
        // What is lost never arrives: the comparison says so.
        let _ = ledger.try_until_arrived(ledger.compare().accepted, MOMENT).await;
        Mail { comparison: ledger.compare(), last_refusal: ledger.last_refusal(), took }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_over_their_pause_are_the_rate() {
        for (rate, sessions, pause_ms) in [(200, 50, 250), (4, 1, 250), (3, 1, 333), (1, 1, 1_000), (2_000, 500, 250)] {
            let (found, pause) = pace(rate);
            assert_eq!((found, pause.as_millis()), (sessions, pause_ms), "{rate}");
        }
    }
}
