//! Giving, whoever asks for it and whenever: at once, or when an invitation is accepted.

use contract::{Id, ids};

use super::{Given, Over, store, view::GrantScopeName};
use crate::{
    auth::Scope,
    db::{Read, StoreError, Tx},
    domains,
    http::{ApiError, Code},
    tenants,
};

/// Grants of one person over the installation and tenants: each is a search of its own in the trace.
const MOST_OF_PERSON: usize = 100;

/// What a scope names, if it is within reach.
pub(crate) async fn over(
    tx: &mut Tx,
    reach: &Scope,
    scope: GrantScopeName,
    tenant: Option<Id<ids::Tenant>>,
    domain: Option<Id<ids::Domain>>,
) -> Result<Over, ApiError> {
    match (scope, tenant, domain) {
        (GrantScopeName::Installation, ..) if reach.is_everything() => Ok(Over::Installation),
        (GrantScopeName::Installation, ..) => Err(ApiError::new(Code::GrantTooWide).at("/scope")),
        (GrantScopeName::Tenant, Some(id), _) => {
            tenants::must_be_open(tx, reach, id, "/tenant_id").await?;
            Ok(Over::Tenant(id))
        }
        (GrantScopeName::Domain, _, Some(id)) => {
            let found = domains::find(tx, id).await?.filter(|domain| reach.covers(domain.place()));
            let domain = found.ok_or_else(|| ApiError::field("/domain_id", "there is no such domain"))?;
            Ok(Over::Domain(domain.id, domain.tenant))
        }
        (GrantScopeName::Tenant | GrantScopeName::Domain, ..) => {
            Err(ApiError::internal("a scope without its id passed the check"))
        }
    }
}

/// Owners are somebody of the provider: none goes with a customer.
pub(crate) async fn is_of_the_provider(read: &mut Read, tenant: Id<ids::Tenant>) -> Result<bool, StoreError> {
    Ok(tenants::find(read, tenant).await?.is_some_and(|home| home.parent.is_none()))
}

/// Nothing is given twice, and nobody is given more than can be looked through.
pub(crate) async fn refuse_again(tx: &mut Tx, given: &Given) -> Result<(), ApiError> {
    let now = tx.now();
    let live = store::of_person(tx, given.person, now).await?;
    let lasts = |other: &Given| match (other.expires_at, given.expires_at) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(other), Some(given)) => given <= other,
    };
    let same = |other: &Given| {
        (&other.role, other.over, other.may_delegate) == (&given.role, given.over, given.may_delegate) && lasts(other)
    };
    if given.max_domains.is_none() && live.iter().any(same) {
        return Err(ApiError::new(Code::GrantExists));
    }
    let wide = live.iter().filter(|other| !matches!(other.over, Over::Domain(..))).count();
    if wide >= MOST_OF_PERSON {
        return Err(ApiError::new(Code::TooMany).at("/person_id"));
    }
    Ok(())
}
