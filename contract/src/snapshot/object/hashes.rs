//! Recipients as keyed hashes: what a worker must compare, it need not know.

use std::{fmt, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Sha256;

use crate::mail::LocalPart;

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

/// Sorted recipient hashes; one base64 text on the wire, sixteen bytes each in memory. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct HashSet(Arc<[RecipientHash]>);

impl HashSet {
    pub fn new(mut hashes: Vec<RecipientHash>) -> Self {
        hashes.sort_unstable();
        hashes.dedup();
        Self(hashes.into())
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
        let hashes: Arc<[_]> = hashes.iter().copied().map(RecipientHash).collect();
        if !rest.is_empty() || !hashes.is_sorted_by(|a, b| a < b) {
            return Err(serde::de::Error::custom("expected sorted, distinct hashes of sixteen bytes"));
        }
        Ok(Self(hashes))
    }
}
