//! Whose signature counts: the root key that the join token names, and the snapshot keys that it names.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, errors::ErrorKind};
use serde::de::DeserializeOwned;

use super::Refusal;
use crate::{
    Id,
    audit::{AuditCheckpoint, AuditRoot, CHECKPOINT_TYPE, ROOT_TYPE},
    ids,
    snapshot::{
        hash::Hash,
        head::{KeyList, MAX_JWS_BYTES},
    },
    worker_api::{KEYS_TYPE, POOL_KEYS_TYPE, PoolKeyList},
};

/// The keys that may sign heads of one installation.
#[derive(Clone)]
pub struct TrustedKeys {
    installation: Id<ids::Installation>,
    epoch: u64,
    by_kid: BTreeMap<String, DecodingKey>,
}

impl TrustedKeys {
    /// Checks the chain: pinned hash → root key → list. `root` is the raw public key, base64url.
    pub fn open(pinned: Hash, root: &str, list: &str) -> Result<Self, Refusal> {
        let root = public_key(root)?;
        if Hash::of(&root) != pinned {
            return Err(Refusal::WrongKey);
        }
        let (_, list): (_, KeyList) = read_jws(list, KEYS_TYPE, |_| Some(DecodingKey::from_ed_der(&root)))?;
        let by_kid = list
            .keys
            .iter()
            .map(|key| Ok((key.kid.clone(), DecodingKey::from_ed_der(&public_key(&key.public_key)?))))
            .collect::<Result<BTreeMap<_, _>, Refusal>>()?;
        Ok(Self { installation: list.installation, epoch: list.epoch, by_kid })
    }

    pub const fn installation(&self) -> Id<ids::Installation> {
        self.installation
    }

    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// What the audit log is said to be, if one of these keys signed it.
    pub fn audit_root(&self, jws: &str) -> Result<AuditRoot, Refusal> {
        self.read(jws, ROOT_TYPE)
    }

    pub fn audit_checkpoint(&self, jws: &str) -> Result<AuditCheckpoint, Refusal> {
        self.read(jws, CHECKPOINT_TYPE)
    }

    pub(super) fn read<T: DeserializeOwned>(&self, jws: &str, typ: &str) -> Result<T, Refusal> {
        read_jws(jws, typ, |kid| self.by_kid.get(kid).cloned()).map(|(_, claims)| claims)
    }
}

impl std::fmt::Debug for TrustedKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TrustedKeys")
            .field("installation", &self.installation)
            .field("epoch", &self.epoch)
            .field("kids", &self.by_kid.keys().collect::<Vec<_>>())
            .finish()
    }
}

/// What the root key says the keys of a pool are: for whom they are wrapped is the caller's to compare.
pub fn open_pool_keys(pinned: Hash, root: &str, list: &str) -> Result<PoolKeyList, Refusal> {
    let root = public_key(root)?;
    if Hash::of(&root) != pinned {
        return Err(Refusal::WrongKey);
    }
    read_jws(list, POOL_KEYS_TYPE, |_| Some(DecodingKey::from_ed_der(&root))).map(|(_, list)| list)
}

fn public_key(text: &str) -> Result<Vec<u8>, Refusal> {
    let key = URL_SAFE_NO_PAD.decode(text).map_err(|_| Refusal::Malformed)?;
    if key.len() == 32 { Ok(key) } else { Err(Refusal::Malformed) }
}

/// `EdDSA` only, this type only, and by a key that `key_of` knows.
fn read_jws<T: DeserializeOwned>(
    jws: &str,
    typ: &str,
    key_of: impl FnOnce(&str) -> Option<DecodingKey>,
) -> Result<(String, T), Refusal> {
    if jws.len() > MAX_JWS_BYTES {
        return Err(Refusal::Oversize);
    }
    let header = decode_header(jws).map_err(|_| Refusal::Malformed)?;
    if header.alg != Algorithm::EdDSA || header.typ.as_deref() != Some(typ) {
        return Err(Refusal::WrongKey);
    }
    let kid = header.kid.ok_or(Refusal::Malformed)?;
    let key = key_of(&kid).ok_or(Refusal::WrongKey)?;
    // Times, audience and issuer are ours to check: they are more than JWT's claims say.
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let token = decode::<T>(jws, &key, &validation).map_err(|error| match error.kind() {
        ErrorKind::InvalidSignature => Refusal::BadSignature,
        ErrorKind::InvalidAlgorithm => Refusal::WrongKey,
        _ => Refusal::Malformed,
    })?;
    Ok((kid, token.claims))
}
