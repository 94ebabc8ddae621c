//! Reads what objects are compiled from, by sets, and compiles it: everything, or only what an edit touches.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use contract::{
    Id, ids,
    mail::Domain,
    snapshot::object::{Key, ROUTES_APART},
};
use uuid::Uuid;

use super::{
    compile::{Compiled, grouped, one_a_name},
    publisher::PublishError,
    source,
};
use crate::{
    certificates,
    db::{Read, StoreError},
    installation,
    outbox::Change,
    pool_keys,
    vault::Vault,
};

/// For whom secrets are sealed.
#[derive(Debug, Clone)]
pub(super) struct Audience {
    pub vault: Arc<Vault>,
    pub pool: Id<ids::Pool>,
    /// The schema that all its workers read.
    pub schema: u16,
}

/// All certificates, or those of a set.
async fn certificates(
    read: &mut Read,
    audience: &Audience,
    of: Option<&[Id<ids::Certificate>]>,
    compiled: &mut Compiled,
) -> Result<(), PublishError> {
    let found = certificates::rows(read, of).await?;
    let there: BTreeSet<_> = found.iter().map(|(id, _)| *id).collect();
    if !found.is_empty() {
        let key = pool_keys::current(read, &audience.vault, audience.pool).await?;
        for (id, row) in found {
            compiled.or_damaged(Key::Certificate(id), |part| part.certificate(&row?, &audience.vault, &key))?;
        }
    }
    let gone = of.unwrap_or_default().iter().filter(|id| !there.contains(id));
    compiled.gone.extend(gone.map(|id| Key::Certificate(*id)));
    Ok(())
}

/// All that there is.
pub(super) async fn everything(read: &mut Read, audience: &Audience) -> Result<Compiled, PublishError> {
    let mut compiled = Compiled::new(audience.schema);
    let row = installation::load(read).await?;
    let postmaster = source::postmaster(read, &row.configured).await?;
    let (mut of_installation, mut of_tenants, mut of_domains) = (Vec::new(), Vec::new(), Vec::new());
    for entry in source::all_entries(read).await? {
        match (entry.tenant_id, entry.domain_id) {
            (_, Some(domain)) => of_domains.push((domain, entry)),
            (Some(tenant), None) => of_tenants.push((tenant, entry)),
            (None, None) => of_installation.push(entry),
        }
    }
    compiled.installation(&row, postmaster, &of_installation)?;
    let of_tenants = grouped(of_tenants);
    for tenant in source::tenants(read, None).await? {
        let entries = of_tenants.get(&tenant.id).map_or(&[][..], Vec::as_slice);
        compiled.or_damaged(Key::Tenant(Id::from_uuid(tenant.id)), |part| part.tenant(&tenant, entries))?;
    }
    let of_domains = grouped(of_domains);
    let recipients = grouped(source::recipients(read, None).await?);
    let aliases = grouped(source::aliases(read, None).await?.into_iter().map(|alias| (alias.domain_id, alias)));
    for row in one_a_name(source::domains(read, None).await?).values() {
        let locals = recipients.get(&row.id).map_or(&[][..], Vec::as_slice);
        let aliases = aliases.get(&row.id).map_or(&[][..], Vec::as_slice);
        let name: Domain =
            row.name.parse().map_err(StoreError::corrupt::<contract::mail::DomainError>("domains.name"))?;
        let entries = of_domains.get(&row.id).map_or(&[][..], Vec::as_slice);
        compiled.or_damaged(Key::Domain(name), |part| part.domain(row, locals, aliases, entries))?;
    }
    certificates(read, audience, None, &mut compiled).await?;
    if audience.schema >= ROUTES_APART {
        for route in source::routes(read, None).await? {
            compiled.or_damaged(Key::Route(Id::from_uuid(route.id)), |part| part.route(&route))?;
        }
    }
    Ok(compiled)
}

