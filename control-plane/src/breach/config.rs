//! What an operator says about it.

use std::{net::IpAddr, path::PathBuf, time::Duration};

use serde::Deserialize;
use url::{Host, Url};

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub enabled: bool,
    /// Where the range service is: `GET {url}/range/{five hex digits}`.
    pub url: ServiceUrl,
    /// How long it may take, all in all.
    pub timeout_ms: TimeoutMs,
    pub on_hit: OnHit,
    /// A file to look in instead; the service is not asked then. The published list (`HASH:COUNT`, sorted by hash), or
    /// what `postern breach-list build` made of it.
    pub list: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            enabled: true,
            url: ServiceUrl(Url::parse("https://api.pwnedpasswords.com").expect("a constant that parses")),
            timeout_ms: TimeoutMs(1_000),
            on_hit: OnHit::Refuse,
            list: None,
        }
    }
}

/// What a hit does. None of them keeps anybody from signing in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnHit {
    /// It cannot be set; who signs in with it changes it before anything else.
    Refuse,
    /// The same: a new password that must be changed at once would be no use.
    ForceChange,
    /// It can be set and kept; its owner is told.
    Warn,
}

/// HTTPS; plain HTTP only to this machine.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ServiceUrl(Url);

impl ServiceUrl {
    pub(super) fn url(&self) -> &Url {
        &self.0
    }
}

impl TryFrom<String> for ServiceUrl {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let url = Url::parse(&text).map_err(|_| "not a URL")?;
        let here = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
            Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
            None => return Err("a URL with a host"),
        };
        match url.scheme() {
            "https" => {}
            "http" if here => {}
            _ => return Err("an https:// URL; http:// only to 127.0.0.1, [::1] or localhost"),
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err("a URL without user, query and fragment");
        }
        Ok(Self(url))
    }
}

/// 100 to 10,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub struct TimeoutMs(u32);

impl TimeoutMs {
    pub(super) fn duration(self) -> Duration {
        Duration::from_millis(u64::from(self.0))
    }
}

impl TryFrom<u32> for TimeoutMs {
    type Error = &'static str;

    fn try_from(ms: u32) -> Result<Self, Self::Error> {
        if (100..=10_000).contains(&ms) { Ok(Self(ms)) } else { Err("100 to 10000 milliseconds") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_leads_no_further_than_this_machine() {
        for (url, good) in [
            ("https://api.pwnedpasswords.com", true),
            ("https://mirror.example/hibp/", true),
            ("http://127.0.0.1:8080", true),
            ("http://[::1]:8080/x", true),
            ("http://localhost", true),
            ("http://mirror.example", false),
            ("http://192.0.2.1", false),
            ("http://127.0.0.1.example.com", false),
            ("ftp://mirror.example", false),
            ("https://user:secret@mirror.example", false),
            ("https://mirror.example/?q=1", false),
            ("mirror.example", false),
            ("", false),
        ] {
            assert_eq!(ServiceUrl::try_from(url.to_owned()).is_ok(), good, "{url}");
        }
    }
}
