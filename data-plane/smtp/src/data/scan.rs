//! What a message is like, noted while it goes by. It decides nothing.

use memchr::{memchr, memchr2_iter};

use super::header::{Header, HeaderAnomaly};

/// What was seen in a message's content (after dots were removed).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each was seen or not, independently")]
pub struct Facts {
    pub size_bytes: u64,
    /// Octets of the longest line without its end. A bare LF ends a line here, as it does once it is normalised.
    pub longest_line_octets: u64,
    /// A CR that no LF follows.
    pub bare_cr: bool,
    /// A LF that no CR precedes.
    pub bare_lf: bool,
    pub nul: bool,
    /// Octets above 127, anywhere.
    pub eight_bit: bool,
    /// Octets above 127 in the header.
    pub header_eight_bit: bool,
    /// The first thing about the header that two readers could see differently.
    pub header_anomaly: Option<HeaderAnomaly>,
    /// The last line has no end of its own: possible only after BDAT. It gets its CRLF on the way out.
    pub unfinished_line: bool,
    pub received_fields: u32,
    /// Received fields that carry the installation's id.
    pub received_here: u32,
    /// The first Message-ID field, without its brackets; printable, at most 250 octets.
    pub message_id: Option<String>,
    /// The first Subject field, unfolded, with encoded words (RFC 2047) decoded; at most 250 characters.
    pub subject: Option<String>,
}

/// Gathers `Facts` from content in any split.
#[derive(Debug)]
pub struct Scan {
    facts: Facts,
    /// None once the empty line was seen.
    header: Option<Header>,
    line_octets: u64,
    after_cr: bool,
}

impl Scan {
    pub fn new(installation: &str) -> Self {
        Self { facts: Facts::default(), header: Some(Header::new(installation)), line_octets: 0, after_cr: false }
    }

    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    pub fn into_facts(self) -> Facts {
        self.facts
    }

    pub fn content(&mut self, slice: &[u8]) {
        self.facts.size_bytes += slice.len() as u64;
        self.facts.nul |= memchr(0, slice).is_some();
        self.facts.eight_bit |= !slice.is_ascii();
        let mut start = 0;
        for i in memchr2_iter(b'\r', b'\n', slice) {
            self.piece(slice.get(start..i).unwrap_or_default());
            start = i + 1;
            if slice.get(i) == Some(&b'\r') {
                self.bare_cr_if_after_cr();
                self.after_cr = true;
            } else {
                self.facts.bare_lf |= !self.after_cr;
                self.after_cr = false;
                self.line_ends();
            }
        }
        self.piece(slice.get(start..).unwrap_or_default());
    }

    /// The message is over.
    pub fn end(&mut self) {
        self.bare_cr_if_after_cr();
        self.note_length();
        self.facts.unfinished_line = self.line_octets > 0;
        if let Some(header) = self.header.take() {
            header.end(&mut self.facts);
        }
    }

    fn piece(&mut self, piece: &[u8]) {
        if piece.is_empty() {
            return;
        }
        self.bare_cr_if_after_cr();
        self.line_octets += piece.len() as u64;
        if let Some(header) = &mut self.header {
            header.piece(piece);
        }
    }

    fn bare_cr_if_after_cr(&mut self) {
        if std::mem::take(&mut self.after_cr) {
            self.facts.bare_cr = true;
            self.line_octets += 1;
            if let Some(header) = &mut self.header {
                header.piece(b"\r");
            }
        }
    }

    fn line_ends(&mut self) {
        self.note_length();
        self.line_octets = 0;
        if let Some(header) = &mut self.header
            && header.line_ends(&mut self.facts)
        {
            self.header = None;
        }
    }

    fn note_length(&mut self) {
        self.facts.longest_line_octets = self.facts.longest_line_octets.max(self.line_octets);
    }
}
