//! The configuration as mail needs it: from a domain to everything that decides about its mail. Immutable; a transaction
//! keeps the one it began with. `build` makes the next one from a new snapshot and touches only what changed;
//! `certificates` has what is shown by name.

mod build;
mod certificates;
mod dirty;
mod parts;
mod served;

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use contract::{
    Id, Micros, ids,
    mail::{Cidr, Domain, Mailbox},
    policy::{Effective, Folded, lists},
    snapshot::{object::AliasDomain, open::SharedMap},
};
use tokio::{sync::Notify, time::Instant};

pub use build::Builder;
pub use certificates::{Certificates, Showable};
pub use served::{Asked, Chain, Recipients, ServedDomain};

/// What a worker serves, by one snapshot.
#[derive(Debug, Clone)]
pub struct Index {
    /// By name.
    pub(crate) domains: SharedMap<Entry>,
    /// Head version, `epoch.version`, as it stands in the trace.
    pub config: Arc<str>,
    pub installation: Arc<InstallationLevel>,
    pub certificates: Arc<Certificates>,
}

/// What holds for the whole installation.
#[derive(Debug)]
pub struct InstallationLevel {
    pub id: Id<ids::Installation>,
    pub effective: Arc<Effective>,
    /// What the levels below are laid over.
    pub(crate) folded: Folded<()>,
    pub list: lists::Index,
    pub allowed_hop_ranges: Arc<[Cidr]>,
    /// Who reads mail for `<postmaster>` without a domain.
    pub postmaster: Option<Mailbox>,
}

#[derive(Debug, Clone)]
pub(crate) enum Entry {
    Served(Arc<ServedDomain>),
    /// Another name of a domain. What that one is, is looked up each time: nothing of it is kept here.
    Alias(Arc<AliasDomain>),
    /// In the snapshot, but unreadable, and no older good chain is known.
    Unavailable(Domain),
}

impl Entry {
    fn name(&self) -> &Domain {
        match self {
            Self::Served(served) => &served.name,
            Self::Alias(alias) => &alias.name,
            Self::Unavailable(name) => name,
        }
    }
}

/// What looking a domain up came to.
#[derive(Debug, Clone)]
pub enum Lookup {
    NotServed,
    Unavailable,
    Served(Arc<ServedDomain>),
}

impl Index {
    pub fn lookup(&self, domain: &Domain) -> Lookup {
        match self.domains.get(domain.as_ascii()) {
            None => Lookup::NotServed,
            Some(Entry::Unavailable(_)) => Lookup::Unavailable,
            Some(Entry::Served(served)) => Lookup::Served(Arc::clone(served)),
            Some(Entry::Alias(alias)) => match self.domains.get(alias.primary.as_ascii()) {
                Some(Entry::Served(primary)) if primary.tenant() == alias.tenant => {
                    Lookup::Served(Arc::new(primary.under(alias)))
                }
                // Its primary is an alias too (a chain, a circle), another tenant's, unreadable or not there. None of that
                // is the sender's fault, nor for good.
                Some(_) | None => Lookup::Unavailable,
            },
        }
    }

    /// Domains in the index, readable or not.
    pub const fn len(&self) -> usize {
        self.domains.len()
    }

    pub const fn is_empty(&self) -> bool {
        self.domains.is_empty()
    }
}

/// The index in use, and how old its head is. Read without waiting.
#[derive(Debug, Default)]
pub struct Current {
    index: ArcSwapOption<Index>,
    /// Age of the head when it was taken, and when that was. A wall clock that jumps changes neither.
    taken: ArcSwapOption<(std::time::Duration, Instant)>,
    changed: Notify,
}

impl Current {
    pub fn load(&self) -> Option<Arc<Index>> {
        self.index.load_full()
    }

    /// How long ago the head in use was issued.
    pub fn age(&self) -> Option<std::time::Duration> {
        self.taken.load().as_deref().map(|(age, since)| *age + since.elapsed())
    }

    pub fn set(&self, index: Arc<Index>, issued_at: Micros, now: Micros) {
        self.index.store(Some(index));
        self.renewed(issued_at, now);
        self.changed.notify_waiters();
    }

    /// The same configuration was signed again.
    pub fn renewed(&self, issued_at: Micros, now: Micros) {
        self.taken.store(Some(Arc::new((now.since(issued_at), Instant::now()))));
    }

    /// Returns once there is an index.
    pub async fn until_present(&self) -> Arc<Index> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if let Some(index) = self.load() {
                return index;
            }
            changed.await;
        }
    }
}
