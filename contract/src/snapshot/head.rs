//! The head: the one thing that is signed, and signs everything below it. And the list of keys that may sign one.

use serde::{Deserialize, Serialize};

use super::hash::Hash;
use crate::{
    Id, Micros, ids,
    worker_api::{HeadVersion, Ring},
};

/// The longest head or key list, in octets.
pub const MAX_JWS_BYTES: usize = 16 * 1024;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    pub installation: Id<ids::Installation>,
    pub pool: Id<ids::Pool>,
    pub ring: Ring,
    pub epoch: u64,
    pub version: u64,
    pub issued_at: Micros,
    pub expires_at: Micros,
    /// Schema of the objects.
    pub schema: u16,
    /// The tree's top node.
    pub root: Hash,
    pub totals: Totals,
    /// The lowest totals that audited deletions of the last seven days explain; absent where there were none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lowest_totals: Option<Totals>,
    /// Given back to a worker that asked with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
}

impl Head {
    pub const fn at(&self) -> HeadVersion {
        HeadVersion { epoch: self.epoch, version: self.version }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    pub tenants: u32,
    pub domains: u32,
}

/// Signed by the root key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyList {
    pub installation: Id<ids::Installation>,
    /// Raised with the root key.
    pub epoch: u64,
    pub issued_at: Micros,
    pub keys: Vec<SnapshotKey>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotKey {
    pub kid: String,
    /// Ed25519, raw 32 octets, base64url.
    pub public_key: String,
}
