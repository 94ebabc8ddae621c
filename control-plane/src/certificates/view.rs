//! Certificates on the wire. A key is only ever read.

use std::{collections::BTreeMap, time::Duration};

use contract::{
    Micros,
    ids::{CertificateId, DomainId, TenantId},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zeroize::Zeroizing;

use super::{Certificate, names::Holder};
use crate::http::{Patch, Time};

/// A private key on its way in. Never printed, and gone from memory when it is done with.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(from = "String")]
#[schema(value_type = String)]
pub(super) struct KeyPem(Zeroizing<String>);

impl From<String> for KeyPem {
    fn from(pem: String) -> Self {
        Self(Zeroizing::new(pem))
    }
}

impl KeyPem {
    pub(super) fn pem(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for KeyPem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyPem(…)")
    }
}

/// A certificate and its key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
// Nobody's, and good for a century: what the documents show is what the API takes.
#[schema(example = json!({ "chain": include_str!("example.crt"), "key": include_str!("example.key") }))]
pub(super) struct CertificateCreate {
    /// Whose it is: its names must be within active domains of this tenant. The installation's, for any name, if left out.
    #[serde(default)]
    pub tenant_id: Option<TenantId>,
    /// PEM: the leaf, then each issuer's certificate; the root may be left out.
    #[schema(max_length = 65_536)]
    pub chain: String,
    /// PEM, without a passphrase: PKCS #8, PKCS #1 or SEC 1. It is never shown again.
    #[schema(value_type = String, max_length = 16_384)]
    pub key: KeyPem,
}

/// A merge patch that replaces it. A renewed certificate of the same key needs only `chain`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "chain": include_str!("example.crt") }))]
pub(super) struct CertificateUpdate {
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 65_536)]
    pub chain: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 16_384)]
    pub key: Patch<KeyPem>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum CertificateState {
    Valid,
    /// It ends within 30 days.
    Expiring,
    Expired,
}

/// A name that a certificate bears.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct CertificateNameView {
    #[schema(example = "*.acme.example")]
    pub name: String,
    /// The active domain that the name is, or stands below.
    #[schema(required)]
    pub domain_id: Option<DomainId>,
    /// A tenant's certificate is shown only for names within its own active domains; a domain may have gone since.
    #[schema(example = true)]
    pub is_shown: bool,
}

/// A certificate. Its key is never shown.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct CertificateView {
    pub id: CertificateId,
    /// Null: the installation's.
    #[schema(required)]
    pub tenant_id: Option<TenantId>,
    pub names: Vec<CertificateNameView>,
    #[schema(example = "CN=mx.acme.example")]
    pub subject: String,
    #[schema(example = "C=US, O=Let's Encrypt, CN=R11")]
    pub issuer: String,
    /// Hexadecimal.
    #[schema(example = "04a1b2")]
    pub serial_number: String,
    #[schema(example = "ecdsa-p256")]
    pub key_type: String,
    /// SHA-256 of the certificate, hexadecimal.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub fingerprint_sha256: String,
    /// SHA-256 of its `SubjectPublicKeyInfo`, hexadecimal: what pins and TLSA 3 1 1 name.
    #[schema(example = "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752")]
    pub spki_sha256: String,
    pub not_before: Time,
    pub not_after: Time,
    /// Whole days; below zero when it has expired.
    #[schema(example = 61)]
    pub days_left: i64,
    pub state: CertificateState,
    pub created_at: Time,
    pub updated_at: Time,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CertificatePage {
    pub data: Vec<CertificateView>,
    /// Null on the last page.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(super) struct CertificateQuery {
    pub tenant_id: Option<TenantId>,
    /// A name that it bears, exactly: `mx.acme.example`, `*.acme.example`.
    #[param(example = "mx.acme.example")]
    pub name: Option<String>,
    /// 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 100)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

const DAY_MICROS: i64 = 24 * 3_600 * 1_000_000;
const SOON: Duration = Duration::from_hours(30 * 24);

impl CertificateView {
    pub(super) fn new(certificate: &Certificate, holders: &BTreeMap<String, Holder>, now: Micros) -> Self {
        let facts = certificate.facts.clone();
        let name = |name: String| {
            let holder = holders.get(&name);
            let is_shown = certificate.tenant.is_none_or(|tenant| holder.is_some_and(|holder| holder.tenant == tenant));
            // Another tenant's domain is nothing to know about.
            let known = holder.filter(|holder| certificate.tenant.is_none_or(|tenant| holder.tenant == tenant));
            CertificateNameView { domain_id: known.map(|holder| holder.domain), is_shown, name }
        };
        let left = facts.not_after.as_micros() - now.as_micros();
        Self {
            id: certificate.id,
            tenant_id: certificate.tenant,
            names: facts.names.into_iter().map(name).collect(),
            subject: facts.subject,
            issuer: facts.issuer,
            serial_number: facts.serial_number,
            key_type: facts.key_type,
            fingerprint_sha256: facts.fingerprint_sha256,
            spki_sha256: facts.spki_sha256,
            not_before: Time(facts.not_before),
            not_after: Time(facts.not_after),
            days_left: left.div_euclid(DAY_MICROS),
            state: match left {
                ..=0 => CertificateState::Expired,
                _ if facts.not_after <= now + SOON => CertificateState::Expiring,
                _ => CertificateState::Valid,
            },
            created_at: Time(certificate.created_at),
            updated_at: Time(certificate.updated_at),
        }
    }
}
