//! The bodies of the worker API, under `/worker/v1`. Workers call, the control plane answers.
//!
//! `POST enrol` · `POST token` · `GET head` · `POST objects` · `GET packs/{top}` · `GET changes` · `POST events` ·
//! `POST status` · `GET errands` · `POST errands/{id}` · `POST pool-keys`. Errors are RFC 9457 problems. Times are [`Micros`].

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Micros, ids, snapshot::hash::Hash};

/// `Authorization: Bearer` of every call but `enrol` and `token`.
pub const TOKEN_PREFIX: &str = "pwt_";
/// What a join token begins with.
pub const JOIN_TOKEN_PREFIX: &str = "pjt_";
/// Octets of a worker's nonce, base64url: 16 of them are chance.
pub const NONCE_CHARS: std::ops::RangeInclusive<usize> = 22..=64;
/// Names asked for in one `POST objects`.
pub const MAX_OBJECT_NAMES: usize = 10_000;
/// Where an answer of `POST objects` stops; what is missing is asked for again.
pub const MAX_OBJECTS_BYTES: usize = 4 * 1024 * 1024;
/// The largest subtree that is given as one pack, in octets of its nodes and objects. What is larger is asked for by its
/// parts.
pub const MAX_PACK_BYTES: u64 = 1024 * 1024;
/// The largest batch of events, uncompressed.
pub const MAX_BATCH_BYTES: usize = 4 * 1024 * 1024;
/// `typ` of the assertion a worker signs to get a token.
pub const ASSERTION_TYPE: &str = "postern-worker-assertion+jwt";
/// `typ` of the signed list of snapshot keys.
pub const KEYS_TYPE: &str = "postern-keys+jwt";
/// `typ` of the keys of a pool, wrapped for one worker.
pub const POOL_KEYS_TYPE: &str = "postern-pool-keys+jwt";
/// `info` of the HPKE context (RFC 9180 §5.1) that wraps a pool's key: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM,
/// base mode. Who sent it follows from the root key's signature.
pub const POOL_KEY_INFO: &[u8] = b"postern pool key";
/// Versions of a pool's key that one list holds at most: the newest.
pub const MAX_POOL_KEYS: usize = 16;
/// `typ` of a head.
pub const HEAD_TYPE: &str = "postern-head+jwt";

/// What a join token says besides its secret. `pjt_` + base64url(JSON of this), so that a worker needs nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JoinToken {
    /// Which token, so that it is found without a search over hashes.
    pub id: ids::JoinTokenId,
    /// 32 random bytes, base64url; stored hashed.
    pub secret: String,
    /// SHA-256 of the root public key (raw 32 bytes): nobody trusts on first use.
    pub root_sha256: Hash,
    /// SHA-256 of the control plane's TLS `SubjectPublicKeyInfo`, unless a public CA vouches for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_spki_sha256: Option<Hash>,
}

#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Enrol {
    /// The join token as it was handed out.
    pub join_token: String,
    /// For people: a host name, say.
    #[schema(max_length = 253)]
    pub name: String,
    /// Ed25519, raw 32 bytes, base64url; the private half never leaves the worker's memory.
    pub public_key: String,
    pub software_version: String,
    /// Snapshot schemas it can read.
    pub snapshot_schemas: Vec<u16>,
    /// Event schemas it can write.
    pub event_schemas: Vec<u16>,
}

#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Enrolled {
    pub worker: ids::WorkerId,
    pub installation: ids::InstallationId,
    pub pool: ids::PoolId,
    pub ring: Ring,
    /// Ed25519, raw, base64url; its hash is in the join token.
    pub root_public_key: String,
    /// Compact JWS under the root key: the keys that may sign heads.
    pub keys: String,
    /// `aud` of the assertions this worker signs.
    pub audience: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ring {
    Stable,
    Canary,
}

impl Ring {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Canary => "canary",
        }
    }
}

/// Claims of an assertion. Signed with the key given at enrolment; good for one minute and once.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assertion {
    pub iss: ids::WorkerId,
    pub aud: String,
    /// 16 random bytes, base64url.
    pub jti: String,
    /// Seconds.
    pub iat: i64,
    /// Seconds; at most 60 after `iat`.
    pub exp: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenRequest {
    /// Compact JWS, `typ` `postern-worker-assertion+jwt`.
    pub assertion: String,
}

#[derive(Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TokenGrant {
    /// Opaque.
    pub access_token: String,
    pub expires_in_s: u32,
    /// The keys list again: snapshot keys rotate without a new enrolment.
    pub keys: String,
    /// The control plane's clock, so that a worker can report its skew.
    pub now: Micros,
}

impl std::fmt::Debug for TokenGrant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenGrant").field("expires_in_s", &self.expires_in_s).finish_non_exhaustive()
    }
}

/// Nodes and objects by name. The answer is `application/octet-stream`: for each, in the order asked, 32 bytes hash,
/// 4 bytes big-endian length, the bytes; it may stop early at [`MAX_OBJECTS_BYTES`]. One that is not kept any more is
/// 404 for the whole call, and the worker starts over from the newest head.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectsRequest {
    #[schema(max_items = 10_000)]
    pub names: Vec<Hash>,
}

/// Asks for the keys of the worker's pool.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PoolKeysRequest {
    /// X25519, raw 32 bytes, base64url; made for this call.
    #[schema(max_length = 64)]
    pub public_key: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WrappedPoolKeys {
    /// Compact JWS under the root key, `typ` `postern-pool-keys+jwt`.
    pub keys: String,
}

