//! Kind `mx` on the wire: a domain whose MX records workers follow.

use std::net::Ipv4Addr;

use contract::{mail::Domain, snapshot::object::NextHop};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    hop::Bounds,
    tls::{self, TlsSettings},
};
use crate::http::{FieldError, Patch};

/// A domain whose MX records are followed.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "domain": "office.acme.example", "tls": { "level": "required" } }))]
pub(super) struct MxSettings {
    /// Its MX records name the hosts; without any it is the host itself. A null MX, and one that leads back here, defer mail.
    #[schema(max_length = 253)]
    pub domain: String,
    /// 25 if left out.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 65_535, default = 25)]
    pub port: Option<u16>,
    /// Level `opportunistic` if left out. With `verified`, each host's own name counts unless `server_name` is set.
    #[serde(default)]
    pub tls: Option<TlsSettings>,
}

/// A merge patch of it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "domain": "office.acme.example" }))]
pub(super) struct MxUpdate {
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 253)]
    pub domain: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<u16>, minimum = 1, maximum = 65_535)]
    pub port: Patch<u16>,
    /// All of it anew.
    #[serde(default)]
    #[schema(value_type = Option<TlsSettings>)]
    pub tls: Patch<TlsSettings>,
}

/// A domain whose MX records are followed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct MxView {
    #[schema(example = "office.acme.example")]
    pub domain: String,
    #[schema(example = 25, minimum = 1, maximum = 65_535)]
    pub port: u16,
    pub tls: TlsSettings,
}

impl From<&NextHop> for MxView {
    fn from(hop: &NextHop) -> Self {
        Self { domain: hop.host.clone(), port: hop.port, tls: TlsSettings::from(&hop.tls) }
    }
}

impl From<&NextHop> for MxSettings {
    fn from(hop: &NextHop) -> Self {
        Self { domain: hop.host.clone(), port: Some(hop.port), tls: Some(TlsSettings::from(&hop.tls)) }
    }
}

/// What there is after a patch.
pub(super) fn patched(patch: Patch<MxUpdate>, held: Option<MxSettings>) -> Option<MxSettings> {
    match patch {
        Patch::Keep => held,
        Patch::Clear => None,
        Patch::Set(MxUpdate { domain, port, tls }) => {
            let held = held.unwrap_or(MxSettings { domain: String::new(), port: None, tls: None });
            // A domain that is taken away, or never was there, is empty, and an empty one is no domain.
            let domain = domain.apply(Some(held.domain)).unwrap_or_default();
            Some(MxSettings { domain, port: port.apply(held.port), tls: tls.apply(held.tls) })
        }
    }
}

/// Checks what is given at `/mx`.
pub(super) fn parse(given: MxSettings, bounds: &Bounds<'_>, errors: &mut Vec<FieldError>) -> Option<NextHop> {
    let before = errors.len();
    let domain = domain(&given.domain, bounds);
    if let Err(message) = &domain {
        errors.push(FieldError::invalid("/mx/domain", message));
    }
    let port = given.port.unwrap_or(25);
    if port == 0 {
        errors.push(FieldError::invalid("/mx/port", "expected 1 to 65535"));
    }
    let tls = tls::parse_or_default(given.tls, "/mx/tls", None, errors)?;
    if errors.len() > before {
        return None;
    }
    Some(NextHop { host: domain.ok()?.as_ascii().to_owned(), mx: true, port, priority: 10, weight: 1, tls })
}

fn domain(text: &str, bounds: &Bounds<'_>) -> Result<Domain, String> {
    if text.parse::<Ipv4Addr>().is_ok() {
        return Err("an address has no MX records; use kind host".to_owned());
    }
    let domain = text.parse::<Domain>().map_err(|error| error.to_string())?;
    bounds.refuse(&domain).map_or(Ok(domain), |why| Err(why.to_owned()))
}
