//! TLS certificates: shown to senders by SNI, and to next hops whose route names one. `check` says what is wrong with an upload,
//! `names` whose names they bear, `watch` warns before one ends. A private key comes in and never goes out, but sealed to
//! workers.

pub mod api;
mod check;
mod names;
mod store;
mod view;
pub(crate) mod watch;

use contract::{
    Id, Micros, ids,
    snapshot::{object, pool_key::PoolKey},
};
use serde::{Deserialize, Serialize};

use crate::{
    audit::Target,
    db::StoreError,
    vault::{Purpose, Vault},
};
pub use store::find;
pub(crate) use store::{STATEMENTS, Soonest, fingerprints, ids, of_tenants, remove_all, rows, soonest};

/// What a leaf says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// A-labels in lower case; `*.example.com` is a wildcard. None in one that is only for next hops.
    pub names: Vec<String>,
    pub subject: String,
    pub issuer: String,
    /// Hexadecimal.
    pub serial_number: String,
    /// `rsa-2048`, `ecdsa-p256`, `ed25519`, …
    pub key_type: String,
    /// SHA-256 of the leaf, hexadecimal.
    pub fingerprint_sha256: String,
    /// SHA-256 of its `SubjectPublicKeyInfo`, hexadecimal.
    pub spki_sha256: String,
    pub not_before: Micros,
    pub not_after: Micros,
}

#[derive(Debug, Clone)]
pub struct Certificate {
    pub id: Id<ids::Certificate>,
    /// None: the installation's.
    pub tenant: Option<Id<ids::Tenant>>,
    /// PEM, the leaf first.
    pub chain: String,
    pub sealed_key: Vec<u8>,
    pub facts: Facts,
    pub revision: i64,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl Certificate {
    pub(crate) fn change(&self) -> crate::outbox::Change {
        crate::outbox::Change::Certificate(self.id)
    }

    fn target(&self) -> Target {
        let target = Target::new("certificate").id(self.id);
        match self.tenant {
            Some(tenant) => target.of_tenant(tenant),
            None => target,
        }
    }

    /// What workers get. The same row and key make the same octets.
    pub(crate) fn object(&self, vault: &Vault, key: &PoolKey) -> Result<object::Certificate, StoreError> {
        let secret = vault
            .open_with(Purpose::CertificateKey, self.id.uuid().as_bytes(), &self.sealed_key)
            .map_err(StoreError::corrupt("certificates.sealed_key"))?;
        Ok(object::Certificate {
            id: self.id,
            tenant: self.tenant,
            names: self.facts.names.clone(),
            chain: self.chain.clone(),
            key: key.seal(&object::Certificate::context(self.id, &self.chain), &secret),
        })
    }
}
