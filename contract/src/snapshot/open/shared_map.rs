//! A map that the next snapshot shares with the one before: cloning it copies one pointer a bucket, changing it copies the
//! buckets that change. It holds no keys, only their hashes: a hundred thousand domains cost what they hold and little more.

use std::sync::Arc;

use crate::snapshot::hash::Hash;

/// Enough that a bucket has some hundred entries in the largest installation, and that an empty map is small.
const BUCKETS: usize = 4096;

/// Half a SHA-256 of the key: as hard to collide with by design as a git commit, and never met by chance.
type Short = [u8; 16];

type Bucket<V> = Vec<(Short, V)>;

#[derive(Debug, Clone)]
pub struct SharedMap<V> {
    /// Sorted by the hashes; none where there is nothing.
    buckets: Vec<Option<Arc<Bucket<V>>>>,
    len: usize,
}

impl<V> Default for SharedMap<V> {
    fn default() -> Self {
        Self { buckets: Vec::new(), len: 0 }
    }
}

fn short(key: &str) -> Short {
    let mut short = Short::default();
    short.copy_from_slice(&Hash::of(key.as_bytes()).as_bytes()[..16]);
    short
}

fn place(key: &Short) -> usize {
    usize::from(u16::from_be_bytes([key[0], key[1]])) % BUCKETS
}

impl<V: Clone> SharedMap<V> {
    pub fn get(&self, key: &str) -> Option<&V> {
        let key = short(key);
        let bucket = self.buckets.get(place(&key))?.as_deref()?;
        let at = bucket.binary_search_by(|(other, _)| other.cmp(&key)).ok()?;
        bucket.get(at).map(|(_, value)| value)
    }

    pub fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    pub fn insert(&mut self, key: &str, value: V) {
        if self.buckets.is_empty() {
            self.buckets.resize_with(BUCKETS, || None);
        }
        let key = short(key);
        let Some(bucket) = self.buckets.get_mut(place(&key)) else { return };
        let bucket = Arc::make_mut(bucket.get_or_insert_default());
        match bucket.binary_search_by(|(other, _)| other.cmp(&key)) {
            Ok(at) => bucket[at].1 = value,
            Err(at) => {
                // By steps, not by doubling: what stands empty is there in every bucket.
                if bucket.len() == bucket.capacity() {
                    bucket.reserve_exact(8);
                }
                bucket.insert(at, (key, value));
                self.len += 1;
            }
        }
    }

    pub fn remove(&mut self, key: &str) {
        let key = short(key);
        let Some(Some(bucket)) = self.buckets.get_mut(place(&key)) else { return };
        if let Ok(at) = bucket.binary_search_by(|(other, _)| other.cmp(&key)) {
            Arc::make_mut(bucket).remove(at);
            self.len -= 1;
        }
    }

    /// In no order.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.buckets.iter().flatten().flat_map(|bucket| bucket.iter().map(|(_, value)| value))
    }

    pub const fn len(&self) -> usize {
        self.len
    }

    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_map_and_what_was_shared_stays_as_it_was(
            first in proptest::collection::vec(("[a-d]{1,3}", any::<u8>()), 0..60),
            then in proptest::collection::vec(("[a-d]{1,3}", proptest::option::of(any::<u8>())), 0..60),
        ) {
            let (mut model, mut map) = (BTreeMap::new(), SharedMap::default());
            for (key, value) in first {
                map.insert(&key, value);
                model.insert(key, value);
            }
            let (kept, as_it_was) = (map.clone(), model.clone());
            for (key, value) in then {
                if let Some(value) = value {
                    map.insert(&key, value);
                    model.insert(key, value);
                } else {
                    map.remove(&key);
                    model.remove(&key);
                }
            }
            for (map, model) in [(&map, &model), (&kept, &as_it_was)] {
                prop_assert_eq!(map.len(), model.len());
                prop_assert_eq!(map.is_empty(), model.is_empty());
                prop_assert!(model.iter().all(|(key, value)| map.get(key) == Some(value)));
                let (mut all, mut wanted): (Vec<u8>, Vec<u8>) = (map.values().copied().collect(), model.values().copied().collect());
                all.sort_unstable();
                wanted.sort_unstable();
                prop_assert_eq!(all, wanted);
            }
        }
    }
}
