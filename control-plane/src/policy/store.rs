//! The columns `policy` and `policy_revision` of three tables.

use contract::{Id, ids, policy::Settings};
use uuid::Uuid;

use super::levels::Level;
use crate::db::{Read, StoreError, Tx, id_set, run, sql};

sql! {
    Main;
    INSTALLATION = "SELECT policy, policy_revision FROM installation";
    TENANT = "SELECT policy, policy_revision FROM tenants WHERE id = $1";
    DOMAIN = "SELECT policy, policy_revision FROM domains WHERE id = $1";
    TENANTS = {
        sqlite: "SELECT id, policy FROM tenants WHERE id IN (SELECT unhex(value) FROM json_each($1))",
        postgres: "SELECT id, policy FROM tenants
            WHERE id IN (SELECT CAST(x AS UUID) FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS x)",
    };
    SET_INSTALLATION = "UPDATE installation SET policy = $1, policy_revision = policy_revision + 1
        WHERE policy_revision = $2";
    SET_TENANT = "UPDATE tenants SET policy = $1, policy_revision = policy_revision + 1
        WHERE policy_revision = $2 AND id = $3";
    SET_DOMAIN = "UPDATE domains SET policy = $1, policy_revision = policy_revision + 1
        WHERE policy_revision = $2 AND id = $3";
}

/// What a level sets, and its revision.
#[derive(Debug, Clone)]
pub(super) struct Policy {
    pub settings: Settings,
    pub revision: i64,
}

fn settings(text: &str) -> Result<Settings, StoreError> {
    serde_json::from_str(text).map_err(StoreError::corrupt("policy"))
}

/// None: there is no such level.
pub(super) async fn find(read: &mut Read, level: Level) -> Result<Option<Policy>, StoreError> {
    let row = match level {
        Level::Installation => run!(read, fetch_optional INSTALLATION as (String, i64)),
        Level::Tenant(id) | Level::Limit(id) => run!(read, fetch_optional TENANT as (String, i64), id.uuid()),
        Level::Domain(id) => run!(read, fetch_optional DOMAIN as (String, i64), id.uuid()),
    }?;
    row.map(|(text, revision)| Ok(Policy { settings: settings(&text)?, revision })).transpose()
}

/// What these tenants set.
pub(super) async fn of_tenants(
    read: &mut Read,
    ids: &[Id<ids::Tenant>],
) -> Result<Vec<(Id<ids::Tenant>, Settings)>, StoreError> {
    let rows = run!(read, fetch_all TENANTS as (Uuid, String), id_set(ids.iter().map(|id| id.uuid())))?;
    rows.into_iter().map(|(id, text)| Ok((Id::from_uuid(id), settings(&text)?))).collect()
}

/// Fails with `Stale` if it is not at `revision` any more.
pub(super) async fn set(tx: &mut Tx, level: Level, settings: &Settings, revision: i64) -> Result<(), StoreError> {
    let text = serde_json::to_string(settings).map_err(StoreError::corrupt("policy"))?;
    let touched = match level {
        Level::Installation => run!(tx, execute SET_INSTALLATION, text.as_str(), revision),
        Level::Tenant(id) | Level::Limit(id) => run!(tx, execute SET_TENANT, text.as_str(), revision, id.uuid()),
        Level::Domain(id) => run!(tx, execute SET_DOMAIN, text.as_str(), revision, id.uuid()),
    }?;
    if touched == 1 { Ok(()) } else { Err(StoreError::Stale) }
}
