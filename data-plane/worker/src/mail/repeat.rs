//! Messages that come again. While the first delivery waits for its answer the sender may have given up and try anew:
//! it hears 451 until the hop has answered, and 250 without a second delivery once the hop has the message (RFC 1047).

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use contract::mail::ReversePath;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

/// What is the same when the same message comes again, whoever carries it.
pub(crate) type Fingerprint = [u8; 32];

/// Delivered messages remembered at most.
const MAX_REMEMBERED: usize = 100_000;

pub(crate) fn fingerprint(sender: &ReversePath, recipients: &[String], content: &[u8; 32]) -> Fingerprint {
    let mut recipients: Vec<_> = recipients.iter().map(|recipient| recipient.to_lowercase()).collect();
    recipients.sort_unstable();
    let mut hash = Sha256::new();
    hash.update(content);
    hash.update(sender.to_string().as_bytes());
    for recipient in &recipients {
        // An address has no NUL, so no two envelopes write the same octets.
        hash.update([0]);
        hash.update(recipient.as_bytes());
    }
    hash.finalize().into()
}

#[derive(Debug)]
pub(crate) struct Repeats {
    remember: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    known: HashMap<Fingerprint, Known>,
    /// In the order in which they are forgotten.
    delivered: VecDeque<(Instant, Fingerprint)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    InFlight,
    Delivered,
}

/// What is known of a message that has just come.
#[derive(Debug)]
pub(crate) enum Seen {
    New(InFlight),
    InFlight,
    Delivered,
}

/// A delivery that is under way; forgotten when dropped, unless it was [`delivered`](Self::delivered).
#[derive(Debug)]
pub(crate) struct InFlight {
    repeats: Arc<Repeats>,
    fingerprint: Fingerprint,
    done: bool,
}

impl Repeats {
    pub(crate) fn new(remember: Duration) -> Arc<Self> {
        Arc::new(Self { remember, state: Mutex::default() })
    }

    pub(crate) fn begin(self: &Arc<Self>, fingerprint: Fingerprint) -> Seen {
        let mut state = self.lock();
        let now = Instant::now();
        while let Some((until, old)) = state.delivered.front().copied() {
            if until > now && state.delivered.len() <= MAX_REMEMBERED {
                break;
            }
            state.delivered.pop_front();
            state.known.remove(&old);
        }
        match state.known.get(&fingerprint) {
            Some(Known::InFlight) => Seen::InFlight,
            Some(Known::Delivered) => Seen::Delivered,
            None => {
                state.known.insert(fingerprint, Known::InFlight);
                Seen::New(InFlight { repeats: Arc::clone(self), fingerprint, done: false })
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl InFlight {
    /// The hop has it, but its sender may not have heard so: it is remembered.
    pub(crate) fn delivered(mut self) {
        self.done = true;
        let mut state = self.repeats.lock();
        state.known.insert(self.fingerprint, Known::Delivered);
        state.delivered.push_back((Instant::now() + self.repeats.remember, self.fingerprint));
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if !self.done {
            self.repeats.lock().known.remove(&self.fingerprint);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_repetition_waits_for_the_first_and_is_then_known_for_a_while() {
        let repeats = Repeats::new(Duration::from_secs(60));
        let Seen::New(first) = repeats.begin([1; 32]) else { panic!("new") };
        assert!(matches!(repeats.begin([1; 32]), Seen::InFlight));
        assert!(matches!(repeats.begin([2; 32]), Seen::New(_)));
        first.delivered();
        assert!(matches!(repeats.begin([1; 32]), Seen::Delivered));
        tokio::time::advance(Duration::from_secs(61)).await;
        assert!(matches!(repeats.begin([1; 32]), Seen::New(_)), "forgotten, and a failed delivery leaves no trace");
        assert!(matches!(repeats.begin([1; 32]), Seen::New(_)));
    }
}
