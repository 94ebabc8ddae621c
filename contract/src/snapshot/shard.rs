//! Splitting a set into shards of bounded size whose shape follows from the contents alone.

use super::{
    hash::Hash,
    object::{Alias, RecipientHash, SHARD_ENTRIES, ShardPrefix},
};
use crate::policy::lists::Entry;

/// What decides a member's shard.
pub trait Sharded {
    fn shard_hash(&self) -> [u8; 8];
}

impl Sharded for RecipientHash {
    fn shard_hash(&self) -> [u8; 8] {
        first_eight(&self.0)
    }
}

impl Sharded for Alias {
    fn shard_hash(&self) -> [u8; 8] {
        self.hash.shard_hash()
    }
}

impl Sharded for Entry {
    fn shard_hash(&self) -> [u8; 8] {
        first_eight(Hash::of(self.id.uuid().as_bytes()).as_bytes())
    }
}

fn first_eight(bytes: &[u8]) -> [u8; 8] {
    let mut cut = [0; 8];
    cut.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    cut
}

/// The shards of a set, by prefix. The empty set has none.
pub fn shards<T: Sharded>(members: Vec<T>) -> Vec<(ShardPrefix, Vec<T>)> {
    let mut done = Vec::new();
    let mut open = vec![(ShardPrefix::ALL, members)];
    while let Some((prefix, members)) = open.pop() {
        if members.is_empty() {
            continue;
        }
        match prefix.split().filter(|_| members.len() > SHARD_ENTRIES) {
            None => done.push((prefix, members)),
            Some([zero, one]) => {
                let (zeros, ones) = members.into_iter().partition(|member| zero.covers(member.shard_hash()));
                open.push((one, ones));
                open.push((zero, zeros));
            }
        }
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_is_in_the_one_shard_that_covers_it() {
        let members: Vec<_> = (0..5_000u32)
            .map(|n| {
                let mut hash = [0; 16];
                hash.copy_from_slice(&Hash::of(&n.to_be_bytes()).as_bytes()[..16]);
                RecipientHash(hash)
            })
            .collect();
        let shards = shards(members.clone());
        assert_eq!(shards.iter().map(|(_, members)| members.len()).sum::<usize>(), 5_000);
        for (prefix, in_it) in &shards {
            assert!(in_it.len() <= SHARD_ENTRIES);
            assert!(in_it.iter().all(|member| prefix.covers(member.shard_hash())));
            assert_eq!(prefix.to_string().parse::<ShardPrefix>().as_ref(), Ok(prefix));
        }
        for member in members {
            assert_eq!(shards.iter().filter(|(prefix, _)| prefix.covers(member.shard_hash())).count(), 1);
        }
    }
}
