//! One object as a worker holds it: the smallest form that answers its questions. Cheap to clone.

use std::sync::Arc;

use crate::{
    policy::lists,
    snapshot::object::{
        Alias, AliasDomain, Certificate, DomainObject, HashSet, Installation, Object, RecipientHash, RouteObject,
        Tenant,
    },
};

/// A domain's recipients, half of each hash: sixty-four bits under a key that nobody outside knows are met by chance as good as
/// never, and who is a recipient is all that is asked of them. Cheap to clone.
#[derive(Clone)]
pub struct Members(Arc<[[u8; 8]]>);

impl Members {
    pub fn contains(&self, hash: &RecipientHash) -> bool {
        self.0.binary_search(&half(hash)).is_ok()
    }
}

impl From<&HashSet> for Members {
    fn from(hashes: &HashSet) -> Self {
        // Sorted by the whole they are sorted by the half.
        Self(hashes.iter().map(half).collect())
    }
}

fn half(hash: &RecipientHash) -> [u8; 8] {
    hash.0.first_chunk().copied().unwrap_or_default()
}

impl std::fmt::Debug for Members {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Members({})", self.0.len())
    }
}

#[derive(Debug, Clone)]
pub enum Part {
    Installation(Arc<Installation>),
    Tenant(Arc<Tenant>),
    Domain(Arc<DomainObject>),
    AliasDomain(Arc<AliasDomain>),
    Route(Arc<RouteObject>),
    Recipients(Members),
    /// Sorted by their hashes.
    Aliases(Arc<[Alias]>),
    List(Arc<lists::Index>),
    Certificate(Arc<Certificate>),
}

impl From<Object> for Part {
    fn from(object: Object) -> Self {
        match object {
            Object::Installation(installation) => Self::Installation(Arc::new(installation)),
            Object::Tenant(tenant) => Self::Tenant(Arc::new(tenant)),
            Object::Domain(domain) => Self::Domain(Arc::from(domain)),
            Object::AliasDomain(alias) => Self::AliasDomain(Arc::new(alias)),
            Object::Route(route) => Self::Route(Arc::new(route)),
            Object::Recipients(shard) => Self::Recipients(Members::from(&shard.hashes)),
            Object::Aliases(shard) => Self::Aliases(shard.aliases.into()),
            Object::List(shard) => Self::List(Arc::new(lists::Index::new(&shard.entries))),
            Object::Certificate(certificate) => Self::Certificate(Arc::from(certificate)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::object::HashKey;

    #[test]
    fn whoever_is_in_the_set_is_a_member_and_nobody_else() {
        let key = HashKey([3; 16]);
        let hash = |n: u32| key.hash_folded(&format!("person.{n}"));
        let members = Members::from(&HashSet::new((0..1_000).map(hash).collect()));
        assert!((0..1_000).all(|n| members.contains(&hash(n))));
        assert!((1_000..3_000).all(|n| !members.contains(&hash(n))));
        assert!(!Members::from(&HashSet::default()).contains(&hash(1)));
    }
}
