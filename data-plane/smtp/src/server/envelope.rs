//! The three questions of a transaction. Each is consumed by its answer; the next state follows from the answer's class,
//! so that what the sender heard and what the session believes cannot differ.

use contract::mail::{ForwardPath, Reply};

use super::{
    Chunk, Envelope, Hello, Receiving, Session, Step,
    chunk::Chunking,
    session::{Open, Ready},
};
use crate::{
    Input,
    command::{ChunkSize, Sender},
    said::Said,
};

/// MAIL was said.
#[derive(Debug)]
pub struct MailPending {
    ready: Ready,
    sender: Sender,
}

impl MailPending {
    pub(super) fn new(ready: Ready, sender: Sender) -> Self {
        Self { ready, sender }
    }

    pub fn sender(&self) -> &Sender {
        &self.sender
    }

    pub fn hello(&self) -> &Hello {
        &self.ready.hello
    }

    /// 2xx opens the transaction, 421 closes the connection, anything else leaves things as they were.
    pub fn answer(self, reply: Reply) -> Step {
        match reply.code() {
            421 => closed(reply, None),
            _ if reply.is_positive() => {
                let envelope = Envelope { sender: self.sender, recipients: Vec::new() };
                answered(Open { ready: self.ready, envelope, refused: false }, reply)
            }
            _ => answered(Ready { excused: true, ..self.ready }, reply),
        }
    }

    pub fn accept(self) -> Step {
        self.answer(Said::SenderOk.reply())
    }
}

/// RCPT was said.
#[derive(Debug)]
pub struct RcptPending {
    open: Open,
    path: ForwardPath,
}

impl RcptPending {
    pub(super) fn new(open: Open, path: ForwardPath) -> Self {
        Self { open, path }
    }

    pub fn recipient(&self) -> &ForwardPath {
        &self.path
    }

    /// The transaction so far, without this recipient.
    pub fn envelope(&self) -> &Envelope {
        &self.open.envelope
    }

    pub fn hello(&self) -> &Hello {
        &self.open.ready.hello
    }

    /// 2xx adds the recipient, 421 closes the connection, anything else leaves it out.
    pub fn answer(mut self, reply: Reply) -> Step {
        match reply.code() {
            421 => return closed(reply, Some(self.open.envelope)),
            _ if reply.is_positive() => self.open.envelope.recipients.push(self.path),
            _ => {
                self.open.refused = true;
                let common = &mut self.open.ready.common;
                let counted = if reply.class() == 5 { common.used.refused_recipient(&common.config) } else { Ok(()) };
                if let Err(said) = counted {
                    return Step::close(said, Some(self.open.envelope));
                }
            }
        }
        answered(self.open, reply)
    }

    pub fn accept(self) -> Step {
        self.answer(Said::RecipientOk.reply())
    }

    /// The transaction ends here with this answer, as when the next hop gave it up: the sender starts over.
    pub fn abandon(self, reply: Reply) -> Step {
        let dropped = Some(Box::new(self.open.envelope));
        if reply.code() == 421 {
            return Step::Close { reply, fault: None, dropped };
        }
        let next = Ready { excused: true, ..self.open.ready }.into();
        Step::Answer { next, reply: not_positive(reply), dropped }
    }
}

/// DATA was said, or the first BDAT, with at least one recipient accepted.
#[derive(Debug)]
pub struct DataPending {
    open: Open,
    chunk: Option<ChunkSize>,
}

impl DataPending {
    pub(super) fn new(open: Open, chunk: Option<ChunkSize>) -> Self {
        Self { open, chunk }
    }

    pub fn envelope(&self) -> &Envelope {
        &self.open.envelope
    }

    pub fn hello(&self) -> &Hello {
        &self.open.ready.hello
    }

    /// Takes the content. Beyond `max_size_bytes` (the listener's limit holds as well) it is counted, not handed on.
    pub fn accept(self, input: &Input, max_size_bytes: u64) -> Step {
        let limit = max_size_bytes.min(self.open.ready.common.config.max_message_size_bytes);
        if let Some(size) = self.chunk {
            return Step::Chunk(Chunk::of(Chunking::new(self.open, limit), size));
        }
        // A6.9: content that came before 354 was not asked for.
        if !input.is_empty() {
            return Step::close(Said::Pipelining, Some(self.open.envelope));
        }
        Step::Receive { receiving: Receiving::new(self.open, limit), reply: Said::StartMail.reply() }
    }

    /// Refuses it all; the transaction is over.
    pub fn refuse(self, reply: Reply) -> Step {
        let dropped = Some(self.open.envelope);
        if reply.code() == 421 {
            return closed(reply, dropped);
        }
        let (reply, dropped) = (not_positive(reply), dropped.map(Box::new));
        match self.chunk {
            Some(size) => {
                let next = Ready { excused: true, ..self.open.ready };
                Step::Chunk(Chunk::refused(size, next, reply, dropped))
            }
            None => Step::Answer { next: self.open.ready.into(), reply, dropped },
        }
    }
}

fn answered(next: impl Into<Session>, reply: Reply) -> Step {
    Step::Answer { next: next.into(), reply, dropped: None }
}

fn closed(reply: Reply, dropped: Option<Envelope>) -> Step {
    Step::Close { reply, fault: None, dropped: dropped.map(Box::new) }
}

/// A refusal that says 2xx or 3xx would be a lie that costs mail.
pub(super) fn not_positive(reply: Reply) -> Reply {
    if reply.class() < 4 { Said::InternalError.reply() } else { reply }
}
