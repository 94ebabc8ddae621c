//! The tree: a hash trie over all (key → object). Its shape follows from the contents alone.
//!
//! A node is a leaf (entries sorted by key) or, where the leaf would pass 16 KiB, a branch of up to sixteen children by
//! the next four bits of SHA-256(key). Nodes are named by the hash of their encoding; unchanged subtrees are shared.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    hash::Hash,
    node::{self, Leaf},
};

/// The longest encoding of a leaf, in octets.
pub const MAX_LEAF_BYTES: usize = 16 * 1024;
/// Sixty-four nibbles of a SHA-256.
pub const MAX_DEPTH: usize = 64;

/// One object's place in the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub key: Arc<str>,
    pub hash: Hash,
    /// Octets of the object as stored.
    pub size: u32,
}

/// An entry where it stands in a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryRef<'a> {
    pub key: &'a str,
    pub hash: Hash,
    /// Octets of the object as stored.
    pub size: u32,
}

impl Entry {
    pub fn new(key: impl Into<Arc<str>>, hash: Hash, size: u32) -> Self {
        Self { key: key.into(), hash, size }
    }
}

impl EntryRef<'_> {
    pub fn owned(&self) -> Entry {
        Entry::new(self.key, self.hash, self.size)
    }
}

/// Which way down: SHA-256 of the key. Kept only while a tree is made.
type Way = Hash;

fn placed(entry: Entry) -> (Way, Entry) {
    (Hash::of(entry.key.as_bytes()), entry)
}

pub(super) fn nibble(way: &Hash, depth: usize) -> u8 {
    let byte = way.as_bytes().get(depth / 2).copied().unwrap_or(0);
    if depth.is_multiple_of(2) { byte >> 4 } else { byte & 15 }
}

/// A subtree, with what its parent says about it.
#[derive(Debug, Clone)]
pub struct Tree {
    pub(super) node: Arc<Node>,
    pub(super) hash: Hash,
    /// Octets of all nodes and objects in it: decides what makes a pack.
    pub(super) bytes: u64,
    pub(super) entries: u32,
    /// Octets its entries would take in one leaf, without a header: decides between leaf and branch.
    pub(super) flat: u64,
}

#[derive(Debug)]
pub(super) enum Node {
    Leaf(Leaf),
    /// Sixteen places; at least two entries below in all.
    Branch(Box<[Option<Tree>; 16]>),
}

/// The nodes that a change made.
pub type NewNodes = Vec<(Hash, Vec<u8>)>;

/// What a key says now.
pub type Changes = BTreeMap<Arc<str>, Option<(Hash, u32)>>;

impl Tree {
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    pub const fn entries(&self) -> u32 {
        self.entries
    }

    /// Octets of all nodes and objects.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The tree of nothing.
    pub fn empty() -> (Self, NewNodes) {
        let mut new = Vec::new();
        (make(Vec::new(), 0, &mut new), new)
    }

    /// A tree of these entries, and all its nodes.
    pub fn build(entries: Vec<Entry>) -> (Self, NewNodes) {
        let mut new = Vec::new();
        // The last of several entries for one key would win by chance; a map upstream rules them out.
        let tree = make(entries.into_iter().map(placed).collect(), 0, &mut new);
        (tree, new)
    }

    /// This tree with some keys changed, and the nodes that are new.
    #[must_use]
    pub fn update(&self, changes: &Changes) -> (Self, NewNodes) {
        let mut new = Vec::new();
        let changes: Vec<Change> = changes
            .iter()
            .map(|(key, value)| Change { way: Hash::of(key.as_bytes()), key: Arc::clone(key), value: *value })
            .collect();
        let tree = apply(self, changes, 0, &mut new);
        (tree, new)
    }

    /// Every entry, in no order that means anything.
    pub fn for_each<'a>(&'a self, f: &mut impl FnMut(EntryRef<'a>)) {
        match &*self.node {
            Node::Leaf(leaf) => leaf.entries().for_each(f),
            Node::Branch(children) => children.iter().flatten().for_each(|child| child.for_each(f)),
        }
    }

    pub(super) fn child(&self, place: u8) -> Option<Self> {
        match &*self.node {
            Node::Leaf(_) => None,
            Node::Branch(children) => children.get(usize::from(place)).cloned().flatten(),
        }
    }

