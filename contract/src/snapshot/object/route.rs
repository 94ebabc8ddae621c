//! Where a domain's mail goes.

use serde::{Deserialize, Serialize};

use crate::{Id, ids, snapshot::hash::Hash};

/// Where a domain's mail goes. Part of the domain's object: a route edit touches the domains that use it.
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
