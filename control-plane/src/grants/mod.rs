//! Grants: a role over the installation, over a tenant with all below it, or over a domain.
//!
//! `rule` says who may give what, `give` asks it, `permissions` what one holds oneself, `access` who may do what to a domain.

mod access;
pub mod api;
mod give;
mod permissions;
mod rule;
mod store;
mod view;

use contract::{Id, Micros, ids};

use crate::{
    auth::{Place, Reach, Role, Scope},
    db::{Read, StoreError, Tx},
    http::{ApiError, Code},
};
pub(crate) use give::{is_of_the_provider, over, refuse_again};
pub(crate) use rule::{Wanted, may_give};
pub(crate) use store::{STATEMENTS, lock};
pub(crate) use view::{GrantRole, GrantScopeName};

/// A grant as it is stored.
#[derive(Debug, Clone)]
pub struct Given {
    pub id: Id<ids::Grant>,
    pub person: Id<ids::Person>,
    pub email: String,
    /// The word of the table: a later version may have more.
    pub role: String,
    pub over: Over,
    pub expires_at: Option<Micros>,
    pub may_delegate: bool,
    /// Domains that may be created through it.
    pub max_domains: Option<i64>,
    pub created_by: Option<Id<ids::Person>>,
    pub created_at: Micros,
}

/// What a grant is over, and where that belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    Installation,
    Tenant(Id<ids::Tenant>),
    Domain(Id<ids::Domain>, Id<ids::Tenant>),
}

impl Over {
    pub fn place(self) -> Place {
        match self {
            Self::Installation => Place::Installation,
            Self::Tenant(tenant) => Place::Tenant(tenant),
            Self::Domain(domain, tenant) => Place::Domain(domain, tenant),
        }
    }

    fn reach(self) -> Reach {
        match self {
            Self::Installation => Reach::Installation,
            Self::Tenant(tenant) => Reach::Subtree(tenant),
            Self::Domain(domain, _) => Reach::Domain(domain),
        }
    }
}

impl Given {
    pub(crate) fn target(&self) -> crate::audit::Target {
        let target = crate::audit::Target::new("grant").id(self.id);
        match self.over {
            Over::Installation => target,
            Over::Tenant(tenant) | Over::Domain(_, tenant) => target.of_tenant(tenant),
        }
    }

    fn is_owner(&self) -> bool {
        self.role == Role::Owner.name() && self.over == Over::Installation
    }
}

/// Under [`lock`]: somebody who can sign in must be an owner for good, or there is no way back in.
pub(crate) async fn must_leave_an_owner(read: &mut Read) -> Result<(), ApiError> {
    if store::lasting_owners(read).await? == 0 {
        return Err(ApiError::new(Code::LastOwner));
    }
    Ok(())
}

/// Whoever does something to a person as a whole must reach all that the person holds.
pub(crate) async fn must_cover_all(tx: &mut Tx, scope: &Scope, person: Id<ids::Person>) -> Result<(), ApiError> {
    let now = tx.now();
    let all = store::of_person(tx, person, now).await?;
    if all.iter().all(|given| scope.covers(given.over.place())) {
        return Ok(());
    }
    Err(ApiError::new(Code::Forbidden).detail("the person holds something that is not yours: end the grants that are"))
}

/// What a person holds now.
pub(crate) async fn live(tx: &mut Tx, person: Id<ids::Person>) -> Result<Vec<Given>, StoreError> {
    let now = tx.now();
    store::of_person(tx, person, now).await
}

/// Writes a grant that follows from something else, in its transaction.
pub(crate) async fn insert(tx: &mut Tx, given: &Given) -> Result<(), StoreError> {
    store::insert(tx, given).await?;
    let view = view::GrantView::from(given);
    crate::audit::record(tx, "grant.create", given.target(), crate::audit::NOTHING, Some(&view)).await
}

/// Under [`lock`]: a domain goes to another tenant, which is `above` with those above it. Grants over it end that are of people
/// who have nothing to do with these; how many did.
pub(crate) async fn end_strangers(
    tx: &mut Tx,
    domain: &crate::domains::Domain,
    above: &[Id<ids::Tenant>],
) -> Result<usize, StoreError> {
    let ended = store::strangers(tx, domain.id, above).await?;
    for given in &ended {
        store::delete(tx, given.id).await?;
        let view = view::GrantView::from(given);
        crate::audit::record(tx, "grant.delete", given.target(), Some(&view), crate::audit::NOTHING).await?;
    }
    Ok(ended.len())
}

/// Live grants that reach a domain, of people who may sign in.
pub(crate) async fn over_domain(tx: &mut Tx, domain: &crate::domains::Domain) -> Result<Vec<Given>, StoreError> {
    let now = tx.now();
    let above = crate::tenants::ancestry(tx, domain.tenant).await?;
    store::over_domain(tx, domain.id, &above, now).await
}
