//! Rows of the table `sign_in_policies`, and whom they bind.

use contract::{Id, Micros, ids};
use uuid::Uuid;

use super::{Demand, SecondFactorRule};
use crate::{
    db::{Read, StoreError, Tx, run, sql},
    http::Page,
};

/// Those above a tenant, and itself.
macro_rules! chain {
    ($first:literal, $rest:literal) => {
        concat!(
            "WITH RECURSIVE chain (id) AS (", $first, "
                UNION SELECT t.parent_id FROM tenants t JOIN chain c ON t.id = c.id WHERE t.parent_id IS NOT NULL
            ) SELECT p.level_id, p.tenant_id, p.domain_id, p.second_factor, p.required_from FROM sign_in_policies p WHERE ",
            $rest,
            " OR (p.tenant_id IS NULL AND p.domain_id IS NULL) OR p.tenant_id IN (SELECT id FROM chain)"
        )
    };
}

/// People without a factor, of those that the condition is true for.
macro_rules! unprotected {
    ($tree:literal, $what:literal, $bound:literal, $rest:literal) => {
        concat!(
            $tree,
            "SELECT ",
            $what,
            " FROM persons p WHERE p.disabled_at IS NULL
            AND NOT EXISTS (SELECT 1 FROM totp f WHERE f.person_id = p.id AND f.confirmed_at IS NOT NULL)
            AND NOT EXISTS (SELECT 1 FROM passkeys f WHERE f.person_id = p.id AND f.rp_id = $1)
            AND ",
            $bound,
            $rest
        )
    };
}

sql! {
    Main;
    GET = "SELECT second_factor, required_from, revision FROM sign_in_policies WHERE level_id = $1";
    PUT = "INSERT INTO sign_in_policies (level_id, tenant_id, domain_id, second_factor, required_from, revision)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (level_id) DO UPDATE SET second_factor = $4, required_from = $5, revision = $6
        WHERE sign_in_policies.revision = $7";
    OF_PERSON = (chain!(
        "SELECT tenant_id FROM persons WHERE id = $1
            UNION SELECT tenant_id FROM grants WHERE person_id = $1 AND tenant_id IS NOT NULL
            UNION SELECT d.tenant_id FROM grants g JOIN domains d ON d.id = g.domain_id WHERE g.person_id = $1",
        // Only an active domain is proven to be whose it is said to be.
        "p.domain_id IN (SELECT id FROM domains WHERE name = $2 AND state = 'active')
            OR p.domain_id IN (SELECT domain_id FROM grants WHERE person_id = $1 AND domain_id IS NOT NULL)"
    ));
    OF_TENANT = (chain!("SELECT id FROM tenants WHERE id = $1", "p.tenant_id = $1"));
    TENANT_OF_DOMAIN = "SELECT tenant_id FROM domains WHERE id = $1";
    IS_TENANT = "SELECT COUNT(*) FROM tenants WHERE id = $1";
    COUNT_ALL = (unprotected!("", "COUNT(*)", "TRUE", ""));
    LIST_ALL = (unprotected!("", "p.id, p.email, p.tenant_id", "p.id > $2", " ORDER BY p.id LIMIT $3"));
    COUNT_TENANT = (unprotected!(
        "WITH RECURSIVE tree (id) AS (SELECT id FROM tenants WHERE id = $2
            UNION SELECT t.id FROM tenants t JOIN tree ON t.parent_id = tree.id) ",
        "COUNT(*)",
        "(p.tenant_id IN (SELECT id FROM tree)
            OR EXISTS (SELECT 1 FROM grants g LEFT JOIN domains d ON d.id = g.domain_id
                WHERE g.person_id = p.id AND COALESCE(g.tenant_id, d.tenant_id) IN (SELECT id FROM tree)))",
        ""
    ));
    LIST_TENANT = (unprotected!(
        "WITH RECURSIVE tree (id) AS (SELECT id FROM tenants WHERE id = $2
            UNION SELECT t.id FROM tenants t JOIN tree ON t.parent_id = tree.id) ",
        "p.id, p.email, p.tenant_id",
        "(p.tenant_id IN (SELECT id FROM tree)
            OR EXISTS (SELECT 1 FROM grants g LEFT JOIN domains d ON d.id = g.domain_id
                WHERE g.person_id = p.id AND COALESCE(g.tenant_id, d.tenant_id) IN (SELECT id FROM tree)))",
        " AND p.id > $3 ORDER BY p.id LIMIT $4"
    ));
    COUNT_DOMAIN = (unprotected!(
        "",
        "COUNT(*)",
        "(EXISTS (SELECT 1 FROM domains d WHERE d.id = $2 AND d.state = 'active' AND p.email_key LIKE '%@' || d.name)
            OR EXISTS (SELECT 1 FROM grants g WHERE g.person_id = p.id AND g.domain_id = $2))",
        ""
    ));
    LIST_DOMAIN = (unprotected!(
        "",
        "p.id, p.email, p.tenant_id",
        "(EXISTS (SELECT 1 FROM domains d WHERE d.id = $2 AND d.state = 'active' AND p.email_key LIKE '%@' || d.name)
            OR EXISTS (SELECT 1 FROM grants g WHERE g.person_id = p.id AND g.domain_id = $2))",
        " AND p.id > $3 ORDER BY p.id LIMIT $4"
    ));
}

/// Where a rule is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Installation(Id<ids::Installation>),
    Tenant(Id<ids::Tenant>),
    Domain(Id<ids::Domain>),
}

