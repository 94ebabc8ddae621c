//! Where a route leads: next hops that are named, a domain's MX, or a provider whose host follows from each domain.

use contract::{
    mail::Domain,
    snapshot::object::{HopTls, NextHop, Trust},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::db::StoreError;

/// What a route leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RouteKind {
    /// The next hops in `hops`.
    Host,
    /// The hosts that the MX records of `mx.domain` name.
    Mx,
    /// Exchange Online: `acme-example.mail.protection.outlook.com` for `acme.example`, TLS verified.
    Microsoft365,
    /// Google Workspace: `smtp.google.com`, TLS verified.
    GoogleWorkspace,
}

/// Where a route leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    Hosts(Vec<NextHop>),
    /// `mx` is true in it.
    Mx(NextHop),
    Microsoft365,
    GoogleWorkspace,
}

impl RouteKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Mx => "mx",
            Self::Microsoft365 => "microsoft365",
            Self::GoogleWorkspace => "google_workspace",
        }
    }
}

impl Destination {
    pub const fn kind(&self) -> RouteKind {
        match self {
            Self::Hosts(_) => RouteKind::Host,
            Self::Mx(_) => RouteKind::Mx,
            Self::Microsoft365 => RouteKind::Microsoft365,
            Self::GoogleWorkspace => RouteKind::GoogleWorkspace,
        }
    }

    /// The next hops for one domain. None where no host can be made of its name: its mail is deferred.
    pub fn hops_for(&self, domain: &Domain) -> Vec<NextHop> {
        match self {
            Self::Hosts(hops) => hops.clone(),
            Self::Mx(hop) => vec![hop.clone()],
            Self::Microsoft365 => exchange_online(domain).map(verified).into_iter().collect(),
            // https://support.google.com/a/answer/174125: one name, whose addresses are many machines.
            Self::GoogleWorkspace => vec![verified("smtp.google.com".to_owned())],
        }
    }

    /// As the columns `kind` and `hops` hold it.
    pub(crate) fn from_stored(kind: &str, hops: &str) -> Result<Self, StoreError> {
        let hops: Vec<NextHop> = serde_json::from_str(hops).map_err(StoreError::corrupt("routes.hops"))?;
        match (kind, &hops[..]) {
            ("host", _) => Ok(Self::Hosts(hops)),
            ("mx", [hop]) if hop.mx => Ok(Self::Mx(hop.clone())),
            ("microsoft365", _) => Ok(Self::Microsoft365),
            ("google_workspace", _) => Ok(Self::GoogleWorkspace),
            _ => Err(StoreError::corrupt("routes.kind")(format!("{kind} with {} hops", hops.len()))),
        }
    }

    /// What stands in the column `hops`.
    pub(super) fn stored_hops(&self) -> &[NextHop] {
        match self {
            Self::Hosts(hops) => hops,
            Self::Mx(hop) => std::slice::from_ref(hop),
            Self::Microsoft365 | Self::GoogleWorkspace => &[],
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

    #[test]
    fn what_is_stored_is_read_again_and_nonsense_is_not() {
        let hop = NextHop { mx: true, ..verified("acme.example".to_owned()) };
        let hosts = Destination::Hosts(vec![verified("mx.acme.example".to_owned())]);
        for destination in [hosts, Destination::Mx(hop), Destination::Microsoft365, Destination::GoogleWorkspace] {
            let hops = serde_json::to_string(destination.stored_hops()).unwrap();
            assert_eq!(Destination::from_stored(destination.kind().name(), &hops).unwrap(), destination);
        }
        for (kind, hops) in [("mx", "[]"), ("smart", "[]"), ("host", "{}")] {
            assert!(Destination::from_stored(kind, hops).is_err(), "{kind} {hops}");
        }
    }
}
