//! TLS on both sides: the worker's own certificate, and what a route's level demands of a next hop.

use std::{io, path::Path, sync::Arc};

use contract::{
    Micros,
    errand::TlsReport,
    events::Tls,
    snapshot::{
        hash::Hash,
        object::{HopTls, Trust},
    },
};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        ResolvesClientCert, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
};
use x509_parser::extensions::GeneralName;

use super::{client_certificate::Showing, config};
use crate::{control::spki_sha256, index::Showable};

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("smtp.tls_certificate and smtp.tls_key belong together: only one is set")]
    Half,
    #[error("{0} cannot be read")]
    Pem(String, #[source] rustls::pki_types::pem::Error),
    #[error("the certificate does not fit the key, or cannot be used")]
    Unusable(#[source] Error),
    #[error("a self-signed certificate could not be made")]
    SelfSigned(#[source] rcgen::Error),
    #[error("the route's authorities cannot be read")]
    Authorities,
    #[error("the certificate's name cannot be read")]
    ServerName,
}

pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// The listener's own. Self-signed at each start where none is given: senders that do not verify still get TLS.
pub(super) fn own_certificate(
    smtp: &config::Smtp,
    hostname: &str,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
    match (&smtp.tls_certificate, &smtp.tls_key) {
        (Some(chain), Some(key)) => Ok((read_chain(chain)?, read_key(key)?)),
        (None, None) => self_signed(hostname),
        _ => Err(TlsError::Half),
    }
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |error| TlsError::Pem(path.display().to_string(), error);
    CertificateDer::pem_file_iter(path).map_err(failed)?.collect::<Result<_, _>>().map_err(failed)
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| TlsError::Pem(path.display().to_string(), error))
}

fn self_signed(hostname: &str) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
    let made = rcgen::generate_simple_self_signed(vec![hostname.to_owned()]).map_err(TlsError::SelfSigned)?;
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    Ok((vec![made.cert.der().clone()], key))
}

/// How to do TLS with one hop.
#[derive(Debug, Clone)]
pub(crate) struct HopClient {
    pub config: Arc<ClientConfig>,
    pub server_name: ServerName<'static>,
    /// The certificate is verified.
    pub verified: bool,
}

/// None for a hop that never gets STARTTLS. `certificate` is shown where the hop asks for one.
pub(crate) fn hop_client(
    tls: &HopTls,
    host: &str,
    certificate: Option<Arc<Showable>>,
) -> Result<Option<HopClient>, TlsError> {
    let name_of = |name: &str| ServerName::try_from(name.to_owned()).map_err(|_| TlsError::ServerName);
    let provider = provider();
    let algorithms = provider.signature_verification_algorithms;
    let (server_name, verifier, verified): (_, Arc<dyn ServerCertVerifier>, _) = match tls {
        HopTls::None => return Ok(None),
        HopTls::Opportunistic | HopTls::Required => {
            (name_of(host)?, Arc::new(Anyone { algorithms, pins: None }), false)
        }
        HopTls::Verified { server_name, trust } => {
            let verifier: Arc<dyn ServerCertVerifier> = match trust {
                Trust::Pins { spki_sha256 } => Arc::new(Anyone { algorithms, pins: Some(spki_sha256.clone()) }),
                Trust::WebPki => pkix(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }, &provider)?,
                Trust::Authorities { pem } => pkix(authorities(pem)?, &provider)?,
            };
            (name_of(server_name.as_deref().unwrap_or(host))?, verifier, true)
        }
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Unusable)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_client_cert_resolver(Showing::new(certificate));
    Ok(Some(HopClient { config: Arc::new(config), server_name, verified }))
}

/// How to do TLS with a hop that is only tried: whatever certificate it shows is seen, and judged after.
#[derive(Debug, Clone)]
pub(crate) struct TrialClient {
    pub config: Arc<ClientConfig>,
    pub server_name: ServerName<'static>,
    judge: Arc<dyn ServerCertVerifier>,
    showing: Arc<Showing>,
}

