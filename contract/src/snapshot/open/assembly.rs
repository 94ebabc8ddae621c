//! Putting a snapshot together from fetched bytes, sharing with the one before whatever did not change.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use imbl::GenericHashMap;

use super::Refusal;
use crate::{
    snapshot::{
        Verified,
        hash::Hash,
        head::{Head, Totals},
        node::{self, Child, Parsed},
        object::{Installation, Key, ListScope, Object},
        piece::{self, DecodeError},
        tree::{self, Entry, MAX_DEPTH, Tree},
    },
    worker_api::PartError,
};

type Objects = GenericHashMap<Arc<str>, Arc<Object>, std::hash::RandomState, imbl::shared_ptr::DefaultSharedPtr>;

/// A whole configuration. Immutable; a new one shares with the old what did not change.
#[derive(Debug, Clone)]
pub struct Snapshot {
    head: Head,
    tree: Tree,
    objects: Objects,
    installation: Arc<Object>,
    errors: BTreeMap<Arc<str>, PartError>,
    changed: Vec<Arc<str>>,
}

impl Snapshot {
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// An object by its key; none too for one that could not be read.
    pub fn get(&self, key: &str) -> Option<&Arc<Object>> {
        self.objects.get(key)
    }

    pub fn installation(&self) -> &Installation {
        match &*self.installation {
            Object::Installation(installation) => installation,
            _ => unreachable!("checked when the snapshot was assembled"),
        }
    }

    pub fn objects(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<Object>)> {
        self.objects.iter()
    }

    /// Objects that are in the tree and could not be read, by key.
    pub const fn errors(&self) -> &BTreeMap<Arc<str>, PartError> {
        &self.errors
    }

    /// Keys that were added, changed or removed since the snapshot this one was assembled upon.
    pub fn changed(&self) -> &[Arc<str>] {
        &self.changed
    }

    /// Is there such an object, readable or not?
    pub fn names(&self, key: &str) -> bool {
        self.objects.contains_key(key) || self.errors.contains_key(key)
    }
}

/// A snapshot on its way in. Ask [`wanted`](Self::wanted), fetch, [`supply`](Self::supply), until nothing is wanted; then
/// [`finish`](Self::finish).
#[derive(Debug)]
pub struct Opening {
    head: Head,
    before: Option<Snapshot>,
    /// Nodes asked for: how deep, and what stood at that place before.
    frontier: HashMap<Hash, (usize, Option<Tree>)>,
    parsed: HashMap<Hash, Parsed>,
    reused: HashMap<Hash, Tree>,
    tree: Option<Tree>,
    /// Objects asked for.
    pending: HashMap<Hash, Entry>,
    objects: Objects,
    errors: BTreeMap<Arc<str>, PartError>,
    changed: Vec<Arc<str>>,
}

impl Opening {
    pub fn new(head: &Verified<Head>, before: Option<&Verified<Snapshot>>) -> Result<Self, Refusal> {
        let before: Option<Snapshot> = before.map(|before| Snapshot::clone(before));
        let mut opening = Self {
            head: Head::clone(head),
            frontier: HashMap::new(),
            parsed: HashMap::new(),
            reused: HashMap::new(),
            tree: None,
            pending: HashMap::new(),
            objects: before.as_ref().map_or_else(Objects::default, |before| before.objects.clone()),
            errors: before.as_ref().map_or_else(BTreeMap::new, |before| before.errors.clone()),
            changed: Vec::new(),
            before,
        };
        let old = opening.before.as_ref().map(|before| before.tree.clone());
        opening.ask(opening.head.root, 0, old);
        opening.advance()?;
        Ok(opening)
    }

    /// Names to fetch next; empty when all is there.
    pub fn wanted(&self) -> Vec<Hash> {
        self.frontier.keys().chain(self.pending.keys()).copied().collect()
    }

    /// Takes what was fetched under a name. An answer that is not what was named is refused whole: it is no object of
    /// this snapshot at all. An object that is what was named but makes no sense costs only what it belongs to.
    pub fn supply(&mut self, name: Hash, bytes: &[u8]) -> Result<(), Refusal> {
        if let Some((depth, old)) = self.frontier.remove(&name) {
            let parsed = check_node(name, bytes)?;
            if let Parsed::Branch(children) = &parsed {
                if depth >= MAX_DEPTH {
                    return Err(Refusal::Malformed);
                }
                for child in children {
                    self.ask(child.hash, depth + 1, old.as_ref().and_then(|old| old.child(child.place)));
                }
            }
            self.parsed.insert(name, parsed);
            return self.advance();
        }
        let Some(entry) = self.pending.remove(&name) else {
            return Ok(()); // Not asked for, or here already.
        };
        match piece::decode(&entry.key, entry.hash, entry.size, bytes) {
            Ok(object) => drop(self.objects.insert(entry.key, Arc::new(object))),
            Err(DecodeError { refusal, .. }) if is_transport(refusal) || is_global(&entry.key) => {
                return Err(refusal);
            }
            Err(error) => {
                self.objects.remove(&entry.key);
                let part = PartError {
                    key: entry.key.to_string(),
                    tenant: None,
                    pointer: error.pointer,
                    message: format!("{}: {}", error.refusal, error.message),
                };
                self.errors.insert(entry.key, part);
            }
        }
        Ok(())
    }

