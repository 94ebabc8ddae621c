//! Reads the header line by line, as strictly as the strictest reader behind us might (A6.15, A6.18). Memory is bounded:
//! of a line the first 1000 octets are kept, of a field the first 4000.

use memchr::memmem;

use super::Facts;
use crate::text;

const KEPT_OF_LINE: usize = 1_000;
const KEPT_OF_FIELD: usize = 4_000;

/// What two readers of one header could see differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderAnomaly {
    /// The first line begins with white space: it would continue our own field above it.
    FirstLineFolded,
    /// `From ` of an mbox file: some take it for an envelope, some for the end of the header.
    FromLine,
    /// The first line is neither empty nor a field.
    FirstLineNoField,
    /// A later line of the header is no field.
    LineNoField,
    /// A line of white space only: a continuation to some, the end of the header to others.
    BlankLine,
}

#[derive(Debug)]
pub(super) struct Header {
    installation: Box<[u8]>,
    first: bool,
    /// The line so far.
    line: Vec<u8>,
    /// It has octets beyond what is kept.
    more: bool,
    /// The value of the field that may be continued, where it is of interest.
    field: Option<(Field, Vec<u8>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Received,
    MessageId,
    Subject,
}

impl Header {
    pub(super) fn new(installation: &str) -> Self {
        Self { installation: installation.as_bytes().into(), first: true, line: Vec::new(), more: false, field: None }
    }

    pub(super) fn piece(&mut self, piece: &[u8]) {
        let room = KEPT_OF_LINE.saturating_sub(self.line.len());
        let kept = piece.get(..room).unwrap_or(piece);
        self.line.extend_from_slice(kept);
        self.more |= kept.len() < piece.len();
        // 8-bit octets matter wherever they are; one stands for all that were not kept.
        if self.more && self.line.len() == KEPT_OF_LINE && !piece.is_ascii() {
            self.line.push(0x80);
        }
    }

    /// True: this was the empty line, the header is over.
    pub(super) fn line_ends(&mut self, facts: &mut Facts) -> bool {
        let line = std::mem::take(&mut self.line);
        self.more = false;
        let first = std::mem::take(&mut self.first);
        facts.header_eight_bit |= !line.is_ascii();
        match line.first() {
            None => {
                self.field_ends(facts);
                return true;
            }
            Some(b' ' | b'\t') => {
                if first {
                    note(facts, HeaderAnomaly::FirstLineFolded);
                } else if line.iter().all(|b| matches!(b, b' ' | b'\t')) {
                    note(facts, HeaderAnomaly::BlankLine);
                }
                self.keep(&line);
            }
            Some(_) => {
                self.field_ends(facts);
                self.field_begins(&line, first, facts);
            }
        }
        // The allocation is used again.
        self.line = line;
        self.line.clear();
        false
    }

    /// The message ended inside the header.
    pub(super) fn end(mut self, facts: &mut Facts) {
        if !self.line.is_empty() {
            self.line_ends(facts);
        }
        self.field_ends(facts);
    }

    fn field_begins(&mut self, line: &[u8], first: bool, facts: &mut Facts) {
        let Some((name, value)) = split_field(line) else {
            note(
                facts,
                match (line.starts_with(b"From ") || line.starts_with(b">From "), first) {
                    (true, _) => HeaderAnomaly::FromLine,
                    (false, true) => HeaderAnomaly::FirstLineNoField,
                    (false, false) => HeaderAnomaly::LineNoField,
                },
            );
            return;
        };
        let field = if name.eq_ignore_ascii_case(b"Received") {
            facts.received_fields = facts.received_fields.saturating_add(1);
            Field::Received
        } else if name.eq_ignore_ascii_case(b"Message-ID") && facts.message_id.is_none() {
            Field::MessageId
        } else if name.eq_ignore_ascii_case(b"Subject") && facts.subject.is_none() {
            Field::Subject
        } else {
            return;
        };
        self.field = Some((field, Vec::new()));
        self.keep(value);
    }

    fn keep(&mut self, value: &[u8]) {
        if let Some((_, kept)) = &mut self.field {
            let room = KEPT_OF_FIELD.saturating_sub(kept.len());
            kept.extend_from_slice(value.get(..room).unwrap_or(value));
        }
    }

    fn field_ends(&mut self, facts: &mut Facts) {
        match self.field.take() {
            Some((Field::Received, value)) => {
                let here = !self.installation.is_empty() && memmem::find(&value, &self.installation).is_some();
                facts.received_here = facts.received_here.saturating_add(u32::from(here));
            }
            Some((Field::MessageId, value)) => {
                let id = value.trim_ascii();
                let id = id.strip_prefix(b"<").unwrap_or(id);
                let id = id.strip_suffix(b">").unwrap_or(id);
                facts.message_id = (!id.is_empty()).then(|| text::printable(id, 250));
            }
            Some((Field::Subject, value)) => {
                facts.subject = Some(text::one_line(&text::decoded(value.trim_ascii()), 250));
            }
            None => {}
        }
    }
}

fn note(facts: &mut Facts, anomaly: HeaderAnomaly) {
    // The first is told; one that may pass does not hide another that may not.
    if facts.header_anomaly.is_none_or(|known| known == HeaderAnomaly::BlankLine) {
        facts.header_anomaly = Some(anomaly);
    }
}

/// RFC 5322 §2.2: printable ASCII but colon, then a colon. White space before the colon is obsolete (§4.5.8) and taken.
fn split_field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|&b| b == b':')?;
    let (name, value) = line.split_at_checked(colon)?;
    let name = name.trim_ascii_end();
    let sound = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    sound.then(|| (name, value.get(1..).unwrap_or_default()))
}
