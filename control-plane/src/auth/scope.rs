//! What grants reach: the whole installation, a tenant with all below it, one domain. A caller's live grants that allow an
//! action come to its scope.

use std::collections::{BTreeSet, HashMap};

use contract::{Id, Micros, ids};
use uuid::Uuid;

use super::{
    Action, Role,
    action::{MatrixRow, reads},
};
use crate::{
    db::id_set,
    http::{ApiError, Code},
};

/// What one grant is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    Installation,
    /// The tenant and all below it.
    Subtree(Id<ids::Tenant>),
    /// The tenant alone.
    Tenant(Id<ids::Tenant>),
    Domain(Id<ids::Domain>),
}

/// A live grant, or what follows from one.
#[derive(Debug, Clone, Copy)]
pub struct Held {
    pub id: Id<ids::Grant>,
    pub role: Role,
    pub reach: Reach,
    pub expires_at: Option<Micros>,
    pub may_delegate: bool,
    pub max_domains: Option<i64>,
    /// What it is over is suspended or closing, by itself or by a tenant above: only what it lets one read counts.
    pub on_hold: Option<OnHold>,
}

/// Why a grant is good for reading only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnHold {
    Suspended,
    Closing,
}

impl OnHold {
    pub fn refusal(self) -> ApiError {
        ApiError::new(match self {
            Self::Suspended => Code::TenantSuspended,
            Self::Closing => Code::TenantClosing,
        })
        .detail("until that is over, those who administer the tenants above can change what is here")
    }
}

/// Where a thing belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Installation,
    Tenant(Id<ids::Tenant>),
    Domain(Id<ids::Domain>, Id<ids::Tenant>),
}

impl Place {
    /// Of a thing that belongs to a tenant or to nobody in particular.
    pub fn of(tenant: Option<Id<ids::Tenant>>) -> Self {
        tenant.map_or(Self::Installation, Self::Tenant)
    }
}

/// What a caller holds at this moment.
#[derive(Debug, Default)]
pub struct Holding {
    /// Roles that nobody grants: a person for their own account, a worker.
    implicit: Vec<Role>,
    held: Vec<Held>,
    /// Actions that a key is good for; none: it is no key that calls.
    only: Option<BTreeSet<&'static str>>,
    /// What that key is over.
    key_over: Option<Place>,
    /// Of each tenant that a grant is over: it and all below it.
    below: HashMap<Uuid, BTreeSet<Uuid>>,
}

/// What a key says of itself.
#[derive(Debug)]
pub(super) struct Terms {
    pub over: Place,
    /// Its tenant with all below it.
    pub tree: BTreeSet<Uuid>,
    pub only: BTreeSet<&'static str>,
    pub until: Option<Micros>,
    /// How what it is over stands.
    pub on_hold: Option<OnHold>,
}

/// What an action may be done to.
#[derive(Debug, Clone)]
pub enum Scope {
    Everything,
    Parts(Parts),
}

#[derive(Debug, Clone, Default)]
pub struct Parts {
    /// Tenants that are covered with all below them, none of them below another.
    roots: Vec<Id<ids::Tenant>>,
    tenants: BTreeSet<Uuid>,
    /// Of them, those that are covered without what is below them.
    alone: BTreeSet<Uuid>,
    domains: BTreeSet<Uuid>,
    /// Tenants and domains that would be covered, if nothing were on hold.
    on_hold: HashMap<Uuid, OnHold>,
}

/// A scope as statements take it: JSON arrays of ids in hexadecimal digits. Both none: everything.
#[derive(Debug, Default)]
pub struct Sets {
    pub tenants: Option<String>,
    pub domains: Option<String>,
}

impl Held {
    /// A row, and what follows from it.
    pub(super) fn with_consequences(self) -> impl Iterator<Item = Self> {
        let first = match (self.role, self.reach) {
            (Role::DomainAdmin, Reach::Subtree(tenant)) => {
                Self { role: Role::DomainCreator, reach: Reach::Tenant(tenant), ..self }
            }
            _ => self,
        };
        let delegate = self.may_delegate.then_some(Self { role: Role::Delegate, ..first });
        std::iter::once(first).chain(delegate)
    }
}

impl Holding {
    pub(super) fn worker() -> Self {
        Self { implicit: vec![Role::Worker], ..Self::default() }
    }

    pub(super) fn person(grants: Vec<Held>, below: HashMap<Uuid, BTreeSet<Uuid>>) -> Self {
        let held = grants.into_iter().flat_map(Held::with_consequences).collect();
        Self { implicit: vec![Role::Person], held, below, ..Self::default() }
    }

