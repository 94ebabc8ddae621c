//! How much a tenant may have, with all below it. Every tenant above has a say; nobody sets their own.

pub(in crate::tenants) mod api;
mod store;

use contract::{Id, ids};

use crate::{
    auth::Scope,
    db::{StoreError, Tx},
    http::{ApiError, Code},
};
pub(crate) use api::{TenantLimitsUpdate, set_first};
pub(crate) use store::STATEMENTS;

/// None: no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "the names of the API")]
pub(super) struct Limits {
    pub max_domains: Option<i64>,
    pub max_recipients: Option<i64>,
    /// Kept by workers: they are in the tenant's object.
    pub max_messages_per_hour: Option<i64>,
    pub max_message_size_bytes: Option<i64>,
}

impl Limits {
    /// Must workers know of the change?
    fn differs_for_mail(self, other: Self) -> bool {
        (self.max_messages_per_hour, self.max_message_size_bytes)
            != (other.max_messages_per_hour, other.max_message_size_bytes)
    }
}

/// The most that a message may have, by those of the tenant and of the tenants above it that say so.
pub(crate) async fn of_message_sizes(
    read: &mut crate::db::Read,
    tenant: Id<ids::Tenant>,
) -> Result<Vec<(Id<ids::Tenant>, u64)>, StoreError> {
    let all = store::above(read, tenant).await?.into_iter();
    Ok(all.filter_map(|(id, limits)| Some((id, u64::try_from(limits.max_message_size_bytes?).ok()?))).collect())
}

/// Of a thing that was added in this transaction, under the lock of names: is there as much as may be, at every level?
pub(crate) async fn domains_must_fit(tx: &mut Tx, scope: &Scope, tenant: Id<ids::Tenant>) -> Result<(), ApiError> {
    for (id, limits) in store::above(tx, tenant).await? {
        if let Some(most) = limits.max_domains
            && store::domains(tx, id).await? > most
        {
            return Err(reached(scope, id, most, "domains"));
        }
    }
    Ok(())
}

/// After recipients were added: whoever adds some at the same time waits where a limit is theirs as well.
pub(crate) async fn recipients_must_fit(tx: &mut Tx, scope: &Scope, tenant: Id<ids::Tenant>) -> Result<(), ApiError> {
    for (id, limits) in store::above(tx, tenant).await? {
        if let Some(most) = limits.max_recipients {
            // From below upwards, everybody in the same order.
            super::store::lock(tx, id).await?;
            if store::recipients(tx, id).await? > most {
                return Err(reached(scope, id, most, "recipients"));
            }
        }
    }
    Ok(())
}

/// What a tenant above has agreed on is not told below.
fn reached(scope: &Scope, tenant: Id<ids::Tenant>, most: i64, of: &str) -> ApiError {
    let detail = if scope.covers_tenant(tenant) {
        format!("the tenant {tenant} may have {most} {of}, with all below it")
    } else {
        format!("there are as many {of} as may be: whoever administers the tenants above can raise the limit")
    };
    ApiError::new(Code::LimitReached).detail(detail)
}

/// Nothing that a transaction waits for long: both numbers are of one subtree.
async fn used(read: &mut crate::db::Read, tenant: Id<ids::Tenant>) -> Result<(i64, i64), StoreError> {
    Ok((store::domains(read, tenant).await?, store::recipients(read, tenant).await?))
}
