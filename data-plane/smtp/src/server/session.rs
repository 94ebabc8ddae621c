//! Reading commands. Four states: nobody has said hello, ready for MAIL, a transaction is open, between two chunks of its
//! message.

use contract::mail::Reply;

use super::{
    Chunk, Common, Envelope, Hello, MailPending, RcptPending, Step, Upgrade, chunk::Chunking, envelope::DataPending,
};
use crate::{
    Input,
    command::{ChunkSize, Command, Line, Sender, Verb},
    input::LineFault,
    said::Said,
};

/// A session that waits for a command.
#[derive(Debug)]
pub struct Session(State);

#[derive(Debug)]
enum State {
    Connected(Connected),
    Ready(Ready),
    Open(Open),
    Chunking(Chunking),
}

/// A chunk of so many octets is content and not counted as a command.
const CONTENT_OCTETS: u64 = 1_024;

/// Before EHLO or HELO.
#[derive(Debug)]
pub(super) struct Connected {
    common: Box<Common>,
}

/// Between transactions.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) common: Box<Common>,
    pub(super) hello: Hello,
    /// Input came that HELO does not allow; seen when a message was answered, whose answer had to be the truth.
    pub(super) early: bool,
    /// MAIL was refused, or the transaction given up: the RCPT and DATA that a client sent in one group with it are out of
    /// order through no fault of its own.
    pub(super) excused: bool,
}

/// Inside one: it cannot be without a sender.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) ready: Ready,
    pub(super) envelope: Envelope,
    /// A RCPT was refused, so DATA without recipients is no mistake of order.
    pub(super) refused: bool,
}

impl Connected {
    pub(super) fn new(common: Box<Common>) -> Self {
        Self { common }
    }
}

impl From<Connected> for Session {
    fn from(state: Connected) -> Self {
        Self(State::Connected(state))
    }
}
impl From<Ready> for Session {
    fn from(state: Ready) -> Self {
        Self(State::Ready(state))
    }
}
impl From<Open> for Session {
    fn from(state: Open) -> Self {
        Self(State::Open(state))
    }
}
impl From<Chunking> for Session {
    fn from(state: Chunking) -> Self {
        Self(State::Chunking(state))
    }
}

impl Session {
    /// How the sender has said hello since the connection, or TLS, began.
    pub fn hello(&self) -> Option<&Hello> {
        match &self.0 {
            State::Connected(_) => None,
            State::Ready(ready) => Some(&ready.hello),
            State::Open(open) | State::Chunking(Chunking { open, .. }) => Some(&open.ready.hello),
        }
    }

    /// Bad commands and refused recipients since the connection began.
    pub fn mistakes(&self) -> u32 {
        self.common().used.mistakes()
    }

    pub fn is_tls(&self) -> bool {
        self.common().tls
    }

    /// The open transaction.
    pub fn envelope(&self) -> Option<&Envelope> {
        match &self.0 {
            State::Open(open) | State::Chunking(Chunking { open, .. }) => Some(&open.envelope),
            State::Connected(_) | State::Ready(_) => None,
        }
    }

    /// Takes the next command, if it has wholly come.
    pub fn read(mut self, input: &mut Input) -> Step {
        if matches!(&self.0, State::Ready(ready) if ready.early) {
            return self.close(Said::Pipelining);
        }
        let Some(taken) = input.take_line() else {
            return Step::Wait(self);
        };
        if let Err(said) = self.count_command() {
            return self.close(said);
        }
        match taken {
            Err(LineFault::BareLf) => return self.close(Said::BareNewline),
            Err(LineFault::Endless) => return self.close(Said::LineEndless),
            Err(LineFault::TooLong) => return self.bad(Said::LineTooLong),
            Err(LineFault::ControlOctet) if Line::new(input.line()).verb == Verb::Bdat => {
                return self.close(Said::BadChunk);
            }
            Err(LineFault::ControlOctet) => return self.bad(Said::BadOctet),
            Ok(()) => {}
        }
        let line = Line::new(input.line());
        let parsed = line.parse();
        // RFC 2920 §3.1; without EHLO nothing was offered, so there every command stands alone.
        let alone = line.verb.ends_group() || !self.hello().is_some_and(|hello| hello.extended);
        if alone && !input.is_empty() {
            if line.verb == Verb::StartTls {
                input.discard();
            }
            return self.close(Said::Pipelining);
        }
        match parsed {
            Err(said @ Said::ForeignProtocol) => self.close(said),
            // Nobody knows where its octets end.
            Err(_) if line.verb == Verb::Bdat => self.close(Said::BadChunk),
            Err(said) => {
                self.note_refused(line.verb);
                if line.verb == Verb::Rcpt { self.bad_recipient(said, None) } else { self.bad(said) }
            }
            Ok(command) => {
                if let State::Ready(ready) = &mut self.0 {
                    ready.excused &= matches!(command, Command::Rcpt { .. } | Command::Data | Command::Bdat(_));
                }
                self.take(command)
            }
        }
    }

