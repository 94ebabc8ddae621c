//! The next index from a new snapshot. Folds again only the tenants that changed and what stands below them; everything
//! else is shared with the index before.
//!
//! Where an object of a domain's chain cannot be used, the domain keeps its last good chain **whole**: never a new child
//! under an old parent.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use contract::{
    Id, ids,
    mail::Domain,
    policy::{Effective, lists},
    snapshot::{
        Verified,
        object::{self, DomainObject, Key, ListScope, Object, RecipientRule, ShardPrefix, TenantState},
        open::Snapshot,
    },
    worker_api::PartError,
};

use super::{Chain, Entry, Index, InstallationLevel, Recipients, ServedDomain};

/// Longer chains of tenants do not exist; one that is longer goes in circles.
const MAX_DEPTH: usize = 32;

/// What is remembered from one snapshot to the next.
#[derive(Debug, Default)]
pub struct Builder {
    index: Option<Arc<Index>>,
    installation: Option<Arc<InstallationLevel>>,
    chains: HashMap<Id<ids::Tenant>, Result<Arc<Chain>, Bad>>,
    children: HashMap<Id<ids::Tenant>, BTreeSet<Id<ids::Tenant>>>,
    parents: HashMap<Id<ids::Tenant>, Id<ids::Tenant>>,
    domains: HashMap<Id<ids::Tenant>, BTreeSet<Domain>>,
    tenants: HashMap<Domain, Id<ids::Tenant>>,
    errors: BTreeMap<String, PartError>,
}

/// The chain of a tenant cannot be used, because of this key.
#[derive(Debug, Clone)]
struct Bad {
    key: String,
    message: String,
}

impl Builder {
    /// The index of this snapshot. Call with each snapshot that was taken, in order.
    pub fn build(&mut self, snapshot: &Verified<Snapshot>) -> Arc<Index> {
        let mut dirty = Dirty::default();
        let first = self.index.is_none();
        if first {
            snapshot.objects().for_each(|(key, _)| dirty.note(key));
            snapshot.errors().keys().for_each(|key| dirty.note(key));
        } else {
            snapshot.changed().iter().for_each(|key| dirty.note(key));
        }
        self.note_tree(snapshot, &dirty);
        if dirty.installation || self.installation.is_none() {
            self.installation = Some(Arc::new(installation_level(snapshot)));
            dirty.tenants.extend(self.chains.keys().chain(self.parents.keys()).chain(self.domains.keys()).copied());
        }
        let dirty_tenants = self.with_descendants(&dirty.tenants);
        for tenant in &dirty_tenants {
            self.chains.remove(tenant);
        }
        let mut dirty_domains = dirty.domains;
        for tenant in &dirty_tenants {
            dirty_domains.extend(self.domains.get(tenant).into_iter().flatten().cloned());
        }
        let installation = self.installation.clone().unwrap_or_else(|| Arc::new(installation_level(snapshot)));
        let mut domains = self.index.as_ref().map(|index| index.domains.clone()).unwrap_or_default();
        for name in dirty_domains {
            let key = Key::Domain(name.clone()).to_string();
            self.errors.remove(&key);
            if !snapshot.names(&key) {
                domains.remove(&name);
                continue;
            }
            match self.served(snapshot, &name, &key) {
                Ok(served) => drop(domains.insert(name, Entry::Served(Arc::new(served)))),
                Err(bad) => {
                    let tenant = self.tenants.get(&name).copied();
                    let error = PartError { key: bad.key, tenant, pointer: String::new(), message: bad.message };
                    self.errors.insert(key, error);
                    // The last good chain stays as it is; without one there is nothing to go by.
                    if !domains.contains_key(&name) {
                        domains.insert(name, Entry::Unavailable);
                    }
                }
            }
        }
        let config: Arc<str> = Arc::from(snapshot.head().at().to_string());
        let index = Arc::new(Index { domains, config, installation });
        self.index = Some(Arc::clone(&index));
        index
    }

