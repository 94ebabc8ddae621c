//! Reads what objects are compiled from, by sets of bounded size, and compiles it: everything, or only what an edit touches.
//! What a set comes to goes into the draft before the next is read.

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
    publisher::{Draft, PublishError},
    scope::Scope,
    source::{self, DomainRow, OwnedRoute, TenantRow},
};
use crate::{certificates, db::Read, installation, outbox::Change, pool_keys, vault::Vault};

/// Tenants, routes or names of domains that are read at once.
const PAGE: usize = 2_000;
/// Recipients and entries that are read at once; more only where one domain or one list has more.
const ROWS: i64 = 50_000;
/// Certificates that are read at once: chains and keys are large.
const CERTIFICATES: usize = 200;

/// For whom it is compiled.
#[derive(Debug, Clone)]
pub(super) struct Audience {
    pub vault: Arc<Vault>,
    /// Secrets are sealed with its key.
    pub pool: Id<ids::Pool>,
    /// Whose configuration its workers get.
    pub scope: Arc<Scope>,
    /// The schema that all its workers read.
    pub schema: u16,
}

/// What is read from and where what was compiled goes. All is read in one transaction: objects fit together.
pub(super) struct Gathering<'a> {
    pub read: &'a mut Read,
    pub audience: &'a Audience,
    pub draft: &'a mut Draft,
}

