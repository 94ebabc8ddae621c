//! Alias domains: one step to a domain of the same tenant, never two.

use super::{Domain, store};
use crate::{
    auth::{Place, Scope},
    db::{Read, Tx},
    http::{ApiError, Code, FieldError},
};

const POINTER: &str = "/alias_of";
/// Names that one answer gives.
const MOST_NAMES: usize = 10;

/// Under [`store::lock_names`]: may this domain be an alias of what it says?
pub(super) async fn must_fit(tx: &mut Tx, scope: &Scope, domain: &Domain) -> Result<(), ApiError> {
    let Some(alias) = domain.alias else { return Ok(()) };
    let refused = |code: &str, why: &str| ApiError::invalid(vec![FieldError::new(POINTER, code, why)]);
    if alias.primary == domain.id {
        return Err(refused("alias_of_itself", "a domain is no alias of itself"));
    }
    let primary = match store::find(tx, alias.primary).await? {
        Some(primary) if primary.tenant == domain.tenant && scope.covers(primary.place()) => primary,
        // Another tenant's domain is as good as none, and so is one out of reach.
        _ => return Err(refused("invalid", "there is no such domain of this tenant")),
    };
    if primary.alias.is_some() {
        return Err(refused("alias_of_alias", "it is an alias domain itself: name the domain that it is an alias of"));
    }
    if primary.closes_at.is_some() {
        return Err(ApiError::new(Code::DomainClosing).at(POINTER));
    }
    if !store::aliases(tx, domain.id).await?.is_empty() {
        return Err(has_aliases(tx, scope, domain).await?.at(POINTER));
    }
    Ok(())
}

/// A domain that goes takes none of its aliases with it: they must be gone, or be going before it.
pub(super) async fn must_have_none(
    tx: &mut Tx,
    scope: &Scope,
    domain: &Domain,
    may_be_closing: bool,
) -> Result<(), ApiError> {
    let aliases = store::aliases(tx, domain.id).await?;
    if aliases.iter().all(|alias| alias.is_closing && may_be_closing) {
        return Ok(());
    }
    Err(has_aliases(tx, scope, domain).await?)
}

/// Names those that the caller sees.
async fn has_aliases(read: &mut Read, scope: &Scope, primary: &Domain) -> Result<ApiError, ApiError> {
    let aliases = store::aliases(read, primary.id).await?.into_iter();
    let seen = aliases.filter(|alias| scope.covers(Place::Domain(alias.id, primary.tenant)));
    let names: Vec<_> = seen.map(|alias| alias.name).collect();
    if names.is_empty() {
        return Ok(ApiError::new(Code::HasAliasDomains).detail("whoever administers its tenant sees them"));
    }
    let more = if names.len() > MOST_NAMES { ", …" } else { "" };
    let shown: Vec<_> = names.into_iter().take(MOST_NAMES).collect();
    Ok(ApiError::new(Code::HasAliasDomains).detail(format!("aliases of it: {}{more}", shown.join(", "))))
}

/// What an alias domain shares is written at its primary.
pub(crate) fn must_be_no_alias(domain: &Domain) -> Result<(), ApiError> {
    match domain.alias {
        None => Ok(()),
        Some(alias) => {
            Err(ApiError::new(Code::AliasDomain).detail(format!("it is an alias of {}: write there", alias.primary)))
        }
    }
}