    /// What could not be taken, of this snapshot.
    pub fn errors<'a>(&'a self, snapshot: &'a Verified<Snapshot>) -> impl Iterator<Item = PartError> + 'a {
        let unreadable = snapshot.errors().values().cloned();
        let consequences = self.errors.values().filter(|error| !snapshot.errors().contains_key(&*error.key));
        unreadable.chain(consequences.cloned())
    }

    /// Who stands below whom, after the changes.
    fn note_tree(&mut self, snapshot: &Verified<Snapshot>, dirty: &Dirty) {
        for tenant in &dirty.tenants {
            let parent = match snapshot.get(&Key::Tenant(*tenant).to_string()).map(|object| &**object) {
                Some(Object::Tenant(object)) => object.parent,
                _ => continue, // Unreadable or gone: what stood below it still does, until it says otherwise.
            };
            if let Some(old) = self.parents.remove(tenant) {
                self.children.entry(old).or_default().remove(tenant);
            }
            if let Some(parent) = parent {
                self.parents.insert(*tenant, parent);
                self.children.entry(parent).or_default().insert(*tenant);
            }
        }
        for name in &dirty.domains {
            let key = Key::Domain(name.clone()).to_string();
            let tenant = match snapshot.get(&key).map(|object| &**object) {
                Some(Object::Domain(domain)) => Some(domain.tenant),
                _ if snapshot.names(&key) => continue,
                _ => None,
            };
            if let Some(old) = self.tenants.remove(name)
                && let Some(of_old) = self.domains.get_mut(&old)
            {
                of_old.remove(name);
                if of_old.is_empty() {
                    self.domains.remove(&old);
                }
            }
            if let Some(tenant) = tenant {
                self.tenants.insert(name.clone(), tenant);
                self.domains.entry(tenant).or_default().insert(name.clone());
            }
        }
    }

    fn with_descendants(&self, tenants: &HashSet<Id<ids::Tenant>>) -> HashSet<Id<ids::Tenant>> {
        let mut all = HashSet::new();
        let mut open: Vec<_> = tenants.iter().copied().collect();
        while let Some(tenant) = open.pop() {
            if all.insert(tenant) {
                open.extend(self.children.get(&tenant).into_iter().flatten().copied());
            }
        }
        all
    }

    fn served(&mut self, snapshot: &Verified<Snapshot>, name: &Domain, key: &str) -> Result<ServedDomain, Bad> {
        let Some(Object::Domain(domain)) = snapshot.get(key).map(|object| &**object) else {
            return Err(Bad { key: key.to_owned(), message: "cannot be read".to_owned() });
        };
        let domain: &DomainObject = domain;
        let chain = self.chain(snapshot, domain.tenant, 0)?;
        let recipients = match &domain.recipients {
            RecipientRule::Any => Recipients::Any,
            RecipientRule::Listed { shards } => Recipients::Listed(
                shards
                    .iter()
                    .map(|prefix| {
                        let shard = object(snapshot, &Key::Recipients(name.clone(), *prefix))?;
                        Ok((*prefix, Arc::clone(shard)))
                    })
                    .collect::<Result<_, Bad>>()?,
            ),
        };
        let list = list(snapshot, &ListScope::Domain(name.clone()), &domain.list)?;
        Ok(ServedDomain {
            id: domain.id,
            name: name.clone(),
            state: domain.state,
            route: domain.route.clone().map(Arc::new),
            effective: Arc::new(chain.effective.overlaid_by(&domain.policy)),
            chain,
            recipients,
            hash_key: domain.hash_key,
            list: (!list.is_empty()).then_some(list),
        })
    }

    fn chain(
        &mut self,
        snapshot: &Verified<Snapshot>,
        tenant: Id<ids::Tenant>,
        depth: usize,
    ) -> Result<Arc<Chain>, Bad> {
        if let Some(known) = self.chains.get(&tenant) {
            return known.clone();
        }
        let chain = self.fold(snapshot, tenant, depth).map(Arc::new);
        self.chains.insert(tenant, chain.clone());
        chain
    }