impl Level {
    fn id(self) -> Uuid {
        match self {
            Self::Installation(id) => id.uuid(),
            Self::Tenant(id) => id.uuid(),
            Self::Domain(id) => id.uuid(),
        }
    }
}

/// What a level sets; nothing: revision 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Rule {
    pub second_factor: Option<SecondFactorRule>,
    pub required_from: Option<Micros>,
    pub revision: i64,
}

fn rule(text: &str) -> Result<SecondFactorRule, StoreError> {
    let unknown = || StoreError::corrupt("sign_in_policies.second_factor")("an unknown word".to_owned());
    SecondFactorRule::parse(text).ok_or_else(unknown)
}

pub(super) async fn get(read: &mut Read, level: Level) -> Result<Rule, StoreError> {
    let row = run!(read, fetch_optional GET as (Option<String>, Option<i64>, i64), level.id())?;
    let Some((second_factor, required_from, revision)) = row else { return Ok(Rule::default()) };
    Ok(Rule {
        second_factor: second_factor.as_deref().map(rule).transpose()?,
        required_from: required_from.map(Micros::from_micros),
        revision,
    })
}

/// Stores it in place of what had the revision; `Stale` if that is another by now.
pub(super) async fn put(tx: &mut Tx, level: Level, new: &Rule, before: i64) -> Result<(), StoreError> {
    let (tenant, domain) = match level {
        Level::Installation(_) => (None, None),
        Level::Tenant(id) => (Some(id.uuid()), None),
        Level::Domain(id) => (None, Some(id.uuid())),
    };
    let name = new.second_factor.map(SecondFactorRule::name);
    let from = new.required_from.map(Micros::as_micros);
    let done = run!(tx, execute PUT, level.id(), tenant, domain, name, from, new.revision, before)?;
    if done == 1 { Ok(()) } else { Err(StoreError::Stale) }
}

#[derive(Debug, sqlx::FromRow)]
struct Applying {
    level_id: Uuid,
    tenant_id: Option<Uuid>,
    domain_id: Option<Uuid>,
    second_factor: Option<String>,
    required_from: Option<i64>,
}

type Demands = (Option<Demand>, Vec<Demand>);

/// The installation's apart: it holds where nothing is stricter. One level can be left out.
fn demands(rows: Vec<Applying>, but: Option<Uuid>) -> Result<Demands, StoreError> {
    let (mut installation, mut others) = (None, Vec::new());
    for row in rows.into_iter().filter(|row| Some(row.level_id) != but) {
        let Some(second_factor) = row.second_factor else { continue };
        let demand = Demand { rule: rule(&second_factor)?, from: row.required_from.map(Micros::from_micros) };
        match (row.tenant_id, row.domain_id) {
            (None, None) => installation = Some(demand),
            _ => others.push(demand),
        }
    }
    Ok((installation, others))
}

/// All that applies to a person, whose address is in the domain of this name.
pub(super) async fn of_person(read: &mut Read, person: Id<ids::Person>, domain: &str) -> Result<Demands, StoreError> {
    demands(run!(read, fetch_all OF_PERSON as Applying, person.uuid(), domain)?, None)
}

/// What holds above a level, and whether the level is there at all.
pub(super) async fn above(read: &mut Read, level: Level) -> Result<Option<Demand>, StoreError> {
    let tenant = match level {
        Level::Installation(_) => return Ok(Some(Demand { rule: SecondFactorRule::Off, from: None })),
        Level::Tenant(id) => {
            let (count,) = run!(read, fetch_one IS_TENANT as (i64,), id.uuid())?;
            (count > 0).then(|| id.uuid())
        }
        Level::Domain(id) => run!(read, fetch_optional TENANT_OF_DOMAIN as (Uuid,), id.uuid())?.map(|(tenant,)| tenant),
    };
    let Some(tenant) = tenant else { return Ok(None) };
    let rows = run!(read, fetch_all OF_TENANT as Applying, tenant)?;
    let (installation, others) = demands(rows, Some(level.id()))?;
    Ok(Some(Demand::strictest(installation, others)))
}

/// Somebody without a factor.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Unprotected {
    pub id: Uuid,
    pub email: String,
    pub tenant_id: Uuid,
}

/// How many people a level binds that have no factor for this host, and a page of them.
pub(super) async fn unprotected(
    read: &mut Read,
    level: Level,
    host: &str,
    page: Option<&Page<Uuid>>,
) -> Result<(i64, Vec<Unprotected>), StoreError> {
    let id = level.id();
    let (count,) = match level {
        Level::Installation(_) => run!(read, fetch_one COUNT_ALL as (i64,), host)?,
        Level::Tenant(_) => run!(read, fetch_one COUNT_TENANT as (i64,), host, id)?,
        Level::Domain(_) => run!(read, fetch_one COUNT_DOMAIN as (i64,), host, id)?,
    };
    let Some(page) = page else { return Ok((count, Vec::new())) };
    let after = page.after.unwrap_or(Uuid::nil());
    let rows = match level {
        Level::Installation(_) => run!(read, fetch_all LIST_ALL as Unprotected, host, after, page.rows())?,
        Level::Tenant(_) => run!(read, fetch_all LIST_TENANT as Unprotected, host, id, after, page.rows())?,
        Level::Domain(_) => run!(read, fetch_all LIST_DOMAIN as Unprotected, host, id, after, page.rows())?,
    };
    Ok((count, rows))
}
