//! Whom a worker believes: the TLS key and the root key that its join token names.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::{
    snapshot::hash::Hash,
    worker_api::{JOIN_TOKEN_PREFIX, JoinToken},
};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};

/// What is wrong with a join token. Never shows the token.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    #[error("no join token: set worker.join_token or worker.join_token_file")]
    Missing,
    #[error("the join token does not begin with {JOIN_TOKEN_PREFIX}")]
    Prefix,
    #[error("the join token cannot be read; was it copied whole?")]
    Malformed,
}

pub(crate) fn read_join_token(text: &str) -> Result<JoinToken, JoinError> {
    let body = text.trim().strip_prefix(JOIN_TOKEN_PREFIX).ok_or(JoinError::Prefix)?;
    let json = URL_SAFE_NO_PAD.decode(body).map_err(|_| JoinError::Malformed)?;
    serde_json::from_slice(&json).map_err(|_| JoinError::Malformed)
}

/// TLS towards the control plane: exactly the pinned key, or the public authorities where none is pinned.
pub(crate) fn client_config(pinned: Option<Hash>) -> Result<ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let algorithms = provider.signature_verification_algorithms;
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let config = match pinned {
        Some(pinned) => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(PinnedKey { pinned, algorithms }))
            .with_no_client_auth(),
        None => builder
            .with_root_certificates(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() })
            .with_no_client_auth(),
    };
    Ok(config)
}

/// One key is right, whatever name or date its certificate bears: the token was made for it.
#[derive(Debug)]
struct PinnedKey {
    pinned: Hash,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for PinnedKey {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match spki_sha256(leaf) {
            Some(hash) if hash == self.pinned => Ok(ServerCertVerified::assertion()),
            _ => Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure)),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// SHA-256 of a certificate's `SubjectPublicKeyInfo`.
pub(crate) fn spki_sha256(certificate: &CertificateDer<'_>) -> Option<Hash> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    Some(Hash::of(parsed.public_key().raw))
}
