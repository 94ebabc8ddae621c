//! A transaction until the hop says 354, or no.

use std::collections::VecDeque;

use super::{Cleanup, Failure, HopReply, Idle, Sending, Stage, Wire};

/// Commands were sent, or wait for their turn; replies come in their order.
#[derive(Debug)]
pub struct Opening {
    idle: Idle,
    /// Sent, not answered.
    owed: VecDeque<Stage>,
    /// Not sent: the hop takes one at a time.
    later: VecDeque<(Stage, String)>,
}

#[derive(Debug)]
#[must_use]
pub enum OpeningStep {
    /// Send the output, read, advance again.
    Wait(Opening),
    /// 354: content may go.
    Content(Sending),
    /// The hop said no, before any content. The connection may be cleaned and used again.
    Refused {
        stage: Stage,
        reply: HopReply,
        cleanup: Cleanup,
    },
    Failed(Failure),
}

impl Opening {
    pub(super) fn sole(idle: Idle, mail: String, rcpt: String) -> Self {
        let later = VecDeque::from([(Stage::Mail, mail), (Stage::Rcpt, rcpt), (Stage::Data, "DATA".to_owned())]);
        let mut opening = Self { idle, owed: VecDeque::new(), later };
        opening.send();
        opening
    }

    /// The recipients have been answered; DATA alone.
    pub(super) fn data(idle: Idle) -> Self {
        let mut opening =
            Self { idle, owed: VecDeque::new(), later: VecDeque::from([(Stage::Data, "DATA".to_owned())]) };
        opening.send();
        opening
    }

    pub fn wire(&mut self) -> &mut Wire {
        &mut self.idle.wire
    }

    pub fn advance(self) -> OpeningStep {
        self.step().unwrap_or_else(OpeningStep::Failed)
    }

    fn step(mut self) -> Result<OpeningStep, Failure> {
        while let Some(&stage) = self.owed.front() {
            let Some(reply) = self.idle.wire.hear(stage)? else {
                return Ok(OpeningStep::Wait(self));
            };
            self.owed.pop_front();
            match (stage, reply.class()) {
                (_, 4 | 5) => {
                    let cleanup = Cleanup::new(self.idle, self.owed);
                    return Ok(OpeningStep::Refused { stage, reply, cleanup });
                }
                (Stage::Mail | Stage::Rcpt, 2) => {
                    if self.owed.is_empty() {
                        // What came before the next command was sent cannot be its answer.
                        self.idle.wire.quiet()?;
                    }
                    self.send();
                }
                (Stage::Data, 3) if reply.code() == 354 => {
                    // A reply behind 354 would be taken for the message's own.
                    self.idle.wire.quiet()?;
                    return Ok(OpeningStep::Content(Sending::new(self.idle)));
                }
                _ => return Err(Failure::Unexpected { stage, reply }),
            }
        }
        Err(Failure::OutOfOrder)
    }

    fn send(&mut self) {
        let together = self.idle.wire.capabilities.pipelining;
        while together || self.owed.is_empty() {
            let Some((stage, command)) = self.later.pop_front() else {
                return;
            };
            self.idle.wire.say(&command);
            self.owed.push_back(stage);
        }
    }
}
