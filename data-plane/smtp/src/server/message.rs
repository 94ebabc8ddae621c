//! The content of a message. Whatever becomes of it, it is read to CRLF.CRLF before another command is (A6.12).

use contract::mail::Reply;

use super::{Envelope, Hello, Step, envelope, session::Open};
use crate::{
    Input,
    data::{Facts, Progress, Receiver},
};

/// 354 was said; content comes.
#[derive(Debug)]
pub struct Receiving {
    open: Open,
    receiver: Box<Receiver>,
}

/// What came of giving `Receiving` the input.
#[derive(Debug)]
pub enum Taken {
    /// More is needed.
    More(Receiving),
    /// CRLF.CRLF was seen, or the last chunk is whole. What waits in the input is commands again.
    All(Complete),
}

/// The whole message was read. Only its answer is missing.
#[derive(Debug)]
pub struct Complete {
    open: Open,
    facts: Box<Facts>,
    cut: bool,
}

impl Receiving {
    pub(super) fn new(open: Open, max_size_bytes: u64) -> Self {
        let receiver = Box::new(Receiver::new(max_size_bytes, &open.ready.common.config.installation));
        Self { open, receiver }
    }

    /// Takes all that waits, up to the end of the message. `content` gets it in order, without the dots that SMTP added;
    /// after `swallow`, or beyond the limit of size, it gets nothing.
    pub fn take(mut self, input: &mut Input, content: impl FnMut(&[u8])) -> Taken {
        let (octets, progress) = self.receiver.take(input.peek(), content);
        input.consume(octets);
        match progress {
            Progress::More => Taken::More(self),
            Progress::End => {
                let cut = self.receiver.is_swallowing();
                Taken::All(Complete::new(self.open, self.receiver.into_facts(), cut))
            }
        }
    }

    /// Hands nothing on from here, but reads on to the end.
    pub fn swallow(&mut self) {
        self.receiver.swallow();
    }

    /// The limit of size was passed, or `swallow` was called.
    pub fn is_swallowing(&self) -> bool {
        self.receiver.is_swallowing()
    }

    pub fn facts(&self) -> &Facts {
        self.receiver.facts()
    }

    pub fn envelope(&self) -> &Envelope {
        &self.open.envelope
    }

    pub fn hello(&self) -> &Hello {
        &self.open.ready.hello
    }
}

impl Complete {
    pub(super) fn new(open: Open, facts: Facts, cut: bool) -> Self {
        Self { open, facts: Box::new(facts), cut }
    }

    /// Not all of it was handed on: the limit of size was passed, or `swallow` was called.
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    pub fn envelope(&self) -> &Envelope {
        &self.open.envelope
    }

    pub fn hello(&self) -> &Hello {
        &self.open.ready.hello
    }

    /// The last word on the message. 421 closes the connection.
    pub fn answer(mut self, reply: Reply, input: &Input) -> Step {
        if reply.code() == 421 {
            return Step::Close { reply, fault: None, dropped: Some(Box::new(self.open.envelope)) };
        }
        let reply = if reply.is_positive() { reply } else { envelope::not_positive(reply) };
        if reply.is_positive() {
            self.open.ready.common.used.message_accepted();
        }
        // The next MAIL may stand right behind the message, but only for who was told of PIPELINING (RFC 2920 §3.1).
        let early = !self.open.ready.hello.extended && !input.is_empty();
        Step::Answer { next: super::session::Ready { early, ..self.open.ready }.into(), reply, dropped: None }
    }
}
