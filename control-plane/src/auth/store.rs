//! What a credential is worth now: sessions with their person's grants, and worker tokens.

use std::collections::{BTreeSet, HashMap};

use contract::{Id, Micros, ids};
use uuid::Uuid;

use super::{
    MATRIX, Role,
    scope::{Held, Holding, OnHold, Reach, Terms},
};
use crate::{
    api_keys::ApiKey,
    db::{Read, StoreError, id_set, run, sql},
    grants::Over,
};

sql! {
    Main;
    SESSION = "SELECT p.email, p.must_change_password, COALESCE(s.idle_ends_at, s.expires_at), s.enrol_only,
            COALESCE(s.verified_at, s.created_at)
        FROM sessions s JOIN persons p ON p.id = s.person_id
        WHERE s.id = $1 AND s.person_id = $2 AND s.ended_at IS NULL AND p.disabled_at IS NULL";
    // With what is on hold of it: 2 where it, or a tenant above, is suspended, 1 where one is closing.
    GRANTS = "WITH RECURSIVE held AS (
            SELECT g.id, g.role, g.tenant_id, g.domain_id, g.expires_at, g.may_delegate, g.max_domains,
                COALESCE(g.tenant_id, d.tenant_id) AS of_tenant
            FROM grants g LEFT JOIN domains d ON d.id = g.domain_id
            WHERE g.person_id = $1 AND (g.expires_at IS NULL OR g.expires_at > $2)),
        up (start, id, depth) AS (
            SELECT of_tenant, of_tenant, 0 FROM held WHERE of_tenant IS NOT NULL
            UNION SELECT up.start, t.parent_id, up.depth + 1 FROM up JOIN tenants t ON t.id = up.id
                WHERE t.parent_id IS NOT NULL AND up.depth < 16),
        stopped AS (
            SELECT up.start, MAX(CASE WHEN t.suspended_at IS NULL THEN 1 ELSE 2 END) AS why
            FROM up JOIN tenants t ON t.id = up.id WHERE t.suspended_at IS NOT NULL OR t.closes_at IS NOT NULL
            GROUP BY up.start)
        SELECT h.id, h.role, h.tenant_id, h.domain_id, h.expires_at, h.may_delegate, h.max_domains,
            CAST(s.why AS BIGINT) AS on_hold
        FROM held h LEFT JOIN stopped s ON s.start = h.of_tenant ORDER BY h.id";
    ON_HOLD = "WITH RECURSIVE up (id, depth) AS (
            SELECT id, 0 FROM tenants WHERE id = $1
            UNION SELECT t.parent_id, up.depth + 1 FROM up JOIN tenants t ON t.id = up.id
                WHERE t.parent_id IS NOT NULL AND up.depth < 16)
        SELECT CAST(MAX(CASE WHEN t.suspended_at IS NULL THEN 1 ELSE 2 END) AS BIGINT)
        FROM up JOIN tenants t ON t.id = up.id WHERE t.suspended_at IS NOT NULL OR t.closes_at IS NOT NULL";
    // The tree is three levels deep; UNION ends even a ring that should not be.
    BELOW = {
        sqlite: "WITH RECURSIVE down (root, id, depth) AS (
                SELECT id, id, 0 FROM tenants WHERE id IN (SELECT unhex(value) FROM json_each($1))
                UNION SELECT down.root, t.id, down.depth + 1 FROM tenants t JOIN down ON t.parent_id = down.id
                    WHERE down.depth < 16)
            SELECT root, id FROM down",
        postgres: "WITH RECURSIVE down (root, id, depth) AS (
                SELECT id, id, 0 FROM tenants
                    WHERE id = ANY (ARRAY(SELECT CAST(x AS UUID) FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS x))
                UNION SELECT down.root, t.id, down.depth + 1 FROM tenants t JOIN down ON t.parent_id = down.id
                    WHERE down.depth < 16)
            SELECT root, id FROM down",
    };
    WORKER = "SELECT w.id, w.pool_id FROM worker_tokens t JOIN workers w ON w.id = t.worker_id
        WHERE t.token_hash = $1 AND t.expires_at > $2 AND w.revoked_at IS NULL";
}

/// A live session.
#[derive(Debug)]
pub(super) struct Session {
    pub email: String,
    pub must_change_password: bool,
    pub enrol_only: bool,
    /// When it was last shown who it is.
    pub verified_at: Micros,
}

