//! Which shards an owner has: those that are not compiled again are gone.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use contract::snapshot::{
    object::{Key, ShardPrefix},
    tree::Tree,
};

/// Shards by their owner, which is the beginning of their keys (`recipients/acme.example/`). Most sets are in one shard, and
/// that one is found in the tree: only those of more are kept here.
#[derive(Debug, Default)]
pub(super) struct Shards(HashMap<String, BTreeSet<Arc<str>>>);

impl Shards {
    /// All that an owner had.
    pub(super) fn take(&mut self, owner: &str, tree: &Tree) -> BTreeSet<Arc<str>> {
        let mut keys = self.0.remove(owner).unwrap_or_default();
        let whole = format!("{owner}{}", ShardPrefix::ALL);
        if tree.get(&whole).is_some() {
            keys.insert(whole.into());
        }
        keys
    }

    pub(super) fn note(&mut self, key: &Key, text: &Arc<str>) {
        let (Key::Recipients(_, prefix) | Key::Aliases(_, prefix) | Key::List(_, prefix)) = key else { return };
        if *prefix != ShardPrefix::ALL
            && let Some((owner, _)) = text.rsplit_once('/')
        {
            self.0.entry(format!("{owner}/")).or_default().insert(Arc::clone(text));
        }
    }
}

#[cfg(test)]
mod tests {
    use contract::snapshot::{hash::Hash, tree::Entry};

    use super::*;

    #[test]
    fn an_owner_has_the_shard_that_holds_all_or_those_that_were_noted() {
        let tree = |keys: &[&str]| Tree::build(keys.iter().map(|key| Entry::new(*key, Hash::of(b"x"), 1)).collect()).0;
        let key = |text: &str| (text.parse::<Key>().unwrap(), Arc::<str>::from(text));
        let mut shards = Shards::default();
        let all = ["recipients/a.example/0", "recipients/a.example/10", "list/a.example/-", "recipients/b.example/-"];
        for text in all {
            let (key, text) = key(text);
            shards.note(&key, &text);
        }
        let tree = tree(&all);
        let mut taken = |owner: &str| shards.take(owner, &tree).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(taken("recipients/a.example/"), ["recipients/a.example/0", "recipients/a.example/10"]);
        assert_eq!(taken("recipients/a.example/"), Vec::<String>::new());
        assert_eq!(taken("list/a.example/"), ["list/a.example/-"]);
        assert_eq!(taken("recipients/b.example/"), ["recipients/b.example/-"]);
        assert_eq!(taken("list/b.example/"), Vec::<String>::new());
    }
}
