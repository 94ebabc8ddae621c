//! What one piece of configuration says. JSON, compressed with zstd, named by the SHA-256 of the compressed bytes.
//!
//! An object holds only what is set at its own level, and its parent's id; a worker folds the chain. So an edit moves
//! one object, whoever inherits from it. Unknown fields are refused: a worker that does not understand a setting must
//! not act as if it were absent.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Sha256;

use crate::{
    Id, Micros, ids,
    mail::{Cidr, Domain, LocalPart, Mailbox},
    policy::{Settings, lists::Entry},
};

/// The schema of objects that this code writes and reads.
pub const SCHEMA: u16 = 1;
/// Recipients or list entries in one shard; a fuller one is split.
pub const SHARD_ENTRIES: usize = 1_000;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Object {
    Installation(Installation),
    Tenant(Tenant),
    Domain(Box<DomainObject>),
    Recipients(Recipients),
    List(List),
}

/// Where an object stands in the tree. The text form is the tree's key:
/// `installation`, `tenant/ten_…`, `domain/example.com`, `recipients/example.com/011`, `list/ten_…/-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    Installation,
    Tenant(Id<ids::Tenant>),
    Domain(Domain),
    Recipients(Domain, ShardPrefix),
    List(ListScope, ShardPrefix),
}

/// Whose list a shard belongs to. Entries for single recipients stand in their domain's list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ListScope {
    Installation,
    Tenant(Id<ids::Tenant>),
    Domain(Domain),
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
    #[serde(default)]
    pub policy: Settings,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub list: Vec<ShardPrefix>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TenantState {
    Active,
    /// Mail gets 451.
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<Route>,
    #[serde(default)]
    pub policy: Settings,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub list: Vec<ShardPrefix>,
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
}

/// Where a domain's mail goes. Part of the domain's object: a route edit touches the domains that use it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    pub id: Id<ids::Route>,
    /// Lower priority first; equal ones share by weight.
    pub hops: Vec<NextHop>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NextHop {
    /// A domain name, or an IP address without brackets.
    pub host: String,
    pub port: u16,
    pub priority: u16,
    pub weight: u16,
    pub tls: HopTls,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "level", rename_all = "snake_case", deny_unknown_fields)]
pub enum HopTls {
    /// Never STARTTLS.
    None,
    /// STARTTLS where offered, nobody is authenticated; after a failed handshake once more without.
    Opportunistic,
    /// STARTTLS always, nobody is authenticated.
    Required,
    /// STARTTLS always, and the certificate must be the right one.
    Verified {
        /// The name the certificate must bear; the hop's host where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        server_name: Option<String>,
        trust: Trust,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// The public web PKI.
    WebPki,
    /// Exactly these authorities, PEM.
    Authorities { pem: String },
    /// SHA-256 of the leaf's `SubjectPublicKeyInfo`; names and dates are not looked at.
    Pins { spki_sha256: Vec<super::hash::Hash> },
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

/// The key of a domain's recipient hashes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HashKey(pub [u8; 16]);

/// HMAC-SHA256 of the lower-cased local part under the domain's key, cut to 128 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecipientHash(pub [u8; 16]);

impl HashKey {
    /// The hash of a local part. Local parts are compared without regard to case, as every mail store in use does
    /// (RFC 5321 §2.4 allows the owner of the domain to say so).
    pub fn hash(&self, local: &LocalPart) -> RecipientHash {
        self.hash_folded(&local.as_str().to_lowercase())
    }

    /// The hash of a local part that is in lower case already, as it is stored: folding can make it longer than a local
    /// part on the wire may be (RFC 5321 §4.5.3.1.1), and then it no longer parses as one.
    pub fn hash_folded(&self, folded: &str) -> RecipientHash {
        // An HMAC takes a key of any length.
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.0).expect("HMAC takes any key length");
        mac.update(folded.as_bytes());
        let full = mac.finalize().into_bytes();
        let mut cut = [0; 16];
        cut.copy_from_slice(&full[..16]);
        RecipientHash(cut)
    }
}

/// Sorted recipient hashes; one base64 text on the wire, sixteen bytes each in memory.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct HashSet(Vec<RecipientHash>);

impl HashSet {
    pub fn new(mut hashes: Vec<RecipientHash>) -> Self {
        hashes.sort_unstable();
        hashes.dedup();
        Self(hashes)
    }

    pub fn contains(&self, hash: &RecipientHash) -> bool {
        self.0.binary_search(hash).is_ok()
    }

    pub fn iter(&self) -> impl Iterator<Item = &RecipientHash> {
        self.0.iter()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Which part of a sharded set a shard holds: all whose hash begins with these bits. The shape follows from the
/// contents alone (a shard is split when it would pass [`SHARD_ENTRIES`]), so an edit moves one shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ShardPrefix {
    /// Left-aligned: bit 63 is the first.
    bits: u64,
    len: u8,
}

impl ShardPrefix {
    pub const ALL: Self = Self { bits: 0, len: 0 };
    const MAX_LEN: u8 = 48;

    /// Does this shard hold what hashes to `hash`?
    pub fn covers(&self, hash: [u8; 8]) -> bool {
        self.len == 0 || (u64::from_be_bytes(hash) ^ self.bits) >> (64 - u32::from(self.len)) == 0
    }

