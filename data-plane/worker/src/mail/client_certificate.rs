//! The certificate that a route shows to next hops which ask for one.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use rustls::{SignatureScheme, client::ResolvesClientCert, sign::CertifiedKey};

use crate::index::Showable;

/// Shows one certificate to whoever asks, and remembers that somebody did.
#[derive(Debug)]
pub(crate) struct Showing {
    certificate: Option<Arc<Showable>>,
    asked: AtomicBool,
    shown: AtomicBool,
}

impl Showing {
    pub(crate) fn new(certificate: Option<Arc<Showable>>) -> Arc<Self> {
        Arc::new(Self { certificate, asked: AtomicBool::new(false), shown: AtomicBool::new(false) })
    }

    /// The hop asked for one, in some handshake.
    pub(crate) fn was_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    pub(crate) fn was_shown(&self) -> bool {
        self.shown.load(Ordering::Relaxed)
    }
}

impl ResolvesClientCert for Showing {
    fn resolve(&self, _: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        // The authorities that a hop names are not looked at: many name none that they take, and the route's owner knows.
        let key = &self.certificate.as_ref()?.key;
        key.key.choose_scheme(schemes)?;
        self.shown.store(true, Ordering::Relaxed);
        Some(Arc::clone(key))
    }

    fn has_certs(&self) -> bool {
        self.certificate.is_some()
    }
}
