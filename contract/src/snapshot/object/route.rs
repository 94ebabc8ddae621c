//! Where a domain's mail goes.

use serde::{Deserialize, Serialize};

use crate::{Id, ids, mail::Domain, snapshot::hash::Hash};

/// A route as an object of its own (from schema 2 on): an edit moves it once, whoever uses it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteObject {
    pub id: Id<ids::Route>,
    pub destination: Destination,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_connections: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Id<ids::Certificate>>,
}

/// What a route leads to: the same for all domains, or a provider whose host follows from each domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Destination {
    Hosts(Vec<NextHop>),
    Microsoft365,
    GoogleWorkspace,
}

impl Destination {
    /// The next hops for one domain. None where no host can be made of its name: its mail is deferred.
    pub fn hops_for(&self, domain: &Domain) -> Vec<NextHop> {
        match self {
            Self::Hosts(hops) => hops.clone(),
            Self::Microsoft365 => exchange_online(domain).map(verified).into_iter().collect(),
            // https://support.google.com/a/answer/174125: one name, whose addresses are many machines.
            Self::GoogleWorkspace => vec![verified("smtp.google.com".to_owned())],
        }
    }
}

impl RouteObject {
    /// The route of one domain.
    pub fn for_domain(&self, domain: &Domain) -> Route {
        Route {
            id: self.id,
            hops: self.destination.hops_for(domain),
            max_connections: self.max_connections,
            certificate: self.certificate,
        }
    }
}

/// The host that Exchange Online has for a domain: its name with dashes for dots is one label (Microsoft 365, "External DNS
/// records"). None for a name that is too long for a label.
fn exchange_online(domain: &Domain) -> Option<String> {
    let label = domain.as_ascii().replace('.', "-");
    // Of an A-label that makes one which decodes to nothing, and is a host all the same.
    (label.len() <= MOST_LABEL).then(|| format!("{label}.mail.protection.outlook.com"))
}

/// Octets of a label (RFC 1035 §2.3.4).
const MOST_LABEL: usize = 63;

/// A provider's host: it has a certificate of the public PKI for its own name, so anything else is not the provider.
fn verified(host: String) -> NextHop {
    let tls = HopTls::Verified { server_name: None, trust: Trust::WebPki };
    NextHop { host, mx: false, port: 25, priority: 10, weight: 1, tls }
}

/// Where a domain's mail goes. In schema 1 part of the domain's object: a route edit touches the domains that use it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    pub id: Id<ids::Route>,
    /// Lower priority first; equal ones share by weight.
    pub hops: Vec<NextHop>,
    /// Connections to each next hop at once, by all workers of the pool together. None: as many as workers are set to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_connections: Option<u32>,
    /// Shown to next hops that ask for one. A hop that asks is left to judge when it is not to be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Id<ids::Certificate>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NextHop {
    /// A domain name, or an IP address without brackets.
    pub host: String,
    /// `host` is a domain, and its MX records name the hosts (RFC 5321 §5.1); `priority` is that of all of them together.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mx: bool,
    pub port: u16,
    pub priority: u16,
    pub weight: u16,
    pub tls: HopTls,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "level", rename_all = "snake_case", deny_unknown_fields)]
pub enum HopTls {
    /// Never STARTTLS.
    None,
    /// STARTTLS where offered, nobody is authenticated; after a failed handshake once more without.
    Opportunistic,
    /// STARTTLS always, nobody is authenticated.
    Required,
    /// STARTTLS always, and the certificate must be the right one.
    Verified {
        /// The name the certificate must bear; the hop's host where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        server_name: Option<String>,
        trust: Trust,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// The public web PKI.
    WebPki,
    /// Exactly these authorities, PEM.
    Authorities { pem: String },
    /// SHA-256 of the leaf's `SubjectPublicKeyInfo`; names and dates are not looked at.
    Pins { spki_sha256: Vec<Hash> },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(destination: &Destination, domain: &str) -> Option<String> {
        destination.hops_for(&domain.parse().unwrap()).pop().map(|hop| hop.host)
    }

    #[test]
    fn a_provider_has_a_host_of_its_own_for_each_domain() {
        let table = [
            ("acme.example", Some("acme-example.mail.protection.outlook.com")),
            ("Mail.Acme.Example", Some("mail-acme-example.mail.protection.outlook.com")),
            ("my-company.co.uk", Some("my-company-co-uk.mail.protection.outlook.com")),
            ("bücher.example", Some("xn--bcher-kva-example.mail.protection.outlook.com")),
        ];
        for (domain, expected) in table {
            assert_eq!(host(&Destination::Microsoft365, domain).as_deref(), expected, "{domain}");
        }
        let long = format!("{}.{}.example", "a".repeat(40), "b".repeat(40));
        assert_eq!(host(&Destination::Microsoft365, &long), None);
        assert_eq!(host(&Destination::GoogleWorkspace, "acme.example").unwrap(), "smtp.google.com");
        let hop = Destination::Microsoft365.hops_for(&"acme.example".parse().unwrap()).pop().unwrap();
        assert_eq!((hop.port, hop.tls), (25, HopTls::Verified { server_name: None, trust: Trust::WebPki }));
    }
}
