//! The tree of tenants: provider → MSP → customer.

pub mod api;
pub(crate) mod closing;
mod create;
pub(crate) mod limits;
mod store;
pub(crate) mod suspension;
mod view;

use contract::{Id, Micros, ids};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::labels::Labels;
pub(crate) use create::add;
pub(crate) use store::STATEMENTS;
pub use store::{ancestry, find};
pub(crate) use store::{below, tops};
pub use suspension::{State, Suspended};
pub(crate) use view::{TenantCreate, TenantView};

/// What a tenant is in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TenantKind {
    /// Who runs the installation; there is one.
    Provider,
    /// A managed service provider; stands below the provider.
    Msp,
    /// Has domains, and nobody below it; stands below the provider or an MSP.
    Customer,
}

impl Tenant {
    /// What is set at itself.
    fn state(&self) -> State {
        State::of(self.suspended.is_some(), self.closes_at.is_some())
    }
}

impl TenantKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Msp => "msp",
            Self::Customer => "customer",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::Provider, Self::Msp, Self::Customer].into_iter().find(|kind| kind.name() == name)
    }

    /// May a tenant of this kind stand below one of kind `parent`?
    fn fits_below(self, parent: Self) -> bool {
        match (self, parent) {
            (Self::Msp | Self::Customer, Self::Provider) | (Self::Customer, Self::Msp) => true,
            (Self::Provider, _) | (Self::Msp, Self::Msp) | (_, Self::Customer) => false,
        }
    }
}

#[derive(Debug, Clone)]
pub struct Tenant {
    pub id: Id<ids::Tenant>,
    pub parent: Option<Id<ids::Tenant>>,
    pub kind: TenantKind,
    pub name: String,
    pub external_ref: Option<String>,
    pub labels: Labels,
    pub suspended: Option<Suspended>,
    /// When it will be gone with all it has; none: it is not closing.
    pub closes_at: Option<Micros>,
    pub revision: i64,
    pub created_at: Micros,
}

/// A tenant with all below it, as the trace tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subtree {
    /// The provider's: whatever is somebody's.
    Everyone,
    /// Of a tenant directly below the provider.
    Below(Id<ids::Tenant>),
    /// Nobody can be below it, or it is gone.
    One(Id<ids::Tenant>),
}

pub(crate) async fn subtree(read: &mut crate::db::Read, id: Id<ids::Tenant>) -> Result<Subtree, crate::db::StoreError> {
    Ok(match find(read, id).await? {
        Some(Tenant { kind: TenantKind::Provider, .. }) => Subtree::Everyone,
        Some(Tenant { kind: TenantKind::Msp, .. }) => Subtree::Below(id),
        Some(Tenant { kind: TenantKind::Customer, .. }) | None => Subtree::One(id),
    })
}

/// The tenant a new thing is to belong to: it exists within the scope, it is not closing, and it stays so until the transaction
/// ends.
pub(crate) async fn must_be_open(
    tx: &mut crate::db::Tx,
    scope: &crate::auth::Scope,
    id: Id<ids::Tenant>,
    pointer: &str,
) -> Result<Tenant, crate::http::ApiError> {
    use crate::http::{ApiError, Code};
    let no_such = || ApiError::field(pointer, "there is no such tenant");
    if let Some(on_hold) = scope.on_hold(crate::auth::Place::Tenant(id)) {
        return Err(on_hold.refusal());
    }
    if !scope.covers_tenant(id) {
        return Err(no_such());
    }
    store::lock(tx, id).await?;
    let tenant = find(tx, id).await?.ok_or_else(no_such)?;
    if tenant.closes_at.is_some() {
        return Err(ApiError::new(Code::TenantClosing).at(pointer));
    }
    Ok(tenant)
}