impl Gathering<'_> {
    /// All that there is for this audience.
    pub(super) async fn everything(&mut self) -> Result<(), PublishError> {
        self.installation().await?;
        match &*Arc::clone(&self.audience.scope) {
            Scope::Everyone => self.everyone().await?,
            scope @ Scope::Some { .. } => self.parts_of(&scope.members().collect()).await?,
        }
        // Those of the installation, and once more those of tenants, which costs nothing: they are as they are.
        self.all_certificates().await
    }

    /// By pages: an installation is large.
    async fn everyone(&mut self) -> Result<(), PublishError> {
        let mut after = Uuid::nil();
        while let Some((tenants, last)) = page(source::tenant_ids(self.read, after, limit(PAGE)).await?) {
            self.tenants(&tenants).await?;
            after = last;
        }
        let mut after = String::new();
        while let Some((names, last)) = page(source::names(self.read, &after, limit(PAGE)).await?) {
            self.domains(&names).await?;
            last.as_ascii().clone_into(&mut after);
        }
        if self.audience.schema >= ROUTES_APART {
            let mut after = Uuid::nil();
            while let Some((routes, last)) = page(source::route_ids(self.read, after, limit(PAGE)).await?) {
                self.routes(&routes).await?;
                after = last;
            }
        }
        Ok(())
    }

    /// All of some tenants but their certificates: what they have, or that nothing of it is for this audience.
    async fn parts_of(&mut self, tenants: &BTreeSet<Uuid>) -> Result<(), PublishError> {
        let tenants: Vec<_> = tenants.iter().copied().collect();
        for some in tenants.chunks(PAGE) {
            self.tenants(some).await?;
            let names = source::names_of_tenants(self.read, some).await?;
            for names in names.chunks(PAGE) {
                self.domains(names).await?;
            }
            if self.audience.schema >= ROUTES_APART {
                let routes = source::routes_of_tenants(self.read, some).await?;
                for routes in routes.chunks(PAGE) {
                    self.routes(routes).await?;
                }
            }
        }
        Ok(())
    }

    /// What these changes touch, and those tenants of which another part is for this audience than before.
    pub(super) async fn touched(&mut self, changes: &[Change], moved: &BTreeSet<Uuid>) -> Result<(), PublishError> {
        let (mut whole, mut tenants, mut names, mut routes) =
            (false, BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let (mut all_certificates, mut some_certificates) = (false, BTreeSet::new());
        for change in changes {
            match change {
                Change::Installation | Change::InstallationList => whole = true,
                Change::Tenant(id) | Change::TenantList(id) => drop(tenants.insert(id.uuid())),
                Change::Domain(_, name) | Change::Recipients(_, name) | Change::DomainList(_, name) => {
                    names.insert(name.clone());
                }
                Change::Route(id) => drop(routes.insert(id.uuid())),
                Change::Certificate(id) => drop(some_certificates.insert(*id)),
                Change::Certificates(pool) => all_certificates |= pool.is_none_or(|pool| pool == self.audience.pool),
            }
        }
        self.parts_of(moved).await?;
        let moved: Vec<_> = moved.iter().copied().collect();
        some_certificates.extend(certificates::of_tenants(self.read, &moved).await?);
        let some_certificates: Vec<_> = some_certificates.into_iter().collect();
        // Those that are gone are not among all.
        for some in some_certificates.chunks(CERTIFICATES) {
            self.certificates(some).await?;
        }
        if all_certificates {
            self.all_certificates().await?;
        }
        let routes: Vec<_> = routes.into_iter().collect();
        if self.audience.schema >= ROUTES_APART {
            for some in routes.chunks(PAGE) {
                self.routes(some).await?;
            }
        } else {
            names.extend(source::names_of_routes(self.read, &routes).await?);
        }
        if whole {
            self.installation().await?;
        }
        let tenants: Vec<_> = tenants.into_iter().collect();
        for some in tenants.chunks(PAGE) {
            self.tenants(some).await?;
        }
        let names: Vec<_> = names.into_iter().collect();
        for some in names.chunks(PAGE) {
            self.domains(some).await?;
        }
        Ok(())
    }

    async fn take(&mut self, compiled: Compiled) -> Result<(), PublishError> {
        self.draft.take(self.read, compiled).await
    }

    async fn installation(&mut self) -> Result<(), PublishError> {
        let mut compiled = Compiled::new(self.audience.schema);
        let row = installation::load(self.read).await?;
        let postmaster = source::postmaster(self.read, &row.configured).await?;
        compiled.installation(&row, postmaster, &source::installation_entries(self.read).await?)?;
        self.take(compiled).await
    }

    async fn all_certificates(&mut self) -> Result<(), PublishError> {
        let mut after = Uuid::nil();
        while let Some((some, last)) = page(certificates::ids(self.read, after, limit(CERTIFICATES)).await?) {
            self.certificates(&some).await?;
            after = last.uuid();
        }
        Ok(())
    }

    async fn certificates(&mut self, of: &[Id<ids::Certificate>]) -> Result<(), PublishError> {
        let mut compiled = Compiled::new(self.audience.schema);
        let found = certificates::rows(self.read, of).await?;
        let found: Vec<_> =
            found.into_iter().filter(|row| row.tenant.is_none_or(|tenant| self.audience.scope.holds(tenant))).collect();
        let there: BTreeSet<_> = found.iter().map(|row| row.id).collect();
        if !found.is_empty() {
            let vault = &self.audience.vault;
            let key = pool_keys::current(self.read, vault, self.audience.pool).await?;
            for row in found {
                compiled
                    .or_damaged(Key::Certificate(row.id), |part| part.certificate(&row.certificate?, vault, &key))?;
            }
        }
        compiled.gone.extend(of.iter().filter(|id| !there.contains(id)).map(|id| Key::Certificate(*id)));
        self.take(compiled).await
    }

    /// A page of routes: those that are there, and those that are gone, or for others.
    async fn routes(&mut self, ids: &[Uuid]) -> Result<(), PublishError> {
        let mut compiled = Compiled::new(self.audience.schema);
        let mut gone: BTreeSet<_> = ids.iter().copied().collect();
        for OwnedRoute { tenant_id, route } in source::routes(self.read, ids).await? {
            if self.audience.scope.holds(tenant_id) {
                gone.remove(&route.id);
                compiled.or_damaged(Key::Route(Id::from_uuid(route.id)), |part| part.route(&route))?;
            }
        }
        compiled.gone.extend(gone.into_iter().map(|id| Key::Route(Id::from_uuid(id))));
        self.take(compiled).await
    }

    /// A page of tenants: those that are there, and those that are gone, or for others.
    async fn tenants(&mut self, ids: &[Uuid]) -> Result<(), PublishError> {
        let mut gone = Compiled::new(self.audience.schema);
        let mut found: BTreeMap<_, _> =
            source::tenants(self.read, ids).await?.into_iter().map(|row| (row.id, row)).collect();
        found.retain(|id, _| self.audience.scope.holds(*id));
        ids.iter().filter(|id| !found.contains_key(id)).for_each(|id| gone.no_tenant(Id::from_uuid(*id)));
        self.take(gone).await?;
        let rows = match ids {
            [_] => None,
            _ => Some(source::rows_of_tenants(self.read, ids).await?),
        };
        let there = ids.iter().filter_map(|id| found.remove(id)).collect();
        for part in parts(there, |row| rows.as_ref()?.get(&row.id).copied()) {
            self.part_of_tenants(&part).await?;
        }
        Ok(())
    }

    async fn part_of_tenants(&mut self, part: &[TenantRow]) -> Result<(), PublishError> {
        let ids: Vec<_> = part.iter().map(|row| row.id).collect();
        let entries = source::tenant_entries(self.read, &ids).await?;
        let entries = grouped(entries.into_iter().filter_map(|entry| entry.tenant_id.map(|tenant| (tenant, entry))));
        let mut compiled = Compiled::new(self.audience.schema);
        for row in part {
            let entries = entries.get(&row.id).map_or(&[][..], Vec::as_slice);
            compiled.or_damaged(Key::Tenant(Id::from_uuid(row.id)), |part| part.tenant(row, entries))?;
        }
        self.take(compiled).await
    }

    /// A page of domains by their names: those that are there, and those that are gone, or for others. Of a name all rows are
    /// looked at here, so that the one that counts is the one that counts: of those that the pool serves.
    async fn domains(&mut self, names: &[Domain]) -> Result<(), PublishError> {
        let mut gone = Compiled::new(self.audience.schema);
        let mut rows = source::domains(self.read, names).await?;
        rows.retain(|row| self.audience.scope.serves(row.tenant_id));
        let mut found = one_a_name(rows);
        names.iter().filter(|name| !found.contains_key(name.as_ascii())).for_each(|name| gone.no_domain(name));
        self.take(gone).await?;
        let ids: Vec<_> = found.values().map(|row| row.id).collect();
        let rows = match &ids[..] {
            [] | [_] => None,
            ids => Some(source::rows_of_domains(self.read, ids).await?),
        };
        let there = names.iter().filter_map(|name| Some((name, found.remove(name.as_ascii())?))).collect();
        for part in parts(there, |(_, row)| rows.as_ref()?.get(&row.id).copied()) {
            self.part_of_domains(&part).await?;
        }
        Ok(())
    }

    async fn part_of_domains(&mut self, part: &[(&Domain, DomainRow)]) -> Result<(), PublishError> {
        let ids: Vec<_> = part.iter().map(|(_, row)| row.id).collect();
        let recipients = grouped(source::recipients(self.read, &ids).await?);
        let aliases = source::aliases(self.read, &ids).await?;
        let aliases = grouped(aliases.into_iter().map(|alias| (alias.domain_id, alias)));
        let entries = source::domain_entries(self.read, &ids).await?;
        let entries = grouped(entries.into_iter().filter_map(|entry| entry.domain_id.map(|domain| (domain, entry))));
        let mut compiled = Compiled::new(self.audience.schema);
        for (name, row) in part {
            let locals = recipients.get(&row.id).map_or(&[][..], Vec::as_slice);
            let aliases = aliases.get(&row.id).map_or(&[][..], Vec::as_slice);
            let entries = entries.get(&row.id).map_or(&[][..], Vec::as_slice);
            compiled.or_damaged(Key::Domain(Domain::clone(name)), |part| part.domain(row, locals, aliases, entries))?;
        }
        self.take(compiled).await
    }
}

