//! Through which relay mail to people goes.

use contract::mail::Mailbox;
use serde::Deserialize;

use super::Language;
use crate::config::Secret;

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Without one nobody is mailed anything.
    pub relay: Option<Relay>,
    pub language: Language,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub struct Relay {
    pub host: String,
    pub port: u16,
    pub tls: Security,
    /// Who the mail is from, in its envelope as well.
    pub from: Mailbox,
    pub credentials: Option<(String, Secret)>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// TLS from the first octet, usually on port 465.
    Implicit,
    /// TLS after STARTTLS; without it nothing is sent.
    #[default]
    Starttls,
    /// Whoever can listen reads it.
    None,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    host: String,
    #[serde(default = "submission")]
    port: u16,
    #[serde(default)]
    tls: Security,
    from: Mailbox,
    username: Option<String>,
    password: Option<Secret>,
}

const fn submission() -> u16 {
    587
}

impl TryFrom<Written> for Relay {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let Written { host, port, tls, from, username, password } = written;
        if host.is_empty() || port == 0 {
            return Err("a relay has a host and a port");
        }
        let credentials = match (username, password) {
            (Some(username), Some(password)) => Some((username, password)),
            (None, None) => None,
            _ => return Err("username and password are set together, or neither"),
        };
        if tls == Security::None && credentials.is_some() {
            return Err("with tls = \"none\" everybody could read the password; set starttls or implicit");
        }
        Ok(Self { host, port, tls, from, credentials })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_goes_nowhere_without_tls() {
        let read = |text: &str| toml::from_str::<Config>(text).map_err(|error| error.to_string());
        let relay = |more: &str| format!("[relay]\nhost = \"mx.example\"\nfrom = \"postern@example.com\"\n{more}");
        let good = read(&relay("username = \"u\"\npassword = \"p\"\n")).unwrap().relay.unwrap();
        assert_eq!((good.port, good.tls), (587, Security::Starttls));
        assert!(!format!("{good:?}").contains("\"p\""));
        assert!(read(&relay("tls = \"none\"\nport = 25\n")).is_ok());
        for (more, says) in [
            ("tls = \"none\"\nusername = \"u\"\npassword = \"p\"\n", "everybody could read"),
            ("username = \"u\"\n", "set together"),
            ("port = 0\n", "a host and a port"),
            ("tls = \"maybe\"\n", "maybe"),
            ("user = \"u\"\n", "user"),
        ] {
            let error = read(&relay(more)).unwrap_err();
            assert!(error.contains(says), "{more}: {error}");
        }
        assert!(read("language = \"fr\"").is_ok() && read("language = \"xx\"").is_err());
    }
}
