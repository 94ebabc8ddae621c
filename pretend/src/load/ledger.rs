//! Who heard 250, and what arrived: a few octets a message, so that counting holds up nothing.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
};

use rand::RngExt;

use crate::wait::{Signal, TimedOut};

const DOMAIN: &[u8] = b"@load.pretend>";
const UNSENT: u8 = 0;
const SENT: u8 = 1;
const ACCEPTED: u8 = 2;
const REFUSED: u8 = 3;
const GIVEN_UP: u8 = 4;

/// The book of one run.
#[derive(Debug)]
pub struct Ledger {
    /// In each Message-ID, so that two runs at one sink do not mix.
    run: String,
    states: Vec<AtomicU8>,
    arrivals: Vec<AtomicU32>,
    unknown: AtomicU64,
    accepted: AtomicUsize,
    refused: AtomicUsize,
    arrived: AtomicUsize,
    deferrals: AtomicU64,
    breaks: AtomicU64,
    last_refusal: std::sync::Mutex<String>,
    signal: Signal,
}

/// What the two sides say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Comparison {
    /// Messages that were tried at least once.
    pub sent: usize,
    /// 250 was heard.
    pub accepted: usize,
    /// 5xx was heard.
    pub refused: usize,
    /// Neither, and patience ran out.
    pub given_up: usize,
    /// Different messages that arrived.
    pub arrived: usize,
    /// 250 was heard, and nothing arrived. Must be 0.
    pub lost: usize,
    /// Copies beyond the first.
    pub doubled: usize,
    /// Arrived although 5xx was heard, or although nobody sent it. Must be 0.
    pub unasked: usize,
    /// Arrived, and neither 250 nor 5xx was heard: the answer was lost on its way.
    pub unconfirmed: usize,
    /// 4xx heard along the way.
    pub deferrals: u64,
    /// Connections that broke along the way.
    pub breaks: u64,
}

impl Ledger {
    /// For a run of so many messages.
    pub fn new(messages: usize) -> Arc<Self> {
        Arc::new(Self {
            run: format!("{:016x}", rand::rng().random::<u64>()),
            states: (0..messages).map(|_| AtomicU8::new(UNSENT)).collect(),
            arrivals: (0..messages).map(|_| AtomicU32::new(0)).collect(),
            unknown: AtomicU64::new(0),
            accepted: AtomicUsize::new(0),
            refused: AtomicUsize::new(0),
            arrived: AtomicUsize::new(0),
            deferrals: AtomicU64::new(0),
            breaks: AtomicU64::new(0),
            last_refusal: std::sync::Mutex::default(),
            signal: Signal::default(),
        })
    }

    pub fn messages(&self) -> usize {
        self.states.len()
    }

    /// With its brackets.
    pub fn message_id(&self, message: usize) -> String {
        format!("<{}.{message}@load.pretend>", self.run)
    }

    pub(super) fn sent(&self, message: usize) {
        self.set(message, SENT);
    }

    pub(super) fn accepted(&self, message: usize) {
        self.set(message, ACCEPTED);
        self.accepted.fetch_add(1, Relaxed);
        self.signal.raise();
    }

