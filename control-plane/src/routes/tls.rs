//! TLS to a next hop on the wire, and the demands that workers keep.

use std::net::IpAddr;

use contract::{
    mail::Domain,
    snapshot::object::{HopTls, Trust},
};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::FieldError;

/// How sure a connection to the next hop must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum TlsLevel {
    /// Never STARTTLS.
    None,
    /// STARTTLS where it is offered; nobody is authenticated.
    Opportunistic,
    /// STARTTLS always; nobody is authenticated.
    Required,
    /// STARTTLS always, and the certificate must be the right one, by `trust`.
    Verified,
}

/// What makes a certificate the right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum TlsTrust {
    /// The public web PKI.
    WebPki,
    /// The authorities in `authorities_pem`, and no others.
    Authorities,
    /// The keys in `pins`; names and dates are not looked at.
    Pins,
}

/// TLS to the next hop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "level": "verified", "trust": "web_pki" }))]
pub(super) struct TlsSettings {
    pub level: TlsLevel,
    /// For level `verified`, where it is required.
    #[serde(default)]
    pub trust: Option<TlsTrust>,
    /// The name the certificate must bear; the host's if left out.
    #[serde(default)]
    #[schema(max_length = 253)]
    pub server_name: Option<String>,
    /// Certificates of authorities, PEM.
    #[serde(default)]
    #[schema(max_length = 65_536)]
    pub authorities_pem: Option<String>,
    /// SHA-256 of a `SubjectPublicKeyInfo` each, 64 hex digits.
    #[serde(default)]
    #[schema(max_items = 8)]
    pub pins: Option<Vec<String>>,
}

const MOST_PINS: usize = 8;
const MOST_PEM: usize = 64 * 1024;

/// Level `opportunistic` where nothing is said. `host` is what a certificate is compared with by default.
pub(super) fn parse_or_default(
    tls: Option<TlsSettings>,
    at: &str,
    host: Option<&str>,
    errors: &mut Vec<FieldError>,
) -> Option<HopTls> {
    match tls {
        None => Some(HopTls::Opportunistic),
        Some(tls) => parse(tls, at, host, errors),
    }
}

fn parse(tls: TlsSettings, at: &str, host: Option<&str>, errors: &mut Vec<FieldError>) -> Option<HopTls> {
    let before = errors.len();
    let verified = tls.level == TlsLevel::Verified;
    let only_with = |given: bool, field: &str, fits: bool, what: &str, errors: &mut Vec<FieldError>| {
        if given && !fits {
            errors.push(FieldError::new(format!("{at}/{field}"), "not_applicable", format!("only with {what}")));
        } else if !given && fits && field != "server_name" {
            errors.push(FieldError::new(format!("{at}/{field}"), "required", format!("is required with {what}")));
        }
    };
    only_with(tls.trust.is_some(), "trust", verified, "level verified", errors);
    let named = verified && tls.trust != Some(TlsTrust::Pins);
    only_with(tls.server_name.is_some(), "server_name", named, "level verified, by name", errors);
    let trusts = |trust| verified && tls.trust == Some(trust);
    let (authorities, pinned) = (trusts(TlsTrust::Authorities), trusts(TlsTrust::Pins));
    only_with(tls.authorities_pem.is_some(), "authorities_pem", authorities, "trust authorities", errors);
    only_with(tls.pins.is_some(), "pins", pinned, "trust pins", errors);

    let server_name = tls.server_name.filter(|_| named).and_then(|name| match name.parse::<Domain>() {
        Ok(name) => Some(name.as_ascii().to_owned()),
        Err(error) => {
            errors.push(FieldError::invalid(format!("{at}/server_name"), error));
            None
        }
    });
    let trust = match tls.trust {
        Some(TlsTrust::WebPki) => Some(Trust::WebPki),
        Some(TlsTrust::Authorities) => tls.authorities_pem.filter(|_| authorities).and_then(|pem| {
            check_authorities(&pem)
                .map_err(|message| errors.push(FieldError::invalid(format!("{at}/authorities_pem"), message)))
                .ok()
                .map(|()| Trust::Authorities { pem })
        }),
        Some(TlsTrust::Pins) => tls.pins.filter(|_| pinned).map(|pins| {
            if pins.is_empty() || pins.len() > MOST_PINS {
                errors.push(FieldError::invalid(format!("{at}/pins"), format!("expected 1 to {MOST_PINS} pins")));
            }
            let mut hashes = Vec::new();
            for (index, pin) in pins.iter().enumerate() {
                match pin.to_ascii_lowercase().parse() {
                    Ok(hash) => hashes.push(hash),
                    Err(error) => errors.push(FieldError::invalid(format!("{at}/pins/{index}"), error)),
                }
            }
            Trust::Pins { spki_sha256: hashes }
        }),
        None => None,
    };
    // A certificate can bear an address, but ours are compared by name.
    if named && server_name.is_none() && host.is_some_and(|host| host.parse::<IpAddr>().is_ok()) {
        errors.push(FieldError::new(
            format!("{at}/server_name"),
            "required",
            "is required where the host is an address",
        ));
    }
    if errors.len() > before {
        return None;
    }
    Some(match tls.level {
        TlsLevel::None => HopTls::None,
        TlsLevel::Opportunistic => HopTls::Opportunistic,
        TlsLevel::Required => HopTls::Required,
        TlsLevel::Verified => HopTls::Verified { server_name, trust: trust? },
    })
}

/// Certificates that can be used as roots, one at least.
fn check_authorities(pem: &str) -> Result<(), String> {
    if pem.len() > MOST_PEM {
        return Err(format!("at most {MOST_PEM} bytes"));
    }
    if pem.contains("PRIVATE KEY") {
        return Err("holds a private key, which belongs nowhere but to its owner".to_owned());
    }
    let certificates = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| "is not PEM".to_owned())?;
    if certificates.is_empty() {
        return Err("holds no certificate".to_owned());
    }
    let mut roots = rustls::RootCertStore::empty();
    for (index, certificate) in certificates.into_iter().enumerate() {
        roots.add(certificate).map_err(|_| format!("certificate {} cannot be used", index + 1))?;
    }
    Ok(())
}

impl From<&HopTls> for TlsSettings {
    fn from(tls: &HopTls) -> Self {
        let plain = |level| TlsSettings { level, trust: None, server_name: None, authorities_pem: None, pins: None };
        match tls {
            HopTls::None => plain(TlsLevel::None),
            HopTls::Opportunistic => plain(TlsLevel::Opportunistic),
            HopTls::Required => plain(TlsLevel::Required),
            HopTls::Verified { server_name, trust } => {
                let mut tls = plain(TlsLevel::Verified);
                tls.server_name.clone_from(server_name);
                match trust {
                    Trust::WebPki => tls.trust = Some(TlsTrust::WebPki),
                    Trust::Authorities { pem } => {
                        tls.trust = Some(TlsTrust::Authorities);
                        tls.authorities_pem = Some(pem.clone());
                    }
                    Trust::Pins { spki_sha256 } => {
                        tls.trust = Some(TlsTrust::Pins);
                        tls.pins = Some(spki_sha256.iter().map(ToString::to_string).collect());
                    }
                }
                tls
            }
        }
    }
}
