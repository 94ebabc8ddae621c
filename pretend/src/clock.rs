//! Clocks and randomness to hand to a plane.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime},
};

use contract::{Clock, Entropy, Micros};
use rand::Rng;

/// A clock that stands still until it is moved. Clones are the same clock.
#[derive(Debug, Clone)]
pub struct TestClock(Arc<AtomicI64>);

impl TestClock {
    pub fn new(now: Micros) -> Self {
        Self(Arc::new(AtomicI64::new(now.as_micros())))
    }

    /// A clock that begins at the present time: certificates and tokens of the outside are valid under it.
    pub fn at_present() -> Self {
        Self::new(now())
    }

    pub fn set(&self, now: Micros) {
        self.0.store(now.as_micros(), Ordering::SeqCst);
    }

    pub fn advance(&self, by: Duration) {
        self.set(self.now() + by);
    }

    pub fn now(&self) -> Micros {
        Micros::from_micros(self.0.load(Ordering::SeqCst))
    }

    /// What a plane is given.
    pub fn clock(&self) -> Clock {
        let this = self.clone();
        Clock::new(move || this.now())
    }
}

/// The machine's own clock.
pub fn system_clock() -> Clock {
    Clock::new(now)
}

/// The machine's own randomness.
pub fn entropy() -> Entropy {
    Entropy::new(|bytes| rand::rng().fill_bytes(bytes))
}

#[expect(clippy::disallowed_methods, reason = "the one place of this crate where time comes from outside")]
fn now() -> Micros {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Micros::EPOCH + since
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_clock_moves_only_when_it_is_told_to() {
        let clock = TestClock::new(Micros::from_secs(1_000));
        let given = clock.clock();
        assert_eq!(given.now(), Micros::from_secs(1_000));
        clock.advance(Duration::from_secs(5));
        assert_eq!(given.now(), Micros::from_secs(1_005));
        clock.set(Micros::EPOCH);
        assert_eq!(given.now(), Micros::EPOCH);
    }

    #[test]
    fn randomness_differs_from_call_to_call() {
        let entropy = entropy();
        assert_ne!(entropy.bytes::<16>(), entropy.bytes::<16>());
    }
}
