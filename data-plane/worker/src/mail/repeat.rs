//! Messages that come again. While the first delivery waits for its answer the sender may have given up and try anew:
//! it hears 451 until the hop has answered, and 250 without a second delivery once the hop has the message (RFC 1047).
//! Once a sender is known to have heard its 250, the same message is a new one.

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

/// Messages remembered at most.
const MAX_REMEMBERED: usize = 100_000;

pub(crate) fn fingerprint(sender: &ReversePath, recipients: &[&str], content: &[u8; 32]) -> Fingerprint {
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
    remembered: VecDeque<(Instant, Fingerprint)>,
    told: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    InFlight,
    /// The hop has it, and the sender is being told so; the number tells one delivery from the next.
    Told(u64),
    /// The hop has it, and the sender may not have heard so.
    Delivered(Until),
    /// The dot was sent, and no answer came: the hop may have it.
    Perhaps(Until),
}

type Until = Instant;

/// What is known of a message that has just come.
#[derive(Debug)]
pub(crate) enum Seen {
    New(InFlight),
    InFlight,
    Delivered(Unheard),
}

/// A 250 that the sender may not have heard. Dropped, it stays so, and the message is remembered for a while.
#[derive(Debug)]
pub(crate) struct Unheard {
    repeats: Arc<Repeats>,
    fingerprint: Fingerprint,
    known: Known,
}

/// A delivery that is under way; forgotten when dropped, unless it was [`delivered`](Self::delivered) or its outcome is
/// [`not known`](Self::unknown).
#[derive(Debug)]
pub(crate) struct InFlight {
    repeats: Arc<Repeats>,
    fingerprint: Fingerprint,
    /// What to go back to when nothing comes of it.
    before: Option<Known>,
    done: bool,
}

impl Repeats {
    pub(crate) fn new(remember: Duration) -> Arc<Self> {
        Arc::new(Self { remember, state: Mutex::default() })
    }

    pub(crate) fn begin(self: &Arc<Self>, fingerprint: Fingerprint) -> Seen {
        let mut state = self.lock();
        state.forget(Instant::now());
        let before = match state.known.get(&fingerprint) {
            Some(Known::InFlight) => return Seen::InFlight,
            Some(&known @ (Known::Told(_) | Known::Delivered(_))) => {
                return Seen::Delivered(Unheard { repeats: Arc::clone(self), fingerprint, known });
            }
            before => before.copied(),
        };
        state.known.insert(fingerprint, Known::InFlight);
        Seen::New(InFlight { repeats: Arc::clone(self), fingerprint, before, done: false })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn remember(&mut self, fingerprint: Fingerprint, until: Until, known: Known) {
        self.known.insert(fingerprint, known);
        self.remembered.push_back((until, fingerprint));
    }

    fn forget(&mut self, now: Instant) {
        while let Some((until, old)) = self.remembered.front().copied() {
            if until > now && self.remembered.len() <= MAX_REMEMBERED {
                return;
            }
            self.remembered.pop_front();
            // It may be under way again, or have been remembered anew since.
            if matches!(self.known.get(&old), Some(Known::Delivered(at) | Known::Perhaps(at)) if *at == until) {
                self.known.remove(&old);
            }
        }
    }
}

impl InFlight {
    /// May the hop have it already, from a delivery that was not answered?
    pub(crate) fn may_be_double(&self) -> bool {
        matches!(self.before, Some(Known::Perhaps(_)))
    }

    /// The hop has it. It is remembered until its sender is known to have heard so.
    pub(crate) fn delivered(mut self) -> Unheard {
        self.done = true;
        let mut state = self.repeats.lock();
        state.told = state.told.wrapping_add(1);
        let known = Known::Told(state.told);
        state.known.insert(self.fingerprint, known);
        drop(state);
        Unheard { repeats: Arc::clone(&self.repeats), fingerprint: self.fingerprint, known }
    }

