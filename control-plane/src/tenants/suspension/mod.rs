//! A tenant is stopped by whoever stands above it: its mail is deferred, after some days refused, and its people only read.
//! All below it are stopped with it.

pub(in crate::tenants) mod api;
mod store;

use std::collections::HashMap;

use contract::{Id, Micros, ids, policy::Suspension};

use super::Tenant;
use crate::db::{Read, StoreError};
pub(crate) use store::STATEMENTS;

/// Of a tenant that is suspended itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspended {
    pub at: Micros,
    /// From when on its mail is refused for good; none: never.
    pub refuse_from: Option<Micros>,
    /// For those who administer the tenant above.
    pub reason: Option<String>,
}

/// What a tenant is, the gravest last: a closing tenant that is suspended is suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    Active,
    Closing,
    Suspended,
}

impl State {
    pub(super) const fn of(suspended: bool, closing: bool) -> Self {
        match (suspended, closing) {
            (true, _) => Self::Suspended,
            (false, true) => Self::Closing,
            (false, false) => Self::Active,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Closing => "closing",
            Self::Suspended => "suspended",
        }
    }
}

/// The gravest state of those above a tenant, and the nearest of them that has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Above {
    pub state: State,
    pub from: Id<ids::Tenant>,
}

/// Of these tenants, those above which somebody is not active.
pub(super) async fn above(read: &mut Read, tenants: &[Tenant]) -> Result<HashMap<Id<ids::Tenant>, Above>, StoreError> {
    let mut found: HashMap<_, Above> = HashMap::new();
    let parents: Vec<_> = tenants.iter().filter_map(|tenant| tenant.parent).collect();
    if parents.is_empty() {
        return Ok(found);
    }
    // From below upwards: of two with the same state the nearer one is named.
    let rows = store::up_from(read, &parents).await?;
    for tenant in tenants {
        for row in rows.iter().filter(|row| Some(row.start) == tenant.parent.map(Id::uuid)) {
            let above = Above { state: row.state(), from: Id::from_uuid(row.id) };
            let gravest = found.entry(tenant.id).or_insert(above);
            if above.state > gravest.state {
                *gravest = above;
            }
        }
    }
    Ok(found)
}

/// What mail for the tenant's domains is held to, by the rule that workers fold by.
pub(crate) async fn of_mail(read: &mut Read, tenant: Id<ids::Tenant>) -> Result<Option<Suspension>, StoreError> {
    let chain = store::up_from(read, &[tenant]).await?;
    let of_one = |row: &store::Row| {
        let refuse_from = row.refuse_from.map(Micros::from_micros);
        row.suspended_at.map(|_| Suspension { refuse_from })
    };
    Ok(chain.iter().map(of_one).fold(None, Suspension::both))
}

/// The tenants of a chain, from one up, that are not active.
pub(crate) async fn stopped(read: &mut Read, tenant: Id<ids::Tenant>) -> Result<Vec<Id<ids::Tenant>>, StoreError> {
    Ok(store::up_from(read, &[tenant]).await?.iter().map(|row| Id::from_uuid(row.id)).collect())
}
