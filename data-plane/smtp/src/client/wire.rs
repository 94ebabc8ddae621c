//! What every state of a connection to a hop has: replies that came, commands to send, what the hop offers. A reply
//! belongs to the oldest command that is owed one; one that nobody is owed poisons the connection.

use contract::mail::{Mailbox, ReversePath};

use super::{Capabilities, HopReply, Live, MailParameters, Opening, ReplyFault, ReplyReader};
use crate::said::Said;

/// What a reply answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Banner,
    Ehlo,
    StartTls,
    Mail,
    Rcpt,
    /// The command, before any content.
    Data,
    /// The content, after its last dot.
    Message,
    Reset,
}

/// Why a connection is of no more use. Nothing may be sent on it, but QUIT.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    #[error("the hop sent what is no reply")]
    Nonsense(#[source] ReplyFault),
    /// Octets came that no command was owed: one reply too many, or one that was late.
    #[error("the hop sent a reply that nothing had asked for")]
    Unasked,
    #[error("the hop's reply does not fit the command ({stage:?}: {reply})")]
    Unexpected { stage: Stage, reply: HopReply },
    #[error("the hop refused before any mail ({stage:?}: {reply})")]
    Refused { stage: Stage, reply: HopReply },
    #[error("the hop closes the connection ({stage:?}: {reply})")]
    Closing { stage: Stage, reply: HopReply },
    #[error("the hop does not offer STARTTLS")]
    NoStartTls,
    /// A bare CR or LF was about to be sent.
    #[error("the content has a line end that may not be sent")]
    BareNewline,
    /// A mistake of the driver: nothing to send content for, or replies still owed.
    #[error("a command was asked for that cannot be sent in this state")]
    OutOfOrder,
}

impl Failure {
    /// What the sender hears.
    pub const fn said(&self) -> Said {
        match self {
            Self::Nonsense(_) | Self::Unasked | Self::Unexpected { .. } => Said::HopNonsense,
            Self::Refused { stage: Stage::StartTls, .. } | Self::NoStartTls => Said::HopTls,
            Self::Refused { .. } | Self::Closing { .. } => Said::HopFailed,
            Self::BareNewline | Self::OutOfOrder => Said::InternalError,
        }
    }

    /// What the hop said, where it said something.
    pub const fn reply(&self) -> Option<&HopReply> {
        match self {
            Self::Unexpected { reply, .. } | Self::Refused { reply, .. } | Self::Closing { reply, .. } => Some(reply),
            Self::Nonsense(_) | Self::Unasked | Self::NoStartTls | Self::BareNewline | Self::OutOfOrder => None,
        }
    }
}

/// Lines kept for a driver that does not take them.
const MAX_LINES: usize = 1_024;

/// A line of the dialogue, for the trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    ToHop(String),
    Hop(String),
}

/// The two directions of one connection. The driver fills `replies` and sends what `take_output` gives.
#[derive(Debug, Default)]
pub struct Wire {
    reader: ReplyReader,
    output: Vec<u8>,
    lines: Vec<Line>,
    pub(super) capabilities: Capabilities,
}

impl Wire {
    /// Where octets from the hop go.
    pub fn replies(&mut self) -> &mut ReplyReader {
        &mut self.reader
    }

    /// What is to be sent now; empty when nothing is.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    pub fn has_output(&self) -> bool {
        !self.output.is_empty()
    }

    /// Lines of both sides since the last call.
    pub fn take_lines(&mut self) -> Vec<Line> {
        std::mem::take(&mut self.lines)
    }

    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    pub(super) fn say(&mut self, command: &str) {
        self.output.extend_from_slice(command.as_bytes());
        self.output.extend_from_slice(b"\r\n");
        self.note(Line::ToHop(command.to_owned()));
    }

    /// The next reply, whose place in the dialogue the caller knows. 421 is the end whatever was asked.
    pub(super) fn hear(&mut self, stage: Stage) -> Result<Option<HopReply>, Failure> {
        let Some(reply) = self.reader.next_reply().map_err(Failure::Nonsense)? else {
            return Ok(None);
        };
        self.note(Line::Hop(reply.to_string()));
        if reply.code() == 421 { Err(Failure::Closing { stage, reply }) } else { Ok(Some(reply)) }
    }

    fn note(&mut self, line: Line) {
        if self.lines.len() < MAX_LINES {
            self.lines.push(line);
        }
    }

    /// Nothing came that was not asked for.
    pub(super) fn quiet(&self) -> Result<(), Failure> {
        if self.reader.is_empty() { Ok(()) } else { Err(Failure::Unasked) }
    }
}

/// A connection between transactions: no reply is owed, nothing waits.
#[derive(Debug)]
pub struct Idle {
    pub(super) wire: Wire,
    transactions: u32,
    starttls_refused: Option<HopReply>,
}

impl Idle {
    pub(super) fn new(wire: Wire, starttls_refused: Option<HopReply>) -> Self {
        Self { wire, transactions: 0, starttls_refused }
    }

    pub fn wire(&mut self) -> &mut Wire {
        &mut self.wire
    }

    pub fn capabilities(&self) -> &Capabilities {
        &self.wire.capabilities
    }

    /// Transactions it has carried.
    pub fn transactions(&self) -> u32 {
        self.transactions
    }

    /// The hop refused STARTTLS, and the level allowed to go on without.
    pub fn starttls_refused(&self) -> Option<&HopReply> {
        self.starttls_refused.as_ref()
    }

    /// May it be used (again)? Look at the socket before asking: octets that can be read now were not asked for.
    pub fn is_clean(&self) -> bool {
        self.wire.reader.is_empty() && self.wire.output.is_empty()
    }

    /// A transaction of one recipient; MAIL, RCPT and DATA in one burst where the hop allows it.
    pub fn sole(mut self, from: &ReversePath, parameters: MailParameters, to: &Mailbox) -> Result<Opening, Failure> {
        self.wire.quiet()?;
        self.transactions += 1;
        Ok(Opening::sole(self, mail(from, parameters), rcpt(to)))
    }

    /// A transaction whose recipients come one by one.
    pub fn live(mut self, from: &ReversePath, parameters: MailParameters) -> Result<Live, Failure> {
        self.wire.quiet()?;
        self.transactions += 1;
        Ok(Live::new(self, mail(from, parameters)))
    }

    /// The last octets to send.
    pub fn quit(self) -> &'static [u8] {
        b"QUIT\r\n"
    }
}

fn mail(from: &ReversePath, parameters: MailParameters) -> String {
    format!("MAIL FROM:<{from}>{parameters}")
}

pub(super) fn rcpt(to: &Mailbox) -> String {
    format!("RCPT TO:<{to}>")
}
