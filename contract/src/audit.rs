//! How the audit log is chained: each row's hash is over its text and the hash before it, one chain a tenant; a signed
//! statement has the root over all chains' heads. Pure, so that whoever holds an export can follow it.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Id, Micros, ids, snapshot::hash::Hash};

/// `typ` of a signed [`AuditRoot`].
pub const ROOT_TYPE: &str = "postern-audit-root+jwt";
/// `typ` of a signed [`AuditCheckpoint`].
pub const CHECKPOINT_TYPE: &str = "postern-audit-checkpoint+jwt";
/// The chain of what belongs to no tenant.
pub const INSTALLATION: &str = "installation";
/// What the hash of a row begins with: another way to hash has another name.
const ROW: &[u8] = b"postern-audit-row-1\n";
const LEAF: &[u8] = b"postern-audit-leaf-1\n";
const NODE: &[u8] = b"postern-audit-node-1\n";

/// A place in a chain: the row's number, from 1 on, and its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    pub seq: u64,
    pub hash: Hash,
}

impl Default for Position {
    fn default() -> Self {
        Self::START
    }
}

impl Position {
    /// Before the first row.
    pub const START: Self = Self { seq: 0, hash: Hash::from_bytes([0; 32]) };
}

/// What is known of one chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chain {
    /// A tenant's id, or `installation`.
    pub chain: String,
    /// The last row that was swept away; where the rows that are left begin.
    pub swept: Position,
    /// The newest row.
    pub head: Position,
}

/// What a snapshot key signs: all chains at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditRoot {
    pub installation: Id<ids::Installation>,
    pub issued_at: Micros,
    pub chains: u64,
    /// Rows of all chains, those that were swept included.
    pub rows: u64,
    pub root: Hash,
}

/// What a snapshot key signs when the oldest rows of a chain are swept away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditCheckpoint {
    pub installation: Id<ids::Installation>,
    pub issued_at: Micros,
    pub chain: String,
    /// The last row that is gone.
    pub swept: Position,
}

/// The hash of a row. `entry` is the text of its JSON object, octet for octet.
pub fn row_hash(previous: &Hash, chain: &str, seq: u64, entry: &str) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(ROW);
    hasher.update(previous.as_bytes());
    // A chain's name has no line end in it.
    hasher.update(format!("{chain}\n{seq}\n").as_bytes());
    hasher.update(entry.as_bytes());
    Hash::from_bytes(hasher.finalize().into())
}

/// The root over all chains, which come in the order of their names. An odd one out goes up as it is.
pub fn root<'a>(chains: impl IntoIterator<Item = &'a Chain>) -> Hash {
    let mut level: Vec<Hash> = chains.into_iter().map(leaf).collect();
    if level.is_empty() {
        return Hash::of(NODE);
    }
    while level.len() > 1 {
        level = level
            .chunks(2)
            .map(|pair| match pair {
                [left, right] => of_parts(&[NODE, left.as_bytes(), right.as_bytes()]),
                alone => alone.first().copied().unwrap_or(Position::START.hash),
            })
            .collect();
    }
    level.first().copied().unwrap_or(Position::START.hash)
}

fn leaf(chain: &Chain) -> Hash {
    let Chain { chain, swept, head } = chain;
    let text = format!("{chain}\n{}\n{}\n{}\n{}\n", swept.seq, swept.hash, head.seq, head.hash);
    of_parts(&[LEAF, text.as_bytes()])
}

fn of_parts(parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    Hash::from_bytes(hasher.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(name: &str, seq: u64) -> Chain {
        Chain {
            chain: name.to_owned(),
            swept: Position::START,
            head: Position { seq, hash: Hash::of(name.as_bytes()) },
        }
    }

    #[test]
    fn a_row_hash_holds_everything_that_makes_the_row() {
        let (start, other) = (Position::START.hash, Hash::of(b"other"));
        let hashes = [
            row_hash(&start, "installation", 1, "{}"),
            row_hash(&other, "installation", 1, "{}"),
            row_hash(&start, "ten_1", 1, "{}"),
            row_hash(&start, "installation", 2, "{}"),
            row_hash(&start, "installation", 1, "{ }"),
        ];
        for (i, a) in hashes.iter().enumerate() {
            assert!(hashes.iter().skip(i + 1).all(|b| a != b), "{i}");
        }
    }

    #[test]
    fn the_root_changes_with_every_chain_and_their_number() {
        let chains: Vec<Chain> = (1..=9).map(|n| chain(&format!("ten_{n}"), n)).collect();
        let mut roots: Vec<Hash> = (0..=9).map(|count| root(&chains[..count])).collect();
        for at in 0..9 {
            let mut changed = chains.clone();
            changed[at].head.seq += 1;
            roots.push(root(&changed));
            changed[at].head.seq -= 1;
            changed[at].swept.seq += 1;
            roots.push(root(&changed));
        }
        let count = roots.len();
        roots.sort();
        roots.dedup();
        assert_eq!(roots.len(), count);
    }
}
