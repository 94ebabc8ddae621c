//! What a server offers in its answer to EHLO. What was heard in the clear is forgotten once TLS is up.

use super::HopReply;

/// Extensions that we know what to do with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an extension that is listed or not")]
pub struct Capabilities {
    pub pipelining: bool,
    pub eight_bit_mime: bool,
    pub smtputf8: bool,
    pub starttls: bool,
    /// It lists SIZE; the number is the largest message in octets, 0 for no fixed limit (RFC 1870 §4).
    pub size: Option<u64>,
    /// LIMITS RCPTMAX (RFC 9422).
    pub max_recipients: Option<u32>,
    /// LIMITS MAILMAX: transactions in one connection.
    pub max_transactions: Option<u32>,
}

impl Capabilities {
    /// Reads the lines behind the first, which is a greeting.
    pub fn read(reply: &HopReply) -> Self {
        let mut capabilities = Self::default();
        for line in reply.lines().iter().skip(1) {
            let mut words = line.split(' ').filter(|word| !word.is_empty());
            let Some(keyword) = words.next() else { continue };
            match keyword.to_ascii_uppercase().as_str() {
                "PIPELINING" => capabilities.pipelining = true,
                "8BITMIME" => capabilities.eight_bit_mime = true,
                "SMTPUTF8" => capabilities.smtputf8 = true,
                "STARTTLS" => capabilities.starttls = true,
                // A limit that cannot be read is none: the server will say so itself.
                "SIZE" => capabilities.size = Some(words.next().and_then(|size| size.parse().ok()).unwrap_or(0)),
                "LIMITS" => words.for_each(|word| capabilities.limit(word)),
                _ => {}
            }
        }
        capabilities
    }

    fn limit(&mut self, word: &str) {
        let Some((name, value)) = word.split_once('=') else { return };
        let value = value.parse().ok().filter(|limit| *limit > 0);
        if name.eq_ignore_ascii_case("RCPTMAX") {
            self.max_recipients = value;
        } else if name.eq_ignore_ascii_case("MAILMAX") {
            self.max_transactions = value;
        }
    }

    /// The largest message it says it takes.
    pub fn max_size_bytes(&self) -> Option<u64> {
        self.size.filter(|size| *size > 0)
    }
}
