//! The rows. Tables and columns are the control plane's own: a change of its schema that this does not follow is refused by
//! the database.

use contract::{Id, Micros, ids};
use pretend::clock;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Customer, Plan, Sample, Size,
    insert::{
        Column::{Key, Number, Octets, Text},
        Connected, Database, Table,
    },
};
use crate::Failure;

const TENANTS: Table = (
    "tenants",
    &[
        Key("id"),
        Key("parent_id"),
        Text("kind"),
        Text("name"),
        Text("external_ref"),
        Text("labels"),
        Number("revision"),
        Number("created_at"),
    ],
);
const ROUTES: Table = (
    "routes",
    &[
        Key("id"),
        Key("tenant_id"),
        Text("name"),
        Text("labels"),
        Text("kind"),
        Text("hops"),
        Number("revision"),
        Number("created_at"),
    ],
);
const DOMAINS: Table = (
    "domains",
    &[
        Key("id"),
        Key("tenant_id"),
        Text("name"),
        Text("labels"),
        Text("state"),
        Text("recipients"),
        Key("route_id"),
        Octets("hash_key"),
        Number("defer_until"),
        Number("activated_at"),
        Number("revision"),
        Number("created_at"),
    ],
);
const RECIPIENTS: Table =
    ("recipients", &[Key("id"), Key("domain_id"), Text("local_part"), Text("local_key"), Number("created_at")]);
const ENTRIES: Table = (
    "list_entries",
    &[
        Key("id"),
        Text("scope"),
        Key("tenant_id"),
        Key("domain_id"),
        Text("scope_key"),
        Text("kind"),
        Text("subject_kind"),
        Text("subject"),
        Number("revision"),
        Number("created_at"),
    ],
);
const WORKERS: Table = (
    "workers",
    &[
        Key("id"),
        Key("pool_id"),
        Text("ring"),
        Text("name"),
        Octets("public_key"),
        Text("software_version"),
        Key("join_token_id"),
        Number("created_at"),
        Number("last_seen_at"),
    ],
);
const WORKER_TOKENS: Table = ("worker_tokens", &[Octets("token_hash"), Key("worker_id"), Number("expires_at")]);

/// What `fill` fills.
const ANALYZE: [&str; 5] =
    ["ANALYZE tenants", "ANALYZE routes", "ANALYZE domains", "ANALYZE recipients", "ANALYZE list_entries"];

/// How long the tokens of pretend workers last.
const LASTS: std::time::Duration = std::time::Duration::from_hours(1);

/// Puts an installation into a database in which a control plane has its tables and its provider. Nothing else should write
/// meanwhile; the control plane sees it whole when it is started again.
pub(in crate::bench) async fn fill(database: &Database, size: &Size) -> Result<Sample, Failure> {
    let plan = Plan::of(size);
    let mut to = Connected::open(database).await?;
    to.run("BEGIN").await?;
    let provider = to.one("SELECT id FROM tenants WHERE parent_id IS NULL ORDER BY id LIMIT 1").await?;
    let mut ids = Ids::new();

    let msps: Vec<Id<ids::Tenant>> = ids.some(plan.msps);
    let customers: Vec<Id<ids::Tenant>> = ids.some(plan.customers.len());
    let rows = msps.iter().enumerate().map(|(n, id)| tenant(&ids, *id, provider, "msp", n));
    let below = customers.iter().zip(&plan.customers).enumerate();
    let rows =
        rows.chain(below.map(|(n, (id, Customer { msp, .. }))| tenant(&ids, *id, msps[*msp].uuid(), "customer", n)));
    to.insert(TENANTS, rows).await?;

    let routes: Vec<Id<ids::Route>> = ids.some(customers.len());
    let at = ids.at();
    let rows = routes.iter().zip(&customers).map(|(id, tenant)| {
        json!([hex(id.uuid()), hex(tenant.uuid()), "mail server", "{}", "microsoft365", "[]", 1, at])
    });
    to.insert(ROUTES, rows).await?;

    let owners = plan.customers.iter().enumerate().flat_map(|(n, customer)| std::iter::repeat_n(n, customer.domains));
    let owners: Vec<usize> = owners.collect();
    let domains: Vec<Id<ids::Domain>> = ids.some(owners.len());
    let rows = domains.iter().zip(&owners).enumerate().map(|(n, (id, owner))| {
        let (id, tenant, route) = (hex(id.uuid()), hex(customers[*owner].uuid()), hex(routes[*owner].uuid()));
        json!([id, tenant, domain_name(n), "{}", "active", "listed", route, id, at, at, 1, at])
    });
    to.insert(DOMAINS, rows).await?;

    let each =
        domains.iter().zip(Plan::recipients(size)).flat_map(|(domain, count)| (0..count).map(move |n| (domain, n)));
    let rows = each.map(|(domain, n)| {
        let local = format!("person.{n}");
        json!([hex(ids.next::<ids::Recipient>().uuid()), hex(domain.uuid()), local, local, at])
    });
    to.insert(RECIPIENTS, rows).await?;

    let mut ids = Ids { next: 1 << 40, ..ids };
    let own = (0..plan.msp_entries).map(|n| (Scope::Tenant(msps[0]), n));
    let each = domains.iter().flat_map(|domain| (0..size.entries).map(move |n| (Scope::Domain(*domain), n)));
    to.insert(ENTRIES, own.chain(each).map(|(scope, n)| entry(&mut ids, scope, n))).await?;

    to.run("COMMIT").await?;
    // Planners go by counts. What is empty now is left out: SQLite would go on scanning it as one that is small.
    for statement in ANALYZE {
        to.run(statement).await?;
    }
    Ok(Sample { msps, customers, routes, domains })
}

