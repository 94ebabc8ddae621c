//! A worker behind somebody who sits between it and the control plane, with a TLS key that it was told to trust.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::{
    snapshot::hash::Hash,
    worker_api::{JOIN_TOKEN_PREFIX, JoinToken},
};
use pretend::proxy::Proxy;

/// The join token, with the TLS key of the proxy in it.
pub(crate) fn pinned_to(join_token: &str, proxy: &Proxy) -> String {
    let body = join_token.strip_prefix(JOIN_TOKEN_PREFIX).expect("a join token");
    let body = URL_SAFE_NO_PAD.decode(body).expect("base64url");
    let mut token: JoinToken = serde_json::from_slice(&body).expect("the inside of a join token");
    token.tls_spki_sha256 = Some(Hash::from_bytes(proxy.spki_sha256));
    let body = serde_json::to_vec(&token).expect("it was JSON before");
    format!("{JOIN_TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode(body))
}
