//! Owners, and what lets one in again.

use contract::{Id, Micros, ids};
use uuid::Uuid;

use crate::db::{Read, StoreError, Tx, run, sql};

sql! {
    Main;
    OWNERS = "SELECT DISTINCT p.id, p.tenant_id, p.email, p.disabled_at IS NOT NULL FROM persons p
        JOIN grants g ON g.person_id = p.id
        WHERE g.role = 'owner' AND g.tenant_id IS NULL AND g.domain_id IS NULL AND (g.expires_at IS NULL OR g.expires_at > $1)
        ORDER BY p.email";
    LET_IN = "UPDATE persons SET password_hash = $2, must_change_password = TRUE, password_compromised = FALSE,
            password_checked_at = NULL, disabled_at = NULL
        WHERE id = $1";
    END_SESSIONS = "UPDATE sessions SET ended_at = $2 WHERE person_id = $1 AND ended_at IS NULL";
}

/// An owner of the installation, disabled or not.
#[derive(Debug)]
pub(super) struct Owner {
    pub id: Id<ids::Person>,
    pub tenant: Id<ids::Tenant>,
    pub email: String,
    pub is_disabled: bool,
}

pub(super) async fn owners(read: &mut Read, now: Micros) -> Result<Vec<Owner>, StoreError> {
    let rows = run!(read, fetch_all OWNERS as (Uuid, Uuid, String, bool), now.as_micros())?;
    let owner = |(id, tenant, email, is_disabled)| Owner {
        id: Id::from_uuid(id),
        tenant: Id::from_uuid(tenant),
        email,
        is_disabled,
    };
    Ok(rows.into_iter().map(owner).collect())
}

pub(super) async fn let_in(tx: &mut Tx, person: Id<ids::Person>, hash: &str) -> Result<(), StoreError> {
    let now = tx.now().as_micros();
    run!(tx, execute LET_IN, person.uuid(), hash)?;
    run!(tx, execute END_SESSIONS, person.uuid(), now)?;
    Ok(())
}
