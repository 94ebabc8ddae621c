//! A next hop on the wire, and how it becomes one that workers can use.

use std::net::{IpAddr, Ipv4Addr};

use checks::is_forbidden_destination;
use contract::{
    mail::{Cidr, Domain},
    snapshot::object::NextHop,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::tls::{self, TlsSettings};
use crate::{config::Config, http::FieldError};

/// A next hop to be set.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "host": "mx.acme.example", "port": 25, "priority": 10, "tls": { "level": "required" } }))]
pub(super) struct HopSettings {
    /// A name, or an address without brackets.
    #[schema(max_length = 253)]
    pub host: String,
    /// 25 if left out.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 65_535, default = 25)]
    pub port: Option<u16>,
    /// Lower ones first; 10 if left out.
    #[serde(default)]
    #[schema(maximum = 65_535, default = 10)]
    pub priority: Option<u16>,
    /// Share among equals; 1 if left out.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1_000, default = 1)]
    pub weight: Option<u16>,
    /// Level `opportunistic` if left out.
    #[serde(default)]
    pub tls: Option<TlsSettings>,
}

/// A next hop.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct HopView {
    #[schema(example = "mx.acme.example")]
    pub host: String,
    #[schema(example = 25, minimum = 1, maximum = 65_535)]
    pub port: u16,
    #[schema(example = 10, maximum = 65_535)]
    pub priority: u16,
    #[schema(example = 1, minimum = 1, maximum = 1_000)]
    pub weight: u16,
    pub tls: TlsSettings,
}

/// Hops of one route at most.
pub(super) const MOST: usize = 16;
/// Where no next hop may be, as far as that can be told by its name. Workers look at addresses at each connect.
#[derive(Debug)]
pub(super) struct Bounds<'a> {
    /// Networks that the installation lets hops be in.
    pub allowed: &'a [Cidr],
    /// Names of the installation itself: mail that goes there comes back.
    pub own: Vec<Domain>,
}

impl<'a> Bounds<'a> {
    /// `of_pools`: MX hosts that pools have of their own.
    pub(super) fn of(config: &'a Config, of_pools: Vec<Domain>) -> Self {
        Self {
            allowed: &config.allowed_hop_ranges,
            own: config.own_names().chain(of_pools).filter(|name| !is_localhost(name)).collect(),
        }
    }

    /// Why mail does not go to this name, for people.
    pub(super) fn refuse(&self, name: &Domain) -> Option<&'static str> {
        if self.own.contains(name) {
            return Some("this name is the installation's own: its mail would come back");
        }
        let loopback = is_forbidden_destination(Ipv4Addr::LOCALHOST.into(), self.allowed).is_some();
        (is_localhost(name) && loopback)
            .then_some("mail is not sent to a loopback address; `allowed_hop_ranges` can lift that")
    }
}

/// RFC 6761 §6.3: it always means this very machine.
fn is_localhost(name: &Domain) -> bool {
    name.as_ascii().rsplit('.').next() == Some("localhost")
}

/// Checks hops given at `/hops`.
pub(super) fn parse(given: Vec<HopSettings>, bounds: &Bounds<'_>, errors: &mut Vec<FieldError>) -> Vec<NextHop> {
    if given.is_empty() || given.len() > MOST {
        errors.push(FieldError::invalid("/hops", format!("expected 1 to {MOST} next hops")));
        return Vec::new();
    }
    let hops = given.into_iter().enumerate();
    hops.filter_map(|(index, hop)| parse_one(hop, &format!("/hops/{index}"), bounds, errors)).collect()
}

fn parse_one(hop: HopSettings, at: &str, bounds: &Bounds<'_>, errors: &mut Vec<FieldError>) -> Option<NextHop> {
    let host = match host(&hop.host, bounds) {
        Ok(host) => Some(host),
        Err(message) => {
            errors.push(FieldError::invalid(format!("{at}/host"), message));
            None
        }
    };
    let port = hop.port.unwrap_or(25);
    if port == 0 {
        errors.push(FieldError::invalid(format!("{at}/port"), "expected 1 to 65535"));
    }
    let weight = hop.weight.unwrap_or(1);
    if !(1..=1_000).contains(&weight) {
        errors.push(FieldError::invalid(format!("{at}/weight"), "expected 1 to 1000"));
    }
    let tls = tls::parse_or_default(hop.tls, &format!("{at}/tls"), host.as_deref(), errors);
    Some(NextHop { host: host?, mx: false, port, priority: hop.priority.unwrap_or(10), weight, tls: tls? })
}

/// A name or an address, in its one spelling.
fn host(text: &str, bounds: &Bounds<'_>) -> Result<String, String> {
    if let Ok(address) = text.parse::<IpAddr>() {
        let address = address.to_canonical();
        return match is_forbidden_destination(address, bounds.allowed) {
            None => Ok(address.to_string()),
            Some(why) => Err(format!("mail is not sent to {why}; `allowed_hop_ranges` can lift that")),
        };
    }
    let domain = text.parse::<Domain>().map_err(|error| format!("neither an address nor a name: {error}"))?;
    bounds.refuse(&domain).map_or_else(|| Ok(domain.as_ascii().to_owned()), |why| Err(why.to_owned()))
}

impl From<&NextHop> for HopSettings {
    fn from(hop: &NextHop) -> Self {
        Self {
            host: hop.host.clone(),
            port: Some(hop.port),
            priority: Some(hop.priority),
            weight: Some(hop.weight),
            tls: Some(TlsSettings::from(&hop.tls)),
        }
    }
}

