//! Rows of the table `list_entries`.

use contract::{
    Id, Micros, ids,
    policy::lists::{ListKind, Subject},
};
use uuid::Uuid;

use super::{ListEntry, Scope, view::ListScopeName};
use crate::{
    auth::scope::Sets,
    db::{Read, StoreError, Tx, in_reach, in_set, run, sql},
    http::Page,
};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT e.id, e.scope, e.tenant_id, e.domain_id, d.name AS domain_name, e.recipient, e.kind, e.subject_kind,
                e.subject, e.expires_at, e.comment, e.revision, e.created_at
            FROM list_entries e LEFT JOIN domains d ON d.id = e.domain_id WHERE ", $rest
        )
    };
}

/// Of a tenant in the scope, of a domain there, or of a single domain.
macro_rules! in_scope {
    ($engine:ident) => {
        concat!(
            "(",
            in_set!($engine, "e.tenant_id", "$9"),
            " OR e.domain_id IN (SELECT o.id FROM domains o WHERE ",
            in_set!($engine, "o.tenant_id", "$9"),
            ") OR ",
            in_set!($engine, "e.domain_id", "$10"),
            ")"
        )
    };
}

macro_rules! list {
    ($engine:ident, $first:expr) => {
        list!($first, in_scope!($engine))
    };
    // Where the scope leads, nothing is left to pick by it.
    (in_scope $engine:ident) => {
        list!(in_reach!($engine, "e.id", "list_entries", "$9", "$10"), "TRUE")
    };
    ($first:expr, $scope:expr) => {
        concat!(
            select!(""),
            $first,
            " AND e.id > $1
            AND (CAST($2 AS TEXT) IS NULL OR e.scope = $2)
            AND (CAST($3 AS UUID) IS NULL OR e.tenant_id = $3)
            AND (CAST($4 AS UUID) IS NULL OR e.domain_id = $4)
            AND (CAST($5 AS TEXT) IS NULL OR e.kind = $5)
            AND (CAST($6 AS TEXT) IS NULL OR (e.subject_kind = 'sender' AND e.subject = $6))
            AND (CAST($7 AS TEXT) IS NULL OR (e.subject_kind = 'client' AND e.subject = $7))
            AND (CAST($9 AS TEXT) IS NULL OR ",
            $scope,
            ") ORDER BY e.id LIMIT $8"
        )
    };
}

sql! {
    Main;
    GET = (select!("e.id = $1"));
    LIST = { sqlite: list!(sqlite, "TRUE"), postgres: list!(postgres, "TRUE") };
    // The same, in words that let the planner use an index.
    LIST_BY_TENANT = { sqlite: list!(sqlite, "e.tenant_id = $3"), postgres: list!(postgres, "e.tenant_id = $3") };
    LIST_BY_DOMAIN = { sqlite: list!(sqlite, "e.domain_id = $4"), postgres: list!(postgres, "e.domain_id = $4") };
    LIST_IN_SCOPE = { sqlite: list!(in_scope sqlite), postgres: list!(in_scope postgres) };
    IN_SCOPES = {
        sqlite: select!("e.scope_key IN (SELECT value FROM json_each($1)) ORDER BY e.id"),
        postgres: select!("e.scope_key IN (SELECT x FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS x) ORDER BY e.id"),
    };
    INSERT = "INSERT INTO list_entries (id, scope, tenant_id, domain_id, recipient, scope_key, kind, subject_kind, subject,
            expires_at, comment, revision, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1, $12)";
    UPDATE = "UPDATE list_entries SET expires_at = $2, comment = $3, revision = revision + 1 WHERE id = $1 AND revision = $4";
    DELETE = "DELETE FROM list_entries WHERE id = $1 AND revision = $2";
    EXPIRED = (select!("e.expires_at <= $1 ORDER BY e.expires_at, e.id LIMIT 500"));
}

#[derive(Debug, sqlx::FromRow)]
struct Row {
    id: Uuid,
    scope: String,
    tenant_id: Option<Uuid>,
    domain_id: Option<Uuid>,
    domain_name: Option<String>,
    recipient: Option<String>,
    kind: String,
    subject_kind: String,
    subject: String,
    expires_at: Option<i64>,
    comment: Option<String>,
    revision: i64,
    created_at: i64,
}

const fn kind_name(kind: ListKind) -> &'static str {
    match kind {
        ListKind::Allow => "allow",
        ListKind::Block => "block",
    }
}

const fn scope_name(scope: ListScopeName) -> &'static str {
    match scope {
        ListScopeName::Installation => "installation",
        ListScopeName::Tenant => "tenant",
        ListScopeName::Domain => "domain",
        ListScopeName::Recipient => "recipient",
    }
}

