//! Messages of tenants that may have only so many an hour, each with all below it. Counted only where somebody has set a limit;
//! there are never more counters than limits in the configuration.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use contract::{Id, ids, policy::traffic::share};
use tokio::time::Instant;

/// Tenants that are counted under one lock: busy ones seldom wait for each other.
const SHARDS: usize = 16;
/// An hour, and the minute that is not over.
const MINUTES: usize = 61;

type Limits = Arc<[(Id<ids::Tenant>, u32)]>;

#[derive(Debug)]
pub(crate) struct Hours {
    began: Instant,
    shards: [Mutex<HashMap<Id<ids::Tenant>, Hour>>; SHARDS],
}

/// Messages by the minute in which they were counted. No hour, wherever it begins, has more than the limit.
#[derive(Debug)]
struct Hour {
    by_minute: [u32; MINUTES],
    sum: u32,
    newest: u64,
}

/// A message, at each tenant that limits them. It is given back unless it is [kept](Self::keep): what was not taken counts for
/// nothing, so that nobody uses a tenant's hour up by naming recipients.
#[derive(Debug)]
pub(crate) struct Counted {
    hours: Arc<Hours>,
    of: Limits,
    /// The first so many of them.
    taken: usize,
    minute: u64,
}

impl Hours {
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), shards: std::array::from_fn(|_| Mutex::default()) }
    }

    /// One more message. None: one of the tenants has had its worker's share of as many as it may have.
    pub(crate) fn take(self: &Arc<Self>, of: &Limits, live_workers: u32) -> Option<Counted> {
        let minute = self.minute();
        let mut counted = Counted { hours: Arc::clone(self), of: Arc::clone(of), taken: 0, minute };
        for (tenant, limit) in of.iter() {
            let most = share((*limit).max(1), live_workers).unwrap_or(1);
            let mut shard = self.shard(*tenant);
            if !shard.entry(*tenant).or_insert_with(|| Hour::new(minute)).take(most, minute) {
                return None;
            }
            drop(shard);
            counted.taken += 1;
        }
        Some(counted)
    }

    /// Forgets tenants that had nothing within the hour. To be called now and then.
    pub(crate) fn sweep(&self) {
        let minute = self.minute();
        for shard in &self.shards {
            lock(shard).retain(|_, hour| {
                hour.go_on_to(minute);
                hour.sum > 0
            });
        }
    }

    fn minute(&self) -> u64 {
        self.began.elapsed().as_secs() / 60
    }

    fn shard(&self, tenant: Id<ids::Tenant>) -> MutexGuard<'_, HashMap<Id<ids::Tenant>, Hour>> {
        // The last octets of an id are random.
        let number = usize::try_from(tenant.uuid().as_u128() % SHARDS as u128).unwrap_or(0);
        let [first, ..] = &self.shards;
        lock(self.shards.get(number).unwrap_or(first))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hour {
    const fn new(minute: u64) -> Self {
        Self { by_minute: [0; MINUTES], sum: 0, newest: minute }
    }

    fn take(&mut self, most: u32, minute: u64) -> bool {
        self.go_on_to(minute);
        let some = self.sum < most;
        if some && let Some(count) = self.slot(self.newest) {
            *count += 1;
            self.sum += 1;
        }
        some
    }

    fn give_back(&mut self, minute: u64) {
        // Counted so long ago that it is forgotten.
        if minute + MINUTES as u64 <= self.newest {
            return;
        }
        if let Some(count) = self.slot(minute).filter(|count| **count > 0) {
            *count -= 1;
            self.sum -= 1;
        }
    }

    fn go_on_to(&mut self, minute: u64) {
        let from = self.newest.max(minute.saturating_sub(MINUTES as u64));
        for gone in from + 1..=minute {
            let count = self.slot(gone).map_or(0, std::mem::take);
            self.sum -= count;
        }
        self.newest = self.newest.max(minute);
    }

    fn slot(&mut self, minute: u64) -> Option<&mut u32> {
        self.by_minute.get_mut(usize::try_from(minute % MINUTES as u64).unwrap_or(0))
    }
}

impl Counted {
    /// The message was taken, or may have been.
    pub(crate) fn keep(mut self) {
        self.taken = 0;
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        for (tenant, _) in self.of.iter().take(self.taken) {
            if let Some(hour) = self.hours.shard(*tenant).get_mut(tenant) {
                hour.give_back(self.minute);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use contract::Micros;

    use super::*;

    fn of(limits: &[(u8, u32)]) -> Limits {
        limits.iter().map(|(n, most)| (Id::new(Micros::EPOCH, [*n; 10]), *most)).collect()
    }

    fn kept(hours: &Arc<Hours>, of: &Limits, workers: u32) -> bool {
        hours.take(of, workers).map(Counted::keep).is_some()
    }

    #[tokio::test(start_paused = true)]
    async fn no_hour_wherever_it_begins_has_more_than_the_limit() {
        let (hours, acme) = (Arc::new(Hours::new()), of(&[(1, 3)]));
        tokio::time::advance(Duration::from_secs(59)).await;
        assert!(kept(&hours, &acme, 1));
        tokio::time::advance(Duration::from_mins(30)).await;
        assert!(kept(&hours, &acme, 1) && kept(&hours, &acme, 1) && !kept(&hours, &acme, 1));
        tokio::time::advance(Duration::from_mins(30)).await;
        assert!(!kept(&hours, &acme, 1), "an hour after the first, which was late in its minute");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(kept(&hours, &acme, 1) && !kept(&hours, &acme, 1));
        tokio::time::advance(Duration::from_hours(1000)).await;
        assert_eq!((0..9).filter(|_| kept(&hours, &acme, 1)).count(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn every_level_counts_and_one_that_is_full_costs_the_others_nothing() {
        let hours = Arc::new(Hours::new());
        // Two customers of one MSP, which may have five; the first may have two of them.
        let (one, other) = (of(&[(1, 2), (9, 5)]), of(&[(9, 5)]));
        assert_eq!((0..9).filter(|_| kept(&hours, &one, 1)).count(), 2);
        assert_eq!((0..9).filter(|_| kept(&hours, &other, 1)).count(), 3);
        assert!(kept(&hours, &of(&[(7, 1)]), 1), "a neighbour has its own");
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_not_taken_is_given_back_and_two_at_once_do_not_share_the_last() {
        let (hours, acme) = (Arc::new(Hours::new()), of(&[(1, 1)]));
        let first = hours.take(&acme, 1);
        assert!(first.is_some() && hours.take(&acme, 1).is_none());
        drop(first);
        let second = hours.take(&acme, 1).unwrap();
        tokio::time::advance(Duration::from_hours(2)).await;
        assert!(kept(&hours, &acme, 1));
        drop(second);
        assert!(!kept(&hours, &acme, 1), "what is forgotten is not given back");
        hours.sweep();
        assert_eq!(hours.shards.iter().map(|shard| lock(shard).len()).sum::<usize>(), 1);
        tokio::time::advance(Duration::from_hours(2)).await;
        hours.sweep();
        assert_eq!(hours.shards.iter().map(|shard| lock(shard).len()).sum::<usize>(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_takes_its_share_and_one_at_least() {
        let hours = Arc::new(Hours::new());
        for (n, workers, most) in [(1, 3, 3), (2, 4, 2), (3, 100, 1)] {
            let taken = (0..20).filter(|_| kept(&hours, &of(&[(n, 10)]), workers)).count();
            assert_eq!(taken, most, "{workers} workers");
        }
    }
}
