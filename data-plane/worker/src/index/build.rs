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
    policy::{Folded, lists},
    snapshot::{
        Verified,
        object::{
            self, AliasDomain, DomainObject, DomainState, Key, ListScope, Object, RecipientRule, ShardPrefix,
            TenantState,
        },
        open::Snapshot,
        pool_key::PoolKeys,
    },
    worker_api::PartError,
};

use super::{
    Chain, Entry, Index, InstallationLevel, Recipients, ServedDomain,
    certificates::{Keeper, Owner},
};

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
    /// Alias domains by their primary, whether that is there or not.
    aliases: HashMap<Domain, BTreeSet<Domain>>,
    primaries: HashMap<Domain, Domain>,
    errors: BTreeMap<String, PartError>,
    certificates: Keeper,
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
        // What is wrong with an alias may be its primary's doing.
        let of_dirty: Vec<_> =
            dirty_domains.iter().filter_map(|name| self.aliases.get(name)).flatten().cloned().collect();
        dirty_domains.extend(of_dirty);
        let installation = self.installation.clone().unwrap_or_else(|| Arc::new(installation_level(snapshot)));
        let mut domains = self.index.as_ref().map(|index| index.domains.clone()).unwrap_or_default();
        let looked_at: Vec<_> =
            if self.certificates.is_empty() { Vec::new() } else { dirty_domains.iter().cloned().collect() };
        let before = domains.clone();
        for name in dirty_domains {
            let key = Key::Domain(name.clone()).to_string();
            self.errors.remove(&key);
            if !snapshot.names(&key) {
                domains.remove(&name);
                continue;
            }
            if let Some(Object::AliasDomain(alias)) = snapshot.get(&key).map(|object| &**object) {
                if let Err(bad) = has_primary(snapshot, alias) {
                    let error = PartError {
                        key: bad.key,
                        tenant: Some(alias.tenant),
                        pointer: "/primary".to_owned(),
                        message: bad.message,
                    };
                    self.errors.insert(key, error);
                }
                domains.insert(name, Entry::Alias(Arc::new(alias.clone())));
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
        let moved = looked_at.iter().any(|name| owner(&before, name) != owner(&domains, name));
        self.certificates.take(snapshot, &dirty.certificates);
        let certificates = self.certificates.table(moved, || domains.keys(), |name| owner(&domains, name));
        let index = Arc::new(Index { domains, config, installation, certificates });
        self.index = Some(Arc::clone(&index));
        index
    }

    /// What could not be taken, of this snapshot.
    pub fn errors<'a>(&'a self, snapshot: &'a Verified<Snapshot>) -> impl Iterator<Item = PartError> + 'a {
        let unreadable = snapshot.errors().values().cloned();
        let consequences = self.errors.values().filter(|error| !snapshot.errors().contains_key(&*error.key));
        unreadable.chain(consequences.cloned()).chain(self.certificates.errors().cloned())
    }

    /// Is a key of the pool wanted that is not known? Ask before [`build`](Self::build).
    pub fn lacks_keys(&self, snapshot: &Verified<Snapshot>) -> bool {
        self.certificates.lacks_keys(snapshot)
    }

    /// Keys of the pool; what waited for one is taken in with the next [`build`](Self::build), of the same snapshot too.
    pub fn use_keys(&mut self, keys: PoolKeys) {
        self.certificates.use_keys(keys);
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
                Some(Object::AliasDomain(alias)) => Some(alias.tenant),
                _ if snapshot.names(&key) => continue,
                _ => None,
            };
            self.note_primary(snapshot, name, &key);
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

    fn note_primary(&mut self, snapshot: &Verified<Snapshot>, name: &Domain, key: &str) {
        if let Some(old) = self.primaries.remove(name)
            && let Some(of_old) = self.aliases.get_mut(&old)
        {
            of_old.remove(name);
            if of_old.is_empty() {
                self.aliases.remove(&old);
            }
        }
        if let Some(Object::AliasDomain(alias)) = snapshot.get(key).map(|object| &**object) {
            self.primaries.insert(name.clone(), alias.primary.clone());
            self.aliases.entry(alias.primary.clone()).or_default().insert(name.clone());
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
        let recipients_key = |prefix| Key::Recipients(name.clone(), prefix);
        let recipients = match &domain.recipients {
            RecipientRule::Any => Recipients::Any,
            RecipientRule::Listed { shards } => Recipients::Listed(self::shards(snapshot, shards, &recipients_key)?),
            RecipientRule::CallOut { shards, unasked } => {
                Recipients::CallOut(self::shards(snapshot, shards, &recipients_key)?, *unasked)
            }
        };
        let aliases = shards(snapshot, &domain.aliases, &|prefix| Key::Aliases(name.clone(), prefix))?;
        let list = list(snapshot, &ListScope::Domain(name.clone()), &domain.list)?;
        Ok(ServedDomain {
            id: domain.id,
            primary: domain.id,
            name: name.clone(),
            state: domain.state,
            route: domain.route.clone().map(Arc::new),
            effective: chain.folded.overlaid_by(&(), &domain.policy).effective,
            chain,
            recipients: Arc::new(recipients),
            aliases: aliases.into(),
            hash_key: domain.hash_key,
            list: (!list.is_empty()).then(|| Arc::new(list)),
            hop_sees: None,
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
            None => (installation.folded.clone(), TenantState::Active, Vec::new()),
            Some(parent) => {
                let parent = self.chain(snapshot, parent, depth + 1)?;
                (parent.folded.clone(), parent.state, parent.lists.clone())
            }
        };
        let lists = Some(own).filter(|own| !own.is_empty()).into_iter().chain(lists).collect();
        Ok(Chain {
            tenant: id,
            state: worse(tenant.state, state),
            folded: above.overlaid_by(&(), &tenant.policy),
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
    certificates: HashSet<Id<ids::Certificate>>,
}

impl Dirty {
    fn note(&mut self, key: &Arc<str>) {
        match key.parse::<Key>() {
            Ok(Key::Installation | Key::List(ListScope::Installation, _)) => self.installation = true,
            Ok(Key::Tenant(id) | Key::List(ListScope::Tenant(id), _)) => drop(self.tenants.insert(id)),
            Ok(
                Key::Domain(name)
                | Key::Recipients(name, _)
                | Key::Aliases(name, _)
                | Key::List(ListScope::Domain(name), _),
            ) => {
                self.domains.insert(name);
            }
            Ok(Key::Certificate(id)) => drop(self.certificates.insert(id)),
            // A key that nobody could have asked for; `open` has put it among the errors if it holds anything.
            Err(object::KeyError) => {}
        }
    }
}

/// Whose an active domain is.
fn owner(domains: &imbl::HashMap<Domain, Entry>, name: &Domain) -> Owner {
    match domains.get(name) {
        Some(Entry::Served(served)) if served.state == DomainState::Active => Owner::Tenant(served.tenant()),
        Some(Entry::Alias(alias)) if alias.state == DomainState::Active => Owner::Tenant(alias.tenant),
        Some(Entry::Unavailable) => Owner::Unknown,
        // Pending: it holds no name against its true owner.
        Some(Entry::Served(_) | Entry::Alias(_)) | None => Owner::Nobody,
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
    let folded = Folded::default().overlaid_by(&(), &installation.policy);
    InstallationLevel {
        id: installation.id,
        effective: Arc::clone(&folded.effective),
        folded,
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

fn shards(
    snapshot: &Verified<Snapshot>,
    prefixes: &[ShardPrefix],
    key: &dyn Fn(ShardPrefix) -> Key,
) -> Result<Vec<(ShardPrefix, Arc<Object>)>, Bad> {
    prefixes.iter().map(|prefix| Ok((*prefix, Arc::clone(object(snapshot, &key(*prefix))?)))).collect()
}

/// Is the primary a domain of the same tenant, and no alias itself?
fn has_primary(snapshot: &Verified<Snapshot>, alias: &AliasDomain) -> Result<(), Bad> {
    let key = Key::Domain(alias.name.clone()).to_string();
    let message = match &**object(snapshot, &Key::Domain(alias.primary.clone()))? {
        Object::Domain(primary) if primary.tenant == alias.tenant => return Ok(()),
        Object::AliasDomain(_) => "its primary is an alias domain itself",
        _ => "its primary is no domain of the same tenant",
    };
    Err(Bad { key, message: message.to_owned() })
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
