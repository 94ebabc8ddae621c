//! After a refusal: reads what is still owed, then RSET, so that the connection can be used again. A 354 that came all
//! the same is met by a lone dot, never by content (RFC 2920 §3.1). Whoever has no time for it closes instead.

use std::collections::VecDeque;

use super::{Failure, Idle, Stage, Wire};

#[derive(Debug)]
pub struct Cleanup {
    idle: Idle,
    owed: VecDeque<Stage>,
}

#[derive(Debug)]
#[must_use]
pub enum CleanupStep {
    /// Send the output, read, advance again.
    Wait(Cleanup),
    Idle(Idle),
    Failed(Failure),
}

impl Cleanup {
    /// `owed`: commands that were sent and not answered.
    pub(super) fn new(idle: Idle, owed: VecDeque<Stage>) -> Self {
        Self { idle, owed }.or_reset()
    }

    pub fn wire(&mut self) -> &mut Wire {
        &mut self.idle.wire
    }

    pub fn advance(self) -> CleanupStep {
        self.step().unwrap_or_else(CleanupStep::Failed)
    }

    fn step(mut self) -> Result<CleanupStep, Failure> {
        while let Some(&stage) = self.owed.front() {
            let Some(reply) = self.idle.wire.hear(stage)? else {
                return Ok(CleanupStep::Wait(self));
            };
            self.owed.pop_front();
            match (stage, reply.class()) {
                (Stage::Data, 3) if reply.code() == 354 => {
                    self.idle.wire.quiet()?;
                    self.idle.wire.say(".");
                    self.owed.push_back(Stage::Message);
                    continue;
                }
                // 250 to DATA: the replies have slipped, nobody knows by how much.
                (Stage::Mail | Stage::Rcpt | Stage::Message, 2)
                | (Stage::Mail | Stage::Rcpt | Stage::Data | Stage::Message, 4 | 5) => {}
                (Stage::Reset, 2) => {
                    self.idle.wire.quiet()?;
                    return Ok(CleanupStep::Idle(self.idle));
                }
                _ => return Err(Failure::Unexpected { stage, reply }),
            }
            if self.owed.is_empty() {
                self.idle.wire.quiet()?;
                self = self.or_reset();
            }
        }
        Err(Failure::OutOfOrder)
    }

    fn or_reset(mut self) -> Self {
        if self.owed.is_empty() {
            self.idle.wire.say("RSET");
            self.owed.push_back(Stage::Reset);
        }
        self
    }
}
