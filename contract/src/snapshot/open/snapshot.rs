//! A configuration that was checked. Immutable; the next one shares with it whatever did not change.

use std::{collections::BTreeMap, sync::Arc};

use super::{SharedMap, part::Part};
use crate::{
    snapshot::{head::Head, object::Installation, tree::Tree},
    worker_api::PartError,
};

/// A whole configuration.
#[derive(Debug, Clone)]
pub struct Snapshot {
    pub(super) head: Head,
    pub(super) tree: Tree,
    pub(super) parts: SharedMap<Part>,
    pub(super) installation: Arc<Installation>,
    pub(super) errors: BTreeMap<Arc<str>, PartError>,
    pub(super) changed: Changed,
}

/// What differs from the snapshot that this one was assembled upon.
#[derive(Debug, Clone)]
pub(super) enum Changed {
    /// There was none.
    All,
    Keys(Vec<Arc<str>>),
}

impl Snapshot {
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// An object by its key; none too for one that could not be read.
    pub fn get(&self, key: &str) -> Option<&Part> {
        self.parts.get(key)
    }

    pub fn installation(&self) -> &Installation {
        &self.installation
    }

    /// Keys of all objects, readable or not.
    pub fn for_each_key<'a>(&'a self, f: &mut impl FnMut(&'a str)) {
        self.tree.for_each(&mut |entry| f(entry.key));
    }

    /// Objects that are in the tree and could not be read, by key.
    pub const fn errors(&self) -> &BTreeMap<Arc<str>, PartError> {
        &self.errors
    }

    /// Keys that were added, changed or removed since the snapshot this one was assembled upon; all where there was none.
    pub fn for_each_changed<'a>(&'a self, f: &mut impl FnMut(&'a str)) {
        match &self.changed {
            Changed::All => self.for_each_key(f),
            Changed::Keys(keys) => keys.iter().for_each(|key| f(key)),
        }
    }

    /// How many keys that are.
    pub fn changes(&self) -> usize {
        match &self.changed {
            Changed::All => usize::try_from(self.tree.entries()).unwrap_or(usize::MAX),
            Changed::Keys(keys) => keys.len(),
        }
    }

    /// Is there such an object, readable or not?
    pub fn names(&self, key: &str) -> bool {
        self.parts.contains_key(key) || self.tree.get(key).is_some()
    }
}