    /// What a key is worth: of what its maker holds, as much as lies in `over`, for as long as it is good, and only these
    /// actions. What the key is over may be on hold where its maker's grants are not.
    pub(super) fn narrowed(mut self, terms: Terms) -> Self {
        let Terms { over, tree, only, until, on_hold } = terms;
        let sooner = |held: Option<Micros>| [held, until].into_iter().flatten().min();
        let within = |held: &Held| -> Option<Reach> {
            let covers = self.reach_of(held).covers(over);
            match (over, held.reach) {
                (Place::Installation, reach) => Some(reach),
                (Place::Tenant(tenant), Reach::Installation) => Some(Reach::Subtree(tenant)),
                (Place::Tenant(tenant), Reach::Subtree(_)) if covers => Some(Reach::Subtree(tenant)),
                (Place::Tenant(_), Reach::Subtree(root) | Reach::Tenant(root)) => {
                    tree.contains(&root.uuid()).then_some(held.reach)
                }
                // Of single domains there are keys over the domain.
                (Place::Tenant(_), Reach::Domain(_)) | (Place::Domain(..), Reach::Tenant(_)) => None,
                (Place::Domain(domain, _), _) => covers.then_some(Reach::Domain(domain)),
            }
        };
        let narrow = |held: &Held| {
            let (expires_at, on_hold) = (sooner(held.expires_at), held.on_hold.or(on_hold));
            within(held).map(|reach| Held { reach, expires_at, on_hold, ..*held })
        };
        self.held = self.held.iter().filter_map(narrow).collect();
        self.implicit.clear();
        self.only = Some(only);
        self.key_over = Some(over);
        if let Place::Tenant(tenant) = over {
            self.below.insert(tenant.uuid(), tree);
        }
        self
    }

    fn is_open<A: Action>(&self) -> bool {
        self.names(A::NAME)
    }

    /// Does a key name this action? A person has no need to.
    pub fn names(&self, action: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(action))
    }

    /// What the key is over that calls.
    pub fn key_over(&self) -> Option<Place> {
        self.key_over
    }

    /// Is this what a key is worth, and not a person?
    pub fn is_of_key(&self) -> bool {
        self.only.is_some()
    }

    /// What those grants cover that allow the action.
    pub(super) fn scope_of<A: Action>(&self) -> Scope {
        if self.is_open::<A>() { self.scope_for(A::NAME, A::ROLES) } else { Scope::Parts(Parts::default()) }
    }

    /// What live grants that allow the action of this row cover.
    pub fn scope_of_row(&self, row: &MatrixRow) -> Scope {
        self.scope_for(row.action, row.roles)
    }

    fn scope_for(&self, action: &str, roles: &[Role]) -> Scope {
        if reads(action) {
            return self.scope(roles);
        }
        let of_roles = |held: &&Held| roles.contains(&held.role);
        let mut scope = self.scope_through(self.held.iter().filter(of_roles).filter(|held| held.on_hold.is_none()));
        if let Scope::Parts(parts) = &mut scope {
            for held in self.held.iter().filter(of_roles) {
                let Some(on_hold) = held.on_hold else { continue };
                let Scope::Parts(stopped) = self.reach_of(held) else { continue };
                parts.on_hold.extend(stopped.tenants.iter().chain(&stopped.domains).map(|id| (*id, on_hold)));
            }
        }
        scope
    }

    /// Live grants, and what follows from them.
    pub fn held(&self) -> &[Held] {
        &self.held
    }

    pub(super) fn permits<A: Action>(&self) -> bool {
        let of_installation = |held: &&Held| !A::OF_INSTALLATION || held.reach == Reach::Installation;
        let counts = |held: &&Held| held.on_hold.is_none() || reads(A::NAME);
        let held = self.held.iter().filter(of_installation).filter(counts).map(|held| held.role);
        self.is_open::<A>() && held.chain(self.implicit.iter().copied()).any(|role| A::ROLES.contains(&role))
    }

    /// Of an action that is not permitted: why it is not for now.
    pub(super) fn on_hold<A: Action>(&self) -> Option<OnHold> {
        let mut held = self.held.iter().filter(|held| !A::OF_INSTALLATION && A::ROLES.contains(&held.role));
        held.find_map(|held| held.on_hold).filter(|_| self.is_open::<A>())
    }

    /// What those of these roles that the caller holds cover.
    pub fn scope(&self, roles: &[Role]) -> Scope {
        self.scope_through(self.held.iter().filter(|held| roles.contains(&held.role)))
    }

    fn scope_through<'a>(&self, grants: impl Iterator<Item = &'a Held>) -> Scope {
        let mut parts = Parts::default();
        for held in grants {
            if !self.add(held.reach, &mut parts) {
                return Scope::Everything;
            }
        }
        parts.roots.sort_unstable();
        parts.roots.dedup();
        let roots = parts.roots.clone();
        let is_below = |one: &Id<ids::Tenant>, other: &Id<ids::Tenant>| {
            one != other && self.below.get(&other.uuid()).is_some_and(|below| below.contains(&one.uuid()))
        };
        parts.roots.retain(|root| !roots.iter().any(|other| is_below(root, other)));
        Scope::Parts(parts)
    }

    /// What one grant covers.
    pub fn reach_of(&self, held: &Held) -> Scope {
        let mut parts = Parts::default();
        if !self.add(held.reach, &mut parts) {
            return Scope::Everything;
        }
        Scope::Parts(parts)
    }

    /// False: everything.
    fn add(&self, reach: Reach, parts: &mut Parts) -> bool {
        match reach {
            Reach::Installation => return false,
            Reach::Subtree(root) => {
                // A root that is not there any more has nothing below it.
                let below = self.below.get(&root.uuid());
                parts.tenants.extend(below.into_iter().flatten());
                parts.roots.push(root);
            }
            Reach::Tenant(tenant) => {
                parts.tenants.insert(tenant.uuid());
                parts.alone.insert(tenant.uuid());
            }
            Reach::Domain(domain) => {
                parts.domains.insert(domain.uuid());
            }
        }
        true
    }

    /// May the caller do `A` here? 404 for what they may not even see.
    pub(super) fn must_reach<A: Action>(&self, place: Place) -> Result<(), ApiError> {
        let scope = self.scope_of::<A>();
        if scope.covers(place) {
            Ok(())
        } else if let Some(on_hold) = scope.on_hold(place) {
            Err(on_hold.refusal())
        } else if self.scope(A::SEEN_BY).covers(place) {
            Err(ApiError::new(Code::Forbidden))
        } else {
            Err(ApiError::not_found())
        }
    }
}