impl TryFrom<Row> for ListEntry {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let wrong = StoreError::corrupt::<String>("list_entries");
        let domain = || -> Result<_, StoreError> {
            match (row.domain_id, &row.domain_name) {
                (Some(id), Some(name)) => {
                    Ok((Id::from_uuid(id), name.parse().map_err(StoreError::corrupt("domains.name"))?))
                }
                _ => Err(StoreError::corrupt("list_entries.domain_id")("missing")),
            }
        };
        let scope = match (row.scope.as_str(), row.tenant_id, &row.recipient) {
            ("installation", None, None) => Scope::Installation,
            ("tenant", Some(id), None) => Scope::Tenant(Id::from_uuid(id)),
            ("domain", None, None) => {
                let (id, name) = domain()?;
                Scope::Domain(id, name)
            }
            ("recipient", None, Some(recipient)) => {
                let (id, name) = domain()?;
                Scope::Recipient(id, name, recipient.parse().map_err(StoreError::corrupt("list_entries.recipient"))?)
            }
            _ => return Err(wrong(row.scope)),
        };
        let subject = match row.subject_kind.as_str() {
            "sender" => Subject::Sender(row.subject.parse().map_err(StoreError::corrupt("list_entries.subject"))?),
            "client" => Subject::Client(row.subject.parse().map_err(StoreError::corrupt("list_entries.subject"))?),
            _ => return Err(wrong(row.subject_kind)),
        };
        let kind = match row.kind.as_str() {
            "allow" => ListKind::Allow,
            "block" => ListKind::Block,
            _ => return Err(wrong(row.kind)),
        };
        Ok(Self {
            id: Id::from_uuid(row.id),
            kind,
            scope,
            subject,
            expires_at: row.expires_at.map(Micros::from_micros),
            comment: row.comment,
            revision: row.revision,
            created_at: Micros::from_micros(row.created_at),
        })
    }
}

#[derive(Debug, Default)]
pub(super) struct Filter {
    pub scope: Option<ListScopeName>,
    pub tenant: Option<Id<ids::Tenant>>,
    pub domain: Option<Id<ids::Domain>>,
    pub kind: Option<ListKind>,
    /// In its one spelling.
    pub sender: Option<String>,
    pub client: Option<String>,
}

pub(super) async fn find(read: &mut Read, id: Id<ids::ListEntry>) -> Result<Option<ListEntry>, StoreError> {
    run!(read, fetch_optional GET as Row, id.uuid())?.map(ListEntry::try_from).transpose()
}

/// One more than the page holds.
pub(super) async fn list(
    read: &mut Read,
    filter: &Filter,
    scope: &Sets,
    page: &Page<Uuid>,
) -> Result<Vec<ListEntry>, StoreError> {
    let statement = match filter {
        Filter { domain: Some(_), .. } => LIST_BY_DOMAIN,
        Filter { tenant: Some(_), .. } => LIST_BY_TENANT,
        _ if scope.tenants.is_some() => LIST_IN_SCOPE,
        _ => LIST,
    };
    let rows = run!(read, fetch_all statement as Row, page.after.unwrap_or_default(), filter.scope.map(scope_name),
        filter.tenant.map(Id::uuid), filter.domain.map(Id::uuid), filter.kind.map(kind_name), filter.sender.as_deref(),
        filter.client.as_deref(), page.rows(), scope.tenants.as_deref(), scope.domains.as_deref())?;
    rows.into_iter().map(ListEntry::try_from).collect()
}

/// All entries of these scopes, by their keys.
pub(super) async fn in_scopes(read: &mut Read, keys: &[String]) -> Result<Vec<ListEntry>, StoreError> {
    let keys = serde_json::to_string(keys).map_err(StoreError::corrupt("scopes"))?;
    run!(read, fetch_all IN_SCOPES as Row, keys.as_str())?.into_iter().map(ListEntry::try_from).collect()
}

/// `Unique`: there is one for the same subject.
pub(super) async fn insert(tx: &mut Tx, entry: &ListEntry) -> Result<(), StoreError> {
    let (scope, tenant, domain, recipient) = match &entry.scope {
        Scope::Installation => (ListScopeName::Installation, None, None, None),
        Scope::Tenant(id) => (ListScopeName::Tenant, Some(*id), None, None),
        Scope::Domain(id, _) => (ListScopeName::Domain, None, Some(*id), None),
        Scope::Recipient(id, _, local_part) => {
            (ListScopeName::Recipient, None, Some(*id), Some(local_part.to_string()))
        }
    };
    let (subject_kind, subject) = match &entry.subject {
        Subject::Sender(pattern) => ("sender", pattern.to_string()),
        Subject::Client(network) => ("client", network.to_string()),
    };
    let key = entry.scope.key();
    run!(tx, execute INSERT, entry.id.uuid(), scope_name(scope), tenant.map(Id::uuid), domain.map(Id::uuid),
        recipient.as_deref(), key.as_str(), kind_name(entry.kind), subject_kind, subject.as_str(),
        entry.expires_at.map(Micros::as_micros), entry.comment.as_deref(), entry.created_at.as_micros())?;
    Ok(())
}

pub(super) async fn update(tx: &mut Tx, entry: &ListEntry) -> Result<(), StoreError> {
    let touched = run!(tx, execute UPDATE, entry.id.uuid(), entry.expires_at.map(Micros::as_micros),
        entry.comment.as_deref(), entry.revision)?;
    if touched == 1 { Ok(()) } else { Err(StoreError::Stale) }
}

pub(super) async fn delete(tx: &mut Tx, entry: &ListEntry) -> Result<(), StoreError> {
    match run!(tx, execute DELETE, entry.id.uuid(), entry.revision)? {
        1 => Ok(()),
        _ => Err(StoreError::Stale),
    }
}

pub(super) async fn expired(read: &mut Read, now: Micros) -> Result<Vec<ListEntry>, StoreError> {
    run!(read, fetch_all EXPIRED as Row, now.as_micros())?.into_iter().map(ListEntry::try_from).collect()
}
