//! How often one person may send workers on errands: each makes connections to places of the caller's choice.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use contract::{Id, Micros, ids};

use crate::http::{ApiError, Code};

/// In any [`PERIOD`].
const MOST: usize = 10;
const PERIOD: Duration = Duration::from_mins(1);
/// Persons remembered; beyond it those who asked nothing lately are forgotten.
const PERSONS: usize = 10_000;

#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<HashMap<Id<ids::Person>, Vec<Micros>>>);

impl Pace {
    pub(super) fn check(&self, person: Id<ids::Person>, now: Micros) -> Result<(), ApiError> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= PERSONS {
            all.retain(|_, asked| asked.last().is_some_and(|last| now.since(*last) < PERIOD));
        }
        let asked = all.entry(person).or_default();
        asked.retain(|at| now.since(*at) < PERIOD);
        match asked.first() {
            Some(first) if asked.len() >= MOST => {
                let wait = PERIOD.saturating_sub(now.since(*first));
                let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
                Err(ApiError::new(Code::TooManyAttempts).retry_after_s(seconds))
            }
            _ => {
                asked.push(now);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_a_minute_each_and_no_more() {
        let (pace, now) = (Pace::default(), Micros::from_secs(1_800_000_000));
        let person = |n: u8| Id::new(now, [n; 10]);
        for n in 0..10 {
            assert!(pace.check(person(1), now + Duration::from_secs(n)).is_ok());
        }
        assert!(pace.check(person(1), now + Duration::from_secs(59)).is_err());
        assert!(pace.check(person(2), now).is_ok());
        assert!(pace.check(person(1), now + Duration::from_mins(1)).is_ok());
        assert!(pace.check(person(1), now + Duration::from_mins(1)).is_err());
    }
}
