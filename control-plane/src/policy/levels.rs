//! The levels from the installation down, and what holds at each of them.

use contract::{
    Id, ids,
    policy::{Folded, Settings},
};

use super::store;
use crate::{
    audit::Target,
    auth,
    db::{Read, StoreError},
    domains::{self, Domain},
    outbox::Change,
    tenants,
};

/// Where policy is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Installation,
    Tenant(Id<ids::Tenant>),
    /// What a tenant may have, as those above it have set it. No policy is written there.
    Limit(Id<ids::Tenant>),
    Domain(Id<ids::Domain>),
}

/// A level that is there.
#[derive(Debug, Clone)]
pub(super) enum Place {
    Installation,
    Tenant(Id<ids::Tenant>),
    Domain(Box<Domain>),
}

impl Level {
    /// None: there is no such tenant or domain.
    pub(super) async fn find(self, read: &mut Read) -> Result<Option<Place>, StoreError> {
        Ok(match self {
            Self::Installation => Some(Place::Installation),
            Self::Tenant(id) | Self::Limit(id) => tenants::find(read, id).await?.map(|tenant| Place::Tenant(tenant.id)),
            Self::Domain(id) => domains::find(read, id).await?.map(|domain| Place::Domain(Box::new(domain))),
        })
    }

    /// For people who may see what stands below it.
    pub(super) fn describe(self) -> String {
        match self {
            Self::Installation => "the installation".to_owned(),
            Self::Tenant(id) | Self::Limit(id) => format!("the tenant {id}"),
            Self::Domain(id) => format!("the domain {id}"),
        }
    }
}

impl Place {
    pub(super) fn level(&self) -> Level {
        match self {
            Self::Installation => Level::Installation,
            Self::Tenant(id) => Level::Tenant(*id),
            Self::Domain(domain) => Level::Domain(domain.id),
        }
    }

    pub(super) fn place(&self) -> auth::Place {
        match self {
            Self::Installation => auth::Place::Installation,
            Self::Tenant(id) => auth::Place::Tenant(*id),
            Self::Domain(domain) => domain.place(),
        }
    }

    /// What the publisher compiles again: one object, whoever inherits from it.
    pub(super) fn change(&self) -> Change {
        match self {
            Self::Installation => Change::Installation,
            Self::Tenant(id) => Change::Tenant(*id),
            Self::Domain(domain) => domain.change(),
        }
    }

    pub(super) fn target(&self) -> Target {
        let target = Target::new("policy");
        match self {
            Self::Installation => target,
            Self::Tenant(id) => target.id(id).of_tenant(*id),
            Self::Domain(domain) => target.id(domain.id).of_tenant(domain.tenant),
        }
    }

    /// What holds above it.
    pub(super) async fn above(&self, read: &mut Read) -> Result<Folded<Level>, StoreError> {
        let tenants = match self {
            Self::Installation => return Ok(Folded::default()),
            Self::Tenant(id) => tenants::ancestry(read, *id).await?.into_iter().skip(1).collect(),
            Self::Domain(domain) => tenants::ancestry(read, domain.tenant).await?,
        };
        above(read, &tenants).await
    }

    /// What holds at it, where it sets this. Of a domain: [`of_domain`].
    pub(super) async fn with(&self, read: &mut Read, own: &Settings) -> Result<Folded<Level>, StoreError> {
        let folded = self.above(read).await?.overlaid_by(&self.level(), own);
        let Self::Tenant(id) = self else { return Ok(folded) };
        let limits = tenants::limits::of_message_sizes(read, *id).await?;
        let own = limits.iter().find(|(of, _)| of == id).map(|(_, most)| *most);
        Ok(folded.held_to(&Level::Limit(*id), own))
    }
}

/// What the installation and these tenants come to; the topmost tenant is the last.
async fn above(read: &mut Read, chain: &[Id<ids::Tenant>]) -> Result<Folded<Level>, StoreError> {
    let installation = store::find(read, Level::Installation).await?;
    let installation = installation.ok_or_else(|| StoreError::corrupt("installation")("its row is missing"))?;
    let set = store::of_tenants(read, chain).await?;
    let limits = match chain.first() {
        Some(lowest) => tenants::limits::of_message_sizes(read, *lowest).await?,
        None => Vec::new(),
    };
    let mut folded = Folded::default().overlaid_by(&Level::Installation, &installation.settings);
    for id in chain.iter().rev() {
        if let Some((_, settings)) = set.iter().find(|(of, _)| of == id) {
            let most = limits.iter().find(|(of, _)| of == id).map(|(_, most)| *most);
            folded = folded.overlaid_by(&Level::Tenant(*id), settings).held_to(&Level::Limit(*id), most);
        }
    }
    Ok(folded)
}

/// What holds for a domain's mail. Of an alias domain that is what holds for its primary.
pub(super) async fn of_domain(read: &mut Read, domain: &Domain) -> Result<Folded<Level>, StoreError> {
    let counts = match domain.alias {
        None => domain.clone(),
        // A primary that is gone takes its aliases with it.
        Some(alias) => domains::find(read, alias.primary).await?.unwrap_or_else(|| domain.clone()),
    };
    let level = Level::Domain(counts.id);
    let own = store::find(read, level).await?.map(|policy| policy.settings).unwrap_or_default();
    let above = Place::Domain(Box::new(counts)).above(read).await?;
    Ok(above.overlaid_by(&level, &own))
}
