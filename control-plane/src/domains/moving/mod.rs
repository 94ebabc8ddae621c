//! A domain goes to another tenant of the same MSP, with its aliases and all that is its own. Mail flows on: the workers get
//! the domain as it was, with another tenant in it.

pub(super) mod api;
mod former;
mod store;
mod view;

use contract::{Id, ids};

use super::{Domain, State, api::must_fit, store as domains};
use crate::{
    auth::Scope,
    db::{Read, StoreError, Tx},
    http::{ApiError, Code, FieldError, Patch},
    tenants::{self, TenantKind},
};
pub(super) use former::Former;
pub(crate) use store::STATEMENTS;

/// What can be said before anything is written: this domain may go there.
async fn must_be_movable(
    tx: &mut Tx,
    scope: &Scope,
    domain: &Domain,
    to: Id<ids::Tenant>,
) -> Result<Vec<Domain>, ApiError> {
    if let Some(alias) = domain.alias {
        let detail = format!("it goes with {}: move that, or make it an alias of nothing first", alias.primary);
        return Err(ApiError::new(Code::AliasDomain).detail(detail));
    }
    if domain.closes_at.is_some() {
        return Err(ApiError::new(Code::DomainClosing));
    }
    // Whoever owns the installation moves between MSPs as well.
    if !scope.is_everything() && msp(tx, domain.tenant).await? != msp(tx, to).await? {
        let message = "it belongs to another MSP: whoever owns the installation can move a domain there";
        return Err(ApiError::invalid(vec![FieldError::new("/tenant_id", "other_msp", message)]));
    }
    let mut family = Vec::new();
    for alias in domains::aliases(tx, domain.id).await? {
        family.extend(domains::find(tx, alias.id).await?);
    }
    Ok(family)
}

/// The MSP that a tenant is or stands below; none: it is the provider's own.
async fn msp(read: &mut Read, of: Id<ids::Tenant>) -> Result<Option<Id<ids::Tenant>>, StoreError> {
    for id in tenants::ancestry(read, of).await? {
        if tenants::find(read, id).await?.is_some_and(|tenant| tenant.kind == TenantKind::Msp) {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// Where its mail goes then. A route that the new tenant may not use does not come along.
async fn route(
    tx: &mut Tx,
    scope: &Scope,
    domain: &Domain,
    named: &Patch<Id<ids::Route>>,
    to: (Id<ids::Tenant>, &[Id<ids::Tenant>]),
) -> Result<Option<Id<ids::Route>>, ApiError> {
    match (named, domain.route) {
        (Patch::Set(route), _) => {
            must_fit(tx, scope, *route, to.0).await?;
            Ok(Some(*route))
        }
        (Patch::Clear, _) | (Patch::Keep, None) => Ok(None),
        (Patch::Keep, Some(route)) if fits(tx, route, to.1).await? => Ok(Some(route)),
        (Patch::Keep, Some(_)) => {
            let message = "the route of now stays with the old tenant: name one that the new tenant may use, or null";
            Err(ApiError::invalid(vec![FieldError::new("/route_id", "required", message)]))
        }
    }
}

/// Is it a route of one of these tenants?
async fn fits(read: &mut Read, route: Id<ids::Route>, above: &[Id<ids::Tenant>]) -> Result<bool, StoreError> {
    Ok(crate::routes::find(read, route).await?.is_some_and(|route| above.contains(&route.tenant)))
}

/// The new tenant may have the name, or the number, already.
async fn refuse_taken(read: &mut Read, after: &Domain) -> Result<(), ApiError> {
    let taken = domains::taken(read, after).await?;
    if taken.name {
        let detail = format!("{}: take it away there first", after.name);
        return Err(ApiError::new(Code::DomainRegistered).at("/tenant_id").detail(detail));
    }
    if taken.external_ref {
        let detail = format!("that of {}: a domain of the new tenant has it", after.name);
        return Err(ApiError::new(Code::ExternalRefTaken).at("/tenant_id").detail(detail));
    }
    Ok(())
}

/// The domain as it is at the new tenant.
fn moved(before: &Domain, to: Id<ids::Tenant>, route: Option<Id<ids::Route>>, now: contract::Micros) -> Domain {
    let mut after = Domain { tenant: to, route, ..before.clone() };
    if after.state == State::Active {
        after.former.add(before.tenant, to, now);
    }
    after
}
