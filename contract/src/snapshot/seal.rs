//! Signing heads and key lists. The control plane's side; pure.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde::Serialize;

use super::head::{Head, KeyList};
use crate::{
    audit::{AuditCheckpoint, AuditRoot, CHECKPOINT_TYPE, ROOT_TYPE},
    worker_api::{HEAD_TYPE, KEYS_TYPE, POOL_KEYS_TYPE, PoolKeyList},
};

/// A private Ed25519 key and its name.
pub struct SigningKey {
    kid: String,
    key: EncodingKey,
}

/// Why something could not be signed: the key is not an Ed25519 key in PKCS#8.
#[derive(Debug, thiserror::Error)]
#[error("cannot be signed with this key")]
pub struct SealError(#[source] jsonwebtoken::errors::Error);

impl SigningKey {
    /// From PKCS#8 DER.
    pub fn new(kid: impl Into<String>, pkcs8: &[u8]) -> Self {
        Self { kid: kid.into(), key: EncodingKey::from_ed_der(pkcs8) }
    }

    pub fn kid(&self) -> &str {
        &self.kid
    }

    pub fn seal_head(&self, head: &Head) -> Result<String, SealError> {
        self.sign(HEAD_TYPE, head)
    }

    /// Only the root key's signature on a list counts.
    pub fn seal_keys(&self, keys: &KeyList) -> Result<String, SealError> {
        self.sign(KEYS_TYPE, keys)
    }

    /// Only the root key's signature counts here too.
    pub fn seal_pool_keys(&self, keys: &PoolKeyList) -> Result<String, SealError> {
        self.sign(POOL_KEYS_TYPE, keys)
    }

    pub fn seal_audit_root(&self, root: &AuditRoot) -> Result<String, SealError> {
        self.sign(ROOT_TYPE, root)
    }

    pub fn seal_audit_checkpoint(&self, checkpoint: &AuditCheckpoint) -> Result<String, SealError> {
        self.sign(CHECKPOINT_TYPE, checkpoint)
    }

    fn sign<T: Serialize>(&self, typ: &str, claims: &T) -> Result<String, SealError> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(typ.to_owned());
        header.kid = Some(self.kid.clone());
        encode(&header, claims, &self.key).map_err(SealError)
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}
