//! The range protocol of Pwned Passwords: five hex digits of a SHA-1 go out, all hashes that begin so come back, among
//! others that are made up so that the length says nothing.

use std::time::Duration;

use reqwest::{StatusCode, redirect};
use url::Url;

use crate::hex;

/// Longest answer. A range has about 2,000 lines of some 40 octets.
const LONGEST: usize = 512 * 1024;
/// Hex digits that go out, and those that stay.
const PREFIX: usize = 5;
const SUFFIX: usize = 35;

#[derive(Debug)]
pub(super) struct Client {
    /// None where the machine has no certificates to trust: then nobody can be asked.
    http: Option<reqwest::Client>,
    base: String,
}

/// Why there is no answer. None of it holds what was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("this machine trusts no certificate")]
    NoTrust,
    #[error("the range service cannot be asked")]
    Unreachable(#[source] reqwest::Error),
    #[error("the range service answers {0}")]
    Status(StatusCode),
    #[error("the answer is longer than {LONGEST} octets")]
    Oversize,
    #[error("the answer is not a list of hashes")]
    Malformed,
}

impl Client {
    pub(super) fn new(base: &Url, timeout: Duration) -> Self {
        let http = reqwest::Client::builder()
            .timeout(timeout)
            .redirect(redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .user_agent(concat!("postern/", env!("CARGO_PKG_VERSION")))
            .build();
        if let Err(error) = &http {
            let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
            tracing::warn!(%error, cause, "compromised passwords cannot be looked up");
        }
        Self { http: http.ok(), base: base.as_str().trim_end_matches('/').to_owned() }
    }

    pub(super) async fn knows(&self, sha1: &[u8; 20]) -> Result<bool, Error> {
        let digits = hex::digits(sha1).to_ascii_uppercase();
        let (prefix, suffix) = digits.split_at(PREFIX);
        let http = self.http.as_ref().ok_or(Error::NoTrust)?;
        // Its own text would name the URL, and with it what was asked.
        let unreachable = |error: reqwest::Error| Error::Unreachable(error.without_url());
        let request = http.get(format!("{}/range/{prefix}", self.base)).header("add-padding", "true");
        let mut response = request.send().await.map_err(unreachable)?;
        if response.status() != StatusCode::OK {
            return Err(Error::Status(response.status()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > LONGEST {
                return Err(Error::Oversize);
            }
            body.extend_from_slice(&chunk);
        }
        lists(&body, suffix.as_bytes()).ok_or(Error::Malformed)
    }
}

/// Is the suffix in an answer, with a count above none? None where the answer is not one: no range is empty.
fn lists(body: &[u8], suffix: &[u8]) -> Option<bool> {
    let mut found = false;
    let mut lines = 0_usize;
    for line in body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).filter(|line| !line.is_empty()) {
        let (hash, rest) = line.split_at_checked(SUFFIX)?;
        let count = rest.strip_prefix(b":")?;
        let good = hash.iter().all(u8::is_ascii_hexdigit) && !count.is_empty() && count.iter().all(u8::is_ascii_digit);
        if !good {
            return None;
        }
        lines += 1;
        let padding = count.iter().all(|digit| *digit == b'0');
        found |= !padding && hash.eq_ignore_ascii_case(suffix);
    }
    (lines > 0).then_some(found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WANTED: &str = "1E4C9B93F3F0682250B6CF8331B7EE68FD8";
    const OTHER: &str = "0018A45C4D1DEF81644B54AB7F969B88D65";

    #[test]
    fn a_hash_is_found_where_its_count_is_not_none() {
        for (body, expected) in [
            (format!("{OTHER}:3\r\n{WANTED}:10434004\r\n"), Some(true)),
            (format!("{OTHER}:3\n{}:1", WANTED.to_lowercase()), Some(true)),
            (format!("{OTHER}:3\r\n{WANTED}:0"), Some(false)),
            (format!("{OTHER}:3\r\n{WANTED}:000"), Some(false)),
            (format!("{OTHER}:1"), Some(false)),
            // Whatever is no list says nothing, not "not exposed".
            (String::new(), None),
            ("\r\n\r\n".to_owned(), None),
            ("<html>".to_owned(), None),
            (format!("{WANTED}:1\r\nsorry"), None),
            (WANTED.to_owned(), None),
            (format!("{WANTED}:"), None),
            (format!("{WANTED}:-1"), None),
            (format!("{}Z:1", &WANTED[..34]), None),
            (format!("{WANTED}0:1"), None),
        ] {
            assert_eq!(lists(body.as_bytes(), WANTED.as_bytes()), expected, "{body}");
        }
    }

    proptest! {
        #[test]
        fn any_octets_are_read_without_harm(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = lists(&body, WANTED.as_bytes());
        }
    }
}
