//! The rows, many in one statement. Tables and columns are the control plane's own: a change of its schema that this does not
//! follow is refused by the database.

use std::path::PathBuf;

use contract::{Id, ids};
use pretend::clock;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};
use uuid::Uuid;

use super::{Plan, Sample, Size};
use crate::{Failure, say};

/// Rows of one statement: a parameter of a few megabytes.
const ROWS: usize = 20_000;

/// Where a control plane has its own.
#[derive(Debug, Clone)]
pub(in crate::bench) enum Database {
    Sqlite(PathBuf),
    Postgres(String),
}

#[derive(Debug)]
enum Connected {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// What is in it now.
#[derive(Debug)]
pub(in crate::bench) struct Filled {
    pub sample: Sample,
}

/// A column and what is in it.
#[derive(Clone, Copy)]
enum Column {
    Id(&'static str),
    /// In hexadecimal digits.
    Octets(&'static str),
    Text(&'static str),
    Number(&'static str),
}
use Column::{Id as Key, Number, Octets, Text};

/// Puts an installation into a database in which a control plane has its tables and its provider. Nothing else should write
/// meanwhile; the control plane sees it whole when it is started again.
pub(in crate::bench) async fn fill(database: &Database, size: &Size) -> Result<Filled, Failure> {
    let plan = Plan::of(size);
    let mut to = Connected::open(database).await?;
    to.run("BEGIN").await?;
    let provider = to.provider().await?;
    let now = clock::system_clock().now();
    let (mut ids, at) = (Ids { now, next: 0 }, now.as_micros());

    let msps: Vec<Id<ids::Tenant>> = (0..plan.msps).map(|_| ids.next()).collect();
    let customers: Vec<Id<ids::Tenant>> = plan.customers.iter().map(|_| ids.next()).collect();
    let tenant = |id: &Id<ids::Tenant>, parent: Uuid, kind: &str, n: usize| {
        json!([hex(id.uuid()), hex(parent), kind, format!("{kind} {n}"), format!("{kind}-{n}"), "{}", 1, at])
    };
    let rows = msps.iter().enumerate().map(|(n, id)| tenant(id, provider, "msp", n));
    let below = customers.iter().zip(&plan.customers).enumerate();
    let rows = rows.chain(below.map(|(n, (id, customer))| tenant(id, msps[customer.msp].uuid(), "customer", n)));
    let columns = [
        Key("id"),
        Key("parent_id"),
        Text("kind"),
        Text("name"),
        Text("external_ref"),
        Text("labels"),
        Number("revision"),
        Number("created_at"),
    ];
    to.insert("tenants", &columns, rows).await?;

    let routes: Vec<Id<ids::Route>> = customers.iter().map(|_| ids.next()).collect();
    let rows = routes.iter().zip(&customers);
    let rows = rows.map(|(id, tenant)| {
        json!([hex(id.uuid()), hex(tenant.uuid()), "mail server", "{}", "microsoft365", "[]", 1, at])
    });
    let columns = [
        Key("id"),
        Key("tenant_id"),
        Text("name"),
        Text("labels"),
        Text("kind"),
        Text("hops"),
        Number("revision"),
        Number("created_at"),
    ];
    to.insert("routes", &columns, rows).await?;

    let owners = plan.customers.iter().enumerate().flat_map(|(n, customer)| std::iter::repeat_n(n, customer.domains));
    let domains: Vec<(usize, Id<ids::Domain>)> = owners.map(|owner| (owner, ids.next())).collect();
    let rows = domains.iter().enumerate().map(|(n, (owner, id))| {
        let (tenant, route) = (hex(customers[*owner].uuid()), hex(routes[*owner].uuid()));
        json!([hex(id.uuid()), tenant, domain_name(n), "{}", "active", "listed", route, hex(id.uuid()), at, at, 1, at])
    });
    let columns = [
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
    ];
    to.insert("domains", &columns, rows).await?;

    let counts = Plan::recipients(size);
    let each = domains.iter().zip(counts).flat_map(|((_, domain), count)| (0..count).map(move |n| (*domain, n)));
    let rows = each.map(|(domain, n)| {
        let local = format!("person.{n}");
        json!([hex(ids.next::<ids::Recipient>().uuid()), hex(domain.uuid()), local, local, at])
    });
    let columns = [Key("id"), Key("domain_id"), Text("local_part"), Text("local_key"), Number("created_at")];
    to.insert("recipients", &columns, rows).await?;

    let entry =
        |id: Id<ids::ListEntry>, scope: &str, tenant: Option<Uuid>, domain: Option<Uuid>, key: String, n: usize| {
            let subject = format!("sender.{n}@blocked.example");
            json!([hex(id.uuid()), scope, tenant.map(hex), domain.map(hex), key, "block", "sender", subject, 1, at])
        };
    let mut more = Ids { next: 1 << 40, ..ids };
    let own = (0..plan.msp_entries)
        .map(|n| (msps[0], n))
        .map(|(msp, n)| entry(more.next(), "tenant", Some(msp.uuid()), None, msp.to_string(), n));
    let own: Vec<Value> = own.collect();
    let each = domains.iter().flat_map(|(_, domain)| (0..size.entries).map(move |n| (*domain, n)));
    let each = each.map(|(domain, n)| entry(more.next(), "domain", None, Some(domain.uuid()), domain.to_string(), n));
    let columns = [
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
    ];
    to.insert("list_entries", &columns, own.into_iter().chain(each)).await?;

    to.run("COMMIT").await?;
    // Planners go by counts.
    to.run("ANALYZE").await?;
    say(&format!(
        "{} tenants, {} domains, {} recipients, {} entries a domain",
        size.tenants, size.domains, size.recipients, size.entries
    ));
    let sample = Sample { customers, domains: domains.into_iter().map(|(_, id)| id).collect() };
    Ok(Filled { sample })
}

/// Workers that have joined, with their tokens: who pushes events past an enrolment.
pub(in crate::bench) async fn workers(database: &Database, tokens: &[(String, [u8; 32])]) -> Result<(), Failure> {
    let mut to = Connected::open(database).await?;
    let pool = to.one("SELECT id FROM pools LIMIT 1").await?;
    let now = clock::system_clock().now();
    let (mut ids, at) = (Ids { now, next: 0 }, now.as_micros());
    let all: Vec<_> = tokens.iter().map(|token| (ids.next::<ids::Worker>(), token)).collect();
    let rows = all
        .iter()
        .map(|(id, (name, _))| json!([hex(id.uuid()), hex(pool), "stable", name, "00", "0", hex(pool), at, at]));
    let columns = [
        Key("id"),
        Key("pool_id"),
        Text("ring"),
        Text("name"),
        Octets("public_key"),
        Text("software_version"),
        Key("join_token_id"),
        Number("created_at"),
        Number("last_seen_at"),
    ];
    to.insert("workers", &columns, rows).await?;
    let until = at + 3_600_000_000;
    let rows = all.iter().map(|(id, (_, hash))| json!([digits(hash), hex(id.uuid()), until]));
    to.insert("worker_tokens", &[Octets("token_hash"), Key("worker_id"), Number("expires_at")], rows).await
}

pub(in crate::bench) fn domain_name(n: usize) -> String {
    format!("customer-{n}.example")
}

/// Ids one after the other, as they are made in life.
#[derive(Clone, Copy)]
struct Ids {
    now: contract::Micros,
    next: u64,
}

impl Ids {
    fn next<K: ids::Kind>(&mut self) -> Id<K> {
        self.next += 1;
        let mut random = [0; 10];
        random[2..].copy_from_slice(&self.next.to_be_bytes());
        Id::new(self.now, random)
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

impl Connected {
    async fn open(database: &Database) -> Result<Self, Failure> {
        Ok(match database {
            Database::Sqlite(file) => {
                let options =
                    SqliteConnectOptions::new().filename(file).busy_timeout(std::time::Duration::from_mins(1));
                Self::Sqlite(SqliteConnection::connect_with(&options).await?)
            }
            Database::Postgres(url) => Self::Postgres(PgConnection::connect(url).await?),
        })
    }

    async fn run(&mut self, statement: &'static str) -> Result<(), Failure> {
        match self {
            Self::Sqlite(connection) => connection.execute(statement).await.map(drop)?,
            Self::Postgres(connection) => connection.execute(statement).await.map(drop)?,
        }
        Ok(())
    }

    async fn provider(&mut self) -> Result<Uuid, Failure> {
        self.one("SELECT id FROM tenants WHERE parent_id IS NULL ORDER BY id LIMIT 1").await
    }

    async fn one(&mut self, statement: &'static str) -> Result<Uuid, Failure> {
        let (id,): (Uuid,) = match self {
            Self::Sqlite(connection) => sqlx::query_as(statement).fetch_one(connection).await?,
            Self::Postgres(connection) => sqlx::query_as(statement).fetch_one(connection).await?,
        };
        Ok(id)
    }

    async fn insert(
        &mut self,
        table: &str,
        columns: &[Column],
        rows: impl Iterator<Item = Value>,
    ) -> Result<(), Failure> {
        let text = self.statement(table, columns);
        let mut rows = rows.peekable();
        while rows.peek().is_some() {
            let some = Value::Array(rows.by_ref().take(ROWS).collect()).to_string();
            let text = AssertSqlSafe(text.clone());
            let done = match self {
                Self::Sqlite(connection) => sqlx::query(text).bind(some).execute(connection).await.map(drop),
                Self::Postgres(connection) => sqlx::query(text).bind(some).execute(connection).await.map(drop),
            };
            done.map_err(|error| format!("{table}: {error}"))?;
        }
        Ok(())
    }

    /// One parameter: the rows as JSON, each an array.
    fn statement(&self, table: &str, columns: &[Column]) -> String {
        let names: Vec<&str> =
            columns.iter().map(|(Key(name) | Octets(name) | Text(name) | Number(name))| *name).collect();
        let all = columns.iter().enumerate();
        let (values, from): (Vec<String>, _) = match self {
            Self::Sqlite(_) => {
                let value = |(at, column): (usize, &Column)| match column {
                    Key(_) | Octets(_) => format!("unhex(json_extract(value, '$[{at}]'))"),
                    Text(_) | Number(_) => format!("json_extract(value, '$[{at}]')"),
                };
                (all.map(value).collect(), "json_each($1)")
            }
            Self::Postgres(_) => {
                let value = |(at, column): (usize, &Column)| match column {
                    Key(_) => format!("CAST(x->>{at} AS UUID)"),
                    Octets(_) => format!("decode(x->>{at}, 'hex')"),
                    Text(_) => format!("x->>{at}"),
                    Number(_) => format!("CAST(x->>{at} AS BIGINT)"),
                };
                (all.map(value).collect(), "jsonb_array_elements(CAST($1 AS JSONB)) AS x")
            }
        };
        format!("INSERT INTO {table} ({}) SELECT {} FROM {from}", names.join(", "), values.join(", "))
    }
}
