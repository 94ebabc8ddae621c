//! Budgets that fill again with time: of a client's network, and of a next hop.

use std::{collections::HashMap, hash::Hash};

use tokio::time::{Duration, Instant};

/// So many at once, and as many again in a minute.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bucket {
    left: f64,
    at: Instant,
}

impl Bucket {
    pub(crate) fn full(per_minute: u32, now: Instant) -> Self {
        Self { left: f64::from(per_minute), at: now }
    }

    fn fill(&mut self, per_minute: u32, now: Instant) {
        let gained = now.saturating_duration_since(self.at).as_secs_f64() / 60.0 * f64::from(per_minute);
        self.left = (self.left + gained).min(f64::from(per_minute));
        self.at = now;
    }

    /// False: there is nothing left.
    pub(crate) fn take(&mut self, per_minute: u32, now: Instant) -> bool {
        self.fill(per_minute, now);
        let some = self.left >= 1.0;
        if some {
            self.left -= 1.0;
        }
        some
    }

    /// Is it as if it had never been used?
    pub(crate) fn is_full(&mut self, per_minute: u32, now: Instant) -> bool {
        self.fill(per_minute, now);
        self.left >= f64::from(per_minute)
    }

    /// Is there something left?
    pub(crate) fn has_some(&mut self, per_minute: u32, now: Instant) -> bool {
        self.fill(per_minute, now);
        self.left >= 1.0
    }

    pub(crate) fn give_back(&mut self, per_minute: u32) {
        self.left = (self.left + 1.0).min(f64::from(per_minute));
    }
}

/// Buckets by name, for as long as they are not full again.
#[derive(Debug)]
pub(crate) struct Buckets<K> {
    per_minute: u32,
    by_name: HashMap<K, Bucket>,
    swept: Option<Instant>,
}

/// Beyond it, those that have had a minute's rest are forgotten: they are full again. So many are looked at once a second.
const MANY: usize = 20_000;
/// Beyond it nobody new gets one: whoever has so many networks has asked enough.
const TOO_MANY: usize = 4 * MANY;
const SWEEP: Duration = Duration::from_secs(1);
const FULL_AGAIN: Duration = Duration::from_mins(1);

impl<K: Hash + Eq> Buckets<K> {
    pub(crate) fn new(per_minute: u32) -> Self {
        Self { per_minute, by_name: HashMap::new(), swept: None }
    }

    /// False: there is nothing left.
    pub(crate) fn take(&mut self, of: K, now: Instant) -> bool {
        if self.by_name.len() >= MANY && self.swept.is_none_or(|at| now.saturating_duration_since(at) > SWEEP) {
            self.swept = Some(now);
            self.by_name.retain(|_, bucket| now.saturating_duration_since(bucket.at) < FULL_AGAIN);
        }
        if self.by_name.len() >= TOO_MANY && !self.by_name.contains_key(&of) {
            return false;
        }
        let per_minute = self.per_minute;
        self.by_name.entry(of).or_insert_with(|| Bucket::full(per_minute, now)).take(per_minute, now)
    }

    /// It was not spent after all.
    pub(crate) fn give_back(&mut self, of: &K) {
        if let Some(bucket) = self.by_name.get_mut(of) {
            bucket.give_back(self.per_minute);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_budget_is_spent_given_back_and_fills_again() {
        let mut budgets = Buckets::new(6);
        assert!((0..6).all(|_| budgets.take("a", Instant::now())));
        assert!(!budgets.take("a", Instant::now()) && budgets.take("b", Instant::now()));
        budgets.give_back(&"a");
        assert!(budgets.take("a", Instant::now()) && !budgets.take("a", Instant::now()));
        tokio::time::advance(Duration::from_secs(11)).await;
        assert!(budgets.take("a", Instant::now()) && !budgets.take("a", Instant::now()));
        tokio::time::advance(Duration::from_hours(1)).await;
        assert_eq!((0..100).filter(|_| budgets.take("a", Instant::now())).count(), 6, "never more than it holds");
    }
}
