//! Splitting a set into shards of bounded size whose shape follows from the contents alone.

use super::{
    hash::Hash,
    object::{Alias, RecipientHash, SHARD_BYTES, SHARD_ENTRIES, ShardPrefix},
};
use crate::policy::lists::{Entry, Subject};

/// What decides a member's shard.
pub trait Sharded {
    fn shard_hash(&self) -> [u8; 8];
    /// Octets of it in the object, or a few more.
    fn weight(&self) -> usize;
}

impl Sharded for RecipientHash {
    fn shard_hash(&self) -> [u8; 8] {
        first_eight(&self.0)
    }

    fn weight(&self) -> usize {
        22
    }
}

impl Sharded for Alias {
    fn shard_hash(&self) -> [u8; 8] {
        self.hash.shard_hash()
    }

    fn weight(&self) -> usize {
        90 + self.rewrite_to.as_ref().map_or(0, |to| 2 * to.as_str().len())
    }
}

impl Sharded for Entry {
    fn shard_hash(&self) -> [u8; 8] {
        first_eight(Hash::of(self.id.uuid().as_bytes()).as_bytes())
    }

    fn weight(&self) -> usize {
        let subject = match &self.subject {
            // Quotes and backslashes are written as two.
            Subject::Sender(pattern) => 2 * pattern.to_string().len(),
            Subject::Client(_) => 50,
        };
        150 + subject
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
    let members = members.into_iter().map(|member| (member.weight(), member)).collect();
    let mut open: Vec<(ShardPrefix, Vec<(usize, T)>)> = vec![(ShardPrefix::ALL, members)];
    while let Some((prefix, members)) = open.pop() {
        if members.is_empty() {
            continue;
        }
        let weight: usize = members.iter().map(|(weight, _)| weight).sum();
        match prefix.split().filter(|_| members.len() > SHARD_ENTRIES || weight > SHARD_BYTES) {
            None => done.push((prefix, members.into_iter().map(|(_, member)| member).collect())),
            Some([zero, one]) => {
                let (zeros, ones) = members.into_iter().partition(|(_, member)| zero.covers(member.shard_hash()));
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
    use crate::{
        Id, Micros,
        policy::lists::ListKind,
        snapshot::{
            object::{List, ListScope, Object},
            piece,
        },
    };

    /// An edit moves one shard, and less than 64 kB, whatever is in the others.
    #[test]
    fn no_shard_is_larger_than_an_edit_may_be_however_long_its_entries_are() {
        let entry = |n: u32| {
            // Nothing in it repeats: nothing is gained by compressing it.
            let noise = |salt: u8| Hash::of(&[&n.to_be_bytes()[..], &[salt]].concat()).to_string();
            let sender = format!("{}@{}.{}.{}.example", noise(0), &noise(1)[..60], &noise(2)[..60], &noise(3)[..40]);
            let mut id = [0; 10];
            id.copy_from_slice(&Hash::of(&n.to_be_bytes()).as_bytes()[..10]);
            let subject = Subject::Sender(sender.parse().unwrap());
            let kind = ListKind::Block;
            Entry {
                id: Id::new(Micros::EPOCH, id),
                kind,
                subject,
                recipient: Some(RecipientHash([7; 16])),
                expires_at: Some(Micros::EPOCH),
            }
        };
        let shards = shards((0..3_000).map(entry).collect());
        assert_eq!(shards.iter().map(|(_, entries)| entries.len()).sum::<usize>(), 3_000);
        for (prefix, entries) in shards {
            let piece = piece::encode(&Object::List(List { scope: ListScope::Installation, prefix, entries })).unwrap();
            assert!(piece.bytes.len() < 60_000, "{} octets", piece.bytes.len());
        }
    }

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
