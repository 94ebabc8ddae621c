//! Alias domains: one step to a domain of the same tenant, never two.

use contract::{Id, ids};

use super::{Domain, store};
use crate::{
    db::{Read, Tx},
    http::{ApiError, Code, FieldError},
};

const POINTER: &str = "/alias_of";
/// Names that one answer gives.
const MOST_NAMES: usize = 10;

/// Under [`store::lock_names`]: may this domain be an alias of what it says?
pub(super) async fn must_fit(tx: &mut Tx, domain: &Domain) -> Result<(), ApiError> {
    let Some(alias) = domain.alias else { return Ok(()) };
    let refused = |code: &str, why: &str| ApiError::invalid(vec![FieldError::new(POINTER, code, why)]);
    if alias.primary == domain.id {
        return Err(refused("alias_of_itself", "a domain is no alias of itself"));
    }
    let primary = match store::find(tx, alias.primary).await? {
        Some(primary) if primary.tenant == domain.tenant => primary,
        // Another tenant's domain is as good as none.
        _ => return Err(refused("invalid", "there is no such domain of this tenant")),
    };
    if primary.alias.is_some() {
        return Err(refused("alias_of_alias", "it is an alias domain itself: name the domain that it is an alias of"));
    }
    if primary.closes_at.is_some() {
        return Err(ApiError::new(Code::DomainClosing).at(POINTER));
    }
    if !store::aliases(tx, domain.id).await?.is_empty() {
        return Err(has_aliases(tx, domain.id).await?.at(POINTER));
    }
    Ok(())
}

/// A domain that goes takes none of its aliases with it: they must be gone, or be going before it.
pub(super) async fn must_have_none(tx: &mut Tx, domain: &Domain, may_be_closing: bool) -> Result<(), ApiError> {
    let aliases = store::aliases(tx, domain.id).await?;
    if aliases.iter().all(|(_, closing)| *closing && may_be_closing) {
        return Ok(());
    }
    Err(has_aliases(tx, domain.id).await?)
}

async fn has_aliases(read: &mut Read, primary: Id<ids::Domain>) -> Result<ApiError, ApiError> {
    let names: Vec<_> = store::aliases(read, primary).await?.into_iter().map(|(name, _)| name).collect();
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