/// None for a hop that never gets STARTTLS.
pub(crate) fn trial_client(
    tls: &HopTls,
    host: &str,
    certificate: Option<Arc<Showable>>,
) -> Result<Option<TrialClient>, TlsError> {
    let Some(asked) = hop_client(tls, host, None)? else { return Ok(None) };
    let provider = provider();
    let algorithms = provider.signature_verification_algorithms;
    let judge: Arc<dyn ServerCertVerifier> = match tls {
        HopTls::Verified { trust: Trust::Pins { spki_sha256 }, .. } => {
            Arc::new(Anyone { algorithms, pins: Some(spki_sha256.clone()) })
        }
        HopTls::Verified { trust: Trust::Authorities { pem }, .. } => pkix(authorities(pem)?, &provider)?,
        // Nobody asked; whether the public would believe it is worth knowing all the same.
        HopTls::Verified { trust: Trust::WebPki, .. } | HopTls::Opportunistic | HopTls::Required | HopTls::None => {
            pkix(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }, &provider)?
        }
    };
    let showing = Showing::new(certificate);
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Unusable)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone { algorithms, pins: None }))
        .with_client_cert_resolver(Arc::clone(&showing) as Arc<dyn ResolvesClientCert>);
    Ok(Some(TrialClient { config: Arc::new(config), server_name: asked.server_name, judge, showing }))
}

impl TrialClient {
    /// What was agreed on, and whose certificate it was.
    pub(crate) fn report(&self, connection: &rustls::CommonState, now: Micros) -> TlsReport {
        let Tls { version, cipher, .. } = facts(connection, false);
        let chain = connection.peer_certificates().unwrap_or_default();
        let at = u64::try_from(now.as_secs()).unwrap_or(0);
        let at = UnixTime::since_unix_epoch(std::time::Duration::from_secs(at));
        let failure = match chain {
            [leaf, between @ ..] => self
                .judge
                .verify_server_cert(leaf, between, &self.server_name, &[], at)
                .err()
                .map(|error| error.to_string()),
            [] => Some("no certificate was shown".to_owned()),
        };
        let shown = chain.first().map(shown).unwrap_or_default();
        let (names, issuer, not_after) = shown;
        TlsReport {
            version,
            cipher,
            names,
            issuer,
            not_after,
            verifies: failure.is_none(),
            failure,
            client_certificate_asked: Some(self.showing.was_asked()),
            client_certificate_shown: Some(self.showing.was_shown()),
        }
    }
}

/// Names of a certificate in a report, and characters of each.
const MOST_NAMES: usize = 50;
const NAME: usize = 253;

/// Names, issuer and end of a certificate. A stranger wrote it: printable, and cut short.
fn shown(leaf: &CertificateDer<'_>) -> (Vec<String>, String, Option<Micros>) {
    let Ok((_, leaf)) = x509_parser::parse_x509_certificate(leaf) else { return Default::default() };
    let tidy = |text: String| text.chars().filter(|c| !c.is_control()).take(NAME).collect::<String>();
    let names = leaf.subject_alternative_name().ok().flatten();
    let names = names.iter().flat_map(|extension| &extension.value.general_names).filter_map(|name| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match **bytes {
            [a, b, c, d] => Some(std::net::Ipv4Addr::new(a, b, c, d).to_string()),
            _ => <[u8; 16]>::try_from(*bytes).ok().map(|bytes| std::net::Ipv6Addr::from(bytes).to_string()),
        },
        _ => None,
    });
    let names = names.take(MOST_NAMES).map(tidy).collect();
    let not_after = Micros::from_secs(leaf.validity().not_after.timestamp());
    (names, tidy(leaf.issuer().to_string()), Some(not_after))
}

fn authorities(pem: &str) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|_| TlsError::Authorities)?;
        roots.add(certificate).map_err(|_| TlsError::Authorities)?;
    }
    if roots.is_empty() { Err(TlsError::Authorities) } else { Ok(roots) }
}

fn pkix(roots: RootCertStore, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, TlsError> {
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map(|verifier| verifier as Arc<dyn ServerCertVerifier>)
        .map_err(|_| TlsError::Authorities)
}

/// Encrypts to whoever holds the key (RFC 7435), or only to the keys that are pinned; names and dates do not count.
#[derive(Debug)]
struct Anyone {
    algorithms: WebPkiSupportedAlgorithms,
    pins: Option<Vec<Hash>>,
}

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let right = self.pins.as_ref().is_none_or(|pins| spki_sha256(leaf).is_some_and(|key| pins.contains(&key)));
        if right {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
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

/// What a handshake agreed on, for the trace.
pub(crate) fn facts(connection: &rustls::CommonState, verified: bool) -> Tls {
    let version = match connection.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_3) => "TLSv1.3".to_owned(),
        Some(rustls::ProtocolVersion::TLSv1_2) => "TLSv1.2".to_owned(),
        other => format!("{other:?}"),
    };
    let cipher = connection.negotiated_cipher_suite().map(|suite| format!("{:?}", suite.suite())).unwrap_or_default();
    Tls { version, cipher, verified }
}

/// The text of a failed handshake: rustls's own reason, without the wrapping.
pub(crate) fn failure(error: &io::Error) -> String {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(error) => error.to_string(),
        None => error.to_string(),
    }
}