fn limit(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// What was read, and its last, after which the next page begins. None where there is nothing more.
fn page<T: Clone>(members: Vec<T>) -> Option<(Vec<T>, T)> {
    let last = members.last()?.clone();
    Some((members, last))
}

/// The members in their order, divided so that no part has more rows than are read at once; one that has more alone is a part
/// of its own.
fn parts<T>(members: Vec<T>, rows: impl Fn(&T) -> Option<i64>) -> Vec<Vec<T>> {
    let (mut parts, mut sum) = (Vec::<Vec<T>>::new(), 0);
    for member in members {
        let rows = rows(&member).unwrap_or(0);
        sum += rows;
        if let Some(part) = parts.last_mut().filter(|_| sum <= ROWS) {
            part.push(member);
        } else {
            parts.push(vec![member]);
            sum = rows;
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_have_as_many_rows_as_are_read_at_once_and_one_that_has_more_is_alone() {
        let cut = |rows: &[i64]| parts(rows.to_vec(), |rows| Some(*rows));
        assert_eq!(cut(&[ROWS - 1, 1, 1, ROWS, 2]), [vec![ROWS - 1, 1], vec![1], vec![ROWS], vec![2]]);
        assert_eq!(cut(&[9 * ROWS, 0, 1]), [vec![9 * ROWS], vec![0, 1]]);
        assert_eq!(cut(&[0; 5]), [vec![0; 5]]);
        assert_eq!(cut(&[]), Vec::<Vec<i64>>::new());
    }
}