impl Scope {
    pub fn is_everything(&self) -> bool {
        matches!(self, Self::Everything)
    }

    pub fn covers(&self, place: Place) -> bool {
        match (self, place) {
            (Self::Everything, _) => true,
            (Self::Parts(_), Place::Installation) => false,
            (Self::Parts(parts), Place::Tenant(tenant)) => parts.tenants.contains(&tenant.uuid()),
            (Self::Parts(parts), Place::Domain(domain, tenant)) => {
                parts.tenants.contains(&tenant.uuid()) || parts.domains.contains(&domain.uuid())
            }
        }
    }

    /// Of what is not covered: what keeps it from being so.
    pub fn on_hold(&self, place: Place) -> Option<OnHold> {
        let Self::Parts(parts) = self else { return None };
        match place {
            Place::Installation => None,
            Place::Tenant(tenant) => parts.on_hold.get(&tenant.uuid()).copied(),
            Place::Domain(domain, tenant) => {
                parts.on_hold.get(&tenant.uuid()).or_else(|| parts.on_hold.get(&domain.uuid())).copied()
            }
        }
    }

    pub fn covers_tenant(&self, tenant: Id<ids::Tenant>) -> bool {
        self.covers(Place::Tenant(tenant))
    }

    /// Tenants covered with all below them, none below another; none: everything.
    pub fn roots(&self) -> Option<&[Id<ids::Tenant>]> {
        match self {
            Self::Everything => None,
            Self::Parts(parts) => Some(&parts.roots),
        }
    }

    /// Roots, and tenants that are covered alone.
    pub fn named_tenants(&self) -> Vec<Id<ids::Tenant>> {
        match self {
            Self::Everything => Vec::new(),
            Self::Parts(parts) => {
                let alone = parts.alone.iter().copied().map(Id::from_uuid);
                let mut all: Vec<_> = parts.roots.iter().copied().chain(alone).collect();
                all.sort_unstable();
                all.dedup();
                all
            }
        }
    }

    /// Single domains; none: everything.
    pub fn domains(&self) -> Option<impl Iterator<Item = Id<ids::Domain>>> {
        match self {
            Self::Everything => None,
            Self::Parts(parts) => Some(parts.domains.iter().copied().map(Id::from_uuid)),
        }
    }

