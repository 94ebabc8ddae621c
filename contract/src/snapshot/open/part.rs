//! One object as a worker holds it: the smallest form that answers its questions. Cheap to clone.

use std::sync::Arc;

use crate::{
    policy::lists,
    snapshot::object::{
        Alias, AliasDomain, Certificate, DomainObject, HashSet, Installation, Object, RouteObject, Tenant,
    },
};

#[derive(Debug, Clone)]
pub enum Part {
    Installation(Arc<Installation>),
    Tenant(Arc<Tenant>),
    Domain(Arc<DomainObject>),
    AliasDomain(Arc<AliasDomain>),
    Route(Arc<RouteObject>),
    Recipients(HashSet),
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
            Object::Recipients(shard) => Self::Recipients(shard.hashes),
            Object::Aliases(shard) => Self::Aliases(shard.aliases.into()),
            Object::List(shard) => Self::List(Arc::new(lists::Index::new(&shard.entries))),
            Object::Certificate(certificate) => Self::Certificate(Arc::from(certificate)),
        }
    }
}
