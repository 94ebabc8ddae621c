//! A row of the table `domains`, and the domain that it is.

use contract::{Id, Micros, policy::recipient::Unasked};
use uuid::Uuid;

use super::{AliasDomainView, AliasOf, Check, Domain, Finding, RecipientMode, State, moving::Former};
use crate::db::StoreError;

#[derive(Debug, sqlx::FromRow)]
pub(super) struct Row {
    id: Uuid,
    tenant_id: Uuid,
    name: String,
    external_ref: Option<String>,
    labels: String,
    state: String,
    recipients: String,
    call_out: Option<String>,
    alias_of: Option<Uuid>,
    alias_hop_sees: Option<String>,
    route_id: Option<Uuid>,
    hash_key: Vec<u8>,
    defer_until: i64,
    activated_at: Option<i64>,
    checked_at: Option<i64>,
    check_result: Option<String>,
    next_check_at: Option<i64>,
    ownership_missing_since: Option<i64>,
    ownership_lost_at: Option<i64>,
    closes_at: Option<i64>,
    former_tenants: Option<String>,
    former_until: Option<i64>,
    created_by: Option<Uuid>,
    taken_at: Option<i64>,
    contested_at: Option<i64>,
    revision: i64,
    created_at: i64,
}

impl State {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
        }
    }
}

impl TryFrom<Row> for Domain {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let state = match row.state.as_str() {
            "pending" => State::Pending,
            "active" => State::Active,
            other => return Err(StoreError::corrupt("domains.state")(other)),
        };
        // A process of the version before may have made another mode of it.
        let unasked = row.call_out.as_deref().and_then(unasked).filter(|_| row.recipients == "any");
        Ok(Self {
            id: Id::from_uuid(row.id),
            tenant: Id::from_uuid(row.tenant_id),
            name: row.name.parse().map_err(StoreError::corrupt("domains.name"))?,
            external_ref: row.external_ref,
            labels: serde_json::from_str(&row.labels).map_err(StoreError::corrupt("domains.labels"))?,
            state,
            recipients: RecipientMode::of(&row.recipients, unasked)
                .ok_or_else(|| StoreError::corrupt("domains.recipients")(row.recipients))?,
            unasked,
            alias: row.alias_of.map(|primary| AliasOf {
                primary: Id::from_uuid(primary),
                hop_sees: row
                    .alias_hop_sees
                    .as_deref()
                    .and_then(AliasDomainView::parse)
                    .unwrap_or(AliasDomainView::AsWritten),
            }),
            route: row.route_id.map(Id::from_uuid),
            hash_key: row.hash_key.try_into().map_err(|_| StoreError::corrupt("domains.hash_key")("not 16 bytes"))?,
            defer_until: Micros::from_micros(row.defer_until),
            activated_at: row.activated_at.map(Micros::from_micros),
            closes_at: row.closes_at.map(Micros::from_micros),
            check: Check {
                checked_at: row.checked_at.map(Micros::from_micros),
                finding: row.check_result.as_deref().and_then(Finding::parse),
                next_check_at: row.next_check_at.map(Micros::from_micros),
                missing_since: row.ownership_missing_since.map(Micros::from_micros),
                lost_at: row.ownership_lost_at.map(Micros::from_micros),
            },
            former: Former::of(row.former_tenants.as_deref(), row.former_until)?,
            created_by: row.created_by.map(Id::from_uuid),
            taken_at: row.taken_at.map(Micros::from_micros),
            contested_at: row.contested_at.map(Micros::from_micros),
            revision: row.revision,
            created_at: Micros::from_micros(row.created_at),
        })
    }
}

pub(super) const fn unasked_name(unasked: Unasked) -> &'static str {
    match unasked {
        Unasked::Accept => "accept",
        Unasked::Defer => "defer",
    }
}

fn unasked(name: &str) -> Option<Unasked> {
    [Unasked::Accept, Unasked::Defer].into_iter().find(|unasked| unasked_name(*unasked) == name)
}