    fn fold(&mut self, snapshot: &Verified<Snapshot>, id: Id<ids::Tenant>, depth: usize) -> Result<Chain, Bad> {
        let key = Key::Tenant(id);
        if depth >= MAX_DEPTH {
            return Err(Bad { key: key.to_string(), message: "its chain of parents goes in circles".to_owned() });
        }
        let Object::Tenant(tenant) = &**object(snapshot, &key)? else {
            return Err(Bad { key: key.to_string(), message: "is no tenant".to_owned() });
        };
        let own = Arc::new(list(snapshot, &ListScope::Tenant(id), &tenant.list)?);
        let installation = self.installation.clone().unwrap_or_else(|| Arc::new(installation_level(snapshot)));
        let (above, state, lists) = match tenant.parent {
            None => (installation.effective.clone(), TenantState::Active, Vec::new()),
            Some(parent) => {
                let parent = self.chain(snapshot, parent, depth + 1)?;
                (parent.effective.clone(), parent.state, parent.lists.clone())
            }
        };
        let lists = Some(own).filter(|own| !own.is_empty()).into_iter().chain(lists).collect();
        Ok(Chain {
            tenant: id,
            state: worse(tenant.state, state),
            effective: above.overlaid_by(&tenant.policy),
            lists,
            installation,
        })
    }
}

/// What changed, by whom it concerns.
#[derive(Debug, Default)]
struct Dirty {
    installation: bool,
    tenants: HashSet<Id<ids::Tenant>>,
    domains: HashSet<Domain>,
}

impl Dirty {
    fn note(&mut self, key: &Arc<str>) {
        match key.parse::<Key>() {
            Ok(Key::Installation | Key::List(ListScope::Installation, _)) => self.installation = true,
            Ok(Key::Tenant(id) | Key::List(ListScope::Tenant(id), _)) => drop(self.tenants.insert(id)),
            Ok(Key::Domain(name) | Key::Recipients(name, _) | Key::List(ListScope::Domain(name), _)) => {
                self.domains.insert(name);
            }
            // A key that nobody could have asked for; `open` has put it among the errors if it holds anything.
            Err(object::KeyError) => {}
        }
    }
}

const fn worse(a: TenantState, b: TenantState) -> TenantState {
    match (a, b) {
        (TenantState::Suspended, _) | (_, TenantState::Suspended) => TenantState::Suspended,
        (TenantState::Closing, _) | (_, TenantState::Closing) => TenantState::Closing,
        (TenantState::Active, TenantState::Active) => TenantState::Active,
    }
}

fn installation_level(snapshot: &Verified<Snapshot>) -> InstallationLevel {
    let installation = snapshot.installation();
    // Every shard is there: `open` rejects a snapshot without one.
    let entries = installation.list.iter().filter_map(|prefix| {
        match snapshot.get(&Key::List(ListScope::Installation, *prefix).to_string()).map(|object| &**object) {
            Some(Object::List(shard)) => Some(&shard.entries),
            _ => None,
        }
    });
    InstallationLevel {
        id: installation.id,
        effective: Effective::default().overlaid_by(&installation.policy),
        list: lists::Index::new(entries.flatten()),
        allowed_hop_ranges: installation.allowed_hop_ranges.clone().into(),
        postmaster: installation.postmaster.clone(),
    }
}

fn object<'a>(snapshot: &'a Verified<Snapshot>, key: &Key) -> Result<&'a Arc<Object>, Bad> {
    let key = key.to_string();
    match snapshot.get(&key) {
        Some(object) => Ok(object),
        None if snapshot.errors().contains_key(&*key) => Err(Bad { key, message: "cannot be read".to_owned() }),
        None => Err(Bad { key, message: "is named, but not there (dangling)".to_owned() }),
    }
}

fn list(snapshot: &Verified<Snapshot>, scope: &ListScope, shards: &[ShardPrefix]) -> Result<lists::Index, Bad> {
    let mut entries = Vec::new();
    for prefix in shards {
        if let Object::List(shard) = &**object(snapshot, &Key::List(scope.clone(), *prefix))? {
            entries.push(&shard.entries);
        }
    }
    Ok(lists::Index::new(entries.into_iter().flatten()))
}
