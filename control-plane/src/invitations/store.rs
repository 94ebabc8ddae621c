//! Rows of the table `invitations`.

use contract::{Id, Micros, ids};
use uuid::Uuid;

use super::{Invitation, Outcome, view::InvitationStateFilter};
use crate::{
    auth::scope::Sets,
    db::{Read, StoreError, Tx, in_reach, in_set, run, sql},
    grants::Over,
    http::Page,
    mail_out::Language,
};

macro_rules! select {
    ($rest:expr) => {
        concat!(
            "SELECT i.id, i.email, i.home_tenant_id, i.role, i.tenant_id, i.domain_id, d.tenant_id AS domain_tenant_id,
                i.grant_expires_at, i.may_delegate, i.max_domains, i.language, i.inviter_id, i.key_id, i.created_at, i.sent_at,
                i.expires_at, i.outcome, i.ended_at
            FROM invitations i LEFT JOIN domains d ON d.id = i.domain_id WHERE ",
            $rest
        )
    };
}

/// Of a tenant in the scope, of a domain there, or of a single domain.
macro_rules! in_scope {
    ($engine:ident) => {
        concat!(
            "(",
            in_set!($engine, "i.tenant_id", "$8"),
            " OR ",
            in_set!($engine, "d.tenant_id", "$8"),
            " OR ",
            in_set!($engine, "i.domain_id", "$9"),
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
        list!(in_reach!($engine, "i.id", "invitations", "$8", "$9"), "TRUE")
    };
    ($first:expr, $scope:expr) => {
        concat!(
            select!($first),
            " AND i.id > $1
            AND (CAST($2 AS TEXT) IS NULL OR i.email_key = $2)
            AND (CAST($3 AS UUID) IS NULL OR i.tenant_id = $3)
            AND (CAST($4 AS UUID) IS NULL OR i.domain_id = $4)
            AND (CAST($8 AS TEXT) IS NULL OR ",
            $scope,
            ") AND (CAST($6 AS TEXT) IS NULL
                OR $6 = COALESCE(i.outcome, CASE WHEN i.expires_at <= $7 THEN 'expired' ELSE 'pending' END))
            ORDER BY i.id LIMIT $5"
        )
    };
}

sql! {
    Main;
    GET = (select!("i.id = $1"));
    BY_TOKEN = (select!("i.token_hash = $1"));
    LIST = { sqlite: list!(sqlite, "TRUE"), postgres: list!(postgres, "TRUE") };
    // The same, in words that let the planner use an index.
    LIST_BY_EMAIL = { sqlite: list!(sqlite, "i.email_key = $2"), postgres: list!(postgres, "i.email_key = $2") };
    LIST_BY_TENANT = { sqlite: list!(sqlite, "i.tenant_id = $3"), postgres: list!(postgres, "i.tenant_id = $3") };
    LIST_BY_DOMAIN = { sqlite: list!(sqlite, "i.domain_id = $4"), postgres: list!(postgres, "i.domain_id = $4") };
    LIST_IN_SCOPE = { sqlite: list!(in_scope sqlite), postgres: list!(in_scope postgres) };
    WAITING_FOR = (select!("i.email_key = $1 AND i.inviter_id = $2 AND i.outcome IS NULL ORDER BY i.id"));
    OF_INVITER = (select!("i.inviter_id = $1 AND i.outcome IS NULL ORDER BY i.id"));
    WAITING_AT = "SELECT COUNT(*) FROM invitations WHERE home_tenant_id = $1 AND outcome IS NULL AND expires_at > $2";
    INSERT = "INSERT INTO invitations (id, token_hash, email, email_key, home_tenant_id, role, tenant_id, domain_id,
            grant_expires_at, may_delegate, max_domains, language, inviter_id, key_id, created_at, sent_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15, $16)";
    SEND_AGAIN = "UPDATE invitations SET token_hash = $2, inviter_id = $3, key_id = $4, sent_at = $5, expires_at = $6
        WHERE id = $1 AND outcome IS NULL";
    END = "UPDATE invitations SET outcome = $2, ended_at = $3 WHERE id = $1 AND outcome IS NULL";
    SWEEP = "DELETE FROM invitations WHERE expires_at <= $1 OR ended_at <= $1";
    LOCK = {
        // One writer: whoever is here is alone.
        sqlite: "SELECT id FROM invitations WHERE id = $1",
        postgres: "SELECT id FROM invitations WHERE id = $1 FOR UPDATE",
    };
}

