//! Content while it comes, after DATA or by BDAT: into `body`, within the budget, at a pace.

use std::time::Duration;

use contract::events::Speaker;
use smtp::{
    Said,
    server::{Chunk, ChunkTaken, Receiving, Step, Taken},
};
use tokio::time::Instant;

use super::{
    Shared,
    body::{Body, Failure},
    dialogue::About,
    session::{Driver, Heard, Over, why},
    trace::{self, End},
};

/// Octets asked of the socket at once.
const DATA_READ: usize = 64 * 1024;

/// A message that is coming; between two chunks it waits in the session.
#[derive(Debug)]
pub(super) struct Arriving {
    pub began: Instant,
    pub body: Body,
    /// Why it cannot be taken; the rest is swallowed.
    pub failure: Option<Failure>,
    /// Octets that came, kept or not.
    octets: u64,
}

impl Arriving {
    fn new(shared: &Shared, client: std::net::IpAddr) -> Self {
        let body = Body::new(&shared.context.budget, client, shared.delivery.memory_message_bytes, &shared.scratch_dir);
        Self { began: Instant::now(), body, failure: None, octets: 0 }
    }

    fn push(&mut self, piece: &[u8]) {
        if self.failure.is_none() && self.body.push(piece).is_err() {
            self.failure = Some(Failure::Full);
        }
    }

    async fn settle(&mut self) {
        if self.failure.is_none()
            && let Err(failure) = self.body.settle().await
        {
            self.failure = Some(failure);
        }
    }
}

impl Driver<'_> {
    /// The message after DATA, to its end.
    pub(super) async fn receive(&mut self, mut receiving: Receiving) -> Result<Step, Over> {
        let mut arriving = Arriving::new(self.shared, self.wire.peer.ip());
        loop {
            let taken = receiving.take(&mut self.wire.input, |piece| arriving.push(piece));
            arriving.settle().await;
            match taken {
                Taken::All(complete) => return self.finish(complete, arriving).await,
                Taken::More(mut more) => {
                    if arriving.failure.is_some() || more.is_swallowing() {
                        // Given back at once: others may use it while the rest of this is read and forgotten.
                        more.swallow();
                        arriving.body.abandon();
                    }
                    arriving.octets = more.facts().size_bytes;
                    self.more_content(&arriving).await?;
                    receiving = more;
                }
            }
        }
    }

    /// One chunk, to its end; the message if it was the last.
    pub(super) async fn chunk(&mut self, mut chunk: Chunk) -> Result<Step, Over> {
        // What is only read to be forgotten has to come at a pace as well, and belongs to no message.
        let waiting = self.arriving.take().filter(|_| chunk.is_content());
        // A large message comes in thousands of chunks; the trace shows where it begins and ends.
        if let Some(transaction) = &mut self.transaction
            && chunk.is_content()
            && (waiting.is_none() || chunk.is_last())
        {
            transaction.dialogue.add(Speaker::Client, &self.wire.input.said(), About::Everybody);
        }
        let mut arriving = waiting.unwrap_or_else(|| Arriving::new(self.shared, self.wire.peer.ip()));
        loop {
            let left = chunk.left();
            let taken = chunk.take(&mut self.wire.input, |piece| arriving.push(piece));
            arriving.settle().await;
            match taken {
                ChunkTaken::Refused(step) => return Ok(step),
                ChunkTaken::Part(part) => {
                    arriving.octets = part.facts().size_bytes;
                    return Ok(self.part(part, arriving));
                }
                ChunkTaken::All(complete) => {
                    // What was said to the commands before it does not wait for the hop.
                    if self.wire.flush().await.is_err() {
                        return Err(self.broken(None, arriving.octets));
                    }
                    return self.finish(complete, arriving).await;
                }
                ChunkTaken::More(mut more) => {
                    if arriving.failure.is_some() || more.is_swallowing() {
                        more.swallow();
                        arriving.body.abandon();
                    }
                    arriving.octets = arriving.octets.saturating_add(left.saturating_sub(more.left()));
                    self.more_content(&arriving).await?;
                    chunk = more;
                }
            }
        }
    }

    async fn more_content(&mut self, arriving: &Arriving) -> Result<(), Over> {
        if self.is_too_slow(arriving) {
            return Err(self.broken(Some(Said::TooSlow), arriving.octets));
        }
        if self.wire.flush().await.is_err() {
            return Err(self.broken(None, arriving.octets));
        }
        let live_until = self.transaction.as_ref().and_then(|transaction| transaction.live_until(self.shared));
        if let Some(transaction) = &mut self.transaction
            && live_until.is_some_and(|until| until < Instant::now())
        {
            transaction.put_live_away(self.shared);
        }
        let deadline = Instant::now() + Duration::from_secs(self.shared.smtp.data_timeout_s);
        match self.hear(DATA_READ, deadline, &self.shared.hard_stop).await {
            Heard::More => Ok(()),
            Heard::Gone => Err(self.broken(None, arriving.octets)),
            Heard::Nothing(said) => Err(self.broken(Some(said), arriving.octets)),
        }
    }

    /// Measured from its first octet on, chunks and what lies between them together.
    pub(super) fn is_too_slow(&self, arriving: &Arriving) -> bool {
        let smtp = &self.shared.smtp;
        let elapsed = arriving.began.elapsed();
        let slow = elapsed > Duration::from_secs(smtp.rate_grace_s)
            && arriving.octets / elapsed.as_secs().max(1) < smtp.min_rate_bytes_s;
        slow || elapsed > Duration::from_secs(smtp.max_message_s)
    }

    /// The message ended before its end: the sender left, or is sent away.
    fn broken(&mut self, said: Option<Said>, size_bytes: u64) -> Over {
        let (rule, reason) = why(said);
        if let Some(mut transaction) = self.transaction.take() {
            transaction.put_live_away(self.shared);
            let end = End { size_bytes: Some(size_bytes), ..End::of_envelope(&transaction, rule, reason) };
            trace::record(self.shared, &transaction, &end);
        }
        said.map_or(Over::Gone, |said| self.end(said))
    }
}