    pub fn get(&self, key: &str) -> Option<EntryRef<'_>> {
        let way = Hash::of(key.as_bytes());
        let mut at = self;
        let mut depth = 0;
        loop {
            match &*at.node {
                Node::Leaf(leaf) => return leaf.entries().find(|entry| entry.key == key),
                Node::Branch(children) => {
                    at = children[usize::from(nibble(&way, depth))].as_ref()?;
                    depth += 1;
                }
            }
        }
    }

    /// Calls `f(before, after)` for each key that differs; equal subtrees are not entered.
    pub fn diff<'a>(before: &'a Self, after: &'a Self, f: &mut impl FnMut(Option<EntryRef<'a>>, Option<EntryRef<'a>>)) {
        if before.hash == after.hash {
            return;
        }
        if let (Node::Branch(old), Node::Branch(new)) = (&*before.node, &*after.node) {
            for (old, new) in old.iter().zip(&**new) {
                match (old, new) {
                    (Some(old), Some(new)) => Self::diff(old, new, f),
                    (Some(old), None) => old.for_each(&mut |entry| f(Some(entry), None)),
                    (None, Some(new)) => new.for_each(&mut |entry| f(None, Some(entry))),
                    (None, None) => {}
                }
            }
            return;
        }
        let (mut old, mut new) = (BTreeMap::new(), BTreeMap::new());
        before.for_each(&mut |entry| {
            old.insert(entry.key, entry);
        });
        after.for_each(&mut |entry| {
            new.insert(entry.key, entry);
        });
        for (key, entry) in &old {
            match new.get(key) {
                None => f(Some(*entry), None),
                Some(now) if now.hash != entry.hash => f(Some(*entry), Some(*now)),
                Some(_) => {}
            }
        }
        new.iter().filter(|(key, _)| !old.contains_key(*key)).for_each(|(_, entry)| f(None, Some(*entry)));
    }

    /// The names of nodes of `before` that `after` does not have.
    pub fn dropped_nodes(before: &Self, after: &Self, f: &mut impl FnMut(Hash)) {
        if before.hash == after.hash {
            return;
        }
        f(before.hash);
        let Node::Branch(old) = &*before.node else { return };
        for (place, old) in (0..).zip(&**old) {
            match (old, after.child(place)) {
                (Some(old), Some(new)) => Self::dropped_nodes(old, &new, f),
                (Some(old), None) => old.nodes(f),
                (None, _) => {}
            }
        }
    }

    /// The names of all nodes of this tree.
    pub fn nodes(&self, f: &mut impl FnMut(Hash)) {
        f(self.hash);
        if let Node::Branch(children) = &*self.node {
            children.iter().flatten().for_each(|child| child.nodes(f));
        }
    }
}

#[derive(Debug, Clone)]
struct Change {
    way: Hash,
    key: Arc<str>,
    value: Option<(Hash, u32)>,
}

/// Would entries of this encoded length make one leaf? At the last nibble they must: there is no further way to part
/// them.
pub(super) const fn is_leaf(flat: u64, depth: usize) -> bool {
    depth >= MAX_DEPTH || flat + node::HEADER as u64 <= MAX_LEAF_BYTES as u64
}

fn make(entries: Vec<(Way, Entry)>, depth: usize, new: &mut NewNodes) -> Tree {
    let flat = entries.iter().map(|(_, entry)| node::flat_of(entry)).sum();
    if is_leaf(flat, depth) {
        return leaf(entries.into_iter().map(|(_, entry)| entry).collect(), new);
    }
    let mut parts: [Vec<(Way, Entry)>; 16] = Default::default();
    for (way, entry) in entries {
        parts[usize::from(nibble(&way, depth))].push((way, entry));
    }
    let children = parts.map(|part| (!part.is_empty()).then(|| make(part, depth + 1, new)));
    branch(children, new)
}

fn leaf(mut entries: Vec<Entry>, new: &mut NewNodes) -> Tree {
    entries.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    let leaf = Leaf::of(&entries);
    let encoded = leaf.encoded().to_vec();
    let tree = Tree::of_leaf(leaf);
    new.push((tree.hash, encoded));
    tree
}

fn branch(children: [Option<Tree>; 16], new: &mut NewNodes) -> Tree {
    let encoded = node::encode_branch(&children);
    let tree = Tree::of_branch(children, &encoded);
    new.push((tree.hash, encoded));
    tree
}

impl Tree {
    pub(super) fn of_leaf(leaf: Leaf) -> Self {
        let objects: u64 = leaf.entries().map(|entry| u64::from(entry.size)).sum();
        Self {
            hash: Hash::of(leaf.encoded()),
            bytes: objects + leaf.encoded().len() as u64,
            entries: leaf.len(),
            flat: leaf.flat(),
            node: Arc::new(Node::Leaf(leaf)),
        }
    }

