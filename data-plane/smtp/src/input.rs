//! What a sender has sent and nobody has looked at yet. Lines end with CRLF and nothing else; limits hold while reading.

use bytes::{Buf, BytesMut};
use memchr::{memchr, memchr3};

/// Octets of a command line with its CRLF. RFC 5321 §4.5.3.1.4 asks for 512, the extensions we offer add 53 (RFC 1870,
/// 6152, 6531); the rest is there so that a long parameter which we do not know still gets its own answer.
const MAX_LINE_OCTETS: usize = 1_024;
/// An over-long line is skipped so far; beyond it the connection ends.
const MAX_SKIPPED_OCTETS: usize = 64 * 1_024;

/// The octets of one connection in the order they came.
#[derive(Debug, Default)]
pub struct Input {
    buffer: BytesMut,
    /// No LF stands before this offset.
    scanned: usize,
    /// Octets of an over-long line that were skipped; 0 outside of one.
    skipped: usize,
    line: Vec<u8>,
}

/// Why a line is no command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineFault {
    TooLong,
    Endless,
    BareLf,
    ControlOctet,
}

impl Input {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn extend(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Where a driver reads into. It may only append.
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// Octets that wait.
    pub fn len(&self) -> usize {
        self.buffer.len()
    }

    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Is a whole line there? While it is, replies may be kept back and sent together (RFC 2920 §3.2).
    pub fn has_line(&self) -> bool {
        memchr(b'\n', self.buffer.get(self.scanned..).unwrap_or_default()).is_some()
    }

    /// The last command line, printable and cut to 512 characters, for the trace. Secrets are left out.
    pub fn said(&self) -> String {
        let verb = self.line.split(|&b| b == b' ').next().unwrap_or_default();
        if verb.eq_ignore_ascii_case(b"AUTH") { "AUTH …".to_owned() } else { crate::text::printable(&self.line, 512) }
    }

    /// Forgets what waits: plaintext behind STARTTLS (RFC 3207 §4.2).
    pub(crate) fn discard(&mut self) {
        self.buffer.clear();
        self.scanned = 0;
        self.skipped = 0;
    }

    /// The message content takes octets from here.
    pub(crate) fn peek(&self) -> &[u8] {
        &self.buffer
    }

    pub(crate) fn consume(&mut self, octets: usize) {
        self.buffer.advance(octets.min(self.buffer.len()));
        self.scanned = 0;
    }

    pub(crate) fn line(&self) -> &[u8] {
        &self.line
    }

    /// Takes the next line; `line()` then has it without its CRLF. None: it has not wholly arrived.
    pub(crate) fn take_line(&mut self) -> Option<Result<(), LineFault>> {
        loop {
            let Some(lf) = memchr(b'\n', self.buffer.get(self.scanned..).unwrap_or_default()).map(|i| i + self.scanned)
            else {
                return self.no_line_yet();
            };
            let end = lf + 1;
            let before = self.buffer.get(..lf).unwrap_or_default();
            let crlf = before.last() == Some(&b'\r');
            let text = before.strip_suffix(b"\r").unwrap_or(before);
            if self.skipped > 0 || end > MAX_LINE_OCTETS {
                let octets = self.skipped + end;
                self.consume(end);
                if octets > MAX_SKIPPED_OCTETS {
                    return Some(Err(LineFault::Endless));
                }
                // A bare LF does not end it: what follows was never a line of its own.
                self.skipped = if crlf { 0 } else { octets };
                if crlf {
                    self.line.clear();
                    return Some(Err(LineFault::TooLong));
                }
                continue;
            }
            self.line.clear();
            self.line.extend_from_slice(text);
            self.consume(end);
            return Some(if !crlf {
                Err(LineFault::BareLf)
            } else if memchr3(0, b'\r', 0x7f, &self.line).is_some() {
                Err(LineFault::ControlOctet)
            } else {
                Ok(())
            });
        }
    }

    fn no_line_yet(&mut self) -> Option<Result<(), LineFault>> {
        if self.skipped == 0 && self.buffer.len() <= MAX_LINE_OCTETS {
            self.scanned = self.buffer.len();
            return None;
        }
        // A CR may be half of the CRLF that ends it.
        let keep = usize::from(self.buffer.last() == Some(&b'\r'));
        let octets = self.buffer.len() - keep;
        self.skipped += octets;
        self.consume(octets);
        (self.skipped > MAX_SKIPPED_OCTETS).then_some(Err(LineFault::Endless))
    }
}
