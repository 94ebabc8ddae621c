//! The keys of snapshots: the root key signs the list of snapshot keys, the current snapshot key signs heads.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::{
    Id, Micros,
    audit::{AuditCheckpoint, AuditRoot},
    ids,
    snapshot::{
        head::{Head, KeyList, SnapshotKey},
        seal::{SealError, SigningKey},
    },
    worker_api::PoolKeyList,
};

use crate::{
    db::{Db, StoreError},
    keys::{self, KeySet, Use},
    vault::Vault,
};

#[derive(Debug)]
pub struct Signing {
    /// Raw; its hash stands in join tokens.
    pub root_public: [u8; 32],
    /// Compact JWS under the root key.
    pub key_list: String,
    root: SigningKey,
    snapshot: SigningKey,
}

impl Signing {
    pub async fn open(
        db: &Db,
        vault: &Vault,
        installation: Id<ids::Installation>,
        epoch: i64,
        now: Micros,
    ) -> Result<Self, StoreError> {
        let root = keys::load_or_make(db, vault, Use::Root).await?;
        let snapshot = keys::load_or_make(db, vault, Use::Snapshot).await?;
        let key_list = key_list(&root, &snapshot, installation, epoch, now).map_err(StoreError::corrupt("root key"))?;
        Ok(Self {
            root_public: root.current.public,
            key_list,
            root: SigningKey::new(&*root.current.id, &root.current.pkcs8),
            snapshot: SigningKey::new(&*snapshot.current.id, &snapshot.current.pkcs8),
        })
    }

    pub(crate) fn pool_keys(&self, keys: &PoolKeyList) -> Result<String, SealError> {
        self.root.seal_pool_keys(keys)
    }

    pub(crate) fn audit_root(&self, root: &AuditRoot) -> Result<String, SealError> {
        self.snapshot.seal_audit_root(root)
    }

    pub(crate) fn audit_checkpoint(&self, checkpoint: &AuditCheckpoint) -> Result<String, SealError> {
        self.snapshot.seal_audit_checkpoint(checkpoint)
    }

    pub(super) fn head(&self, head: &Head) -> Result<String, SealError> {
        self.snapshot.seal_head(head)
    }

    /// A stored head again, for a worker that asked with a nonce.
    pub(super) fn for_nonce(&self, jws: &str, nonce: &str) -> Result<String, StoredHeadError> {
        Ok(self.head(&Head { nonce: Some(nonce.to_owned()), ..claims(jws)? })?)
    }
}

/// What a stored head says.
pub(super) fn claims(jws: &str) -> Result<Head, StoredHeadError> {
    let claims = jws.split('.').nth(1).ok_or(StoredHeadError::Form)?;
    let claims = URL_SAFE_NO_PAD.decode(claims).map_err(|_| StoredHeadError::Form)?;
    serde_json::from_slice(&claims).map_err(|_| StoredHeadError::Form)
}

#[derive(Debug, thiserror::Error)]
pub(super) enum StoredHeadError {
    #[error("the stored head cannot be read")]
    Form,
    #[error(transparent)]
    Seal(#[from] SealError),
}

fn key_list(
    root: &KeySet,
    snapshot: &KeySet,
    installation: Id<ids::Installation>,
    epoch: i64,
    now: Micros,
) -> Result<String, SealError> {
    let keys = std::iter::once(&snapshot.current)
        .chain(&snapshot.previous)
        .map(|key| SnapshotKey { kid: key.id.clone(), public_key: URL_SAFE_NO_PAD.encode(key.public) });
    let list = KeyList { installation, epoch: u64::try_from(epoch).unwrap_or(0), issued_at: now, keys: keys.collect() };
    SigningKey::new(&*root.current.id, &root.current.pkcs8).seal_keys(&list)
}