    pub(super) fn refused(&self, message: usize, reply: &str) {
        self.set(message, REFUSED);
        self.refused.fetch_add(1, Relaxed);
        reply.clone_into(&mut self.last_refusal.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        self.signal.raise();
    }

    pub(super) fn given_up(&self, message: usize) {
        self.set(message, GIVEN_UP);
        self.signal.raise();
    }

    pub(super) fn deferred(&self) {
        self.deferrals.fetch_add(1, Relaxed);
    }

    pub(super) fn broke(&self) {
        self.breaks.fetch_add(1, Relaxed);
    }

    /// A message came, with this Message-ID; empty for none.
    pub fn arrived(&self, message_id: &[u8]) {
        let arrivals = self.number(message_id).and_then(|message| self.arrivals.get(message));
        match arrivals {
            Some(arrivals) => {
                if arrivals.fetch_add(1, Relaxed) == 0 {
                    self.arrived.fetch_add(1, Relaxed);
                }
            }
            None => {
                self.unknown.fetch_add(1, Relaxed);
            }
        }
        self.signal.raise();
    }

    fn number(&self, message_id: &[u8]) -> Option<usize> {
        let rest = message_id.strip_prefix(b"<")?.strip_prefix(self.run.as_bytes())?.strip_prefix(b".")?;
        std::str::from_utf8(rest.strip_suffix(DOMAIN)?).ok()?.parse().ok()
    }

    /// Waits until so many messages were accepted.
    ///
    /// # Panics
    /// When they are not.
    pub async fn until_accepted(&self, n: usize) {
        self.signal.until(&format!("{n} messages accepted"), || self.at_least(n, self.accepted.load(Relaxed))).await;
    }

    /// Waits until so many different messages have arrived.
    ///
    /// # Panics
    /// When they do not.
    pub async fn until_arrived(&self, n: usize) {
        self.try_until_arrived(n, crate::wait::BOUND).await.unwrap_or_else(|timed_out| panic!("{timed_out}"));
    }

    pub async fn try_until_arrived(&self, n: usize, bound: std::time::Duration) -> Result<(), TimedOut> {
        let check = || self.at_least(n, self.arrived.load(Relaxed));
        self.signal.try_until(&format!("{n} messages at the sink"), bound, check).await
    }

    fn at_least(&self, wanted: usize, have: usize) -> Result<(), String> {
        if have >= wanted { Ok(()) } else { Err(format!("{have}; {}", self.compare())) }
    }

    /// The last 5xx that was heard; empty for none.
    pub fn last_refusal(&self) -> String {
        self.last_refusal.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Holds once the client has ended; before that, messages under way may look lost or unconfirmed.
    pub fn compare(&self) -> Comparison {
        let mut out = Comparison {
            unasked: usize::try_from(self.unknown.load(Relaxed)).unwrap_or(usize::MAX),
            deferrals: self.deferrals.load(Relaxed),
            breaks: self.breaks.load(Relaxed),
            ..Comparison::default()
        };
        for (state, arrivals) in self.states.iter().zip(&self.arrivals) {
            let (state, copies) = (state.load(Relaxed), arrivals.load(Relaxed) as usize);
            let here = copies > 0;
            out.arrived += usize::from(here);
            out.doubled += copies.saturating_sub(1);
            out.sent += usize::from(state != UNSENT);
            match state {
                ACCEPTED => {
                    out.accepted += 1;
                    out.lost += usize::from(!here);
                }
                REFUSED => {
                    out.refused += 1;
                    out.unasked += usize::from(here);
                }
                UNSENT => out.unasked += usize::from(here),
                other => {
                    out.given_up += usize::from(other == GIVEN_UP);
                    out.unconfirmed += usize::from(here);
                }
            }
        }
        out
    }

    fn set(&self, message: usize, state: u8) {
        if let Some(entry) = self.states.get(message) {
            entry.store(state, Relaxed);
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sent, accepted, refused, given_up, arrived, lost, doubled, unasked, unconfirmed, deferrals, breaks } =
            self;
        write!(
            f,
            "sent {sent}, accepted {accepted}, refused {refused}, given up {given_up}, arrived {arrived}, lost {lost}, \
             doubled {doubled}, unasked {unasked}, unconfirmed {unconfirmed} ({deferrals} × 4xx, {breaks} × broken)"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_difference_is_counted_under_its_own_name() {
        let ledger = Ledger::new(8);
        let arrive = |message: usize| ledger.arrived(ledger.message_id(message).as_bytes());
        for message in 0..7 {
            ledger.sent(message);
        }
        ledger.accepted(0);
        arrive(0);
        ledger.accepted(1);
        ledger.accepted(2);
        (0..3).for_each(|_| arrive(2));
        ledger.refused(3, "550 no");
        ledger.refused(4, "550 no");
        arrive(4);
        ledger.given_up(5);
        arrive(5);
        arrive(6);
        arrive(7);
        for foreign in ["", "<x@load.pretend>", "<0.0@load.pretend>", &ledger.message_id(8), &ledger.message_id(0)[1..]]
        {
            ledger.arrived(foreign.as_bytes());
        }
        let found = ledger.compare();
        let wanted = Comparison {
            sent: 7,
            accepted: 3,
            refused: 2,
            given_up: 1,
            arrived: 6,
            lost: 1,
            doubled: 2,
            unasked: 2 + 5,
            unconfirmed: 2,
            deferrals: 0,
            breaks: 0,
        };
        assert_eq!(found, wanted, "{found}");
    }
}
