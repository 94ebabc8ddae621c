//! How a node of the tree is written. One set of contents has one encoding; anything else is refused.
//!
//! `PT 01` · `L` · count u16 · for each entry: key length u16, key, hash 32, size u32
//! `PT 01` · `B` · bitmap u16 · for each child: hash 32, octets of the subtree u64, entries u32
//! Numbers are big-endian.

use std::sync::Arc;

use super::{
    hash::Hash,
    tree::{Entry, MAX_LEAF_BYTES, Tree},
};

const MAGIC: [u8; 3] = [b'P', b'T', 1];
pub(super) const HEADER: usize = 6;
const CHILD_BYTES: usize = 32 + 8 + 4;
/// The longest node there is: a leaf that could not be split further has a handful of entries more than fit.
pub(super) const MAX_NODE_BYTES: usize = 2 * MAX_LEAF_BYTES;

/// What a node says, before its children are known.
#[derive(Debug)]
pub(super) enum Parsed {
    Leaf(Vec<Entry>),
    Branch(Vec<Child>),
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Child {
    pub place: u8,
    pub hash: Hash,
    pub bytes: u64,
    pub entries: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the canonical encoding of a node")]
pub(super) struct NotCanonical;

/// Octets of these entries in a leaf, without its header.
pub(super) fn flat(entries: &[Entry]) -> u64 {
    entries.iter().map(|entry| 2 + entry.key.len() as u64 + 32 + 4).sum()
}

pub(super) fn encode_leaf(entries: &[Entry]) -> Vec<u8> {
    let mut out = Vec::with_capacity(MAX_LEAF_BYTES.min(HEADER + 128 * entries.len()));
    out.extend(MAGIC);
    out.push(b'L');
    out.extend(u16::try_from(entries.len()).unwrap_or(u16::MAX).to_be_bytes());
    for entry in entries {
        // Keys are ids and domain names of at most 253 octets with a few words beside them; `piece` refuses longer ones.
        out.extend(u16::try_from(entry.key.len()).unwrap_or(u16::MAX).to_be_bytes());
        out.extend(entry.key.as_bytes());
        out.extend(entry.hash.as_bytes());
        out.extend(entry.size.to_be_bytes());
    }
    out
}

pub(super) fn encode_branch(children: &[Option<Tree>; 16]) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER + 16 * CHILD_BYTES);
    let bitmap =
        children.iter().enumerate().filter(|(_, child)| child.is_some()).fold(0u16, |map, (i, _)| map | 1 << i);
    out.extend(MAGIC);
    out.push(b'B');
    out.extend(bitmap.to_be_bytes());
    for child in children.iter().flatten() {
        out.extend(child.hash.as_bytes());
        out.extend(child.bytes.to_be_bytes());
        out.extend(child.entries.to_be_bytes());
    }
    out
}

/// Reads octets from the front; fails where there are too few.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], NotCanonical> {
        let (taken, rest) = self.0.split_at_checked(n).ok_or(NotCanonical)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], NotCanonical> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(NotCanonical)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn hash(&mut self) -> Result<Hash, NotCanonical> {
        self.array().map(Hash::from_bytes)
    }
}

pub(super) fn parse(bytes: &[u8]) -> Result<Parsed, NotCanonical> {
    let mut reader = Reader(bytes);
    if reader.array()? != MAGIC {
        return Err(NotCanonical);
    }
    let kind = reader.array::<1>()?;
    let number = u16::from_be_bytes(reader.array()?);
    let parsed = match &kind {
        b"L" => parse_leaf(&mut reader, number)?,
        b"B" => parse_branch(&mut reader, number)?,
        _ => return Err(NotCanonical),
    };
    if reader.0.is_empty() { Ok(parsed) } else { Err(NotCanonical) }
}

fn parse_leaf(reader: &mut Reader<'_>, count: u16) -> Result<Parsed, NotCanonical> {
    let mut entries: Vec<Entry> = Vec::new();
    for _ in 0..count {
        let len = u16::from_be_bytes(reader.array()?);
        let key = std::str::from_utf8(reader.take(usize::from(len))?).map_err(|_| NotCanonical)?;
        let sorted = entries.last().is_none_or(|last| *last.key < *key);
        if key.is_empty() || !sorted {
            return Err(NotCanonical);
        }
        let key: Arc<str> = Arc::from(key);
        entries.push(Entry::new(key, reader.hash()?, u32::from_be_bytes(reader.array()?)));
    }
    Ok(Parsed::Leaf(entries))
}

fn parse_branch(reader: &mut Reader<'_>, bitmap: u16) -> Result<Parsed, NotCanonical> {
    let mut children = Vec::new();
    for place in (0..16u8).filter(|place| bitmap >> place & 1 == 1) {
        let hash = reader.hash()?;
        let bytes = u64::from_be_bytes(reader.array()?);
        let entries = u32::from_be_bytes(reader.array()?);
        if entries == 0 {
            return Err(NotCanonical);
        }
        children.push(Child { place, hash, bytes, entries });
    }
    if children.is_empty() { Err(NotCanonical) } else { Ok(Parsed::Branch(children)) }
}
