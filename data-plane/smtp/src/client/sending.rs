//! From 354 to the last word on the message. After the dot there is one reply to wait for and nothing to retry.

use super::{Encoder, Failure, HopReply, Idle, Newlines, Segments, Stage, Wire};

/// 354 was read: content goes out.
#[derive(Debug)]
pub struct Sending {
    idle: Idle,
    encoder: Encoder,
}

/// The dot is on its way.
#[derive(Debug)]
pub struct Awaiting {
    idle: Idle,
}

#[derive(Debug)]
#[must_use]
pub enum Verdict {
    /// Read, advance again.
    Wait(Awaiting),
    /// The hop's answer to the message. `idle` is none where the connection must be closed.
    Answered { reply: HopReply, idle: Option<Idle> },
    /// What came is no answer: whether the hop has the message is not known.
    Failed(Failure),
}

impl Sending {
    pub(super) fn new(idle: Idle) -> Self {
        Self { idle, encoder: Encoder::new(Newlines::Strict) }
    }

    /// Sends CRLF for every bare LF. To be set before the first octet.
    #[must_use]
    pub fn normalizing(self) -> Self {
        Self { encoder: Encoder::new(Newlines::Normalize), ..self }
    }

    pub fn wire(&mut self) -> &mut Wire {
        &mut self.idle.wire
    }

    /// What to send for the next piece of content.
    pub fn encode<'a>(&'a mut self, content: &'a [u8]) -> Segments<'a> {
        self.encoder.encode(content)
    }

    /// The end of the content and its dot, to be sent at once and as a whole. Look at the socket just before: a reply
    /// that came before the dot does not answer it. To give the message up instead, close the connection.
    pub fn finish(self) -> Result<(&'static [u8], Awaiting), Failure> {
        self.idle.wire.quiet()?;
        let end = self.encoder.finish().map_err(|_| Failure::BareNewline)?;
        Ok((end, Awaiting { idle: self.idle }))
    }
}

impl Awaiting {
    pub fn wire(&mut self) -> &mut Wire {
        &mut self.idle.wire
    }

    pub fn advance(mut self) -> Verdict {
        match self.idle.wire.hear(Stage::Message) {
            Ok(None) => Verdict::Wait(self),
            Ok(Some(reply)) if reply.class() == 3 => {
                Verdict::Failed(Failure::Unexpected { stage: Stage::Message, reply })
            }
            Ok(Some(reply)) => {
                let idle = self.idle.is_clean().then_some(self.idle);
                Verdict::Answered { reply, idle }
            }
            Err(Failure::Closing { reply, .. }) => Verdict::Answered { reply, idle: None },
            Err(failure) => Verdict::Failed(failure),
        }
    }
}
