//! Takes a message's content apart from the dialogue (RFC 5321 §4.1.1.4, §4.5.2). After DATA it ends at CRLF.CRLF and
//! nowhere else, wherever the octets are split; `chunks` counts octets instead (RFC 3030). The facts are gathered by `scan`
//! from the content as the next hop will see it; `intake` hands it on while it may grow.

mod chunks;
mod header;
mod intake;
mod scan;

pub use chunks::Chunks;
pub use header::HeaderAnomaly;
pub use scan::{Facts, Scan};

use intake::Intake;
use memchr::memchr2;

/// Finds the end of a message and removes the dots that the sender put before lines.
#[derive(Debug)]
pub struct Receiver {
    at: At,
    intake: Intake,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    More,
    End,
}

/// Where in the content the next octet stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Right behind CRLF, or at the very beginning.
    LineStart,
    /// Behind a dot at the start of a line. It is held back: it may be the end, or one dot too many.
    Dot,
    /// Behind a dot and CR.
    DotCr,
    /// Anywhere in a line.
    Line,
    /// Behind CR in a line.
    Cr,
}

impl Receiver {
    /// `installation` is what loop detection looks for in Received fields.
    pub fn new(max_size_bytes: u64, installation: &str) -> Self {
        Self { at: At::LineStart, intake: Intake::new(max_size_bytes, installation) }
    }

    /// Looks at `input` up to the end of the message; gives how many octets were taken. `content` gets slices of it.
    pub fn take(&mut self, input: &[u8], mut content: impl FnMut(&[u8])) -> (usize, Progress) {
        // `run` is where the content that was not handed on yet begins.
        let (mut i, mut run) = (0, 0);
        while let Some(&octet) = input.get(i) {
            match self.at {
                At::LineStart if octet == b'.' => {
                    self.intake.hand_on(input.get(run..i), &mut content);
                    i += 1;
                    run = i;
                    self.at = At::Dot;
                }
                At::Dot if octet == b'\r' => {
                    i += 1;
                    run = i;
                    self.at = At::DotCr;
                }
                At::DotCr if octet == b'\n' => {
                    self.intake.end();
                    return (i + 1, Progress::End);
                }
                At::DotCr => {
                    // Not the end after all: the dot was stuffing, the CR is content.
                    self.intake.hand_on(Some(b"\r"), &mut content);
                    self.at = At::Cr;
                }
                At::Line => {
                    let Some(found) = memchr2(b'\r', b'\n', input.get(i..).unwrap_or_default()) else {
                        break;
                    };
                    i += found + 1;
                    // A bare LF stays inside the line: what follows it is no start of a line to SMTP.
                    if input.get(i - 1) == Some(&b'\r') {
                        self.at = At::Cr;
                    }
                }
                At::Cr if octet == b'\n' => {
                    i += 1;
                    self.at = At::LineStart;
                }
                At::LineStart | At::Dot | At::Cr => self.at = At::Line,
            }
        }
        if !matches!(self.at, At::Dot | At::DotCr) {
            self.intake.hand_on(input.get(run..), &mut content);
        }
        (input.len(), Progress::More)
    }

    pub fn swallow(&mut self) {
        self.intake.swallow();
    }

    pub fn is_swallowing(&self) -> bool {
        self.intake.is_swallowing()
    }

    pub fn facts(&self) -> &Facts {
        self.intake.facts()
    }

    pub fn into_facts(self) -> Facts {
        self.intake.into_facts()
    }
}
