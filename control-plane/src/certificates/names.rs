//! Whose names a certificate bears.

use std::collections::{BTreeMap, BTreeSet};

use contract::{Id, ids, mail::Domain};

use crate::{
    db::{Read, StoreError},
    domains,
    http::FieldError,
};

/// An active domain, and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Holder {
    pub domain: Id<ids::Domain>,
    pub tenant: Id<ids::Tenant>,
}

/// Of each name, the active domain that it is or stands below: the nearest, where there are several.
pub(super) async fn holders<'a>(
    read: &mut Read,
    names: impl IntoIterator<Item = &'a String>,
) -> Result<BTreeMap<String, Holder>, StoreError> {
    let above: BTreeMap<&String, Vec<Domain>> = names.into_iter().map(|name| (name, above(name))).collect();
    let asked: BTreeSet<&str> = above.values().flatten().map(Domain::as_ascii).collect();
    let active = domains::active(read, &asked).await?;
    let holder =
        |name: &Domain| active.get(name.as_ascii()).map(|(domain, tenant)| Holder { domain: *domain, tenant: *tenant });
    Ok(above.into_iter().filter_map(|(name, above)| Some((name.clone(), above.iter().find_map(holder)?))).collect())
}

/// The name, and those above it; a wildcard's begin with what stands behind the asterisk.
fn above(name: &str) -> Vec<Domain> {
    let first = name.strip_prefix("*.").unwrap_or(name).parse::<Domain>().ok();
    std::iter::successors(first, Domain::parent).collect()
}

/// A tenant's certificate bears no name but its own.
pub(super) fn refusals(
    names: &[String],
    tenant: Id<ids::Tenant>,
    holders: &BTreeMap<String, Holder>,
) -> Vec<FieldError> {
    let foreign = |name: &&String| holders.get(*name).is_none_or(|holder| holder.tenant != tenant);
    let refuse = |name: &String| {
        let message = format!("{name} is not within an active domain of this tenant");
        FieldError::new("/chain", "name_not_owned", message)
    };
    names.iter().filter(foreign).take(20).map(refuse).collect()
}
