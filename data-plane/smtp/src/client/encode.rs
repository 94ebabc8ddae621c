//! Content on its way out: a dot before every line that begins with one (RFC 5321 §4.5.2), and never a bare CR or LF,
//! which is the outbound half of SMTP smuggling. It gives slices of what it was given; nothing is copied.

use memchr::memchr2;

/// What is done with a LF that no CR precedes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Newlines {
    Strict,
    /// It becomes CRLF, before dots are looked at.
    Normalize,
}

/// A line end was met that may not be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("bare CR or LF in outgoing content")]
pub struct BareNewline;

#[derive(Debug)]
pub struct Encoder {
    at: At,
    newlines: Newlines,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    LineStart,
    Line,
    /// A CR ended the last piece; it is held back until its LF is seen.
    Cr,
    /// At a LF that is to become CRLF.
    BareLf,
    /// Something was met that may not be sent. There is no way out: whoever goes on gets no end of data.
    Broken,
}

impl Encoder {
    pub const fn new(newlines: Newlines) -> Self {
        Self { at: At::LineStart, newlines }
    }

    /// What to send for the next piece of content. To be used up before the next piece, or the end, is asked for.
    pub fn encode<'a>(&'a mut self, content: &'a [u8]) -> Segments<'a> {
        Segments { encoder: self, rest: content }
    }

    /// The end of data, with the CRLF that the last line may lack.
    pub fn finish(self) -> Result<&'static [u8], BareNewline> {
        match self.at {
            At::LineStart => Ok(b".\r\n"),
            At::Line => Ok(b"\r\n.\r\n"),
            At::Cr | At::BareLf | At::Broken => Err(BareNewline),
        }
    }
}

/// Slices to send in order. After an error there is nothing more.
#[derive(Debug)]
pub struct Segments<'a> {
    encoder: &'a mut Encoder,
    rest: &'a [u8],
}

impl<'a> Segments<'a> {
    fn take(&mut self, octets: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at_checked(octets).unwrap_or((self.rest, &[]));
        self.rest = rest;
        taken
    }

    fn refuse(&mut self) -> Result<&'a [u8], BareNewline> {
        self.rest = &[];
        self.encoder.at = At::Broken;
        Err(BareNewline)
    }

    /// The longest run that needs no change, and where it leaves the encoder.
    fn run(&self) -> Result<(usize, At), BareNewline> {
        let mut seen = 0;
        loop {
            let ahead = self.rest.get(seen..).unwrap_or_default();
            let Some(found) = memchr2(b'\r', b'\n', ahead) else {
                return Ok((self.rest.len(), At::Line));
            };
            let i = seen + found;
            match (ahead.get(found), ahead.get(found + 1), ahead.get(found + 2)) {
                (Some(b'\r'), Some(b'\n'), None | Some(b'.')) => return Ok((i + 2, At::LineStart)),
                (Some(b'\r'), Some(b'\n'), Some(_)) => seen = i + 2,
                (Some(b'\r'), None, _) => return Ok((i, At::Cr)),
                (Some(b'\r'), Some(_), _) => return Err(BareNewline),
                _ if self.encoder.newlines == Newlines::Normalize => return Ok((i, At::BareLf)),
                _ => return Err(BareNewline),
            }
        }
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = Result<&'a [u8], BareNewline>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let first = *self.rest.first()?;
            match self.encoder.at {
                At::Cr if first == b'\n' => {
                    self.take(1);
                    self.encoder.at = At::LineStart;
                    return Some(Ok(b"\r\n"));
                }
                At::BareLf => {
                    self.take(1);
                    self.encoder.at = At::LineStart;
                    return Some(Ok(b"\r\n"));
                }
                At::Cr | At::Broken => return Some(self.refuse()),
                At::LineStart if first == b'.' => {
                    self.encoder.at = At::Line;
                    return Some(Ok(b"."));
                }
                At::LineStart => self.encoder.at = At::Line,
                At::Line => {
                    let Ok((octets, at)) = self.run() else {
                        return Some(self.refuse());
                    };
                    self.encoder.at = at;
                    let run = self.take(octets);
                    if at == At::Cr {
                        self.take(1);
                    }
                    if !run.is_empty() {
                        return Some(Ok(run));
                    }
                }
            }
        }
    }
}