    /// Nobody knows whether the hop has it. A repetition is tried, and known as a probable double.
    pub(crate) fn unknown(mut self) {
        self.done = true;
        let until = Instant::now() + self.repeats.remember;
        self.repeats.lock().remember(self.fingerprint, until, Known::Perhaps(until));
    }
}

impl Unheard {
    /// The sender has gone on: it has heard, and what it sends now it means.
    pub(crate) fn heard(self) {
        let mut state = self.repeats.lock();
        if state.known.get(&self.fingerprint) == Some(&self.known) {
            state.known.remove(&self.fingerprint);
        }
    }
}

impl Drop for Unheard {
    fn drop(&mut self) {
        let mut state = self.repeats.lock();
        if matches!(self.known, Known::Told(_)) && state.known.get(&self.fingerprint) == Some(&self.known) {
            let until = Instant::now() + self.repeats.remember;
            state.remember(self.fingerprint, until, Known::Delivered(until));
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        let mut state = self.repeats.lock();
        match self.before.filter(|before| matches!(before, Known::Perhaps(until) if *until > Instant::now())) {
            Some(before) => state.known.insert(self.fingerprint, before),
            None => state.known.remove(&self.fingerprint),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_repetition_waits_for_the_first_and_is_then_known_for_a_while() {
        let repeats = Repeats::new(Duration::from_mins(1));
        let Seen::New(first) = repeats.begin([1; 32]) else { panic!("new") };
        assert!(matches!(repeats.begin([1; 32]), Seen::InFlight));
        assert!(matches!(repeats.begin([2; 32]), Seen::New(_)));
        drop(first.delivered());
        assert!(matches!(repeats.begin([1; 32]), Seen::Delivered(_)));
        tokio::time::advance(Duration::from_secs(61)).await;
        assert!(matches!(repeats.begin([1; 32]), Seen::New(_)), "forgotten, and a failed delivery leaves no trace");
        assert!(matches!(repeats.begin([1; 32]), Seen::New(_)));
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_have_arrived_is_tried_again_and_known_as_a_probable_double() {
        let repeats = Repeats::new(Duration::from_mins(1));
        let Seen::New(first) = repeats.begin([1; 32]) else { panic!("new") };
        assert!(!first.may_be_double());
        first.unknown();
        for _ in 0..2 {
            let Seen::New(again) = repeats.begin([1; 32]) else { panic!("tried again") };
            assert!(again.may_be_double(), "also after a try that came to nothing");
            assert!(matches!(repeats.begin([1; 32]), Seen::InFlight));
        }
        tokio::time::advance(Duration::from_secs(61)).await;
        let Seen::New(late) = repeats.begin([1; 32]) else { panic!("tried again") };
        assert!(!late.may_be_double(), "forgotten");
        drop(late);
        assert!(repeats.lock().known.is_empty() && repeats.lock().remembered.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn an_old_memory_does_not_take_a_new_one_with_it() {
        let repeats = Repeats::new(Duration::from_mins(1));
        let Seen::New(first) = repeats.begin([1; 32]) else { panic!("new") };
        first.unknown();
        tokio::time::advance(Duration::from_secs(30)).await;
        let Seen::New(again) = repeats.begin([1; 32]) else { panic!("tried again") };
        drop(again.delivered());
        tokio::time::advance(Duration::from_secs(31)).await;
        assert!(matches!(repeats.begin([1; 32]), Seen::Delivered(_)));
        tokio::time::advance(Duration::from_secs(30)).await;
        assert!(matches!(repeats.begin([1; 32]), Seen::New(_)));
    }

    #[tokio::test(start_paused = true)]
    async fn once_the_sender_has_heard_the_same_message_is_a_new_one() {
        let repeats = Repeats::new(Duration::from_mins(1));
        let Seen::New(first) = repeats.begin([1; 32]) else { panic!("new") };
        let told = first.delivered();
        let Seen::Delivered(repetition) = repeats.begin([1; 32]) else { panic!("while it is being told") };
        told.heard();
        let Seen::New(second) = repeats.begin([1; 32]) else { panic!("heard") };
        // What was heard of the first says nothing about the second.
        repetition.heard();
        assert!(matches!(repeats.begin([1; 32]), Seen::InFlight));
        let second = second.delivered();
        drop(second);
        let Seen::Delivered(repetition) = repeats.begin([1; 32]) else { panic!("not heard") };
        repetition.heard();
        assert!(matches!(repeats.begin([1; 32]), Seen::New(_)), "whoever brought it again has heard");
    }
}
