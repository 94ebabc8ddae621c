//! Names that nobody may register: public suffixes, and the house's own.

use contract::mail::Domain;

use crate::config::Config;

/// RFC 6761, RFC 7686, RFC 9476: names that are not in the DNS, or mean another thing on every network. `arpa` holds
/// `home.arpa` (RFC 8375) and the reverse zones.
const SPECIAL: &[&str] = &["localhost", "local", "invalid", "onion", "alt", "internal", "arpa"];

/// Why nobody registers a name that is ours.
pub(super) const OURS: &str = "this name belongs to the installation itself";

/// Why a name cannot be registered, for people; none if it can.
pub(super) fn refusal(name: &Domain, config: &Config) -> Option<&'static str> {
    let ascii = name.as_ascii();
    if !ascii.contains('.') {
        return Some("a mail domain has at least two labels");
    }
    let below = |suffix: &str| ascii.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    if SPECIAL.iter().any(|suffix| below(suffix)) {
        return Some("a name of special use is nobody's");
    }
    // A list of public suffixes in the binary: `co.uk`, `github.io`.
    if psl::domain(ascii.as_bytes()).is_none() {
        return Some("a public suffix is not one owner's");
    }
    if config.own_names().any(|host| name.is_within(&host)) {
        return Some(OURS);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_and_our_own_names_are_nobodys() {
        let config = Config {
            public_url: url::Url::parse("https://postern.msp.example:8443").unwrap(),
            own_hosts: vec!["mx.msp.example".parse().unwrap()],
            ..Config::default()
        };
        let table = [
            ("acme.example", true),
            ("mail.acme.example", true),
            ("msp.example", true),
            ("acme.co.uk", true),
            ("bücher.de", true),
            ("acme.xn--p1ai", true),
            ("xn--d1acufc.xn--p1ai", true),
            ("co.uk", false),
            ("github.io", false),
            ("example", false),
            ("com", false),
            ("postern.msp.example", false),
            ("a.postern.msp.example", false),
            ("mx.msp.example", false),
            ("a.local", false),
            ("a.localhost", false),
            ("1.168.192.in-addr.arpa", false),
            ("a.home.arpa", false),
        ];
        let wrong: Vec<_> =
            table.iter().filter(|(name, good)| refusal(&name.parse().unwrap(), &config).is_none() != *good).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}
