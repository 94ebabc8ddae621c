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
    policy::Tenancy,
    snapshot::{
        Verified,
        object::{Destination, DomainObject, DomainState, Key, ListScope, RecipientRule, Route},
        open::{Part, SharedMap, Snapshot},
        pool_key::PoolKeys,
    },
    worker_api::PartError,
};

use super::{
    Chain, Entry, Index, InstallationLevel, Recipients, ServedDomain,
    certificates::{Keeper, Owner},
    dirty::Dirty,
    parts::{self, Bad, installation_level, list, part},
    served::Way,
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
    /// Those that lead all domains to the same hosts.
    routes: HashMap<Id<ids::Route>, Arc<Route>>,
    /// Alias domains by their primary, whether that is there or not.
    aliases: HashMap<Domain, BTreeSet<Domain>>,
    primaries: HashMap<Domain, Domain>,
    /// Domains something is wrong with: what stands in the index for them may be older than the snapshot.
    failing: HashMap<Domain, PartError>,
    certificates: Keeper,
}

impl Builder {
    /// The index of this snapshot. Call with each snapshot that was taken, in order.
    pub fn build(&mut self, snapshot: &Verified<Snapshot>) -> Arc<Index> {
        let mut dirty = Dirty::default();
        if self.index.is_none() {
            // What a domain names is looked at with it.
            let of_a_domain = ["recipients/", "aliases/", "list/"];
            snapshot.for_each_key(&mut |key| {
                if !of_a_domain.iter().any(|kind| key.starts_with(kind)) {
                    dirty.note(key);
                }
            });
        } else {
            snapshot.for_each_changed(&mut |key| dirty.note(key));
        }
        self.note_tree(snapshot, &dirty);
        if dirty.installation || self.installation.is_none() {
            self.installation = Some(Arc::new(installation_level(snapshot)));
            self.chains.clear();
        }
        let dirty_tenants = self.with_descendants(&dirty.tenants);
        for tenant in &dirty_tenants {
            self.chains.remove(tenant);
        }
        for route in &dirty.routes {
            self.routes.remove(route);
        }
        let mut dirty_domains = dirty.domains;
        let mut domains = self.index.as_ref().map(|index| index.domains.clone()).unwrap_or_default();
        // Domains that are as they were, under tenants that are not.
        let mut below = Vec::new();
        if dirty.installation || !dirty_tenants.is_empty() || !dirty.routes.is_empty() {
            let concerned = domains.values().filter(|entry| {
                dirty.installation
                    || match entry {
                        Entry::Served(served) => {
                            dirty_tenants.contains(&served.tenant())
                                || served.route_id().is_some_and(|route| dirty.routes.contains(&route))
                        }
                        Entry::Alias(alias) => dirty_tenants.contains(&alias.tenant),
                        Entry::Unavailable(_) => false,
                    }
            });
            for entry in concerned {
                match entry {
                    Entry::Served(served)
                        if served.route_id().is_none_or(|route| !dirty.routes.contains(&route))
                            && !dirty_domains.contains(&served.name)
                            && !self.failing.contains_key(&served.name) =>
                    {
                        below.push(Arc::clone(served));
                    }
                    _ => drop(dirty_domains.insert(entry.name().clone())),
                }
            }
        }
        dirty_domains.extend(self.failing.keys().cloned());
        // What is wrong with an alias may be its primary's doing.
        let of_dirty: Vec<_> =
            dirty_domains.iter().filter_map(|name| self.aliases.get(name)).flatten().cloned().collect();
        dirty_domains.extend(of_dirty);
        // What only stands below something that changed has the same owner as before.
        let looked_at: Vec<_> =
            if self.certificates.is_empty() { Vec::new() } else { dirty_domains.iter().cloned().collect() };
        let before = domains.clone();
        for served in below {
            self.fold_again(snapshot, &mut domains, &served);
        }
        for name in dirty_domains {
            self.take_domain(snapshot, &mut domains, name);
        }
        let config: Arc<str> = Arc::from(snapshot.head().at().to_string());
        let moved = looked_at.iter().any(|name| owner(&before, name) != owner(&domains, name));
        self.certificates.take(snapshot, &dirty.certificates);
        let names = || domains.values().map(Entry::name);
        let certificates = self.certificates.table(moved, names, |name| owner(&domains, name));
        let installation = self.installation.clone().unwrap_or_else(|| Arc::new(installation_level(snapshot)));
        let index = Arc::new(Index { domains, config, installation, certificates });
        self.index = Some(Arc::clone(&index));
        index
    }

