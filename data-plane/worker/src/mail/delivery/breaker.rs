//! A hop that failed several times in a row is left alone for a while; then one try decides for all.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Failures in a row after which a hop rests.
const FAILURES_TO_REST: u32 = 5;
const REST_MIN: Duration = Duration::from_secs(2);
const REST_MAX: Duration = Duration::from_mins(1);

#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    rests_until: Option<Instant>,
    /// It has rested, and one tries it for all.
    tried: bool,
}

impl Breaker {
    pub(super) fn is_resting(&self) -> bool {
        let mut state = self.state();
        match state.rests_until {
            Some(until) if until > Instant::now() => true,
            Some(_) => {
                // One may try; the others rest on until it is known how that went.
                state.rests_until = Some(Instant::now() + REST_MIN);
                state.tried = true;
                false
            }
            None => false,
        }
    }

    /// It has failed since it last worked.
    pub(super) fn is_known(&self) -> bool {
        self.state().failures > 0
    }

    pub(super) fn worked(&self) {
        *self.state() = State::default();
    }

    /// Until when it rests, if it does.
    pub(super) fn failed(&self) -> Option<Instant> {
        let mut state = self.state();
        let now = Instant::now();
        let tried = std::mem::take(&mut state.tried);
        if state.rests_until.is_some_and(|until| until > now) && !tried {
            // One of many that were on their way when it began to rest: together they know no more than the first.
            return state.rests_until;
        }
        state.failures = state.failures.saturating_add(1);
        if state.failures >= FAILURES_TO_REST {
            let doublings = (state.failures - FAILURES_TO_REST).min(5);
            state.rests_until = Some(now + (REST_MIN * 2u32.pow(doublings)).min(REST_MAX));
        }
        state.rests_until
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_crowd_that_fails_at_once_makes_no_long_rest_and_each_try_in_vain_a_longer_one() {
        let breaker = Breaker::default();
        (1..FAILURES_TO_REST).for_each(|_| _ = breaker.failed());
        assert!(!breaker.is_resting());
        (0..100).for_each(|_| _ = breaker.failed());
        let mut rest = REST_MIN;
        for _ in 0..3 {
            assert!(breaker.is_resting());
            tokio::time::advance(rest).await;
            assert!(!breaker.is_resting(), "one may try");
            assert!(breaker.is_resting(), "one");
            breaker.failed();
            rest *= 2;
        }
        tokio::time::advance(rest).await;
        assert!(!breaker.is_resting());
        breaker.worked();
        assert!(!breaker.is_resting() && !breaker.is_resting());
    }
}