    pub fn sets(&self) -> Sets {
        match self {
            Self::Everything => Sets::default(),
            Self::Parts(parts) => {
                let set = |ids: &BTreeSet<Uuid>| Some(id_set(ids.iter().copied()));
                Sets { tenants: set(&parts.tenants), domains: set(&parts.domains) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::action::{CreateDomain, ReadDomains, ReadTenants, ReadWorkers, WriteDomains, WriteTenants};

    fn tenant(n: u8) -> Id<ids::Tenant> {
        Id::new(Micros::from_secs(1), [n; 10])
    }

    fn domain(n: u8) -> Id<ids::Domain> {
        Id::new(Micros::from_secs(1), [n; 10])
    }

    fn held(role: Role, reach: Reach) -> Held {
        Held {
            id: Id::new(Micros::from_secs(1), [1; 10]),
            role,
            reach,
            expires_at: None,
            may_delegate: false,
            max_domains: None,
            on_hold: None,
        }
    }

    /// Tenant 1 is above 2 and 3; 4 stands alone.
    fn holding(grants: Vec<Held>) -> Holding {
        let below = [(1, vec![1, 2, 3]), (2, vec![2]), (4, vec![4])];
        let set = |ids: Vec<u8>| ids.into_iter().map(|n| tenant(n).uuid()).collect();
        Holding::person(grants, below.into_iter().map(|(root, ids)| (tenant(root).uuid(), set(ids))).collect())
    }

    #[test]
    fn a_grant_reaches_what_is_below_its_tenant_and_nothing_else() {
        let all = holding(vec![
            held(Role::TenantAdmin, Reach::Subtree(tenant(1))),
            held(Role::Auditor, Reach::Subtree(tenant(4))),
        ]);
        for n in 1..=3 {
            assert!(all.must_reach::<WriteTenants>(Place::Tenant(tenant(n))).is_ok());
        }
        let refused = |place| all.must_reach::<WriteTenants>(place).unwrap_err().code();
        assert_eq!(refused(Place::Tenant(tenant(4))), Code::Forbidden);
        assert_eq!(refused(Place::Tenant(tenant(5))), Code::NotFound);
        assert_eq!(refused(Place::Installation), Code::NotFound);
        assert!(all.must_reach::<ReadTenants>(Place::Tenant(tenant(4))).is_ok());
        assert!(!all.permits::<ReadWorkers>());
        assert!(holding(vec![held(Role::Auditor, Reach::Installation)]).permits::<ReadWorkers>());
    }

    #[test]
    fn roots_are_those_that_are_below_no_other() {
        let all = holding([2, 1, 4, 1].map(|n| held(Role::TenantAdmin, Reach::Subtree(tenant(n)))).into());
        assert_eq!(all.scope(ReadTenants::ROLES).roots().unwrap(), [tenant(1), tenant(4)]);
    }

    #[test]
    fn a_domain_administrator_of_a_tenant_creates_there_and_sees_nothing_of_it() {
        let all = holding(vec![
            held(Role::DomainAdmin, Reach::Subtree(tenant(1))),
            held(Role::DomainAdmin, Reach::Domain(domain(9))),
        ]);
        assert!(all.scope(CreateDomain::ROLES).covers_tenant(tenant(1)));
        assert!(!all.scope(CreateDomain::ROLES).covers_tenant(tenant(2)));
        assert!(!all.scope(ReadDomains::ROLES).covers(Place::Domain(domain(8), tenant(1))));
        assert!(all.scope(WriteDomains::ROLES).covers(Place::Domain(domain(9), tenant(1))));
    }

    #[test]
    fn what_is_on_hold_is_read_and_changed_only_through_a_grant_from_above() {
        let stopped = |role, reach| Held { on_hold: Some(OnHold::Suspended), ..held(role, reach) };
        let refused = |all: &Holding, place| all.must_reach::<WriteTenants>(place).unwrap_err().code();
        let all = holding(vec![
            stopped(Role::TenantAdmin, Reach::Subtree(tenant(1))),
            held(Role::TenantAdmin, Reach::Subtree(tenant(4))),
            stopped(Role::DomainAdmin, Reach::Domain(domain(9))),
        ]);
        for n in [1, 3] {
            assert!(all.must_reach::<ReadTenants>(Place::Tenant(tenant(n))).is_ok());
            assert_eq!(refused(&all, Place::Tenant(tenant(n))), Code::TenantSuspended);
        }
        assert!(all.must_reach::<WriteTenants>(Place::Tenant(tenant(4))).is_ok());
        assert_eq!(refused(&all, Place::Tenant(tenant(5))), Code::NotFound);
        let of_domain = all.must_reach::<WriteDomains>(Place::Domain(domain(9), tenant(5))).unwrap_err().code();
        assert_eq!(of_domain, Code::TenantSuspended);
        assert!(all.permits::<WriteTenants>());
        // With nothing else it is the same whatever it is about.
        let only = holding(vec![stopped(Role::TenantAdmin, Reach::Subtree(tenant(2)))]);
        assert!(only.permits::<ReadTenants>() && !only.permits::<WriteTenants>());
        assert_eq!(only.on_hold::<WriteTenants>(), Some(OnHold::Suspended));
        assert_eq!(only.on_hold::<ReadWorkers>(), None);
        // Who holds what is above acts below.
        let above = holding(vec![
            stopped(Role::TenantAdmin, Reach::Subtree(tenant(2))),
            held(Role::TenantAdmin, Reach::Subtree(tenant(1))),
        ]);
        assert!(above.must_reach::<WriteTenants>(Place::Tenant(tenant(2))).is_ok());
    }
}
