//! Other names of what is there: alias addresses of a domain's mailboxes, and alias domains.

use serde::{Deserialize, Serialize};

use super::{DomainState, RecipientHash, ShardPrefix};
use crate::{
    Id, ids,
    mail::{Domain, LocalPart},
};

/// A shard of a domain's alias addresses. Whether an alias is a recipient at all is said by the recipients' shards, as of
/// any other: here stands only what it is an alias of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aliases {
    pub domain: Domain,
    pub prefix: ShardPrefix,
    /// Sorted by their hashes.
    pub aliases: Vec<Alias>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alias {
    pub hash: RecipientHash,
    /// The mailbox, whose list entries hold for the alias too.
    pub of: RecipientHash,
    /// What the next hop is given at RCPT; none: the alias as it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rewrite_to: Option<LocalPart>,
}

/// A domain that shares recipients, route, lists and policy of another one of the same tenant. It holds nothing of these
/// itself, so an edit of the primary moves only the primary's objects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AliasDomain {
    pub id: Id<ids::Domain>,
    pub name: Domain,
    pub tenant: Id<ids::Tenant>,
    /// Its own: each name is proven by itself.
    pub state: DomainState,
    pub primary: Domain,
    pub hop_sees: AliasDomainHop,
}

/// Which domain the next hop is given at RCPT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AliasDomainHop {
    /// The alias domain.
    AsWritten,
    Primary,
}