    /// What could not be taken, of this snapshot.
    pub fn errors<'a>(&'a self, snapshot: &'a Verified<Snapshot>) -> impl Iterator<Item = PartError> + 'a {
        let unreadable = snapshot.errors().values().cloned();
        // By key: a tenant that cannot be used is said once, however many domains it has.
        let consequences: BTreeMap<_, _> = self.failing.values().map(|error| (&error.key, error)).collect();
        let consequences = consequences.into_values().filter(|error| !snapshot.errors().contains_key(&*error.key));
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

    fn take_domain(&mut self, snapshot: &Verified<Snapshot>, domains: &mut SharedMap<Entry>, name: Domain) {
        let key = Key::Domain(name.clone()).to_string();
        self.failing.remove(&name);
        if !snapshot.names(&key) {
            domains.remove(name.as_ascii());
            return;
        }
        if let Some(Part::AliasDomain(alias)) = snapshot.get(&key) {
            if let Err(Bad { key, message }) = parts::has_primary(snapshot, alias) {
                let error = PartError { key, tenant: Some(alias.tenant), pointer: "/primary".to_owned(), message };
                self.failing.insert(name.clone(), error);
            }
            domains.insert(name.as_ascii(), Entry::Alias(Arc::clone(alias)));
            return;
        }
        match self.served(snapshot, &name, &key) {
            Ok(served) => domains.insert(name.as_ascii(), Entry::Served(Arc::new(served))),
            Err(Bad { key: bad, message }) => {
                let tenant = match snapshot.get(&key) {
                    Some(Part::Domain(domain)) => Some(domain.tenant),
                    _ => None,
                };
                self.failing.insert(name.clone(), PartError { key: bad, tenant, pointer: String::new(), message });
                // The last good chain stays as it is; without one there is nothing to go by.
                if !domains.contains_key(name.as_ascii()) {
                    domains.insert(name.clone().as_ascii(), Entry::Unavailable(name));
                }
            }
        }
    }

    /// A domain of which nothing changed but what stands above it.
    fn fold_again(&mut self, snapshot: &Verified<Snapshot>, domains: &mut SharedMap<Entry>, served: &ServedDomain) {
        match self.chain(snapshot, served.object.tenant, 0) {
            Ok(chain) => {
                let effective = chain.folded.overlaid_by(&(), &served.object.policy).effective;
                let folded = ServedDomain { effective, chain, ..served.clone() };
                domains.insert(served.name.as_ascii(), Entry::Served(Arc::new(folded)));
            }
            // As for any other: it keeps its last good chain, and is looked at again with the next snapshot.
            Err(_) => self.take_domain(snapshot, domains, served.name.clone()),
        }
    }

    /// Who stands below whom, after the changes.
    fn note_tree(&mut self, snapshot: &Verified<Snapshot>, dirty: &Dirty) {
        for tenant in &dirty.tenants {
            let parent = match snapshot.get(&Key::Tenant(*tenant).to_string()) {
                Some(Part::Tenant(object)) => object.parent,
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
            let readable = snapshot.get(&key).is_some();
            if readable || !snapshot.names(&key) {
                self.note_primary(snapshot, name, &key);
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
        if let Some(Part::AliasDomain(alias)) = snapshot.get(key) {
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
        let Some(Part::Domain(domain)) = snapshot.get(key) else {
            return Err(Bad { key: key.to_owned(), message: "cannot be read".to_owned() });
        };
        let chain = self.chain(snapshot, domain.tenant, 0)?;
        let recipients = match &domain.recipients {
            RecipientRule::Any => Recipients::Any,
            RecipientRule::Listed { shards } => Recipients::Listed(parts::recipients(snapshot, name, shards)?),
            RecipientRule::CallOut { shards, unasked } => {
                Recipients::CallOut(parts::recipients(snapshot, name, shards)?, *unasked)
            }
        };
        Ok(ServedDomain {
            id: domain.id,
            name: domain.name.clone(),
            state: domain.state,
            route: self.route(snapshot, domain)?,
            effective: chain.folded.overlaid_by(&(), &domain.policy).effective,
            chain,
            object: Arc::clone(domain),
            recipients,
            aliases: parts::aliases(snapshot, name, &domain.aliases)?,
            list: list(snapshot, &ListScope::Domain(name.clone()), &domain.list)?,
            hop_sees: None,
        })
    }

    fn route(&mut self, snapshot: &Verified<Snapshot>, domain: &DomainObject) -> Result<Option<Way>, Bad> {
        let Some(id) = domain.route_id else {
            return Ok(domain.route.clone().map(|route| Way::Fixed(Arc::new(route))));
        };
        if let Some(known) = self.routes.get(&id) {
            return Ok(Some(Way::Fixed(Arc::clone(known))));
        }
        let key = Key::Route(id);
        let Part::Route(route) = part(snapshot, &key)? else {
            return Err(Bad { key: key.to_string(), message: "is no route".to_owned() });
        };
        Ok(Some(match route.destination {
            Destination::Hosts(_) => {
                let route = Arc::new(route.for_domain(&domain.name));
                self.routes.insert(id, Arc::clone(&route));
                Way::Fixed(route)
            }
            Destination::Microsoft365 | Destination::GoogleWorkspace => Way::Followed(Arc::clone(route)),
        }))
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
        let Part::Tenant(tenant) = part(snapshot, &key)? else {
            return Err(Bad { key: key.to_string(), message: "is no tenant".to_owned() });
        };
        let own = list(snapshot, &ListScope::Tenant(id), &tenant.list)?;
        let installation = self.installation.clone().unwrap_or_else(|| Arc::new(installation_level(snapshot)));
        let (above, tenancy, lists) = match tenant.parent {
            None => (installation.folded.clone(), Tenancy::default(), Vec::new()),
            Some(parent) => {
                let parent = self.chain(snapshot, parent, depth + 1)?;
                (parent.folded.clone(), parent.tenancy.clone(), parent.lists.clone())
            }
        };
        let lists = own.into_iter().chain(lists).collect();
        Ok(Chain {
            tenant: id,
            tenancy: tenancy.and(tenant),
            folded: above.overlaid_by(&(), &tenant.policy).held_to(&(), tenant.limits.max_message_size_bytes),
            lists,
            installation,
        })
    }
}

/// Whose an active domain is.
fn owner(domains: &SharedMap<Entry>, name: &Domain) -> Owner {
    match domains.get(name.as_ascii()) {
        Some(Entry::Served(served)) if served.state == DomainState::Active => Owner::Tenant(served.tenant()),
        Some(Entry::Alias(alias)) if alias.state == DomainState::Active => Owner::Tenant(alias.tenant),
        Some(Entry::Unavailable(_)) => Owner::Unknown,
        // Pending: it holds no name against its true owner.
        Some(Entry::Served(_) | Entry::Alias(_)) | None => Owner::Nobody,
    }
}
