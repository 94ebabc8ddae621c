//! Where a route leads: next hops that are named, a domain's MX, or a provider whose host follows from each domain.

use contract::{
    mail::Domain,
    snapshot::object::{self, NextHop},
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
        self.object().hops_for(domain)
    }

    /// As it stands in a snapshot.
    pub fn object(&self) -> object::Destination {
        match self {
            Self::Hosts(hops) => object::Destination::Hosts(hops.clone()),
            Self::Mx(hop) => object::Destination::Hosts(vec![hop.clone()]),
            Self::Microsoft365 => object::Destination::Microsoft365,
            Self::GoogleWorkspace => object::Destination::GoogleWorkspace,
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

#[cfg(test)]
mod tests {
    use contract::snapshot::object::{HopTls, Trust};

    use super::*;

    #[test]
    fn what_is_stored_is_read_again_and_nonsense_is_not() {
        let hop = |host: &str| {
            let tls = HopTls::Verified { server_name: None, trust: Trust::WebPki };
            NextHop { host: host.to_owned(), mx: false, port: 25, priority: 10, weight: 1, tls }
        };
        let hosts = Destination::Hosts(vec![hop("mx.acme.example")]);
        for destination in [
            hosts,
            Destination::Mx(NextHop { mx: true, ..hop("acme.example") }),
            Destination::Microsoft365,
            Destination::GoogleWorkspace,
        ] {
            let hops = serde_json::to_string(destination.stored_hops()).unwrap();
            assert_eq!(Destination::from_stored(destination.kind().name(), &hops).unwrap(), destination);
        }
        for (kind, hops) in [("mx", "[]"), ("smart", "[]"), ("host", "{}")] {
            assert!(Destination::from_stored(kind, hops).is_err(), "{kind} {hops}");
        }
    }
}
