//! What the listener shows: by SNI a certificate of the configuration, else its own.
//!
//! Each set of certificates has TLS settings of its own, with a memory of sessions of its own: what was resumed could not
//! show that the certificate is another one now (RFC 8446 §4.6.1).

use std::sync::{Arc, Mutex, PoisonError};

use contract::Micros;
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs::sign::any_supported_type,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use super::{
    config,
    tls::{self, TlsError},
};
use crate::index::Certificates;

#[derive(Debug)]
pub(crate) struct Shown {
    own: Arc<CertifiedKey>,
    latest: Mutex<Latest>,
}

#[derive(Debug)]
struct Latest {
    of: Arc<Certificates>,
    config: Arc<ServerConfig>,
}

impl Shown {
    pub(crate) fn new(smtp: &config::Smtp, hostname: &str) -> Result<Self, TlsError> {
        let (chain, key) = tls::own_certificate(smtp, hostname)?;
        let own = CertifiedKey::new(chain, any_supported_type(&key).map_err(TlsError::Unusable)?);
        match own.keys_match() {
            // A key that cannot say which it is may still be the right one.
            Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => {}
            Err(error) => return Err(TlsError::Unusable(error)),
        }
        let own = Arc::new(own);
        let of = Arc::<Certificates>::default();
        let config = config(Arc::clone(&own), Arc::clone(&of))?;
        Ok(Self { own, latest: Mutex::new(Latest { of, config }) })
    }

    /// For a handshake that begins now.
    pub(crate) fn config(&self, certificates: &Arc<Certificates>) -> Result<Arc<ServerConfig>, TlsError> {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&latest.of, certificates) {
            let config = config(Arc::clone(&self.own), Arc::clone(certificates))?;
            *latest = Latest { of: Arc::clone(certificates), config };
        }
        Ok(Arc::clone(&latest.config))
    }

    /// When the listener's own ends.
    pub(crate) fn own_ends(&self) -> Option<Micros> {
        let (_, leaf) = x509_parser::parse_x509_certificate(self.own.cert.first()?).ok()?;
        Some(Micros::from_secs(leaf.validity().not_after.timestamp()))
    }
}

fn config(own: Arc<CertifiedKey>, certificates: Arc<Certificates>) -> Result<Arc<ServerConfig>, TlsError> {
    let config = ServerConfig::builder_with_provider(tls::provider())
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Unusable)?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(BySni { own, certificates }));
    Ok(Arc::new(config))
}

#[derive(Debug)]
struct BySni {
    own: Arc<CertifiedKey>,
    certificates: Arc<Certificates>,
}

impl ResolvesServerCert for BySni {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let named = hello.server_name().and_then(|name| self.certificates.for_name(&name.to_ascii_lowercase()));
        // One whose signature the client could not read is worse than another name.
        let readable = named.filter(|ready| ready.key.key.choose_scheme(hello.signature_schemes()).is_some());
        Some(readable.map_or_else(|| Arc::clone(&self.own), |ready| Arc::clone(&ready.key)))
    }
}