pub(super) async fn session(
    read: &mut Read,
    session: Id<ids::Session>,
    person: Id<ids::Person>,
    now: Micros,
) -> Result<Option<Session>, StoreError> {
    let row = run!(read, fetch_optional SESSION as (String, bool, i64, bool, i64), session.uuid(), person.uuid())?;
    let Some((email, must_change_password, _, enrol_only, verified_at)) = row.filter(|row| row.2 > now.as_micros())
    else {
        return Ok(None);
    };
    Ok(Some(Session { email, must_change_password, enrol_only, verified_at: Micros::from_micros(verified_at) }))
}

#[derive(Debug, sqlx::FromRow)]
struct GrantRow {
    id: Uuid,
    role: String,
    tenant_id: Option<Uuid>,
    domain_id: Option<Uuid>,
    expires_at: Option<i64>,
    may_delegate: bool,
    max_domains: Option<i64>,
    on_hold: Option<i64>,
}

fn on_hold(why: Option<i64>) -> Option<OnHold> {
    why.map(|why| if why == 1 { OnHold::Closing } else { OnHold::Suspended })
}

/// What a person holds now, with the subtrees it is over. Roles of a later version count for nothing.
pub(crate) async fn holding(read: &mut Read, person: Id<ids::Person>, now: Micros) -> Result<Holding, StoreError> {
    let rows = run!(read, fetch_all GRANTS as GrantRow, person.uuid(), now.as_micros())?;
    let held: Vec<Held> = rows.iter().filter_map(held).collect();
    let roots: Vec<_> = held
        .iter()
        .filter_map(|held| match held.reach {
            Reach::Subtree(tenant) => Some(tenant.uuid()),
            Reach::Installation | Reach::Tenant(_) | Reach::Domain(_) => None,
        })
        .collect();
    let mut below: HashMap<Uuid, BTreeSet<Uuid>> = HashMap::new();
    if !roots.is_empty() {
        for (root, id) in run!(read, fetch_all BELOW as (Uuid, Uuid), id_set(roots))? {
            below.entry(root).or_default().insert(id);
        }
    }
    Ok(Holding::person(held, below))
}

/// What a key is worth now.
pub(crate) async fn holding_of_key(read: &mut Read, key: &ApiKey, now: Micros) -> Result<Holding, StoreError> {
    let holding = holding(read, key.maker, now).await?;
    let mut tree = BTreeSet::new();
    if let Over::Tenant(tenant) = key.over {
        let rows = run!(read, fetch_all BELOW as (Uuid, Uuid), id_set([tenant.uuid()]))?;
        tree.extend(rows.into_iter().map(|(_, id)| id));
    }
    let on_hold = match key.over {
        Over::Installation => None,
        Over::Tenant(tenant) | Over::Domain(_, tenant) => {
            on_hold(run!(read, fetch_one ON_HOLD as (Option<i64>,), tenant.uuid())?.0)
        }
    };
    let only = MATRIX.iter().map(|row| row.action).filter(|action| key.allows(action)).collect();
    Ok(holding.narrowed(Terms { over: key.over.place(), tree, only, until: key.expires_at, on_hold }))
}

fn held(row: &GrantRow) -> Option<Held> {
    let reach = match (row.tenant_id, row.domain_id) {
        (None, None) => Reach::Installation,
        (Some(tenant), None) => Reach::Subtree(Id::from_uuid(tenant)),
        (None, Some(domain)) => Reach::Domain(Id::from_uuid(domain)),
        (Some(_), Some(_)) => return None,
    };
    Some(Held {
        id: Id::from_uuid(row.id),
        role: Role::granted(&row.role)?,
        reach,
        expires_at: row.expires_at.map(Micros::from_micros),
        may_delegate: row.may_delegate,
        max_domains: row.max_domains,
        on_hold: on_hold(row.on_hold),
    })
}

/// The worker behind a token that is neither expired nor revoked.
pub(super) async fn worker(
    read: &mut Read,
    token_hash: [u8; 32],
    now: Micros,
) -> Result<Option<(Id<ids::Worker>, Id<ids::Pool>)>, StoreError> {
    let row = run!(read, fetch_optional WORKER as (Uuid, Uuid), token_hash.to_vec(), now.as_micros())?;
    Ok(row.map(|(worker, pool)| (Id::from_uuid(worker), Id::from_uuid(pool))))
}