    /// What follows in the same group has lost its ground.
    fn note_refused(&mut self, verb: Verb) {
        match (&mut self.0, verb) {
            (State::Ready(ready), Verb::Mail) => ready.excused = true,
            (State::Open(open), Verb::Rcpt) => open.refused = true,
            _ => {}
        }
    }

    fn out_of_order(self) -> Step {
        match &self.0 {
            State::Ready(ready) if ready.excused => Step::answer(self, Said::WrongOrder),
            State::Connected(_) | State::Ready(_) | State::Open(_) | State::Chunking(_) => self.bad(Said::WrongOrder),
        }
    }

    fn take(self, command: Command) -> Step {
        match command {
            Command::Ehlo(name) => self.hello_again(Hello { name, extended: true }),
            Command::Helo(name) => self.hello_again(Hello { name, extended: false }),
            Command::Mail { sender, parameters } => self.mail(sender, parameters),
            Command::Rcpt { path, ascii } => self.rcpt(path, ascii),
            Command::Data => self.data(),
            Command::Bdat(size) => self.bdat(size),
            Command::StartTls => self.start_tls(),
            Command::Noop => Step::answer(self, Said::Noop),
            Command::Help => Step::answer(self, Said::Help),
            Command::Vrfy => Step::answer(self, Said::CannotVerify),
            Command::Rset => {
                let (next, dropped) = self.without_transaction();
                Step::Answer { next, reply: Said::Reset.reply(), dropped }
            }
            Command::Quit => {
                let (_, dropped) = self.without_transaction();
                Step::Close { reply: Said::Bye.reply(), fault: None, dropped }
            }
        }
    }

    /// RFC 5321 §4.1.4: EHLO in a session is also RSET.
    fn hello_again(self, hello: Hello) -> Step {
        let (session, dropped) = self.without_transaction();
        let common = match session.0 {
            State::Connected(state) => state.common,
            State::Ready(state) => state.common,
            State::Open(open) | State::Chunking(Chunking { open, .. }) => open.ready.common,
        };
        let reply = hello_reply(&common, &hello);
        Step::Answer { next: Ready { common, hello, early: false, excused: false }.into(), reply, dropped }
    }

    fn mail(self, sender: Sender, parameters: bool) -> Step {
        let State::Ready(mut ready) = self.0 else {
            return self.bad(Said::WrongOrder);
        };
        if parameters && !ready.hello.extended {
            ready.excused = true;
            return Self::from(ready).bad(Said::UnknownParameter);
        }
        if let Err(said) = ready.common.used.transaction(&ready.common.config) {
            return Step::close(said, None);
        }
        if sender.size_bytes.is_some_and(|size| size > ready.common.config.max_message_size_bytes) {
            ready.excused = true;
            return Step::answer(ready, Said::DeclaredTooLarge);
        }
        Step::Mail(MailPending::new(ready, sender))
    }

    fn rcpt(self, path: contract::mail::ForwardPath, ascii: bool) -> Step {
        let State::Open(mut open) = self.0 else {
            return self.out_of_order();
        };
        if !ascii && !open.envelope.sender.smtputf8 {
            open.refused = true;
            return Self::from(open).bad_recipient(Said::NeedsSmtpUtf8, Some(path));
        }
        let limit = usize::try_from(open.ready.common.config.max_recipients).unwrap_or(usize::MAX);
        if open.envelope.recipients.len() >= limit {
            open.refused = true;
            let (said, path) = (Said::TooManyRecipients, Some(Box::new(path)));
            return Step::RcptRefused { next: open.into(), said, path };
        }
        Step::Rcpt(RcptPending::new(open, path))
    }

    fn data(self) -> Step {
        let State::Open(open) = self.0 else {
            return self.out_of_order();
        };
        match (open.envelope.recipients.is_empty(), open.refused) {
            (false, _) => Step::Data(DataPending::new(open, None)),
            // RFC 2920 §3.1: a client that pipelines says DATA before it knows.
            (true, true) => Step::answer(open, Said::NoRecipients),
            (true, false) => Self::from(open).bad(Said::WrongOrder),
        }
    }

