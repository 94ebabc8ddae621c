//! Replies of a server, read strictly (A6.16): CRLF, one code on all lines, bounded. What is no reply is a fault, and no
//! reply is read after a fault.

use bytes::{Buf, BytesMut};
use contract::mail::EnhancedCode;
use memchr::memchr;

/// Octets of one line with its CRLF; RFC 5321 §4.5.3.1.5 asks for 512.
const MAX_LINE_OCTETS: usize = 2_048;
/// Lines of one reply.
const MAX_LINES: usize = 128;

/// A whole reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HopReply {
    code: u16,
    /// Texts without code, printable.
    lines: Vec<String>,
}

/// Why octets are no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReplyFault {
    #[error("a reply line does not begin with a code (RFC 5321 4.2)")]
    Code,
    #[error("a reply line does not end with CRLF")]
    LineEnd,
    #[error("a reply has lines of different codes")]
    CodeChanged,
    #[error("a reply line is too long")]
    LineTooLong,
    #[error("a reply has too many lines")]
    TooManyLines,
}

/// Cuts what a server sends into replies.
#[derive(Debug, Default)]
pub struct ReplyReader {
    buffer: BytesMut,
    scanned: usize,
    /// Lines of the reply that is not complete yet.
    code: u16,
    lines: Vec<String>,
    fault: Option<ReplyFault>,
}

impl ReplyReader {
    pub fn extend(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Where a driver reads into. It may only append.
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// Nothing waits, not even half a reply, and nothing was wrong so far.
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty() && self.lines.is_empty() && self.fault.is_none()
    }

    /// The next whole reply; none while it has not come.
    pub fn next_reply(&mut self) -> Result<Option<HopReply>, ReplyFault> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        self.read().inspect_err(|fault| self.fault = Some(*fault))
    }

    fn read(&mut self) -> Result<Option<HopReply>, ReplyFault> {
        loop {
            let unseen = self.buffer.get(self.scanned..).unwrap_or_default();
            let Some(lf) = memchr(b'\n', unseen).map(|i| i + self.scanned) else {
                self.scanned = self.buffer.len();
                return if self.buffer.len() >= MAX_LINE_OCTETS { Err(ReplyFault::LineTooLong) } else { Ok(None) };
            };
            if lf >= MAX_LINE_OCTETS {
                return Err(ReplyFault::LineTooLong);
            }
            let line = self.buffer.get(..lf).and_then(|line| line.strip_suffix(b"\r")).ok_or(ReplyFault::LineEnd)?;
            let (code, last, text) = split(line)?;
            if !self.lines.is_empty() && code != self.code {
                return Err(ReplyFault::CodeChanged);
            }
            if self.lines.len() == MAX_LINES {
                return Err(ReplyFault::TooManyLines);
            }
            self.code = code;
            self.lines.push(crate::text::printable(text, MAX_LINE_OCTETS));
            self.buffer.advance(lf + 1);
            self.scanned = 0;
            if last {
                return Ok(Some(HopReply { code, lines: std::mem::take(&mut self.lines) }));
            }
        }
    }
}

/// `250-text`, `250 text` or `250`.
fn split(line: &[u8]) -> Result<(u16, bool, &[u8]), ReplyFault> {
    if line.contains(&b'\r') {
        return Err(ReplyFault::LineEnd);
    }
    let (digits, rest) = line.split_at_checked(3).ok_or(ReplyFault::Code)?;
    let [first @ b'2'..=b'5', second @ b'0'..=b'9', third @ b'0'..=b'9'] = *digits else {
        return Err(ReplyFault::Code);
    };
    let code = [first, second, third].iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    match rest {
        [] => Ok((code, true, rest)),
        [b' ', text @ ..] => Ok((code, true, text)),
        [b'-', text @ ..] => Ok((code, false, text)),
        _ => Err(ReplyFault::Code),
    }
}

impl HopReply {
    pub const fn code(&self) -> u16 {
        self.code
    }

    /// 2, 3, 4 or 5.
    pub const fn class(&self) -> u16 {
        self.code / 100
    }

    pub const fn is_positive(&self) -> bool {
        self.class() == 2
    }

    /// Texts without code, printable.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// The enhanced code of the first line that has one.
    pub fn enhanced(&self) -> Option<EnhancedCode> {
        self.lines.iter().find_map(|line| EnhancedCode::split_from(line)).map(|(code, _)| code)
    }

    /// All lines as one, without enhanced codes.
    pub fn text(&self) -> String {
        let texts =
            self.lines.iter().map(|line| EnhancedCode::split_from(line).map_or(&**line, |(_, text)| text).trim());
        texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

impl std::fmt::Display for HopReply {
    /// One line for the trace, cut to about 500 characters.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = self.lines.join(" / ");
        write!(f, "{} {}", self.code, text.get(..500).unwrap_or(&text))
    }
}
