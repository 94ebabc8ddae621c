//! A certification authority that nobody outside trusts, and the certificates it signs, good and bad.

use std::sync::Arc;

use contract::Micros;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PublicKeyData, date_time_ymd,
};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    server::WebPkiClientVerifier,
};
use sha2::{Digest, Sha256};

/// An authority; clones are the same one.
#[derive(Clone)]
pub struct Ca(Arc<CertifiedIssuer<'static, KeyPair>>);

/// A certificate for a server, with its key.
#[derive(Debug, Clone)]
pub struct Certificate {
    chain_der: Vec<CertificateDer<'static>>,
    cert_pem: String,
    key_pem: String,
    key_der: Vec<u8>,
    spki_sha256: [u8; 32],
}

impl Default for Ca {
    fn default() -> Self {
        Self::new()
    }
}

impl Ca {
    pub fn new() -> Self {
        Self::named("Pretend CA")
    }

    pub fn named(name: &str) -> Self {
        let key = KeyPair::generate().expect("a P-256 key can always be made");
        let issuer = CertifiedIssuer::self_signed(authority(name), key).expect("the parameters are our own");
        Self(Arc::new(issuer))
    }

    /// A certificate that is valid for these names and addresses.
    pub fn issue(&self, names: &[&str]) -> Certificate {
        self.sign(&params(names))
    }

    /// One whose time ran out long ago.
    pub fn issue_expired(&self, names: &[&str]) -> Certificate {
        let mut params = params(names);
        params.not_before = date_time_ymd(1999, 1, 1);
        params.not_after = date_time_ymd(2000, 1, 1);
        self.sign(&params)
    }

    /// One that is valid between these two times.
    pub fn issue_between(&self, names: &[&str], not_before: Micros, not_after: Micros) -> Certificate {
        let time = |at: Micros| date_time_ymd(1970, 1, 1) + Micros::since(at, Micros::EPOCH);
        let mut params = params(names);
        (params.not_before, params.not_after) = (time(not_before), time(not_after));
        self.sign(&params)
    }

    /// One that a client shows; its name is no host's.
    pub fn issue_client(&self, name: &str) -> Certificate {
        let mut params = params(&[]);
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(&params)
    }

    /// An authority that this one vouches for.
    #[must_use]
    pub fn intermediate(&self, name: &str) -> Self {
        let key = KeyPair::generate().expect("a P-256 key can always be made");
        let issuer = CertifiedIssuer::signed_by(authority(name), key, &*self.0).expect("the parameters are our own");
        Self(Arc::new(issuer))
    }

    fn sign(&self, params: &CertificateParams) -> Certificate {
        let key = KeyPair::generate().expect("a P-256 key can always be made");
        let issuer = &*self.0;
        let certificate = params.signed_by(&key, issuer).expect("the parameters are our own");
        Certificate::of(&certificate, &key, &issuer.pem())
    }

    pub fn pem(&self) -> String {
        self.0.pem()
    }

    pub fn der(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    /// A store that trusts this authority only.
    pub fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.der()).expect("our own certificate is well-formed");
        roots
    }
}

impl std::fmt::Debug for Ca {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ca")
    }
}

impl Certificate {
    /// A certificate that signed itself.
    pub fn self_signed(names: &[&str]) -> Self {
        let key = KeyPair::generate().expect("a P-256 key can always be made");
        let certificate = params(names).self_signed(&key).expect("the parameters are our own");
        Self::of(&certificate, &key, "")
    }

    fn of(certificate: &rcgen::Certificate, key: &KeyPair, issuer_pem: &str) -> Self {
        Self {
            chain_der: vec![certificate.der().clone()],
            cert_pem: certificate.pem() + issuer_pem,
            key_pem: key.serialize_pem(),
            key_der: key.serialize_der(),
            spki_sha256: Sha256::digest(key.subject_public_key_info()).into(),
        }
    }

    /// The certificate and its issuer's, PEM.
    pub fn pem(&self) -> &str {
        &self.cert_pem
    }

    /// The certificate alone, PEM.
    pub fn leaf_pem(&self) -> &str {
        const END: &str = "-----END CERTIFICATE-----";
        self.cert_pem.split_inclusive(END).next().unwrap_or_default()
    }

    pub fn key_pem(&self) -> &str {
        &self.key_pem
    }

    pub fn der(&self) -> &CertificateDer<'static> {
        &self.chain_der[0]
    }

    /// SHA-256 of the `SubjectPublicKeyInfo`, as pins name it.
    pub fn spki_sha256(&self) -> [u8; 32] {
        self.spki_sha256
    }

    /// The same, of a server that serves only clients which show a certificate of this authority.
    pub fn server_config_for_clients_of(&self, authority: &Ca) -> Arc<ServerConfig> {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.key_der.clone()));
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(authority.roots()), provider())
            .build()
            .expect("there is an authority");
        let config =
            ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().and_then(|builder| {
                builder.with_client_cert_verifier(verifier).with_single_cert(self.chain_der.clone(), key)
            });
        Arc::new(config.expect("certificate and key were made for each other"))
    }

    /// What a server with this certificate is set up with.
    pub fn server_config(&self) -> Arc<ServerConfig> {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.key_der.clone()));
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(self.chain_der.clone(), key));
        Arc::new(config.expect("certificate and key were made for each other"))
    }
}

pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("names of tests are ASCII");
    params.distinguished_name.push(DnType::CommonName, "pretend server");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params
}