#[derive(Debug, sqlx::FromRow)]
struct Row {
    id: Uuid,
    email: String,
    home_tenant_id: Uuid,
    role: String,
    tenant_id: Option<Uuid>,
    domain_id: Option<Uuid>,
    domain_tenant_id: Option<Uuid>,
    grant_expires_at: Option<i64>,
    may_delegate: bool,
    max_domains: Option<i64>,
    language: Option<String>,
    inviter_id: Uuid,
    key_id: Option<Uuid>,
    created_at: i64,
    sent_at: i64,
    expires_at: i64,
    outcome: Option<String>,
    ended_at: Option<i64>,
}

impl TryFrom<Row> for Invitation {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let over = match (row.tenant_id, row.domain_id, row.domain_tenant_id) {
            (None, None, None) => Over::Installation,
            (Some(tenant), None, None) => Over::Tenant(Id::from_uuid(tenant)),
            (None, Some(domain), Some(tenant)) => Over::Domain(Id::from_uuid(domain), Id::from_uuid(tenant)),
            _ => return Err(StoreError::corrupt("invitations")("over two things")),
        };
        let outcome = match row.outcome.as_deref() {
            None => None,
            Some("accepted") => Some(Outcome::Accepted),
            Some("revoked") => Some(Outcome::Revoked),
            Some(other) => return Err(StoreError::corrupt("invitations.outcome")(other)),
        };
        Ok(Self {
            id: Id::from_uuid(row.id),
            email: row.email,
            home: Id::from_uuid(row.home_tenant_id),
            role: row.role,
            over,
            grant_expires_at: row.grant_expires_at.map(Micros::from_micros),
            may_delegate: row.may_delegate,
            max_domains: row.max_domains,
            language: row.language.as_deref().and_then(Language::parse),
            inviter: Id::from_uuid(row.inviter_id),
            key: row.key_id.map(Id::from_uuid),
            created_at: Micros::from_micros(row.created_at),
            sent_at: Micros::from_micros(row.sent_at),
            expires_at: Micros::from_micros(row.expires_at),
            end: outcome.zip(row.ended_at.map(Micros::from_micros)),
        })
    }
}

#[derive(Debug, Default)]
pub(super) struct Filter {
    /// In lower case.
    pub email_key: Option<String>,
    pub tenant: Option<Id<ids::Tenant>>,
    pub domain: Option<Id<ids::Domain>>,
    pub state: Option<InvitationStateFilter>,
}

pub(super) async fn find(read: &mut Read, id: Id<ids::Invitation>) -> Result<Option<Invitation>, StoreError> {
    run!(read, fetch_optional GET as Row, id.uuid())?.map(Invitation::try_from).transpose()
}

pub(super) async fn by_token(read: &mut Read, hash: [u8; 32]) -> Result<Option<Invitation>, StoreError> {
    run!(read, fetch_optional BY_TOKEN as Row, hash.to_vec())?.map(Invitation::try_from).transpose()
}

/// Nobody else ends it, or sends it again, before this transaction ends.
pub(super) async fn lock(tx: &mut Tx, id: Id<ids::Invitation>) -> Result<(), StoreError> {
    run!(tx, fetch_optional LOCK as (Uuid,), id.uuid())?;
    Ok(())
}

