//! Recipients on the wire.

use contract::{
    ids::{DomainId, RecipientId},
    mail::{Domain, Host, LocalPart, Mailbox},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Recipient;
use crate::http::{FieldError, Time};

/// A recipient to be added.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RecipientCreate {
    /// An address of the domain. Mail to `user+detail` follows `user`.
    #[schema(example = "anna@acme.example", max_length = 254)]
    pub address: String,
}

/// A recipient.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct RecipientView {
    pub id: RecipientId,
    pub domain_id: DomainId,
    #[schema(example = "anna@acme.example")]
    pub address: String,
    pub created_at: Time,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RecipientPage {
    pub data: Vec<RecipientView>,
    /// Null on the last page.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// Up to 500 recipients in one call.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "items": [{ "address": "anna@acme.example" }, { "address": "ben@acme.example" }] }))]
pub(super) struct RecipientBatch {
    #[schema(min_items = 1, max_items = 500)]
    pub items: Vec<RecipientCreate>,
}

/// What became of each item, in the order given. A bad item holds up no other.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RecipientBatchResult {
    pub results: Vec<RecipientBatchItem>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct RecipientBatchItem {
    /// `created`, `exists` or `invalid`. More may come.
    #[schema(example = "created")]
    pub status: String,
    /// Of a recipient that was created or existed.
    #[schema(required)]
    pub id: Option<RecipientId>,
    /// What is wrong with the item.
    #[schema(required)]
    pub error: Option<FieldError>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RecipientQuery {
    /// Exact address.
    #[param(example = "anna@acme.example")]
    pub address: Option<String>,
    /// 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 100)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl RecipientView {
    pub(super) fn new(recipient: &Recipient, id: DomainId, domain: &Domain) -> Self {
        Self {
            id: recipient.id,
            domain_id: id,
            address: format!("{}@{domain}", recipient.local_part),
            created_at: Time(recipient.created_at),
        }
    }
}

/// The local part of an address of `domain`.
pub(super) fn parse(address: &str, domain: &Domain, pointer: &str) -> Result<LocalPart, FieldError> {
    let mailbox = address.parse::<Mailbox>().map_err(|error| FieldError::invalid(pointer, error))?;
    match mailbox.host() {
        Host::Domain(given) if given == domain => Ok(mailbox.local().clone()),
        Host::Domain(_) | Host::Address(_) => {
            Err(FieldError::new(pointer, "other_domain", format!("expected an address of {domain}")))
        }
    }
}