    pub(super) fn of_branch(children: [Option<Self>; 16], encoded: &[u8]) -> Self {
        let below = children.iter().flatten();
        Self {
            hash: Hash::of(encoded),
            bytes: below.clone().map(|child| child.bytes).fold(encoded.len() as u64, u64::saturating_add),
            entries: below.clone().map(|child| child.entries).fold(0, u32::saturating_add),
            flat: below.map(|child| child.flat).fold(0, u64::saturating_add),
            node: Arc::new(Node::Branch(Box::new(children))),
        }
    }
}

fn apply(tree: &Tree, changes: Vec<Change>, depth: usize, new: &mut NewNodes) -> Tree {
    if changes.is_empty() {
        return tree.clone();
    }
    let children = match &*tree.node {
        Node::Leaf(leaf) => {
            let entries = merged(leaf.entries().map(|entry| entry.owned()), changes);
            // Written again even if nothing changed: the same bytes have the same name.
            return make(entries, depth, new);
        }
        Node::Branch(children) => children,
    };
    let mut parts: [Vec<Change>; 16] = Default::default();
    for change in changes {
        parts[usize::from(nibble(&change.way, depth))].push(change);
    }
    let mut made = NewNodes::new();
    let mut changed: [Option<Tree>; 16] = Default::default();
    for ((slot, child), part) in changed.iter_mut().zip(&**children).zip(parts) {
        let child = match child {
            Some(child) => apply(child, part, depth + 1, &mut made),
            None if part.is_empty() => continue,
            None => make(merged(std::iter::empty(), part), depth + 1, &mut made),
        };
        *slot = (child.entries > 0).then_some(child);
    }
    // What shrank below the limit becomes one leaf again, as if it had been built so.
    let flat: u64 = changed.iter().flatten().map(|child| child.flat).sum();
    if is_leaf(flat, depth) {
        let mut all = Vec::new();
        changed.iter().flatten().for_each(|child| child.for_each(&mut |entry| all.push(entry.owned())));
        return leaf(all, new);
    }
    new.append(&mut made);
    branch(changed, new)
}

fn merged(entries: impl Iterator<Item = Entry>, changes: Vec<Change>) -> Vec<(Way, Entry)> {
    let mut by_key: BTreeMap<Arc<str>, (Way, Entry)> =
        entries.map(|entry| (Arc::clone(&entry.key), placed(entry))).collect();
    for Change { way, key, value } in changes {
        match value {
            Some((hash, size)) => drop(by_key.insert(Arc::clone(&key), (way, Entry { key, hash, size }))),
            None => drop(by_key.remove(&key)),
        }
    }
    by_key.into_values().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(key: u32, value: u8) -> Entry {
        Entry::new(format!("domain/{key}.a-name-of-some-length.example"), Hash::of(&[value]), 100 + u32::from(value))
    }

    fn change(key: u32, value: Option<u8>) -> (Arc<str>, Option<(Hash, u32)>) {
        let entry = entry(key, value.unwrap_or(0));
        (entry.key, value.map(|_| (entry.hash, entry.size)))
    }

    proptest! {
        #[test]
        fn an_update_gives_what_building_anew_gives(
            start in proptest::collection::btree_map(0u32..2000, any::<u8>(), 0..1500),
            edits in proptest::collection::btree_map(0u32..2500, proptest::option::of(any::<u8>()), 0..900),
        ) {
            let (before, _) = Tree::build(start.iter().map(|(k, v)| entry(*k, *v)).collect());
            let changes: Changes = edits.iter().map(|(k, v)| change(*k, *v)).collect();
            let (after, new) = before.update(&changes);
            let mut end = start.clone();
            for (k, v) in &edits {
                match v { Some(v) => drop(end.insert(*k, *v)), None => drop(end.remove(k)) }
            }
            let (anew, _) = Tree::build(end.iter().map(|(k, v)| entry(*k, *v)).collect());
            prop_assert_eq!(after.hash(), anew.hash());
            prop_assert_eq!(after.bytes(), anew.bytes());
            for (hash, bytes) in new {
                prop_assert_eq!(Hash::of(&bytes), hash);
            }
            let mut differing = 0;
            Tree::diff(&before, &after, &mut |old, new| { assert_ne!(old, new); differing += 1; });
            let expected = edits.iter().filter(|(k, v)| start.get(k) != v.as_ref()).count();
            prop_assert_eq!(differing, expected);
        }
    }

    #[test]
    fn an_edit_of_one_key_in_a_large_tree_makes_few_small_nodes() {
        let (tree, all) = Tree::build((0..20_000).map(|k| entry(k, 1)).collect());
        let (_, new) = tree.update(&Changes::from([change(777, Some(2))]));
        let bytes: usize = new.iter().map(|(_, bytes)| bytes.len()).sum();
        assert!(all.len() > 100 && new.len() <= 4 && bytes < 20_000, "{} nodes, {bytes} octets", new.len());
    }
}
