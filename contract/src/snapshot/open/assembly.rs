//! Putting a snapshot together from fetched bytes, sharing with the one before whatever did not change.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use super::{Refusal, SharedMap, Snapshot, part::Part, snapshot::Changed};
use crate::{
    snapshot::{
        Verified, changes,
        hash::Hash,
        head::{Head, Totals},
        node::{self, Child, Parsed},
        object::{Key, ListScope},
        piece::{self, DecodeError},
        tree::{self, Entry, EntryRef, MAX_DEPTH, Tree},
    },
    worker_api::{MAX_PACK_BYTES, PartError},
};

/// A snapshot on its way in. Ask what is [`wanted`](Self::wanted), fetch, [`supply`](Self::supply), until nothing is wanted;
/// then [`finish`](Self::finish).
#[derive(Debug)]
pub struct Opening {
    head: Head,
    before: Option<Snapshot>,
    /// Nodes asked for: how deep, and what stood at that place before.
    frontier: HashMap<Hash, (usize, Option<Tree>)>,
    /// Whole subtrees asked for where nothing stood before: how deep their top is.
    packs: HashMap<Hash, usize>,
    takes_packs: bool,
    parsed: HashMap<Hash, Parsed>,
    reused: HashMap<Hash, Tree>,
    tree: Option<Tree>,
    /// Objects asked for. Of one name there may be several: the same bytes under several keys, of which one is right at most.
    pending: HashMap<Hash, Vec<Entry>>,
    parts: SharedMap<Part>,
    errors: BTreeMap<Arc<str>, PartError>,
    changed: Changed,
    reader: piece::Reader,
}

/// What to fetch next.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// Subtrees that are wanted whole; each may be asked for by its parts instead, see [`Opening::without_packs`].
    pub packs: Vec<Hash>,
    /// Nodes and objects.
    pub names: Vec<Hash>,
}

impl Wanted {
    pub const fn is_empty(&self) -> bool {
        self.packs.is_empty() && self.names.is_empty()
    }
}

impl Opening {
    pub fn new(head: &Verified<Head>, before: Option<&Verified<Snapshot>>) -> Result<Self, Refusal> {
        let mut opening = Self::over(head, before);
        let old = opening.before.as_ref().map(|before| before.tree.clone());
        opening.ask(opening.head.root, 0, old);
        opening.advance()?;
        Ok(opening)
    }

    /// What a snapshot becomes by changes that somebody says it differs by; none where it does not become what the head
    /// names, and is to be opened by its nodes.
    pub fn by_changes(
        head: &Verified<Head>,
        before: &Verified<Snapshot>,
        encoded: &[u8],
    ) -> Result<Option<Self>, Refusal> {
        let Ok(changes) = changes::parse(encoded) else { return Ok(None) };
        if !changes.keys().all(|key| key.len() <= piece::MAX_KEY_BYTES) {
            return Ok(None);
        }
        let mut opening = Self::over(head, Some(before));
        let (tree, _) = before.tree.update(&changes);
        if tree.hash() != head.root {
            return Ok(None);
        }
        opening.take_tree(tree)?;
        Ok(Some(opening))
    }

    fn over(head: &Verified<Head>, before: Option<&Verified<Snapshot>>) -> Self {
        let before: Option<Snapshot> = before.map(|before| Snapshot::clone(before));
        Self {
            head: Head::clone(head),
            frontier: HashMap::new(),
            packs: HashMap::new(),
            takes_packs: true,
            parsed: HashMap::new(),
            reused: HashMap::new(),
            tree: None,
            pending: HashMap::new(),
            parts: before.as_ref().map_or_else(SharedMap::default, |before| before.parts.clone()),
            errors: before.as_ref().map_or_else(BTreeMap::new, |before| before.errors.clone()),
            changed: if before.is_some() { Changed::Keys(Vec::new()) } else { Changed::All },
            before,
            reader: piece::Reader::default(),
        }
    }

    /// Nothing where all is there.
    pub fn wanted(&self) -> Wanted {
        Wanted {
            packs: self.packs.keys().copied().collect(),
            names: self.frontier.keys().chain(self.pending.keys()).copied().collect(),
        }
    }

    /// Whoever is asked gives no packs: everything by its parts from here on.
    pub fn without_packs(&mut self) {
        self.takes_packs = false;
        self.frontier.extend(self.packs.drain().map(|(top, depth)| (top, (depth, None))));
    }

    /// Takes what was fetched under a name. An answer that is not what was named is refused whole: it is no object of
    /// this snapshot at all. An object that is what was named but makes no sense costs only what it belongs to.
    /// False for what was not asked for, or is here already.
    pub fn supply(&mut self, name: Hash, bytes: &[u8]) -> Result<bool, Refusal> {
        if let Some((depth, old)) = self.frontier.remove(&name) {
            self.take_node(name, bytes, depth, old.as_ref())?;
            self.advance()?;
            return Ok(true);
        }
        let Some(entries) = self.pending.remove(&name) else { return Ok(false) };
        for entry in entries {
            self.take_object(entry, bytes)?;
        }
        Ok(true)
    }

