//! What next hops said, for a time, of so many at most: the oldest goes first. Positive and negative answers have one
//! each, so that a run through a dictionary forgets nobody who is there.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    sync::Arc,
};

use contract::snapshot::object::Route;
use tokio::time::{Duration, Instant};

#[derive(Debug)]
pub(super) struct Memory<K, V> {
    lasts: Duration,
    most: usize,
    entries: HashMap<K, Entry<V>>,
    /// In the order they were made, which is that of their ends. Of an entry that was made anew, only the last counts.
    order: VecDeque<(K, u64)>,
    number: u64,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    until: Instant,
    number: u64,
    /// Another way may lead to another answer.
    route: Arc<Route>,
}

impl<K: Hash + Eq + Clone, V: Clone> Memory<K, V> {
    pub(super) fn new(lasts: Duration, most: usize) -> Self {
        Self { lasts, most, entries: HashMap::new(), order: VecDeque::new(), number: 0 }
    }

    pub(super) fn get(&self, key: &K, route: &Arc<Route>, now: Instant) -> Option<V> {
        let entry = self.entries.get(key)?;
        (entry.until > now && entry.route == *route).then(|| entry.value.clone())
    }

    pub(super) fn insert(&mut self, key: K, value: V, route: &Arc<Route>, now: Instant) {
        self.number += 1;
        let entry = Entry { value, until: now + self.lasts, number: self.number, route: Arc::clone(route) };
        self.entries.insert(key.clone(), entry);
        self.order.push_back((key, self.number));
        while let Some((key, number)) = self.order.front() {
            let current = self.entries.get(key).filter(|entry| entry.number == *number);
            if current.is_some_and(|entry| entry.until > now) && self.entries.len() <= self.most {
                break;
            }
            if current.is_some() {
                self.entries.remove(key);
            }
            self.order.pop_front();
        }
        // Made anew again and again before their time, they would pile up behind one that stays.
        if self.order.len() > self.most * 2 {
            let entries = &self.entries;
            self.order.retain(|(key, number)| entries.get(key).is_some_and(|entry| entry.number == *number));
        }
    }

    pub(super) fn remove(&mut self, key: &K) {
        self.entries.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(n: u8) -> Arc<Route> {
        Arc::new(Route {
            id: contract::Id::new(contract::Micros::EPOCH, [n; 10]),
            hops: vec![],
            max_connections: None,
            certificate: None,
        })
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_remembered_ends_with_its_time_its_route_or_for_want_of_room() {
        let mut memory = Memory::new(Duration::from_secs(10), 3);
        let (here, there) = (route(1), route(2));
        for n in 0..4 {
            memory.insert(n, n, &here, Instant::now());
        }
        let held = |memory: &Memory<i32, i32>| {
            (0..4).filter(|n| memory.get(n, &here, Instant::now()).is_some()).collect::<Vec<_>>()
        };
        assert_eq!(held(&memory), [1, 2, 3], "the oldest goes");
        assert_eq!(memory.get(&2, &there, Instant::now()), None);
        tokio::time::advance(Duration::from_secs(6)).await;
        memory.insert(2, 2, &here, Instant::now());
        tokio::time::advance(Duration::from_secs(6)).await;
        assert_eq!(held(&memory), [2], "made anew, it lasts anew");
        for _ in 0..1_000 {
            memory.insert(2, 2, &here, Instant::now());
        }
        assert!(memory.order.len() <= 6, "{}", memory.order.len());
        memory.remove(&2);
        assert!(held(&memory).is_empty());
    }
}
