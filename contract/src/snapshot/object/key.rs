//! Where objects stand in the tree, and which part of a set a shard holds.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Id, ids, mail::Domain};

/// Where an object stands in the tree. The text form is the tree's key:
/// `installation`, `tenant/ten_…`, `domain/example.com`, `recipients/example.com/011`, `aliases/example.com/-`, `list/ten_…/-`,
/// `certificate/crt_…`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    Installation,
    Tenant(Id<ids::Tenant>),
    Domain(Domain),
    Recipients(Domain, ShardPrefix),
    Aliases(Domain, ShardPrefix),
    List(ListScope, ShardPrefix),
    Certificate(Id<ids::Certificate>),
    Route(Id<ids::Route>),
}

/// Whose list a shard belongs to. Entries for single recipients stand in their domain's list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ListScope {
    Installation,
    Tenant(Id<ids::Tenant>),
    Domain(Domain),
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
            Self::Aliases(domain, prefix) => write!(f, "aliases/{}/{prefix}", domain.as_ascii()),
            Self::List(scope, prefix) => write!(f, "list/{scope}/{prefix}"),
            Self::Certificate(id) => write!(f, "certificate/{id}"),
            Self::Route(id) => write!(f, "route/{id}"),
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
            (Some("certificate"), Some(id), None) => Self::Certificate(id.parse().map_err(|_| KeyError)?),
            (Some("route"), Some(id), None) => Self::Route(id.parse().map_err(|_| KeyError)?),
            (Some("domain"), Some(domain), None) => Self::Domain(canonical_domain(domain)?),
            (Some("recipients"), Some(domain), Some(prefix)) => {
                Self::Recipients(canonical_domain(domain)?, prefix.parse()?)
            }
            (Some("aliases"), Some(domain), Some(prefix)) => Self::Aliases(canonical_domain(domain)?, prefix.parse()?),
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
