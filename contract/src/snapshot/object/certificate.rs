//! A TLS certificate, and the key that goes with it, sealed.

use serde::{Deserialize, Serialize};

use crate::{
    Id, ids,
    snapshot::{hash::Hash, pool_key::Sealed},
};

/// What a worker shows to senders by SNI, and to next hops whose route names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    pub id: Id<ids::Certificate>,
    /// Whose it is: it is shown only for names within that tenant's active domains. None: the installation's, for any name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Id<ids::Tenant>>,
    /// DNS names it bears, A-labels in lower case; `*.example.com` is a wildcard of one label.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// PEM, the leaf first.
    pub chain: String,
    /// The private key, DER (PKCS #8, PKCS #1 or SEC 1), under [`Certificate::context`].
    pub key: Sealed,
}

impl Certificate {
    /// What a key is sealed for: another certificate's sealed key does not open in its place.
    pub fn context(id: Id<ids::Certificate>, chain: &str) -> String {
        format!("certificate/{id}/{}", Hash::of(chain.as_bytes()))
    }
}