/// One more than the page holds.
pub(super) async fn list(
    read: &mut Read,
    filter: &Filter,
    scope: &Sets,
    page: &Page<Uuid>,
    now: Micros,
) -> Result<Vec<Invitation>, StoreError> {
    let statement = match filter {
        Filter { email_key: Some(_), .. } => LIST_BY_EMAIL,
        Filter { domain: Some(_), .. } => LIST_BY_DOMAIN,
        Filter { tenant: Some(_), .. } => LIST_BY_TENANT,
        _ if scope.tenants.is_some() => LIST_IN_SCOPE,
        _ => LIST,
    };
    let rows = run!(read, fetch_all statement as Row, page.after.unwrap_or_default(), filter.email_key.as_deref(),
        filter.tenant.map(Id::uuid), filter.domain.map(Id::uuid), page.rows(),
        filter.state.map(InvitationStateFilter::name), now.as_micros(), scope.tenants.as_deref(),
        scope.domains.as_deref())?;
    rows.into_iter().map(Invitation::try_from).collect()
}

/// What this inviter sent to the address and did not end; some of it may be over.
pub(super) async fn waiting_for(
    read: &mut Read,
    email: &str,
    inviter: Id<ids::Person>,
) -> Result<Vec<Invitation>, StoreError> {
    let key = email.to_lowercase();
    let rows = run!(read, fetch_all WAITING_FOR as Row, key.as_str(), inviter.uuid())?;
    rows.into_iter().map(Invitation::try_from).collect()
}

/// All that this person sent and that did not end.
pub(super) async fn of_inviter(read: &mut Read, inviter: Id<ids::Person>) -> Result<Vec<Invitation>, StoreError> {
    let rows = run!(read, fetch_all OF_INVITER as Row, inviter.uuid())?;
    rows.into_iter().map(Invitation::try_from).collect()
}

pub(super) async fn waiting_at(read: &mut Read, home: Id<ids::Tenant>, now: Micros) -> Result<i64, StoreError> {
    Ok(run!(read, fetch_one WAITING_AT as (i64,), home.uuid(), now.as_micros())?.0)
}

pub(super) async fn insert(tx: &mut Tx, invitation: &Invitation, token: [u8; 32]) -> Result<(), StoreError> {
    let key = invitation.email.to_lowercase();
    let (tenant, domain) = match invitation.over {
        Over::Installation => (None, None),
        Over::Tenant(tenant) => (Some(tenant.uuid()), None),
        Over::Domain(domain, _) => (None, Some(domain.uuid())),
    };
    run!(tx, execute INSERT, invitation.id.uuid(), token.to_vec(), invitation.email.as_str(), key.as_str(),
        invitation.home.uuid(), invitation.role.as_str(), tenant, domain,
        invitation.grant_expires_at.map(Micros::as_micros), invitation.may_delegate, invitation.max_domains,
        invitation.language.map(Language::name), invitation.inviter.uuid(), invitation.key.map(Id::uuid),
        invitation.created_at.as_micros(), invitation.expires_at.as_micros())?;
    Ok(())
}

/// Another link in place of the one before. False: it has ended.
pub(super) async fn send_again(tx: &mut Tx, invitation: &Invitation, token: [u8; 32]) -> Result<bool, StoreError> {
    let touched = run!(tx, execute SEND_AGAIN, invitation.id.uuid(), token.to_vec(), invitation.inviter.uuid(),
        invitation.key.map(Id::uuid), invitation.sent_at.as_micros(), invitation.expires_at.as_micros())?;
    Ok(touched == 1)
}

/// False: it has ended already.
pub(super) async fn end(tx: &mut Tx, id: Id<ids::Invitation>, outcome: Outcome) -> Result<bool, StoreError> {
    let now = tx.now().as_micros();
    Ok(run!(tx, execute END, id.uuid(), outcome.name(), now)? == 1)
}

pub(super) async fn sweep(tx: &mut Tx, until: Micros) -> Result<(), StoreError> {
    run!(tx, execute SWEEP, until.as_micros())?;
    Ok(())
}
