//! Signing keys (Ed25519): made at first use, sealed under the master key, one current a use.

mod store;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::{Entropy, Micros};
use zeroize::Zeroizing;

use crate::{
    db::{Db, StoreError, System},
    vault::{Purpose, Vault},
};
pub(crate) use store::STATEMENTS;

/// What a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Access tokens of the REST API.
    Access,
    /// The list of snapshot keys.
    Root,
    /// Heads of snapshots.
    Snapshot,
}

impl Use {
    const fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Root => "root",
            Self::Snapshot => "snapshot",
        }
    }
}

/// A key pair.
#[derive(Clone)]
pub struct SigningKey {
    /// First 96 bits of the public key's SHA-256, base64url.
    pub id: String,
    /// PKCS#8 version 1, as `jsonwebtoken` takes it.
    pub pkcs8: Zeroizing<Vec<u8>>,
    pub public: [u8; 32],
    pub created_at: Micros,
}

/// The keys of one use: the current one signs, the others still verify.
#[derive(Debug, Clone)]
pub struct KeySet {
    pub current: SigningKey,
    pub previous: Vec<SigningKey>,
}

impl SigningKey {
    pub fn generate(entropy: &Entropy, now: Micros) -> Self {
        let seed = Zeroizing::new(entropy.bytes::<32>());
        let pair = Ed25519KeyPair::from_seed_unchecked(&*seed).expect("any 32 bytes are a seed (RFC 8032 §5.1.5)");
        let pkcs8 = pair.to_pkcs8v1().expect("a fresh key pair has its private half");
        Self::assemble(Zeroizing::new(pkcs8.as_ref().to_vec()), &pair, now)
    }

    fn assemble(pkcs8: Zeroizing<Vec<u8>>, pair: &Ed25519KeyPair, created_at: Micros) -> Self {
        use sha2::{Digest, Sha256};
        let mut public = [0; 32];
        public.copy_from_slice(pair.public_key().as_ref());
        let id = URL_SAFE_NO_PAD.encode(&Sha256::digest(public)[..12]);
        Self { id, pkcs8, public, created_at }
    }

    fn open(vault: &Vault, sealed: &[u8], created_at: Micros) -> Result<Self, StoreError> {
        let pkcs8 = vault.open(Purpose::SigningKey, sealed).map_err(StoreError::corrupt("signing key"))?;
        let pair = Ed25519KeyPair::from_pkcs8(&pkcs8)
            .map_err(|error| StoreError::corrupt("signing key")(error.to_string()))?;
        Ok(Self::assemble(pkcs8, &pair, created_at))
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The keys of a use; makes the first one where there is none. Safe where several replicas start at once.
pub async fn load_or_make(db: &Db, vault: &Vault, purpose: Use) -> Result<KeySet, StoreError> {
    let system = System::task("keys");
    loop {
        let mut read = db.read(&system).await?;
        let rows = store::all(&mut read, purpose.name()).await?;
        drop(read);
        let mut current = None;
        let mut previous = Vec::new();
        for row in rows {
            let key = SigningKey::open(vault, &row.sealed, row.created_at)?;
            if row.is_current {
                current = Some(key);
            } else {
                previous.push(key);
            }
        }
        if let Some(current) = current {
            return Ok(KeySet { current, previous });
        }
        let mut tx = db.begin(&system).await?;
        let key = SigningKey::generate(tx.entropy(), tx.now());
        let sealed = vault.seal(Purpose::SigningKey, &key.pkcs8);
        match store::insert_current(&mut tx, purpose.name(), &key, &sealed).await {
            Ok(()) => tx.commit().await?,
            // Another replica was faster: take its key.
            Err(StoreError::Unique(_)) => {}
            Err(error) => return Err(error),
        }
    }
}