    /// A chunk that cannot be taken is read all the same, then answered (RFC 3030 §2).
    fn bdat(mut self, size: ChunkSize) -> Step {
        if !self.hello().is_some_and(|hello| hello.extended) {
            return self.close(Said::ChunkingNotOffered);
        }
        if size.octets >= CONTENT_OCTETS {
            self.common_mut().used.content();
        }
        let (said, excused) = match self.0 {
            State::Chunking(chunking) => return Step::Chunk(Chunk::of(chunking, size)),
            State::Open(open) if !open.envelope.recipients.is_empty() => {
                return Step::Data(DataPending::new(open, Some(size)));
            }
            State::Open(Open { refused: true, .. }) => (Said::NoRecipients, true),
            State::Ready(Ready { excused, .. }) => (Said::WrongOrder, excused),
            State::Connected(_) | State::Open(_) => (Said::WrongOrder, false),
        };
        if !excused {
            let common = self.common_mut();
            if let Err(said) = common.used.bad_command(&common.config) {
                return self.close(said);
            }
        }
        // What may follow in the group must not be taken for the message.
        let (mut next, dropped) = self.without_transaction();
        if let (State::Ready(ready), true) = (&mut next.0, dropped.is_some()) {
            ready.excused = true;
        }
        Step::Chunk(Chunk::refused(size, next, said.reply(), dropped))
    }

    fn start_tls(self) -> Step {
        let State::Ready(ready) = self.0 else {
            return self.bad(Said::WrongOrder);
        };
        let said = match (ready.common.tls, ready.common.config.starttls, ready.hello.extended) {
            (true, ..) => Said::TlsIsUp,
            (false, false, _) => Said::NotImplemented,
            (false, true, false) => Said::WrongOrder,
            (false, true, true) => {
                return Step::StartTls { upgrade: Upgrade { common: ready.common }, reply: Said::ReadyForTls.reply() };
            }
        };
        Self::from(ready).bad(said)
    }

    /// A command that could not be taken, counted.
    fn bad(mut self, said: Said) -> Step {
        let common = self.common_mut();
        match common.used.bad_command(&common.config) {
            Ok(()) => Step::answer(self, said),
            Err(said) => self.close(said),
        }
    }

    /// The same for a RCPT, which the transaction's trace has to know of.
    fn bad_recipient(self, said: Said, path: Option<contract::mail::ForwardPath>) -> Step {
        match self.bad(said) {
            Step::Answer { next: next @ Self(State::Open(_)), .. } => {
                Step::RcptRefused { next, said, path: path.map(Box::new) }
            }
            step => step,
        }
    }

    fn close(self, fault: Said) -> Step {
        let (_, dropped) = self.without_transaction();
        Step::Close { reply: fault.reply(), fault: Some(fault), dropped }
    }

    fn without_transaction(self) -> (Self, Option<Box<Envelope>>) {
        match self.0 {
            State::Open(open) | State::Chunking(Chunking { open, .. }) => {
                (open.ready.into(), Some(Box::new(open.envelope)))
            }
            State::Connected(_) | State::Ready(_) => (self, None),
        }
    }

    fn count_command(&mut self) -> Result<(), Said> {
        let common = self.common_mut();
        common.used.command(&common.config)
    }

    fn common(&self) -> &Common {
        match &self.0 {
            State::Connected(state) => &state.common,
            State::Ready(state) => &state.common,
            State::Open(open) | State::Chunking(Chunking { open, .. }) => &open.ready.common,
        }
    }

    fn common_mut(&mut self) -> &mut Common {
        match &mut self.0 {
            State::Connected(state) => &mut state.common,
            State::Ready(state) => &mut state.common,
            State::Open(open) | State::Chunking(Chunking { open, .. }) => &mut open.ready.common,
        }
    }
}

fn hello_reply(common: &Common, hello: &Hello) -> Reply {
    let config = &common.config;
    if !hello.extended {
        return Reply::plain(250, config.hostname.as_ascii());
    }
    let mut lines = vec![
        config.hostname.to_string(),
        "PIPELINING".to_owned(),
        format!("SIZE {}", config.max_message_size_bytes),
        "8BITMIME".to_owned(),
        "SMTPUTF8".to_owned(),
        "ENHANCEDSTATUSCODES".to_owned(),
        "CHUNKING".to_owned(),
        format!("LIMITS MAILMAX={} RCPTMAX={}", config.max_transactions, config.max_recipients),
    ];
    if config.starttls && !common.tls {
        lines.push("STARTTLS".to_owned());
    }
    Reply::lines(250, lines)
}
