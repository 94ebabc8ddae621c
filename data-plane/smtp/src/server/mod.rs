//! The session with a sender, as states that are consumed by their transitions. It never waits: `Session::read` looks at
//! the input and says in a `Step` what the driver must do next; questions (MAIL, RCPT, DATA, the end of the message) are
//! answered with the reply that the sender is to hear, and the state follows from that reply.
//!
//! `greeting` begins, `session` reads commands, `envelope` answers MAIL, RCPT and DATA, `message` takes the content, `chunk`
//! takes it where it comes by BDAT.

mod chunk;
mod envelope;
mod greeting;
mod limits;
mod message;
mod session;

use std::sync::Arc;

use contract::mail::{Domain, Reply};

pub use crate::command::{Body, HelloName, Sender};
use crate::said::Said;
pub use chunk::{Chunk, ChunkTaken, Part};
pub use envelope::{DataPending, MailPending, RcptPending};
pub use greeting::{Greeting, Upgrade};
pub use message::{Complete, Receiving, Taken};
pub use session::Session;

/// What a listener offers and allows. One for all its sessions.
#[derive(Debug, Clone)]
pub struct Config {
    /// Our name in the greeting, in EHLO's answer and behind `by` in Received.
    pub hostname: Domain,
    /// Announced as SIZE; a larger declared size is refused at MAIL.
    pub max_message_size_bytes: u64,
    /// Recipients accepted in one transaction; announced as LIMITS RCPTMAX (RFC 9422).
    pub max_recipients: u32,
    /// Transactions in one connection; announced as LIMITS MAILMAX.
    pub max_transactions: u32,
    /// Commands in one connection.
    pub max_commands: u32,
    /// Bad commands in one connection.
    pub max_bad_commands: u32,
    /// RCPT commands refused for good (5xx) since the last accepted message.
    pub max_refused_recipients: u32,
    /// A certificate is there, so STARTTLS is offered.
    pub starttls: bool,
    /// Found in Received fields by loop detection: the installation's id.
    pub installation: String,
}

impl Config {
    /// Limits that do for most.
    pub fn new(hostname: Domain, installation: String) -> Self {
        Self {
            hostname,
            max_message_size_bytes: 50 * 1024 * 1024,
            max_recipients: 100,
            max_transactions: 1_000,
            max_commands: 100_000,
            max_bad_commands: 20,
            max_refused_recipients: 100,
            starttls: false,
            installation,
        }
    }
}

/// How the sender said hello.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    pub name: HelloName,
    /// EHLO: extensions may be used.
    pub extended: bool,
}

/// What a transaction had gathered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    pub sender: Sender,
    /// Accepted recipients, in order.
    pub recipients: Vec<contract::mail::ForwardPath>,
}

/// What the driver does next.
#[derive(Debug)]
#[must_use]
pub enum Step {
    /// Nothing can be said before more has come: send what is kept back, read, then `Session::read` again.
    Wait(Session),
    /// Say it and go on. While `Input::has_line`, it may be kept back to be sent with what follows.
    Answer {
        next: Session,
        reply: Reply,
        /// A transaction was open and is no more (RSET, EHLO, a refused DATA).
        dropped: Option<Box<Envelope>>,
    },
    /// MAIL: is this sender heard?
    Mail(MailPending),
    /// RCPT: may it have mail?
    Rcpt(RcptPending),
    /// The session itself refused a RCPT of the open transaction. Say it and go on, as with `Answer`.
    RcptRefused {
        next: Session,
        said: Said,
        /// None where what was said is no path.
        path: Option<Box<contract::mail::ForwardPath>>,
    },
    /// DATA, or the first BDAT of a message: is there room?
    Data(DataPending),
    /// Say 354 (at once), then give `Receiving` what comes.
    Receive { receiving: Receiving, reply: Reply },
    /// BDAT: give `Chunk` what comes.
    Chunk(Chunk),
    /// Say it in the clear, do the handshake, then `Upgrade::done`.
    StartTls { upgrade: Upgrade, reply: Reply },
    /// Say it and close.
    Close {
        reply: Reply,
        /// Why; none for QUIT and for a 421 that the driver gave.
        fault: Option<Said>,
        dropped: Option<Box<Envelope>>,
    },
}

/// What survives every change of state.
#[derive(Debug)]
pub(crate) struct Common {
    pub(crate) config: Arc<Config>,
    pub(crate) tls: bool,
    pub(crate) used: limits::Used,
}

impl Step {
    fn answer(next: impl Into<Session>, said: Said) -> Self {
        Self::Answer { next: next.into(), reply: said.reply(), dropped: None }
    }

    fn close(fault: Said, dropped: Option<Envelope>) -> Self {
        Self::Close { reply: fault.reply(), fault: Some(fault), dropped: dropped.map(Box::new) }
    }
}