/// Workers that have joined, by name, with the hashes of their tokens: they push events without an enrolment.
pub(in crate::bench) async fn workers(database: &Database, tokens: &[(String, [u8; 32])]) -> Result<(), Failure> {
    let mut to = Connected::open(database).await?;
    let pool = hex(to.one("SELECT id FROM pools LIMIT 1").await?);
    let mut ids = Ids::new();
    let (at, until) = (ids.at(), (ids.now + LASTS).as_micros());
    let workers: Vec<Id<ids::Worker>> = ids.some(tokens.len());
    let rows = workers.iter().zip(tokens);
    // Whose join token it was is nobody's question here.
    let rows = rows.map(|(id, (name, _))| json!([hex(id.uuid()), pool, "stable", name, "00", "0", pool, at, at]));
    to.insert(WORKERS, rows).await?;
    let rows = workers.iter().zip(tokens).map(|(id, (_, hash))| json!([digits(hash), hex(id.uuid()), until]));
    to.insert(WORKER_TOKENS, rows).await
}

/// How long the newest head is.
pub(in crate::bench) async fn head_bytes(database: &Database) -> Result<u64, Failure> {
    let mut from = Connected::open(database).await?;
    let length =
        from.number("SELECT CAST(length(jws) AS BIGINT) FROM heads ORDER BY epoch DESC, version DESC LIMIT 1").await?;
    Ok(u64::try_from(length)?)
}

pub(in crate::bench) fn domain_name(n: usize) -> String {
    format!("customer-{n}.example")
}

fn tenant(ids: &Ids, id: Id<ids::Tenant>, parent: Uuid, kind: &str, n: usize) -> Value {
    json!([hex(id.uuid()), hex(parent), kind, format!("{kind} {n}"), format!("{kind}-{n}"), "{}", 1, ids.at()])
}

#[derive(Clone, Copy)]
enum Scope {
    Tenant(Id<ids::Tenant>),
    Domain(Id<ids::Domain>),
}

fn entry(ids: &mut Ids, scope: Scope, n: usize) -> Value {
    let (scope, tenant, domain, key) = match scope {
        Scope::Tenant(id) => ("tenant", Some(hex(id.uuid())), None, id.to_string()),
        Scope::Domain(id) => ("domain", None, Some(hex(id.uuid())), id.to_string()),
    };
    let subject = format!("sender.{n}@blocked.example");
    let id = hex(ids.next::<ids::ListEntry>().uuid());
    json!([id, scope, tenant, domain, key, "block", "sender", subject, 1, ids.at()])
}

/// Ids one after the other, as they are made in life.
#[derive(Clone, Copy)]
struct Ids {
    now: Micros,
    next: u64,
}

impl Ids {
    fn new() -> Self {
        Self { now: clock::system_clock().now(), next: 0 }
    }

    fn at(&self) -> i64 {
        self.now.as_micros()
    }

    fn next<K: ids::Kind>(&mut self) -> Id<K> {
        self.next += 1;
        let mut random = [0; 10];
        random[2..].copy_from_slice(&self.next.to_be_bytes());
        Id::new(self.now, random)
    }

    fn some<K: ids::Kind>(&mut self, count: usize) -> Vec<Id<K>> {
        (0..count).map(|_| self.next()).collect()
    }
}

fn hex(id: Uuid) -> String {
    id.simple().to_string()
}

fn digits(octets: &[u8]) -> String {
    use std::fmt::Write;
    octets.iter().fold(String::new(), |mut out, octet| {
        let _ = write!(out, "{octet:02x}");
        out
    })
}
