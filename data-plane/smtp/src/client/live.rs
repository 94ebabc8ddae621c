//! A transaction whose recipients come one by one while the sender waits: each is answered by the hop before the next
//! step is taken, and no content is promised before all of them stand.

use std::collections::VecDeque;

use contract::mail::Mailbox;

use super::{
    Cleanup, Failure, HopReply, Idle, Opening, Stage, Wire,
    wire::{self},
};

#[derive(Debug)]
pub struct Live {
    idle: Idle,
    /// Sent, not answered.
    owed: VecDeque<Stage>,
    /// Not sent.
    later: VecDeque<(Stage, String)>,
    accepted: usize,
}

#[derive(Debug)]
#[must_use]
pub enum LiveStep {
    /// Send the output; read, if a reply is owed; advance again.
    Wait(Live),
    /// The answer to MAIL, or to the oldest RCPT without one.
    Answered {
        live: Live,
        stage: Stage,
        reply: HopReply,
    },
    Failed(Failure),
}

impl Live {
    pub(super) fn new(idle: Idle, mail: String) -> Self {
        let later = VecDeque::from([(Stage::Mail, mail)]);
        Self { idle, owed: VecDeque::new(), later, accepted: 0 }
    }

    pub fn wire(&mut self) -> &mut Wire {
        &mut self.idle.wire
    }

    /// Asks for one more recipient; sent by the next `advance`.
    pub fn rcpt(&mut self, to: &Mailbox) {
        self.later.push_back((Stage::Rcpt, wire::rcpt(to)));
    }

    /// Every command was answered, and nothing waits to be sent.
    pub fn is_settled(&self) -> bool {
        self.owed.is_empty() && self.later.is_empty()
    }

    /// Recipients that the hop has accepted.
    pub fn accepted(&self) -> usize {
        self.accepted
    }

    pub fn advance(self) -> LiveStep {
        self.step().unwrap_or_else(LiveStep::Failed)
    }

    fn step(mut self) -> Result<LiveStep, Failure> {
        if self.owed.is_empty() {
            self.idle.wire.quiet()?;
        }
        self.send();
        let Some(&stage) = self.owed.front() else {
            return Ok(LiveStep::Wait(self));
        };
        let Some(reply) = self.idle.wire.hear(stage)? else {
            return Ok(LiveStep::Wait(self));
        };
        self.owed.pop_front();
        match (stage, reply.class()) {
            (Stage::Rcpt, 2) => self.accepted += 1,
            (_, 2 | 4 | 5) => {}
            _ => return Err(Failure::Unexpected { stage, reply }),
        }
        Ok(LiveStep::Answered { live: self, stage, reply })
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

    /// Sends DATA. Look at the socket just before.
    pub fn data(self) -> Result<Opening, Failure> {
        if !self.is_settled() || self.accepted == 0 {
            return Err(Failure::OutOfOrder);
        }
        self.idle.wire.quiet()?;
        Ok(Opening::data(self.idle))
    }

    /// Gives the transaction up (RSET).
    pub fn reset(self) -> Cleanup {
        Cleanup::new(self.idle, self.owed)
    }
}
