//! Whom a test client trusts.

use std::sync::Arc;

use rustls::{
    ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use crate::ca::{Ca, provider};

/// Whom the client trusts.
#[derive(Debug, Clone)]
pub enum Trust {
    /// Any certificate: what is shown is looked at afterwards.
    Anybody,
    /// The same, for a client that knows nothing newer than TLS 1.2.
    AnybodyOverTls12,
    /// What this authority signed, for the right name.
    Authority(Ca),
    /// As these settings say; with the same ones, a session is resumed where the server lets it.
    As(Arc<ClientConfig>),
}

/// Settings that trust whoever it is, and remember sessions.
pub fn anybody() -> Arc<ClientConfig> {
    config(&Trust::Anybody)
}

pub(super) fn config(trust: &Trust) -> Arc<ClientConfig> {
    let versions = match trust {
        Trust::AnybodyOverTls12 => &[&rustls::version::TLS12],
        Trust::Anybody | Trust::Authority(_) | Trust::As(_) => rustls::DEFAULT_VERSIONS,
    };
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(versions)
        .expect("the provider has suites for its versions");
    let config = match trust {
        Trust::As(config) => return Arc::clone(config),
        Trust::Anybody | Trust::AnybodyOverTls12 => {
            let verifier = Arc::new(Anybody(provider()));
            builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()
        }
        Trust::Authority(ca) => builder.with_root_certificates(ca.roots()).with_no_client_auth(),
    };
    Arc::new(config)
}

#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    // Whoever it is, they must hold the key of the certificate they show.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
