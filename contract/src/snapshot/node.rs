//! How a node of the tree is written. One set of contents has one encoding; anything else is refused.
//!
//! `PT 01` · `L` · count u16 · for each entry: key length u16, key, hash 32, size u32
//! `PT 01` · `B` · bitmap u16 · for each child: hash 32, octets of the subtree u64, entries u32
//! Numbers are big-endian.

use super::{
    hash::Hash,
    tree::{Entry, EntryRef, MAX_LEAF_BYTES, Tree},
};

const MAGIC: [u8; 3] = [b'P', b'T', 1];
pub(super) const HEADER: usize = 6;
const CHILD_BYTES: usize = 32 + 8 + 4;
/// The longest node there is: a leaf that could not be split further has a handful of entries more than fit.
pub(super) const MAX_NODE_BYTES: usize = 2 * MAX_LEAF_BYTES;

/// What a node says, before its children are known.
#[derive(Debug)]
pub(super) enum Parsed {
    Leaf(Leaf),
    Branch(Vec<Child>),
}

/// A leaf as it is written. Most of a tree is leaves, and their encoding is the smallest form of them there is.
#[derive(Debug, Clone)]
pub(super) struct Leaf(Box<[u8]>);

#[derive(Debug, Clone, Copy)]
pub(super) struct Child {
    pub place: u8,
    pub hash: Hash,
    pub bytes: u64,
    pub entries: u32,
}

/// Why bytes are not a node, or not what changed between two trees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the canonical encoding")]
pub struct NotCanonical;

/// What a node names, for whoever collects a subtree without checking it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names {
    pub children: Vec<Hash>,
    /// With their octets as stored.
    pub objects: Vec<(Hash, u32)>,
    /// Octets of everything below a branch, by its own word.
    pub bytes: u64,
}

/// The names in a node's encoding.
pub fn names(bytes: &[u8]) -> Result<Names, NotCanonical> {
    Ok(match parse(bytes)? {
        Parsed::Leaf(leaf) => {
            let objects: Vec<_> = leaf.entries().map(|entry| (entry.hash, entry.size)).collect();
            let bytes = objects.iter().map(|(_, size)| u64::from(*size)).sum();
            Names { children: Vec::new(), objects, bytes }
        }
        Parsed::Branch(children) => Names {
            bytes: children.iter().map(|child| child.bytes).fold(0, u64::saturating_add),
            children: children.into_iter().map(|child| child.hash).collect(),
            objects: Vec::new(),
        },
    })
}

impl Leaf {
    /// Entries must be sorted by key, and no key there twice.
    pub(super) fn of(entries: &[Entry]) -> Self {
        let mut out =
            Vec::with_capacity(HEADER + entries.iter().map(|entry| 2 + entry.key.len() + 32 + 4).sum::<usize>());
        out.extend(MAGIC);
        out.push(b'L');
        out.extend(u16::try_from(entries.len()).unwrap_or(u16::MAX).to_be_bytes());
        for Entry { key, hash, size } in entries {
            // Keys are ids and domain names of at most 253 octets with a few words beside them; `piece` refuses longer
            // ones.
            out.extend(u16::try_from(key.len()).unwrap_or(u16::MAX).to_be_bytes());
            out.extend(key.as_bytes());
            out.extend(hash.as_bytes());
            out.extend(size.to_be_bytes());
        }
        Self(out.into())
    }

    pub(super) const fn encoded(&self) -> &[u8] {
        &self.0
    }

    /// Octets of the entries, without the header.
    pub(super) fn flat(&self) -> u64 {
        (self.0.len() - HEADER) as u64
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = EntryRef<'_>> + Clone {
        // Read through once before this could be made: nothing is left over, and nothing fails.
        let mut reader = Reader(self.0.get(HEADER..).unwrap_or_default());
        std::iter::from_fn(move || read_entry(&mut reader).ok())
    }

    /// How many there are.
    pub(super) fn len(&self) -> u32 {
        let count = self.0.get(HEADER - 2..HEADER).and_then(|two| two.try_into().ok()).map_or(0, u16::from_be_bytes);
        u32::from(count)
    }
}

/// Octets of an entry in a leaf.
pub(super) fn flat_of(entry: &Entry) -> u64 {
    2 + entry.key.len() as u64 + 32 + 4
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
#[derive(Clone)]
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
    match &kind {
        b"L" => {
            read_leaf(reader, number)?;
            Ok(Parsed::Leaf(Leaf(bytes.into())))
        }
        b"B" => parse_branch(reader, number),
        _ => Err(NotCanonical),
    }
}

/// Reads all entries, so that nobody after this has to look for errors.
fn read_leaf(mut reader: Reader<'_>, count: u16) -> Result<(), NotCanonical> {
    let mut last = "";
    for _ in 0..count {
        let entry = read_entry(&mut reader)?;
        // The empty key is none either.
        if *entry.key <= *last {
            return Err(NotCanonical);
        }
        last = entry.key;
    }
    if reader.0.is_empty() { Ok(()) } else { Err(NotCanonical) }
}

fn read_entry<'a>(reader: &mut Reader<'a>) -> Result<EntryRef<'a>, NotCanonical> {
    let len = u16::from_be_bytes(reader.array()?);
    let key = std::str::from_utf8(reader.take(usize::from(len))?).map_err(|_| NotCanonical)?;
    Ok(EntryRef { key, hash: reader.hash()?, size: u32::from_be_bytes(reader.array()?) })
}

fn parse_branch(mut reader: Reader<'_>, bitmap: u16) -> Result<Parsed, NotCanonical> {
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
    if children.is_empty() || !reader.0.is_empty() { Err(NotCanonical) } else { Ok(Parsed::Branch(children)) }
}