    /// Takes a subtree that was fetched whole: parents before their children, nodes before objects. What is missing in it
    /// is asked for by name; what is in it and belongs nowhere is left out.
    pub fn supply_pack<B: AsRef<[u8]>>(
        &mut self,
        top: Hash,
        parts: impl IntoIterator<Item = (Hash, B)>,
    ) -> Result<(), Refusal> {
        let Some(depth) = self.packs.remove(&top) else { return Ok(()) };
        let mut nodes = HashMap::from([(top, depth)]);
        let mut objects: HashMap<Hash, Vec<Entry>> = HashMap::new();
        for (name, bytes) in parts {
            if let Some(depth) = nodes.remove(&name) {
                match parse_node(name, bytes.as_ref(), depth)? {
                    Parsed::Branch(children) => {
                        nodes.extend(children.iter().map(|child| (child.hash, depth + 1)));
                        self.parsed.insert(name, Parsed::Branch(children));
                    }
                    Parsed::Leaf(leaf) => {
                        for entry in leaf.entries() {
                            check_size(entry)?;
                            objects.entry(entry.hash).or_default().push(entry.owned());
                        }
                        self.parsed.insert(name, Parsed::Leaf(leaf));
                    }
                }
            } else {
                for entry in objects.remove(&name).into_iter().flatten() {
                    self.take_object(entry, bytes.as_ref())?;
                }
            }
        }
        // Objects that are missing are found so when the tree is whole.
        self.frontier.extend(nodes.into_iter().map(|(name, depth)| (name, (depth, None))));
        self.advance()
    }

    /// What it means when a name cannot be fetched although the newest head leads to it.
    pub const fn gone(&self) -> Refusal {
        Refusal::Dangling
    }

    pub fn finish(self) -> Result<Verified<Snapshot>, Refusal> {
        let tree = self.tree.filter(|_| self.pending.is_empty()).ok_or(Refusal::Dangling)?;
        let Some(Part::Installation(installation)) = self.parts.get("installation").cloned() else {
            return Err(Refusal::Dangling);
        };
        if installation.id != self.head.installation {
            return Err(Refusal::WrongAudience);
        }
        // The installation's own list counts everywhere: without all of it nothing can be judged.
        let list_is_whole = installation
            .list
            .iter()
            .all(|prefix| self.parts.contains_key(&Key::List(ListScope::Installation, *prefix).to_string()));
        if !list_is_whole {
            return Err(Refusal::Dangling);
        }
        Ok(Verified::new(Snapshot {
            head: self.head,
            tree,
            parts: self.parts,
            installation,
            errors: self.errors,
            changed: self.changed,
        }))
    }

    fn ask(&mut self, hash: Hash, depth: usize, old: Option<Tree>) {
        match old {
            Some(old) if old.hash() == hash => drop(self.reused.insert(hash, old)),
            _ if self.parsed.contains_key(&hash) => {}
            old => drop(self.frontier.insert(hash, (depth, old))),
        }
    }

    fn take_node(&mut self, name: Hash, bytes: &[u8], depth: usize, old: Option<&Tree>) -> Result<(), Refusal> {
        let parsed = parse_node(name, bytes, depth)?;
        if let Parsed::Branch(children) = &parsed {
            // Where something stood, most of its objects are held already.
            let anew = old.is_none() && self.takes_packs;
            for child in children {
                let old = old.and_then(|old| old.child(child.place));
                if anew && child.bytes <= MAX_PACK_BYTES {
                    self.packs.insert(child.hash, depth + 1);
                } else {
                    self.ask(child.hash, depth + 1, old);
                }
            }
        }
        self.parsed.insert(name, parsed);
        Ok(())
    }

    fn take_object(&mut self, Entry { key, hash, size }: Entry, bytes: &[u8]) -> Result<(), Refusal> {
        match self.reader.decode(&key, hash, size, bytes) {
            Ok(object) => self.parts.insert(&key, object.into()),
            Err(DecodeError { refusal, .. }) if is_transport(refusal) || is_global(&key) => return Err(refusal),
            Err(error) => {
                self.parts.remove(&key);
                let part = PartError {
                    key: key.to_string(),
                    tenant: None,
                    pointer: error.pointer,
                    message: format!("{}: {}", error.refusal, error.message),
                };
                self.errors.insert(key, part);
            }
        }
        Ok(())
    }

