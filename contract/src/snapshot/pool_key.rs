//! The key of a pool: what it seals stands in objects that anybody may carry, and only the pool's workers read.
//!
//! AES-256-GCM-SIV (RFC 8452) with a fixed nonce under a key derived by HKDF: deterministic, so that the same rows make the
//! same objects on whichever replica. All that it gives away is that two sealed values are equal.

use std::collections::BTreeMap;

use aws_lc_rs::{
    aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf::{HKDF_SHA256, Prk},
};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// One version of a pool's key.
#[derive(Clone)]
pub struct PoolKey {
    version: u32,
    key: Zeroizing<[u8; 32]>,
}

/// What was sealed, and by which version of the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sealed {
    pub key_version: u32,
    /// base64.
    pub octets: String,
}

/// Why a sealed value does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    #[error("sealed with version {0} of the pool's key, which is not known here")]
    UnknownVersion(u32),
    #[error("the sealed value was changed, or is another's")]
    Changed,
}

const LABEL: &[u8] = b"postern pool objects";

impl PoolKey {
    pub const fn new(version: u32, key: Zeroizing<[u8; 32]>) -> Self {
        Self { version, key }
    }

    pub const fn version(&self) -> u32 {
        self.version
    }

    /// What is wrapped for a worker.
    pub fn octets(&self) -> &[u8] {
        &*self.key
    }

    /// `context` must be known again to open it.
    pub fn seal(&self, context: &str, secret: &[u8]) -> Sealed {
        let mut octets = secret.to_vec();
        self.cipher()
            .seal_in_place_append_tag(nonce(), Aad::from(context.as_bytes()), &mut octets)
            .expect("AES-GCM-SIV takes anything shorter than 64 GiB");
        Sealed { key_version: self.version, octets: STANDARD_NO_PAD.encode(octets) }
    }

    fn open(&self, context: &str, octets: &str) -> Option<Zeroizing<Vec<u8>>> {
        let mut octets = Zeroizing::new(STANDARD_NO_PAD.decode(octets).ok()?);
        let opened = self.cipher().open_in_place(nonce(), Aad::from(context.as_bytes()), &mut octets).ok()?.len();
        octets.truncate(opened);
        Some(octets)
    }

    fn cipher(&self) -> LessSafeKey {
        // Uniformly random already: expansion alone makes a key for this one purpose (RFC 5869 §3.3).
        let mut key = Zeroizing::new([0; 32]);
        Prk::new_less_safe(HKDF_SHA256, &*self.key)
            .expand(&[LABEL], HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut *key))
            .expect("32 octets are within what HKDF can give");
        LessSafeKey::new(UnboundKey::new(&AES_256_GCM_SIV, &*key).expect("AES-256 takes 32 octets"))
    }
}

fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

impl std::fmt::Debug for PoolKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PoolKey").field("version", &self.version).finish_non_exhaustive()
    }
}

/// The versions that are known.
#[derive(Debug, Clone, Default)]
pub struct PoolKeys(BTreeMap<u32, PoolKey>);

impl PoolKeys {
    pub fn knows(&self, version: u32) -> bool {
        self.0.contains_key(&version)
    }

    pub fn open(&self, context: &str, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let key = self.0.get(&sealed.key_version).ok_or(OpenError::UnknownVersion(sealed.key_version))?;
        key.open(context, &sealed.octets).ok_or(OpenError::Changed)
    }
}

impl FromIterator<PoolKey> for PoolKeys {
    fn from_iter<I: IntoIterator<Item = PoolKey>>(keys: I) -> Self {
        Self(keys.into_iter().map(|key| (key.version, key)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(version: u32, octet: u8) -> PoolKey {
        PoolKey::new(version, Zeroizing::new([octet; 32]))
    }

    #[test]
    fn what_is_sealed_opens_whole_for_its_context_and_with_its_version_only() {
        let keys: PoolKeys = [key(1, 7), key(2, 8)].into_iter().collect();
        let sealed = key(2, 8).seal("a", b"secret");
        assert_eq!(&**keys.open("a", &sealed).unwrap(), b"secret");
        assert_eq!(keys.open("b", &sealed), Err(OpenError::Changed));
        assert_eq!(keys.open("a", &Sealed { key_version: 1, ..sealed.clone() }), Err(OpenError::Changed));
        assert_eq!(keys.open("a", &Sealed { key_version: 3, ..sealed.clone() }), Err(OpenError::UnknownVersion(3)));
        let octets = STANDARD_NO_PAD.decode(&sealed.octets).unwrap();
        for at in 0..octets.len() {
            let mut bent = octets.clone();
            bent[at] ^= 1;
            for octets in [&bent[..], &octets[..at]] {
                let octets = STANDARD_NO_PAD.encode(octets);
                assert_eq!(keys.open("a", &Sealed { octets, ..sealed.clone() }), Err(OpenError::Changed), "at {at}");
            }
        }
        assert_eq!(keys.open("a", &Sealed { octets: "?".to_owned(), ..sealed }), Err(OpenError::Changed));
    }

    #[test]
    fn the_same_secret_makes_the_same_octets_and_another_context_makes_others() {
        assert_eq!(key(1, 7).seal("a", b"secret"), key(1, 7).seal("a", b"secret"));
        assert_ne!(key(1, 7).seal("a", b"secret"), key(1, 7).seal("b", b"secret"));
        assert_ne!(key(1, 7).seal("a", b"secret"), key(2, 8).seal("a", b"secret"));
    }

    #[test]
    fn a_key_is_never_printed() {
        assert_eq!(format!("{:?}", key(1, 7)), "PoolKey { version: 1, .. }");
    }
}
