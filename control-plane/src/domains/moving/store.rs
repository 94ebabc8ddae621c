//! The columns of the table `domains` that a move writes.

use contract::{Id, Micros};

use crate::{
    db::{StoreError, Tx, run, sql},
    domains::Domain,
};

sql! {
    Main;
    // It counts no more against the grant that it was created through: that one is over the old tenant.
    MOVE = "UPDATE domains SET tenant_id = $2, route_id = $3, former_tenants = $4, former_until = $5, next_check_at = $6,
            grant_id = NULL, revision = revision + 1
        WHERE id = $1 AND revision = $7";
}

/// `Stale`: somebody else changed it, meanwhile. `Unique`: the tenant has the name, or its external reference.
pub(super) async fn relocate(tx: &mut Tx, domain: &Domain) -> Result<(), StoreError> {
    let former = domain.former.text();
    let touched = run!(tx, execute MOVE, domain.id.uuid(), domain.tenant.uuid(), domain.route.map(Id::uuid),
        former.as_deref(), domain.former.until().map(Micros::as_micros),
        domain.check.next_check_at.map(Micros::as_micros), domain.revision)?;
    if touched == 1 { Ok(()) } else { Err(StoreError::Stale) }
}
