//! What one piece of configuration says. JSON, compressed with zstd, named by the SHA-256 of the compressed bytes.
//!
//! An object holds only what is set at its own level, and its parent's id; a worker folds the chain. So an edit moves
//! one object, whoever inherits from it. Unknown fields are refused: a worker that does not understand a setting must
//! not act as if it were absent.

mod alias;
mod certificate;
mod hashes;
mod key;
mod route;

use serde::{Deserialize, Serialize};

pub use alias::{Alias, AliasDomain, AliasDomainHop, Aliases};
pub use certificate::Certificate;
pub use hashes::{HashKey, HashSet, RecipientHash};
pub use key::{Key, KeyError, ListScope, ShardPrefix};
pub use route::{Destination, HopTls, NextHop, Route, RouteObject, Trust};

use crate::{
    Id, Micros, ids,
    mail::{Cidr, Domain, Mailbox},
    policy::{Settings, lists::Entry, recipient::Unasked},
};

/// The schemas of objects that this code reads, the newest first. In a pool the newest is written that all its live workers
/// read.
pub const SCHEMAS: [u16; 3] = [TENANTS_HELD, ROUTES_APART, EMBEDDED_ROUTES];
/// A route stands in each domain's object.
pub const EMBEDDED_ROUTES: u16 = 1;
/// A route is an object of its own, and domains name it.
pub const ROUTES_APART: u16 = 2;
/// A tenant has limits of its mail, and a moment from which on a suspension refuses.
pub const TENANTS_HELD: u16 = 3;
/// Recipients or list entries in one shard; a fuller one is split.
pub const SHARD_ENTRIES: usize = 1_000;
/// Octets of them: an edit moves one shard, and should move less than 64 kB.
pub const SHARD_BYTES: usize = 60_000;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Object {
    Installation(Installation),
    Tenant(Tenant),
    Domain(Box<DomainObject>),
    /// Stands under a domain's key: the name is an alias of another one.
    AliasDomain(AliasDomain),
    Route(RouteObject),
    Recipients(Recipients),
    Aliases(Aliases),
    List(List),
    Certificate(Box<Certificate>),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Installation {
    pub id: Id<ids::Installation>,
    #[serde(default)]
    pub policy: Settings,
    /// Networks a next hop may be in although they are loopback, private or link-local.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_hop_ranges: Vec<Cidr>,
    /// Who reads mail for `<postmaster>` without a domain (RFC 5321 §4.5.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postmaster: Option<Mailbox>,
    /// Shards of the installation's own list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub list: Vec<ShardPrefix>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tenant {
    pub id: Id<ids::Tenant>,
    /// None for a tenant directly below the installation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Id<ids::Tenant>>,
    pub state: TenantState,
    /// Schema 3. Of a suspended tenant: from when on its mail is refused for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refuse_from: Option<Micros>,
    /// Schema 3.
    #[serde(default, skip_serializing_if = "Limits::is_none")]
    pub limits: Limits,
    #[serde(default)]
    pub policy: Settings,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub list: Vec<ShardPrefix>,
}

/// What may come for a tenant and for all below it. None: no limit here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// By all workers of the pool together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_messages_per_hour: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_message_size_bytes: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TenantState {
    Active,
    /// Mail gets 451, for a while or for as long as it lasts.
    Suspended,
    /// Deleted in some days unless taken back; mail still flows.
    Closing,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DomainObject {
    pub id: Id<ids::Domain>,
    pub name: Domain,
    pub tenant: Id<ids::Tenant>,
    pub state: DomainState,
    pub recipients: RecipientRule,
    /// Schema 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<Route>,
    /// Schema 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route_id: Option<Id<ids::Route>>,
    #[serde(default)]
    pub policy: Settings,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub list: Vec<ShardPrefix>,
    /// Shards of its alias addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<ShardPrefix>,
    /// Key of the recipients' hashes: with one of its own, no domain's list can be compared with another's.
    pub hash_key: HashKey,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DomainState {
    /// Ownership not proven yet. Mail gets 451 until `defer_until`, so that an MX set early loses nothing; then the
    /// domain is as good as unknown. A pending domain never shadows an active one of the same name.
    Pending {
        defer_until: Micros,
    },
    Active,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum RecipientRule {
    /// Every local part.
    Any,
    /// Those in the shards named; `user+detail` follows `user`.
    Listed { shards: Vec<ShardPrefix> },
    /// Those in the shards without a question; about everybody else the next hop is asked at RCPT.
    CallOut {
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        shards: Vec<ShardPrefix>,
        /// What holds when it cannot be asked.
        unasked: Unasked,
    },
}

/// A shard of a domain's recipients: hashes, sorted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipients {
    pub domain: Domain,
    pub prefix: ShardPrefix,
    pub hashes: HashSet,
}

/// A shard of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    pub scope: ListScope,
    pub prefix: ShardPrefix,
    pub entries: Vec<Entry>,
}

impl Limits {
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

impl Object {
    /// The key this object must stand under.
    pub fn key(&self) -> Key {
        match self {
            Self::Installation(_) => Key::Installation,
            Self::Tenant(tenant) => Key::Tenant(tenant.id),
            Self::Domain(domain) => Key::Domain(domain.name.clone()),
            Self::AliasDomain(alias) => Key::Domain(alias.name.clone()),
            Self::Route(route) => Key::Route(route.id),
            Self::Recipients(shard) => Key::Recipients(shard.domain.clone(), shard.prefix),
            Self::Aliases(shard) => Key::Aliases(shard.domain.clone(), shard.prefix),
            Self::List(shard) => Key::List(shard.scope.clone(), shard.prefix),
            Self::Certificate(certificate) => Key::Certificate(certificate.id),
        }
    }
}
