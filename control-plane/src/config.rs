//! The control plane's settings. Each has a default that works on one machine.

use std::{
    net::SocketAddr,
    num::{NonZeroU16, NonZeroU32},
    path::PathBuf,
};

use contract::mail::{Cidr, Domain, Mailbox};
use serde::Deserialize;
use url::Url;

use crate::{
    audit,
    auth::{Cost, rates},
    breach,
    http::tls,
    mail_out,
};

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Set by the binary from its own keys of the same names.
    #[serde(skip)]
    pub data_dir: PathBuf,
    #[serde(skip)]
    pub public_url: Url,
    /// Where the API listens, HTTPS.
    pub listen: SocketAddr,
    pub tls: tls::Config,
    /// Connections at once; one address may have half of them.
    pub max_connections: usize,
    /// `postgres://…`; without it SQLite in the data directory.
    pub database: Database,
    /// Events and what is made of them.
    pub trace: Trace,
    /// 64 hex digits. Without it, the file `master.key` in the data directory, made at the first start.
    pub master_key: Option<Secret>,
    pub first_owner: FirstOwner,
    pub passwords: Passwords,
    pub audit: audit::Config,
    pub sessions: Sessions,
    /// Requests a minute.
    pub rates: rates::Config,
    /// Mail to people of this installation.
    pub mail: mail_out::Config,
    /// Hosts that `public_url` once had: it is accepted that passkeys made for them are void. Without it such passkeys end the start.
    pub accept_void_passkeys_of: Vec<String>,
    /// Who reads mail for `<postmaster>` without a domain (RFC 5321 §4.5.1). The first owner if left out.
    pub postmaster: Option<Mailbox>,
    /// Networks a next hop may be in although they are loopback, private or link-local.
    pub allowed_hop_ranges: Vec<Cidr>,
    /// For development: a domain is active as soon as it is registered.
    pub accept_domains_without_proof: bool,
    /// Names of this installation that no tenant can register, beside the host of `public_url`.
    pub own_hosts: Vec<Domain>,
    /// Where domains' MX records should point, the most preferred first. Empty: nobody is told. They are names of this
    /// installation as well.
    pub mx_hosts: Vec<Domain>,
    /// What domains' SPF records should include.
    pub spf_include: Option<DnsName>,
    /// How often a pending domain is looked at, at first; later less often.
    pub domain_check_interval_s: u64,
    /// How long a deleted tenant or active domain can be had back.
    pub closing_period_s: u64,
    /// How long after its suspension a tenant's mail is refused for good, where whoever suspends it does not say. Without it:
    /// it is deferred for as long as the suspension lasts.
    pub refuse_suspended_after_days: Option<u16>,
    /// Who may read `/metrics`.
    pub metrics_allow: Vec<Cidr>,
    pub dns: checks::dns::Config,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    pub url: Option<Secret>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Trace {
    /// Without it: beside the database, in tables (PostgreSQL) or a file (SQLite) of their own.
    pub url: Option<Secret>,
    /// How long messages, gaps and rejected events are kept.
    pub keep_days: NonZeroU16,
    /// How long sums by hour are kept.
    pub keep_statistics_days: NonZeroU16,
}

impl Default for Trace {
    fn default() -> Self {
        let days = |days| NonZeroU16::new(days).expect("more than none");
        Self { url: None, keep_days: days(30), keep_statistics_days: days(400) }
    }
}

/// What is asked of passwords.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Passwords {
    /// What hashing one costs. Hashes of another cost are made anew when their owner signs in.
    pub argon2: Cost,
    /// Those that are known to have been exposed.
    pub compromised: breach::Config,
}

/// Who signs in first. Used only while there is nobody.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FirstOwner {
    pub email: String,
    /// Without it one is made, shown once, and must be changed at the first sign-in.
    pub password: Option<Secret>,
}

/// How long a sign-in lasts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sessions {
    /// An access token; then it takes the refresh token to get another.
    pub access_lifetime_s: NonZeroU32,
    /// A session that is not carried on ends after so long.
    pub idle_lifetime_s: NonZeroU32,
    /// Every session ends after so long.
    pub absolute_lifetime_s: NonZeroU32,
    /// What is most worth protecting is open for so long after sign-in or after who it is was shown again.
    pub step_up_lifetime_s: NonZeroU32,
}

impl Default for Sessions {
    fn default() -> Self {
        let seconds = |seconds| NonZeroU32::new(seconds).expect("more than none");
        Self {
            access_lifetime_s: seconds(10 * 60),
            idle_lifetime_s: seconds(12 * 60 * 60),
            absolute_lifetime_s: seconds(7 * 24 * 60 * 60),
            step_up_lifetime_s: seconds(10 * 60),
        }
    }
}

/// A name in DNS that need not be a host's: labels may have underscores. Lower case, without a trailing dot.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct DnsName(String);

impl DnsName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for DnsName {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let name = text.strip_suffix('.').unwrap_or(&text).to_ascii_lowercase();
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        if name.len() <= 253 && name.split('.').all(is_label) {
            Ok(Self(name))
        } else {
            Err("a name has labels of 1 to 63 letters, digits, hyphens and underscores, 253 characters in all")
        }
    }
}

/// A setting that is never printed.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Config {
    /// Names of this installation: `own_hosts`, `mx_hosts` and the host of `public_url`.
    pub fn own_names(&self) -> impl Iterator<Item = Domain> {
        let public = match self.public_url.host() {
            Some(url::Host::Domain(host)) => host.parse().ok(),
            Some(url::Host::Ipv4(_) | url::Host::Ipv6(_)) | None => None,
        };
        self.own_hosts.iter().chain(&self.mx_hosts).cloned().chain(public)
    }
}

impl Default for FirstOwner {
    fn default() -> Self {
        Self { email: "owner@localhost.localdomain".to_owned(), password: None }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("data"),
            public_url: Url::parse("https://localhost:8443").expect("a constant that parses"),
            listen: SocketAddr::from(([127, 0, 0, 1], 8443)),
            tls: tls::Config::default(),
            max_connections: 2_048,
            database: Database::default(),
            trace: Trace::default(),
            master_key: None,
            first_owner: FirstOwner::default(),
            passwords: Passwords::default(),
            audit: audit::Config::default(),
            sessions: Sessions::default(),
            rates: rates::Config::default(),
            mail: mail_out::Config::default(),
            accept_void_passkeys_of: Vec::new(),
            postmaster: None,
            allowed_hop_ranges: Vec::new(),
            accept_domains_without_proof: false,
            own_hosts: Vec::new(),
            mx_hosts: Vec::new(),
            spf_include: None,
            domain_check_interval_s: 60,
            closing_period_s: 7 * 24 * 60 * 60,
            refuse_suspended_after_days: None,
            metrics_allow: vec![
                Cidr::of([127, 0, 0, 0].into(), 8),
                Cidr::of(std::net::Ipv6Addr::LOCALHOST.into(), 128),
            ],
            dns: checks::dns::Config::default(),
        }
    }
}