impl From<&NextHop> for HopView {
    fn from(hop: &NextHop) -> Self {
        let tls = TlsSettings::from(&hop.tls);
        Self { host: hop.host.clone(), port: hop.port, priority: hop.priority, weight: hop.weight, tls }
    }
}

#[cfg(test)]
mod tests {
    use contract::snapshot::object::{HopTls, Trust};

    use super::*;

    fn findings(hop: serde_json::Value, allowed: &[&str]) -> Vec<String> {
        let allowed: Vec<Cidr> = allowed.iter().map(|range| range.parse().unwrap()).collect();
        let mut errors = Vec::new();
        let bounds = Bounds { allowed: &allowed, own: vec!["postern.msp.example".parse().unwrap()] };
        let hops = parse(vec![serde_json::from_value(hop).unwrap()], &bounds, &mut errors);
        assert_eq!(
            hops.is_empty(),
            !errors.is_empty()
                && errors.iter().any(|error| !error.pointer.ends_with("/port") && !error.pointer.ends_with("/weight"))
        );
        errors.into_iter().map(|error| format!("{} {}", error.pointer, error.code)).collect()
    }

    #[test]
    fn hosts_are_names_or_addresses_that_mail_may_go_to() {
        let host = |host: &str| serde_json::json!({ "host": host });
        for good in ["mx.acme.example", "MX.Acme.Example.", "93.184.216.34", "2606:2800:21f:cb07::1", "bücher.example"]
        {
            assert_eq!(findings(host(good), &[]), [""; 0], "{good}");
        }
        let bad = [
            "",
            ".",
            "a..b",
            "127.0.0.1",
            "::1",
            "10.0.0.1",
            "169.254.169.254",
            "::ffff:127.0.0.1",
            "[93.184.216.34]",
            "localhost",
            "db.localhost",
            "a b",
            "http://x",
            "x:25",
            "1.2.3",
            "0177.0.0.1",
            "x/y",
            "x\u{0}y",
            "Postern.MSP.example.",
        ];
        for bad in bad {
            assert_eq!(findings(host(bad), &[]), ["/hops/0/host invalid"], "{bad:?}");
        }
        assert_eq!(findings(host("127.0.0.1"), &["127.0.0.0/8"]), [""; 0]);
        assert_eq!(findings(host("localhost"), &["127.0.0.0/8"]), [""; 0]);
        assert_eq!(findings(host("169.254.169.254"), &["169.254.0.0/16"]), ["/hops/0/host invalid"]);
    }

    #[test]
    fn tls_fields_go_with_their_level_and_no_other() {
        let tls = |tls: serde_json::Value| findings(serde_json::json!({ "host": "mx.acme.example", "tls": tls }), &[]);
        let pin = "ab".repeat(32);
        assert_eq!(tls(serde_json::json!({ "level": "none" })), [""; 0]);
        assert_eq!(tls(serde_json::json!({ "level": "verified", "trust": "web_pki" })), [""; 0]);
        assert_eq!(tls(serde_json::json!({ "level": "verified", "trust": "pins", "pins": [pin] })), [""; 0]);
        assert_eq!(tls(serde_json::json!({ "level": "verified" })), ["/hops/0/tls/trust required"]);
        assert_eq!(
            tls(serde_json::json!({ "level": "required", "trust": "web_pki" })),
            ["/hops/0/tls/trust not_applicable"]
        );
        assert_eq!(tls(serde_json::json!({ "level": "verified", "trust": "pins" })), ["/hops/0/tls/pins required"]);
        assert_eq!(
            tls(serde_json::json!({ "level": "verified", "trust": "pins", "pins": [] })),
            ["/hops/0/tls/pins invalid"]
        );
        assert_eq!(
            tls(serde_json::json!({ "level": "verified", "trust": "pins", "pins": [pin, "xy"] })),
            ["/hops/0/tls/pins/1 invalid"]
        );
        assert_eq!(
            tls(serde_json::json!({ "level": "verified", "trust": "authorities", "authorities_pem": "x" })),
            ["/hops/0/tls/authorities_pem invalid"]
        );
        assert_eq!(
            tls(serde_json::json!({ "level": "verified", "trust": "web_pki", "server_name": "a b" })),
            ["/hops/0/tls/server_name invalid"]
        );
        let address =
            serde_json::json!({ "host": "93.184.216.34", "tls": { "level": "verified", "trust": "web_pki" } });
        assert_eq!(findings(address, &[]), ["/hops/0/tls/server_name required"]);
    }

    #[test]
    fn what_is_shown_can_be_sent_back() {
        let hop = NextHop {
            host: "mx.acme.example".into(),
            mx: false,
            port: 2525,
            priority: 5,
            weight: 3,
            tls: HopTls::Verified {
                server_name: None,
                trust: Trust::Pins { spki_sha256: vec![contract::snapshot::hash::Hash::of(b"x")] },
            },
        };
        let shown = serde_json::to_value(HopView::from(&hop)).unwrap();
        let mut errors = Vec::new();
        let again =
            parse(vec![serde_json::from_value(shown).unwrap()], &Bounds { allowed: &[], own: vec![] }, &mut errors);
        assert_eq!((again, errors), (vec![hop], vec![]));
    }
}