    /// What it means when a name cannot be fetched although the newest head leads to it.
    pub const fn gone(&self) -> Refusal {
        Refusal::Dangling
    }

    pub fn finish(self) -> Result<Verified<Snapshot>, Refusal> {
        let tree = self.tree.filter(|_| self.pending.is_empty()).ok_or(Refusal::Dangling)?;
        let installation = self.objects.get("installation").cloned().ok_or(Refusal::Dangling)?;
        if !matches!(&*installation, Object::Installation(ours) if ours.id == self.head.installation) {
            return Err(Refusal::WrongAudience);
        }
        // The installation's own list counts everywhere: without all of it nothing can be judged.
        let Object::Installation(ours) = &*installation else { return Err(Refusal::Malformed) };
        let list_is_whole = ours
            .list
            .iter()
            .all(|prefix| self.objects.contains_key(&*Key::List(ListScope::Installation, *prefix).to_string()));
        if !list_is_whole {
            return Err(Refusal::Dangling);
        }
        Ok(Verified::new(Snapshot {
            head: self.head,
            tree,
            objects: self.objects,
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

    /// When the last node is here: the tree, and which objects it needs.
    fn advance(&mut self) -> Result<(), Refusal> {
        if !self.frontier.is_empty() || self.tree.is_some() {
            return Ok(());
        }
        let tree = self.grow(self.head.root, 0, &mut Vec::new())?;
        let mut totals = Totals::default();
        tree.for_each(&mut |entry| {
            totals.tenants += u32::from(entry.key.starts_with("tenant/"));
            totals.domains += u32::from(entry.key.starts_with("domain/"));
        });
        if totals != self.head.totals {
            return Err(Refusal::WrongTotals);
        }
        let nothing = Tree::empty().0;
        let old = self.before.as_ref().map_or(&nothing, |before| &before.tree);
        let (pending, objects, errors, changed) =
            (&mut self.pending, &mut self.objects, &mut self.errors, &mut self.changed);
        let mut oversize = false;
        Tree::diff(old, &tree, &mut |before, after| match (before, after) {
            (_, Some(after)) => {
                oversize |= usize::try_from(after.size).is_ok_and(|size| size > piece::MAX_STORED_BYTES);
                errors.remove(&after.key);
                changed.push(Arc::clone(&after.key));
                pending.insert(after.hash, after.clone());
            }
            (Some(before), None) => {
                objects.remove(&before.key);
                errors.remove(&before.key);
                changed.push(Arc::clone(&before.key));
            }
            (None, None) => {}
        });
        if oversize {
            return Err(Refusal::Oversize);
        }
        self.parsed.clear();
        self.reused.clear();
        self.tree = Some(tree);
        Ok(())
    }

    /// The subtree under a name; every statement of a parent about it is checked.
    fn grow(&mut self, hash: Hash, depth: usize, way: &mut Vec<u8>) -> Result<Tree, Refusal> {
        if let Some(reused) = self.reused.get(&hash) {
            return Ok(reused.clone());
        }
        match self.parsed.remove(&hash).ok_or(Refusal::Malformed)? {
            Parsed::Leaf(entries) => {
                let here = entries.iter().all(|entry| way.iter().enumerate().all(|(i, n)| entry.nibble(i) == *n));
                if !here || !tree::is_leaf(node::flat(&entries), depth) {
                    return Err(Refusal::Malformed);
                }
                let encoded = node::encode_leaf(&entries);
                Ok(Tree::of_leaf(entries, &encoded))
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

fn check_node(name: Hash, bytes: &[u8]) -> Result<Parsed, Refusal> {
    if bytes.len() > node::MAX_NODE_BYTES {
        return Err(Refusal::Oversize);
    }
    if Hash::of(bytes) != name {
        return Err(Refusal::HashMismatch);
    }
    node::parse(bytes).map_err(|_| Refusal::Malformed)
}

/// What counts for everybody: a bad one rejects the snapshot.
fn is_global(key: &str) -> bool {
    key == "installation" || key.starts_with("list/installation/")
}

/// The bytes are not those that were named: the fault of whoever carried them.
const fn is_transport(refusal: Refusal) -> bool {
    matches!(refusal, Refusal::HashMismatch | Refusal::Truncated | Refusal::Oversize)
}