/// These routes, where they are objects of their own; else the names of the domains that use them.
async fn routes(read: &mut Read, of: &[Uuid], compiled: &mut Compiled) -> Result<Vec<String>, PublishError> {
    if compiled.schema < ROUTES_APART {
        return Ok(source::names_of_routes(read, of).await?);
    }
    let found = source::routes(read, Some(of)).await?;
    let gone = of.iter().filter(|id| !found.iter().any(|route| route.id == **id));
    compiled.gone.extend(gone.map(|id| Key::Route(Id::from_uuid(*id))));
    for route in found {
        compiled.or_damaged(Key::Route(Id::from_uuid(route.id)), |part| part.route(&route))?;
    }
    Ok(Vec::new())
}

/// What these changes touch.
pub(super) async fn touched(
    read: &mut Read,
    audience: &Audience,
    changes: &[Change],
) -> Result<Compiled, PublishError> {
    let mut compiled = Compiled::new(audience.schema);
    let (mut whole, mut tenants, mut names, mut routes) = (false, BTreeSet::new(), BTreeSet::new(), Vec::<Uuid>::new());
    let (mut all_certificates, mut some_certificates) = (false, BTreeSet::new());
    for change in changes {
        match change {
            Change::Installation | Change::InstallationList => whole = true,
            Change::Tenant(id) | Change::TenantList(id) => drop(tenants.insert(*id)),
            Change::Domain(_, name) | Change::Recipients(_, name) | Change::DomainList(_, name) => {
                names.insert(name.clone());
            }
            Change::Route(id) => routes.push(id.uuid()),
            Change::Certificate(id) => drop(some_certificates.insert(*id)),
            Change::Certificates => all_certificates = true,
        }
    }
    let some_certificates: Vec<_> = some_certificates.into_iter().collect();
    // Those that are gone are not among all.
    certificates(read, audience, Some(&some_certificates), &mut compiled).await?;
    if all_certificates {
        certificates(read, audience, None, &mut compiled).await?;
    }
    for name in self::routes(read, &routes, &mut compiled).await? {
        names.insert(name.parse().map_err(StoreError::corrupt::<contract::mail::DomainError>("domains.name"))?);
    }
    if whole {
        let row = installation::load(read).await?;
        let postmaster = source::postmaster(read, &row.configured).await?;
        compiled.installation(&row, postmaster, &source::installation_entries(read).await?)?;
    }
    let tenants: Vec<_> = tenants.into_iter().collect();
    let entries = source::tenant_entries(read, &tenants).await?;
    let entries = grouped(entries.into_iter().filter_map(|entry| entry.tenant_id.map(|tenant| (tenant, entry))));
    let found: BTreeMap<_, _> =
        source::tenants(read, Some(&tenants)).await?.into_iter().map(|row| (row.id, row)).collect();
    for id in tenants {
        match found.get(&id.uuid()) {
            Some(row) => {
                let entries = entries.get(&row.id).map_or(&[][..], Vec::as_slice);
                compiled.or_damaged(Key::Tenant(id), |part| part.tenant(row, entries))?;
            }
            None => compiled.no_tenant(id),
        }
    }
    let names: Vec<Domain> = names.into_iter().collect();
    let found = one_a_name(source::domains(read, Some(&names)).await?);
    let ids: Vec<Uuid> = found.values().map(|row| row.id).collect();
    let recipients = grouped(source::recipients(read, Some(&ids)).await?);
    let aliases = grouped(source::aliases(read, Some(&ids)).await?.into_iter().map(|alias| (alias.domain_id, alias)));
    let entries = source::domain_entries(read, &ids).await?;
    let entries = grouped(entries.into_iter().filter_map(|entry| entry.domain_id.map(|domain| (domain, entry))));
    for name in names {
        match found.get(name.as_ascii()) {
            Some(row) => {
                let locals = recipients.get(&row.id).map_or(&[][..], Vec::as_slice);
                let aliases = aliases.get(&row.id).map_or(&[][..], Vec::as_slice);
                let entries = entries.get(&row.id).map_or(&[][..], Vec::as_slice);
                compiled.or_damaged(Key::Domain(name), |part| part.domain(row, locals, aliases, entries))?;
            }
            None => compiled.no_domain(&name),
        }
    }
    Ok(compiled)
}
