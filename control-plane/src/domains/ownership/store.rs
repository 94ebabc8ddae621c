//! The columns of `domains` that looks at active ones write. None of them moves the revision.

use std::time::Duration;

use contract::{Id, Micros, ids, mail::Domain as Name};
use serde::Serialize;
use uuid::Uuid;

use super::Look;
use crate::{
    db::{Read, StoreError, Tx, id_set, run, sql},
    domains::{Check, Finding, moving::Former, proof::Claim},
};

/// Domains looked at in one turn.
const BATCH: u32 = 50;
/// Domains that never had a time are given one so many at once …
const PLANNED: u32 = 1_000;
/// … each so long after the one before: a day for all of them.
const STEP: Duration = Duration::from_millis(24 * 60 * 60 * 1_000 / PLANNED as u64);

macro_rules! plan {
    ($lock:literal) => {
        concat!(
            "UPDATE domains SET next_check_at = $1 + p.n * $2
            FROM (SELECT u.id, ROW_NUMBER() OVER (ORDER BY u.id) AS n
                FROM (SELECT id FROM domains WHERE state = 'active' AND next_check_at IS NULL ORDER BY id LIMIT $3",
            $lock,
            ") AS u) AS p WHERE domains.id = p.id"
        )
    };
}

sql! {
    Main;
    DUE = "SELECT id, tenant_id, name, checked_at, former_tenants, former_until FROM domains
        WHERE state = 'active' AND next_check_at <= $1 ORDER BY next_check_at, id LIMIT $2";
    UNPLANNED = "SELECT id FROM domains WHERE state = 'active' AND next_check_at IS NULL LIMIT 1";
    PLAN = {
        sqlite: plan!(""),
        // What somebody edits is planned in the next turn: nobody waits for anybody.
        postgres: plan!(" FOR NO KEY UPDATE SKIP LOCKED"),
    };
    LOCK = {
        sqlite: "SELECT id, tenant_id, name, checked_at, ownership_missing_since, ownership_lost_at FROM domains
            WHERE state = 'active' AND id IN (SELECT unhex(value) FROM json_each($1))",
        postgres: "SELECT id, tenant_id, name, checked_at, ownership_missing_since, ownership_lost_at FROM domains
            WHERE state = 'active'
                AND id IN (SELECT CAST(x AS UUID) FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS x)
            FOR NO KEY UPDATE SKIP LOCKED",
    };
    NOTE = {
        sqlite: "UPDATE domains SET checked_at = n.value ->> 'checked_at', check_result = n.value ->> 'result',
                next_check_at = n.value ->> 'next_check_at', ownership_missing_since = n.value ->> 'missing_since',
                ownership_lost_at = n.value ->> 'lost_at'
            FROM json_each($1) AS n WHERE domains.id = unhex(n.value ->> 'id')",
        postgres: "UPDATE domains SET checked_at = n.checked_at, check_result = n.result, next_check_at = n.next_check_at,
                ownership_missing_since = n.missing_since, ownership_lost_at = n.lost_at
            FROM jsonb_to_recordset(CAST($1 AS JSONB)) AS n (id UUID, checked_at BIGINT, result TEXT,
                next_check_at BIGINT, missing_since BIGINT, lost_at BIGINT)
            WHERE domains.id = n.id",
    };
    LOST = (concat!(
        "SELECT d.name, d.ownership_lost_at, COUNT(*) OVER () FROM domains d WHERE ",
        is_lost!(),
        " ORDER BY d.ownership_lost_at, d.id LIMIT $1"
    ));
}

/// Whom a look is about.
#[derive(Debug, Clone)]
pub(super) struct Of {
    pub id: Id<ids::Domain>,
    pub tenant: Id<ids::Tenant>,
    pub name: Name,
}

impl Of {
    fn parse(id: Uuid, tenant: Uuid, name: &str) -> Result<Self, StoreError> {
        let name = name.parse().map_err(StoreError::corrupt("domains.name"))?;
        Ok(Self { id: Id::from_uuid(id), tenant: Id::from_uuid(tenant), name })
    }
}

/// An active domain whose time has come.
pub(super) struct Due {
    pub domain: Id<ids::Domain>,
    pub claim: Claim,
    /// When it was last looked at.
    pub before: Option<Micros>,
}

pub(super) async fn due(read: &mut Read, now: Micros) -> Result<Vec<Due>, StoreError> {
    type Row = (Uuid, Uuid, String, Option<i64>, Option<String>, Option<i64>);
    let rows = run!(read, fetch_all DUE as Row, now.as_micros(), i64::from(BATCH))?.into_iter();
    rows.map(|(id, tenant, name, checked_at, former, until)| {
        let Of { id, tenant, name } = Of::parse(id, tenant, &name)?;
        let claim = Claim { tenant, former: Former::of(former.as_deref(), until)?, name };
        Ok(Due { domain: id, claim, before: checked_at.map(Micros::from_micros) })
    })
    .collect()
}

/// Is there an active domain that never had a time?
pub(super) async fn unplanned(read: &mut Read) -> Result<bool, StoreError> {
    Ok(run!(read, fetch_optional UNPLANNED as (Uuid,))?.is_some())
}

/// Gives some of them one, evenly over a day.
pub(super) async fn plan(tx: &mut Tx, now: Micros) -> Result<(), StoreError> {
    let step = i64::try_from(STEP.as_micros()).unwrap_or(i64::MAX);
    run!(tx, execute PLAN, now.as_micros(), step, i64::from(PLANNED))?;
    Ok(())
}

/// Those of the looks' domains that are still active and that nobody else writes to.
pub(super) async fn lock(tx: &mut Tx, looks: &[Look]) -> Result<Vec<(Of, Check)>, StoreError> {
    type Row = (Uuid, Uuid, String, Option<i64>, Option<i64>, Option<i64>);
    let ids = id_set(looks.iter().map(|look| look.domain.uuid()));
    let rows = run!(tx, fetch_all LOCK as Row, ids)?.into_iter();
    rows.map(|(id, tenant, name, checked_at, missing_since, lost_at)| {
        let check = Check {
            checked_at: checked_at.map(Micros::from_micros),
            missing_since: missing_since.map(Micros::from_micros),
            lost_at: lost_at.map(Micros::from_micros),
            ..Check::default()
        };
        Ok((Of::parse(id, tenant, &name)?, check))
    })
    .collect()
}

#[derive(Serialize)]
struct Noted {
    id: String,
    checked_at: Option<i64>,
    result: Option<&'static str>,
    next_check_at: Option<i64>,
    missing_since: Option<i64>,
    lost_at: Option<i64>,
}

pub(super) async fn note<'a>(
    tx: &mut Tx,
    checks: impl Iterator<Item = (Id<ids::Domain>, &'a Check)>,
) -> Result<(), StoreError> {
    let noted = checks.map(|(id, check)| Noted {
        id: id.uuid().simple().to_string(),
        checked_at: check.checked_at.map(Micros::as_micros),
        result: check.finding.map(Finding::name),
        next_check_at: check.next_check_at.map(Micros::as_micros),
        missing_since: check.missing_since.map(Micros::as_micros),
        lost_at: check.lost_at.map(Micros::as_micros),
    });
    let text = serde_json::to_string(&noted.collect::<Vec<_>>()).map_err(StoreError::corrupt("domains"))?;
    run!(tx, execute NOTE, text.as_str())?;
    Ok(())
}

/// Domains whose ownership is lost.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lost {
    pub total: u64,
    /// Some of them, those first that were lost first.
    pub names: Vec<String>,
    /// Since when the first of them is.
    pub since: Option<Micros>,
}

pub(crate) async fn lost(read: &mut Read, most_names: u32) -> Result<Lost, StoreError> {
    let rows = run!(read, fetch_all LOST as (String, i64, i64), i64::from(most_names))?;
    let first = rows.first();
    Ok(Lost {
        total: first.and_then(|(_, _, total)| u64::try_from(*total).ok()).unwrap_or_default(),
        since: first.map(|(_, since, _)| Micros::from_micros(*since)),
        names: rows.into_iter().map(|(name, _, _)| name).collect(),
    })
}