    /// The two shards this one splits into; none when it is as deep as may be.
    pub fn split(&self) -> Option<[Self; 2]> {
        let len = self.len + 1;
        (len <= Self::MAX_LEN).then(|| {
            let one = 1u64 << (64 - u32::from(len));
            [Self { bits: self.bits, len }, Self { bits: self.bits | one, len }]
        })
    }
}

impl fmt::Display for ShardPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.len == 0 {
            return f.write_str("-");
        }
        (0..self.len).try_for_each(|i| f.write_str(if self.bits >> (63 - i) & 1 == 1 { "1" } else { "0" }))
    }
}

/// Why a text is not a key of the tree, a scope or a shard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a key of the configuration tree")]
pub struct KeyError;

impl std::str::FromStr for ShardPrefix {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        if text == "-" {
            return Ok(Self::ALL);
        }
        let len = u8::try_from(text.len()).ok().filter(|len| (1..=Self::MAX_LEN).contains(len)).ok_or(KeyError)?;
        let mut bits = 0;
        for (i, digit) in text.bytes().enumerate() {
            match digit {
                b'0' => {}
                b'1' => bits |= 1u64 << (63 - i),
                _ => return Err(KeyError),
            }
        }
        Ok(Self { bits, len })
    }
}

impl fmt::Display for ListScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Installation => f.write_str("installation"),
            Self::Tenant(id) => id.fmt(f),
            Self::Domain(domain) => f.write_str(domain.as_ascii()),
        }
    }
}

impl std::str::FromStr for ListScope {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        // Neither an id nor `installation` has a dot; a served domain always has one.
        match text {
            "installation" => Ok(Self::Installation),
            _ if text.contains('.') => canonical_domain(text).map(Self::Domain),
            _ => text.parse().map(Self::Tenant).map_err(|_| KeyError),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Installation => f.write_str("installation"),
            Self::Tenant(id) => write!(f, "tenant/{id}"),
            Self::Domain(domain) => write!(f, "domain/{}", domain.as_ascii()),
            Self::Recipients(domain, prefix) => write!(f, "recipients/{}/{prefix}", domain.as_ascii()),
            Self::List(scope, prefix) => write!(f, "list/{scope}/{prefix}"),
        }
    }
}

impl std::str::FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let mut parts = text.split('/');
        let key = match (parts.next(), parts.next(), parts.next()) {
            (Some("installation"), None, None) => Self::Installation,
            (Some("tenant"), Some(id), None) => Self::Tenant(id.parse().map_err(|_| KeyError)?),
            (Some("domain"), Some(domain), None) => Self::Domain(canonical_domain(domain)?),
            (Some("recipients"), Some(domain), Some(prefix)) => {
                Self::Recipients(canonical_domain(domain)?, prefix.parse()?)
            }
            (Some("list"), Some(scope), Some(prefix)) => Self::List(scope.parse()?, prefix.parse()?),
            _ => return Err(KeyError),
        };
        if parts.next().is_some() { Err(KeyError) } else { Ok(key) }
    }
}

/// A key has one spelling: the A-label form.
fn canonical_domain(text: &str) -> Result<Domain, KeyError> {
    text.parse::<Domain>().ok().filter(|domain| domain.as_ascii() == text).ok_or(KeyError)
}

impl Object {
    /// The key this object must stand under.
    pub fn key(&self) -> Key {
        match self {
            Self::Installation(_) => Key::Installation,
            Self::Tenant(tenant) => Key::Tenant(tenant.id),
            Self::Domain(domain) => Key::Domain(domain.name.clone()),
            Self::Recipients(shard) => Key::Recipients(shard.domain.clone(), shard.prefix),
            Self::List(shard) => Key::List(shard.scope.clone(), shard.prefix),
        }
    }
}

/// Text forms as serde values: one spelling each, parsed strictly.
macro_rules! serde_by_text {
    ($($name:ty),*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}
serde_by_text!(ShardPrefix, ListScope, Key);

/// Sixteen raw bytes as base64 on the wire.
macro_rules! serde_by_base64 {
    ($($name:ident),*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&URL_SAFE_NO_PAD.encode(self.0))
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                let bytes = URL_SAFE_NO_PAD.decode(text.as_bytes()).map_err(serde::de::Error::custom)?;
                bytes.try_into().map(Self).map_err(|_| serde::de::Error::custom("expected sixteen bytes"))
            }
        }
    )*};
}
serde_by_base64!(HashKey, RecipientHash);

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashKey(…)")
    }
}

impl fmt::Debug for HashSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HashSet({})", self.0.len())
    }
}

impl Serialize for HashSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes: Vec<u8> = self.0.iter().flat_map(|hash| hash.0).collect();
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl<'de> Deserialize<'de> for HashSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let bytes = URL_SAFE_NO_PAD.decode(text.as_bytes()).map_err(serde::de::Error::custom)?;
        let (hashes, rest) = bytes.as_chunks::<16>();
        let hashes: Vec<_> = hashes.iter().copied().map(RecipientHash).collect();
        if !rest.is_empty() || !hashes.is_sorted_by(|a, b| a < b) {
            return Err(serde::de::Error::custom("expected sorted, distinct hashes of sixteen bytes"));
        }
        Ok(Self(hashes))
    }
}
