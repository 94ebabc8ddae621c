//! List entries on the wire.

use contract::{
    Micros,
    ids::{DomainId, ListEntryId, TenantId},
    mail::Cidr,
    policy::lists::{ListKind, SenderPattern, Subject},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{ListEntry, Scope};
use crate::{
    http::{ApiError, FieldError, Patch, Time},
    labels,
};

/// Whose mail an entry is about. The most specific scope that has a matching entry decides; within one, block beats allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ListScopeName {
    Installation,
    Tenant,
    Domain,
    Recipient,
}

/// A new entry.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "kind": "block", "scope": "tenant", "tenant_id": "ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f",
    "sender": "*@bad.example", "comment": "ticket 4711" }))]
pub(super) struct ListEntryCreate {
    pub kind: ListKind,
    pub scope: ListScopeName,
    /// For scope `tenant`.
    #[serde(default)]
    pub tenant_id: Option<TenantId>,
    /// For scopes `domain` and `recipient`.
    #[serde(default)]
    pub domain_id: Option<DomainId>,
    /// For scope `recipient`: an address of the domain.
    #[serde(default)]
    #[schema(max_length = 254)]
    pub recipient: Option<String>,
    /// Compared with the reverse-path: an address, `*@domain`, `*@*.domain` (every subdomain), or `<>`. This or `client`.
    #[serde(default)]
    #[schema(max_length = 254)]
    pub sender: Option<String>,
    /// An address or a network. This or `sender`.
    #[serde(default)]
    #[schema(max_length = 64)]
    pub client: Option<String>,
    /// From then on it is as if it were not there.
    #[serde(default)]
    pub expires_at: Option<Time>,
    /// For people.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub comment: Option<String>,
}

/// A merge patch: what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "expires_at": null, "comment": "for good" }))]
pub(super) struct ListEntryUpdate {
    /// null: for good.
    #[serde(default)]
    #[schema(value_type = Option<Time>)]
    pub expires_at: Patch<Time>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 500)]
    pub comment: Patch<String>,
}

/// An entry.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct ListEntryView {
    pub id: ListEntryId,
    pub kind: ListKind,
    pub scope: ListScopeName,
    #[schema(required)]
    pub tenant_id: Option<TenantId>,
    #[schema(required)]
    pub domain_id: Option<DomainId>,
    #[schema(required, example = "anna@acme.example")]
    pub recipient: Option<String>,
    #[schema(required, example = "*@bad.example")]
    pub sender: Option<String>,
    #[schema(required, example = "192.0.2.0/24")]
    pub client: Option<String>,
    #[schema(required)]
    pub expires_at: Option<Time>,
    #[schema(required, example = "ticket 4711")]
    pub comment: Option<String>,
    pub created_at: Time,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ListEntryPage {
    pub data: Vec<ListEntryView>,
    /// Null on the last page.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ListEntryQuery {
    pub scope: Option<ListScopeName>,
    /// Entries of scope `tenant` of this tenant.
    pub tenant_id: Option<TenantId>,
    /// Entries of scopes `domain` and `recipient` of this domain.
    pub domain_id: Option<DomainId>,
    pub kind: Option<ListKind>,
    /// Exact pattern.
    #[param(example = "*@bad.example")]
    pub sender: Option<String>,
    /// Exact network.
    #[param(example = "192.0.2.0/24")]
    pub client: Option<String>,
    /// 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 100)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl From<&ListEntry> for ListEntryView {
    fn from(entry: &ListEntry) -> Self {
        let (scope, tenant_id, domain_id, recipient) = match &entry.scope {
            Scope::Installation => (ListScopeName::Installation, None, None, None),
            Scope::Tenant(id) => (ListScopeName::Tenant, Some(*id), None, None),
            Scope::Domain(id, _) => (ListScopeName::Domain, None, Some(*id), None),
            Scope::Recipient(id, name, local_part) => {
                (ListScopeName::Recipient, None, Some(*id), Some(format!("{local_part}@{name}")))
            }
        };
        let (sender, client) = match &entry.subject {
            Subject::Sender(pattern) => (Some(pattern.to_string()), None),
            Subject::Client(network) => (None, Some(network.to_string())),
        };
        Self {
            id: entry.id,
            kind: entry.kind,
            scope,
            tenant_id,
            domain_id,
            recipient,
            sender,
            client,
            expires_at: entry.expires_at.map(Time),
            comment: entry.comment.clone(),
            created_at: Time(entry.created_at),
        }
    }
}

impl ListEntryCreate {
    /// The subject, if all that can be told without the database is good.
    pub(super) fn parse(&self, now: Micros) -> Result<Subject, ApiError> {
        let mut errors = Vec::new();
        let (tenant, domain, recipient) = match self.scope {
            ListScopeName::Installation => (false, false, false),
            ListScopeName::Tenant => (true, false, false),
            ListScopeName::Domain => (false, true, false),
            ListScopeName::Recipient => (false, true, true),
        };
        let fields = [
            ("/tenant_id", tenant, self.tenant_id.is_some()),
            ("/domain_id", domain, self.domain_id.is_some()),
            ("/recipient", recipient, self.recipient.is_some()),
        ];
        for (pointer, needed, given) in fields {
            match (needed, given) {
                (true, false) => errors.push(FieldError::new(pointer, "required", "is required for this scope")),
                (false, true) => errors.push(FieldError::new(pointer, "not_applicable", "not for this scope")),
                (true, true) | (false, false) => {}
            }
        }
        let subject = match (&self.sender, &self.client) {
            (Some(sender), None) => sender
                .parse::<SenderPattern>()
                .map(Subject::Sender)
                .map_err(|error| errors.push(FieldError::invalid("/sender", error)))
                .ok(),
            (None, Some(client)) => client
                .parse::<Cidr>()
                .map(Subject::Client)
                .map_err(|error| errors.push(FieldError::invalid("/client", error)))
                .ok(),
            (Some(_), Some(_)) => {
                errors.push(FieldError::new("/client", "not_applicable", "a sender or a client, not both"));
                None
            }
            (None, None) => {
                errors.push(FieldError::new("/sender", "required", "a sender or a client is required"));
                None
            }
        };
        check(self.expires_at, self.comment.as_deref(), now, &mut errors);
        subject.filter(|_| errors.is_empty()).ok_or_else(|| ApiError::invalid(errors))
    }
}

fn check(expires_at: Option<Time>, comment: Option<&str>, now: Micros, errors: &mut Vec<FieldError>) {
    if expires_at.is_some_and(|at| at.0 <= now) {
        errors.push(FieldError::invalid("/expires_at", "is in the past"));
    }
    if let Some(comment) = comment {
        labels::check_text(comment, 500, "/comment", errors);
    }
}

impl ListEntryUpdate {
    pub(super) fn apply(self, entry: &mut ListEntry, now: Micros) -> Result<(), ApiError> {
        let mut errors = Vec::new();
        let given = match &self.expires_at {
            Patch::Set(at) => Some(*at),
            Patch::Keep | Patch::Clear => None,
        };
        entry.expires_at = self.expires_at.apply(entry.expires_at.map(Time)).map(|time| time.0);
        entry.comment = self.comment.apply(entry.comment.take());
        check(given, entry.comment.as_deref(), now, &mut errors);
        if errors.is_empty() { Ok(()) } else { Err(ApiError::invalid(errors)) }
    }
}