    /// When the last node is here: the tree.
    fn advance(&mut self) -> Result<(), Refusal> {
        if !self.frontier.is_empty() || !self.packs.is_empty() || self.tree.is_some() {
            return Ok(());
        }
        let tree = self.grow(self.head.root, 0, &mut Vec::new())?;
        self.parsed = HashMap::new();
        self.reused = HashMap::new();
        self.take_tree(tree)
    }

    /// Which objects the tree needs.
    fn take_tree(&mut self, tree: Tree) -> Result<(), Refusal> {
        let nothing = Tree::empty().0;
        let (old, mut totals) =
            self.before.as_ref().map_or((&nothing, Totals::default()), |before| (&before.tree, before.head.totals));
        let (pending, parts, errors, changed) =
            (&mut self.pending, &mut self.parts, &mut self.errors, &mut self.changed);
        let mut sizes = Ok(());
        Tree::diff(old, &tree, &mut |before, after| {
            let Some(entry) = after.or(before) else { return };
            if let Some(total) = total_of(&mut totals, entry.key) {
                *total = (*total + u32::from(before.is_none())).saturating_sub(u32::from(after.is_none()));
            }
            // What came with a pack, into a place where nothing was, is here already.
            let here = before.is_none() && (parts.contains_key(entry.key) || errors.contains_key(entry.key));
            if let Changed::Keys(keys) = changed {
                keys.push(entry.key.into());
            }
            if here {
                return;
            }
            errors.remove(entry.key);
            if after.is_some() {
                sizes = sizes.and_then(|()| check_size(entry));
                pending.entry(entry.hash).or_default().push(entry.owned());
            } else {
                parts.remove(entry.key);
            }
        });
        sizes?;
        if totals != self.head.totals {
            return Err(Refusal::WrongTotals);
        }
        self.tree = Some(tree);
        Ok(())
    }

    /// The subtree under a name; every statement of a parent about it is checked.
    fn grow(&mut self, hash: Hash, depth: usize, way: &mut Vec<u8>) -> Result<Tree, Refusal> {
        if let Some(reused) = self.reused.get(&hash) {
            return Ok(reused.clone());
        }
        match self.parsed.remove(&hash).ok_or(Refusal::Malformed)? {
            Parsed::Leaf(leaf) => {
                let here = leaf.entries().all(|entry| {
                    let taken = Hash::of(entry.key.as_bytes());
                    way.iter().enumerate().all(|(i, n)| tree::nibble(&taken, i) == *n)
                });
                if !here || !tree::is_leaf(leaf.flat(), depth) {
                    return Err(Refusal::Malformed);
                }
                Ok(Tree::of_leaf(leaf))
            }
            Parsed::Branch(parsed) => {
                let mut children: [Option<Tree>; 16] = Default::default();
                for Child { place, hash, bytes, entries } in parsed {
                    way.push(place);
                    let child = self.grow(hash, depth + 1, way)?;
                    way.pop();
                    if (child.bytes(), child.entries()) != (bytes, entries) {
                        return Err(Refusal::WrongTotals);
                    }
                    if let Some(slot) = children.get_mut(usize::from(place)) {
                        *slot = Some(child);
                    }
                }
                let encoded = node::encode_branch(&children);
                let tree = Tree::of_branch(children, &encoded);
                if tree::is_leaf(tree.flat, depth) { Err(Refusal::Malformed) } else { Ok(tree) }
            }
        }
    }
}

fn parse_node(name: Hash, bytes: &[u8], depth: usize) -> Result<Parsed, Refusal> {
    if bytes.len() > node::MAX_NODE_BYTES {
        return Err(Refusal::Oversize);
    }
    if Hash::of(bytes) != name {
        return Err(Refusal::HashMismatch);
    }
    match node::parse(bytes) {
        Ok(Parsed::Branch(_)) if depth >= MAX_DEPTH => Err(Refusal::Malformed),
        parsed => parsed.map_err(|_| Refusal::Malformed),
    }
}

const fn check_size(entry: EntryRef<'_>) -> Result<(), Refusal> {
    if entry.size as usize > piece::MAX_STORED_BYTES { Err(Refusal::Oversize) } else { Ok(()) }
}

fn total_of<'a>(totals: &'a mut Totals, key: &str) -> Option<&'a mut u32> {
    if key.starts_with("tenant/") {
        Some(&mut totals.tenants)
    } else if key.starts_with("domain/") {
        Some(&mut totals.domains)
    } else {
        None
    }
}

/// What counts for everybody: a bad one rejects the snapshot.
fn is_global(key: &str) -> bool {
    key == "installation" || key.starts_with("list/installation/")
}

/// The bytes are not those that were named: the fault of whoever carried them.
const fn is_transport(refusal: Refusal) -> bool {
    matches!(refusal, Refusal::HashMismatch | Refusal::Truncated | Refusal::Oversize)
}
