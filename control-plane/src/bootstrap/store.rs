//! The rows of a first start.

use contract::{Id, ids};

use crate::db::{Read, StoreError, Tx, run, sql};

sql! {
    Main;
    ANYBODY = "SELECT COUNT(*) FROM (SELECT id FROM persons LIMIT 1) AS somebody";
    INSERT_PROVIDER = "INSERT INTO tenants (id, parent_id, kind, name, labels, revision, created_at)
        VALUES ($1, NULL, 'provider', 'Provider', '{}', 1, $2)";
    INSERT_POOL = "INSERT INTO pools (id, name, created_at) VALUES ($1, $2, $3)";
    INSERT_PERSON = "INSERT INTO persons (id, tenant_id, email, email_key, password_hash, must_change_password, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    INSERT_GRANT = "INSERT INTO grants (id, person_id, role, created_at) VALUES ($3, $1, 'owner', $2)";
}

pub(super) async fn anybody(read: &mut Read) -> Result<bool, StoreError> {
    let (count,) = run!(read, fetch_one ANYBODY as (i64,))?;
    Ok(count > 0)
}

pub(super) async fn insert_provider(tx: &mut Tx, id: Id<ids::Tenant>) -> Result<(), StoreError> {
    let now = tx.now().as_micros();
    run!(tx, execute INSERT_PROVIDER, id.uuid(), now)?;
    Ok(())
}

pub(super) async fn insert_pool(tx: &mut Tx, id: Id<ids::Pool>, name: &str) -> Result<(), StoreError> {
    let now = tx.now().as_micros();
    run!(tx, execute INSERT_POOL, id.uuid(), name, now)?;
    Ok(())
}

pub(super) async fn insert_owner(
    tx: &mut Tx,
    id: Id<ids::Person>,
    tenant: Id<ids::Tenant>,
    email: &str,
    password_hash: &str,
    must_change: bool,
) -> Result<(), StoreError> {
    let now = tx.now().as_micros();
    let key = email.to_lowercase();
    run!(tx, execute INSERT_PERSON, id.uuid(), tenant.uuid(), email, key.as_str(), password_hash, must_change, now)?;
    let grant = tx.new_id::<ids::Grant>();
    run!(tx, execute INSERT_GRANT, id.uuid(), now, grant.uuid())?;
    Ok(())
}
