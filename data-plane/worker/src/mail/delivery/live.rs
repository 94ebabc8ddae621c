//! A transaction of several recipients: the hop is asked about each one while its sender waits, and its answer is ours.

use std::sync::Arc;

use contract::mail::{Mailbox, Reply};
use smtp::{
    client::{Failure, Heard, HopReply, Live, LiveStep, MailParameters, Needs, Stage, hear},
    server::{Body, Sender},
};
use tokio::time::Instant;

use super::{
    Unusable,
    connection::Lent,
    hops::Target,
    transaction::{Before, Deliverer, Held, Message, Way, note, within},
};
use crate::mail::dialogue::Dialogue;

/// A transaction with the hop that has taken all recipients so far.
#[derive(Debug)]
pub(crate) struct LiveHop {
    pub(super) held: Held,
    pub(super) live: Live,
    /// The parameters that MAIL had.
    sent: MailParameters,
}

/// What came of asking the hop for one more recipient.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "made once a RCPT and taken apart at once")]
pub(crate) enum LiveRcpt {
    /// The hop's own answer; the transaction goes on.
    Answered { live: LiveHop, accepted: bool, reply: Reply, hop_reply: String },
    /// It refuses one who was accepted before it was asked: nobody joins that one.
    EarlierRefused,
    /// The hop cannot be asked now.
    Failed(Unusable),
}

pub(super) enum Again {
    /// It was opened with other parameters than the message needs.
    Anew,
    Lost(Unusable),
}

impl Deliverer {
    /// Begins a transaction of several recipients: those who were accepted already, and one more.
    pub(crate) async fn begin_live(
        self: &Arc<Self>,
        way: &Way,
        sender: &Sender,
        before: &[Mailbox],
        next: &Mailbox,
        dialogue: &mut Dialogue,
    ) -> LiveRcpt {
        let deadline = Instant::now() + self.envelope_timeout;
        let (mut tries, unknown) = self.tries(way, deadline).await;
        let mut last = unknown.unwrap_or(Unusable::NoHop);
        while let Some(target) = tries.next() {
            let lent = match tries.connection(&target).await {
                Ok(lent) => lent,
                Err(error) => {
                    last = error;
                    continue;
                }
            };
            let reused = lent.connection.reused;
            let Some(parameters) = declared(sender, before, next, &lent) else {
                // What the hop lacks is said to each alone, at the end, in full.
                self.hops.give_back(&target, lent);
                return LiveRcpt::EarlierRefused;
            };
            let until = tries.patience(reused);
            match self.all(&target, lent, sender, parameters, before, next, until, dialogue).await {
                Ok(rcpt) => return rcpt,
                Err(error) => last = error,
            }
            tries.failed(&target, reused);
        }
        LiveRcpt::Failed(last)
    }

    #[expect(clippy::too_many_arguments, reason = "one try has that many sides, each named once")]
    async fn all(
        self: &Arc<Self>,
        target: &Arc<Target>,
        lent: Lent,
        sender: &Sender,
        parameters: MailParameters,
        before: &[Mailbox],
        next: &Mailbox,
        deadline: Instant,
        dialogue: &mut Dialogue,
    ) -> Result<LiveRcpt, Unusable> {
        let live = LiveHop::begin(target, lent, sender, parameters)?;
        match live.ask_all(before, deadline, dialogue).await? {
            (live, None) => live.ask(next, deadline, dialogue).await,
            (live, Some(_)) => {
                self.put_away(live);
                Ok(LiveRcpt::EarlierRefused)
            }
        }
    }

    /// Asks the hop for one more recipient of a transaction that is open.
    pub(crate) async fn one_more(&self, live: LiveHop, next: &Mailbox, dialogue: &mut Dialogue) -> LiveRcpt {
        let deadline = Instant::now() + self.envelope_timeout;
        live.ask(next, deadline, dialogue).await.unwrap_or_else(LiveRcpt::Failed)
    }

    /// Gives a transaction up and keeps its connection, if that can be had.
    pub(crate) fn put_away(self: &Arc<Self>, live: LiveHop) {
        self.clean(live.held, live.live.reset());
    }

