//! Recipients on the wire.

use contract::{
    ids::{DomainId, RecipientId},
    mail::{Domain, Host, LocalPart, Mailbox},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Alias, Recipient,
    plan::{Bad, Wanted},
};
use crate::http::{FieldError, Time};

/// A recipient to be added.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RecipientCreate {
    /// An address of the domain. Mail to `user+detail` follows `user`.
    #[schema(example = "anna@acme.example", max_length = 254)]
    pub address: String,
    /// Makes it another address of this mailbox, which must be a recipient of the domain.
    #[serde(default)]
    #[schema(example = json!(null), max_length = 254)]
    pub alias_of: Option<String>,
    /// `as_written` if left out. Only with `alias_of`.
    #[serde(default)]
    #[schema(example = json!(null))]
    pub hop_sees: Option<AliasHop>,
}

/// Which address of an alias the next hop is given at RCPT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AliasHop {
    /// The alias, as the sender wrote it: the next hop knows it too.
    AsWritten,
    /// The mailbox; `alias+detail` as `mailbox+detail`.
    Mailbox,
}

impl AliasHop {
    pub const fn name(self) -> &'static str {
        match self {
            Self::AsWritten => "as_written",
            Self::Mailbox => "mailbox",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        [Self::AsWritten, Self::Mailbox].into_iter().find(|hop_sees| hop_sees.name() == name)
    }
}

/// A recipient.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct RecipientView {
    pub id: RecipientId,
    pub domain_id: DomainId,
    #[schema(example = "anna@acme.example")]
    pub address: String,
    /// The mailbox it is another address of. Null: it is a mailbox itself.
    #[schema(required)]
    pub alias_of: Option<String>,
    /// Null: it is a mailbox itself.
    #[schema(required)]
    pub hop_sees: Option<AliasHop>,
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
            alias_of: recipient.alias.as_ref().map(|alias| format!("{}@{domain}", alias.of)),
            hop_sees: recipient.alias.as_ref().map(|alias| alias.hop_sees),
            created_at: Time(recipient.created_at),
        }
    }
}

impl RecipientCreate {
    /// `at` is where the item stands in the body.
    pub(super) fn parse(&self, domain: &Domain, at: &str) -> Result<Wanted, FieldError> {
        let local_part = parse(&self.address, domain, &format!("{at}/address"))?;
        let alias = match (&self.alias_of, self.hop_sees) {
            (None, None) => None,
            (None, Some(_)) => {
                return Err(FieldError::new(format!("{at}/hop_sees"), "not_now", "only where there is an alias_of"));
            }
            (Some(mailbox), hop_sees) => Some(Alias {
                of: parse(mailbox, domain, &format!("{at}/alias_of"))?,
                hop_sees: hop_sees.unwrap_or(AliasHop::AsWritten),
            }),
        };
        Ok(Wanted { local_part, alias })
    }
}

impl Bad {
    /// As it is said of an item.
    pub(super) fn at(&self, at: &str) -> FieldError {
        let alias_of = format!("{at}/alias_of");
        match self {
            Self::Conflicts(_) => FieldError::new(alias_of, "conflict", "an item before says otherwise of it"),
            Self::AliasOfItself => FieldError::new(alias_of, "alias_of_itself", "is no alias of itself"),
            Self::AliasOfAlias => FieldError::new(alias_of, "alias_of_alias", "is an alias itself: name its mailbox"),
            Self::NoSuchMailbox => FieldError::new(alias_of, "no_such_mailbox", "is no recipient of the domain"),
        }
    }
}

/// What an upload does with recipients that are not in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ImportMode {
    /// They stay; so does whatever is there already.
    Add,
    /// They go: afterwards the domain has the recipients of the file.
    Replace,
}

impl ImportMode {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Replace => "replace",
        }
    }
}

/// What an upload does when a line of the file is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum OnError {
    /// Nothing is applied: 422, with the broken lines.
    Refuse,
    /// All good lines are applied. A recipient whose line is broken stays as it is.
    Skip,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RecipientImportQuery {
    /// `add` if left out.
    #[param(inline)]
    pub mode: Option<ImportMode>,
    /// `refuse` if left out.
    #[param(inline)]
    pub on_error: Option<OnError>,
    /// Only say what would be done.
    #[param(default = false)]
    pub dry_run: bool,
    /// With `replace`: refuse (409) to remove more than so many. If left out, a fifth of the domain's recipients, or ten
    /// where that is more, and never all of them.
    pub max_removed: Option<u64>,
}

/// What an upload did, or would do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({ "dry_run": false, "mode": "replace", "lines": 250, "added": 3, "changed": 1, "unchanged": 245,
    "repeated": 0, "removed": 2, "removed_addresses": ["ben@acme.example", "eve@acme.example"], "broken": 1,
    "errors": [{ "line": 17, "column": 1, "code": "other_domain", "message": "expected an address of acme.example" }] }))]
pub(super) struct RecipientImport {
    pub dry_run: bool,
    /// `add` or `replace`.
    pub mode: String,
    /// Lines with a recipient, broken ones among them.
    pub lines: usize,
    pub added: usize,
    /// Aliases that became mailboxes, or aliases of another kind, or the reverse.
    pub changed: usize,
    pub unchanged: usize,
    /// Lines that said the same again.
    pub repeated: usize,
    pub removed: usize,
    /// The first hundred of those removed.
    pub removed_addresses: Vec<String>,
    /// Lines that were left out.
    pub broken: usize,
    /// The first hundred of those left out.
    pub errors: Vec<RecipientImportError>,
}

/// A broken line.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RecipientImportError {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// For programs. More may come.
    pub code: String,
    /// For people.
    pub message: String,
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