/// The keys of a pool, wrapped for one call of one worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolKeyList {
    pub installation: ids::InstallationId,
    pub pool: ids::PoolId,
    pub worker: ids::WorkerId,
    /// What the worker asked with: an answer to another call is none to this one.
    pub public_key: String,
    pub issued_at: Micros,
    pub keys: Vec<WrappedPoolKey>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrappedPoolKey {
    pub version: u32,
    /// HPKE's encapsulated secret, base64url.
    pub encapsulated: String,
    /// The key under HPKE, base64url; its associated data is [`WrappedPoolKey::associated_data`].
    pub wrapped: String,
}

impl WrappedPoolKey {
    /// Binds a wrapped key to its pool and version.
    pub fn associated_data(pool: ids::PoolId, version: u32) -> String {
        format!("{pool}/{version}")
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EventsAck {
    /// The next number expected; what is below it is stored.
    pub next_seq: u64,
    /// When the next batch may come.
    pub next_in_ms: u32,
}

/// Sent every few seconds, and at once after a head was taken or refused. Fields that are not known are passed over: what a
/// newer worker says beside it is no reason to lose sight of it.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Status {
    pub stream: Uuid,
    pub running: Option<HeadVersion>,
    /// The newest head that was refused, with the refusal's name.
    pub refused: Option<RefusedHead>,
    /// Parts of the running snapshot that could not be taken; their last good state is used.
    pub errors: Vec<PartError>,
    pub totals: Totals,
    pub sessions: u32,
    pub ready: bool,
    /// The worker's clock.
    pub now: Micros,
    /// It fetches errands. Said only to a control plane whose [`StatusAck::takes_reports_of_hops`] is true, as are `hops`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub takes_errands: bool,
    /// How next hops fare that this worker had to do with since its last report was noted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 200)]
    pub hops: Vec<HopHealth>,
    /// It was told to drain: whoever comes hears 421, and sessions end after their transaction. Said only to a control plane
    /// whose [`StatusAck::passes_over_unknown`] is true, as is `load`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub draining: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<Load>,
}

/// What a worker holds now, against what it may hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Load {
    /// SMTP sessions it takes at most.
    pub max_sessions: u32,
    /// Octets of messages in memory and in scratch files.
    pub message_bytes: u64,
    /// The most of them (`delivery.budget_bytes`).
    pub max_message_bytes: u64,
    /// Octets of events that the control plane has not taken yet.
    pub event_bytes: u64,
    /// The most of them (`events.buffer_bytes`); beyond that the trace has a gap.
    pub max_event_bytes: u64,
}

/// Hops in one report; the others come with the next ones.
pub const MAX_HOPS_IN_STATUS: usize = 200;

/// One next hop as a worker has met it on one route. Numbers count since the worker started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HopHealth {
    pub route: ids::RouteId,
    #[schema(max_length = 253)]
    pub host: String,
    pub port: u16,
    /// Level of TLS: `none`, `opportunistic`, `required`, `verified`.
    #[schema(max_length = 20)]
    pub tls: String,
    /// Connections that came as far as EHLO.
    pub connected: u64,
    /// Tries that came to none.
    pub failed: u64,
    pub last_connected_at: Option<Micros>,
    pub last_failed_at: Option<Micros>,
    /// Why the last try came to none; never what the other side said where that was no SMTP.
    #[schema(max_length = 200)]
    pub last_error: Option<String>,
    /// It failed again and again, and is left alone until then. In the past: it was, and has not worked since.
    pub rests_until: Option<Micros>,
    /// From the first octet to EHLO's answer, the last time, in milliseconds.
    pub connect_ms: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HeadVersion {
    pub epoch: u64,
    pub version: u64,
}

impl std::fmt::Display for HeadVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.epoch, self.version)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected epoch.version, two decimal numbers")]
pub struct HeadVersionError;

impl std::str::FromStr for HeadVersion {
    type Err = HeadVersionError;

    fn from_str(text: &str) -> Result<Self, HeadVersionError> {
        let (epoch, version) = text.split_once('.').ok_or(HeadVersionError)?;
        let number = |digits: &str| digits.parse::<u64>().map_err(|_| HeadVersionError);
        Ok(Self { epoch: number(epoch)?, version: number(version)? })
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RefusedHead {
    /// None when the head was not readable at all.
    pub version: Option<HeadVersion>,
    /// `expired`, `rolled_back`, `forked`, … (docs/operations).
    pub refusal: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PartError {
    /// The tree's key of the object.
    pub key: String,
    pub tenant: Option<ids::TenantId>,
    /// JSON pointer into the object, empty for the whole.
    pub pointer: String,
    pub message: String,
}

/// Since the worker started; they make the size of a gap known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Totals {
    /// Transactions that the stream is about so far, sent or not.
    pub events: u64,
    pub accepted: u64,
    pub refused: u64,
    pub deferred: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StatusAck {
    /// How long until the next one, unless something changes.
    pub next_in_ms: u32,
    /// Workers of the pool that were seen lately, this one among them: limits of the pool are shared by so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live_workers: Option<u32>,
    /// Reports may have `hops` and `takes_errands`, and there is `GET errands`. An older control plane refuses all three.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub takes_reports_of_hops: bool,
    /// Fields of a report that are not known are passed over. An older control plane refuses the report.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub passes_over_unknown: bool,
    /// Take no new sessions and end those that are there after their transaction, until this is false again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drain: bool,
}