    /// Goes on with the transaction that took the recipients; begins anew where it was opened for another kind of message.
    pub(super) async fn live_data(
        self: &Arc<Self>,
        live: LiveHop,
        message: &Message<'_>,
        needs: Needs,
        deadline: Instant,
        dialogue: &mut Dialogue,
    ) -> Result<Before, Again> {
        let mut live = live;
        let needed = needs.parameters(live.live.wire().capabilities());
        let fits = needed.is_ok_and(|needed| {
            needed.eight_bit_mime <= live.sent.eight_bit_mime && needed.smtputf8 <= live.sent.smtputf8
        });
        if !fits || live.live.accepted() != message.recipients.len() {
            self.put_away(live);
            return Err(Again::Anew);
        }
        self.data(live, deadline, dialogue).await.map_err(Again::Lost)
    }

    pub(super) async fn data(
        self: &Arc<Self>,
        live: LiveHop,
        deadline: Instant,
        dialogue: &mut Dialogue,
    ) -> Result<Before, Unusable> {
        let LiveHop { mut held, live, .. } = live;
        if !held.socket.is_quiet().await {
            return Err(Failure::Unasked.into());
        }
        let opening = live.data()?;
        self.opening(held, opening, deadline, dialogue).await
    }
}

/// What MAIL says before the content is known: what the sender declared, as far as the hop knows it. None: the hop lacks
/// what the envelope needs.
fn declared(sender: &Sender, before: &[Mailbox], next: &Mailbox, lent: &Lent) -> Option<MailParameters> {
    let capabilities = lent.connection.idle.capabilities();
    let envelope = Needs::of_envelope(&sender.path, before.iter().chain([next]));
    let declared = Needs {
        eight_bit: sender.body == Body::EightBitMime && capabilities.eight_bit_mime,
        smtputf8: envelope.smtputf8 || (sender.smtputf8 && capabilities.smtputf8),
        size_bytes: sender.size_bytes.unwrap_or(0),
        ..envelope
    };
    declared.parameters(capabilities).ok()
}

impl LiveHop {
    pub(super) fn begin(
        target: &Arc<Target>,
        lent: Lent,
        sender: &Sender,
        sent: MailParameters,
    ) -> Result<Self, Unusable> {
        let (held, idle) = Held::of(target, lent);
        Ok(Self { held, live: idle.live(&sender.path, sent)?, sent })
    }

    /// MAIL and these recipients, in one burst where the hop allows it; gives the first answer that is a refusal.
    pub(super) async fn ask_all(
        mut self,
        recipients: &[Mailbox],
        deadline: Instant,
        dialogue: &mut Dialogue,
    ) -> Result<(Self, Option<HopReply>), Unusable> {
        for recipient in recipients {
            self.live.rcpt(recipient);
        }
        // MAIL's answer, and one for each.
        for _ in 0..=recipients.len() {
            let (live, _, reply) = self.next_answer(deadline, dialogue).await?;
            if !reply.is_positive() {
                return Ok((live, Some(reply)));
            }
            self = live;
        }
        Ok((self, None))
    }

    async fn ask(mut self, to: &Mailbox, deadline: Instant, dialogue: &mut Dialogue) -> Result<LiveRcpt, Unusable> {
        // A reply that came by itself would be taken for this one's.
        if !self.held.socket.is_quiet().await {
            return Err(Failure::Unasked.into());
        }
        self.live.rcpt(to);
        let (live, stage, reply) = self.next_answer(deadline, dialogue).await?;
        let hop_reply = reply.to_string();
        Ok(match hear(stage, &reply) {
            Heard::Accepted(reply) => LiveRcpt::Answered { live, accepted: true, reply, hop_reply },
            Heard::PassedOn(reply) | Heard::HopFailed(reply) => {
                LiveRcpt::Answered { live, accepted: false, reply, hop_reply }
            }
        })
    }

    pub(super) async fn next_answer(
        self,
        deadline: Instant,
        dialogue: &mut Dialogue,
    ) -> Result<(Self, Stage, HopReply), Unusable> {
        let Self { mut held, mut live, sent } = self;
        loop {
            match live.advance() {
                LiveStep::Wait(mut next) => {
                    note(dialogue, next.wire());
                    within(deadline, held.socket.exchange(next.wire())).await?;
                    live = next;
                }
                LiveStep::Answered { live: mut next, stage, reply } => {
                    note(dialogue, next.wire());
                    return Ok((Self { held, live: next, sent }, stage, reply));
                }
                LiveStep::Failed(failure) => return Err(failure.into()),
            }
        }
    }
}
