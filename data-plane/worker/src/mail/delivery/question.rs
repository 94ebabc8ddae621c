//! A question about a recipient, over the connections that deliver and under the same rules: MAIL FROM:<>, RCPT, RSET.

use std::sync::Arc;

use contract::mail::{Mailbox, ReversePath};
use smtp::{
    client::{HopReply, MailParameters, Needs, Stage},
    server::{Body, Sender},
};
use tokio::time::Instant;

use super::{
    Unusable,
    connection::Lent,
    hops::Target,
    live::LiveHop,
    transaction::{Deliverer, Way},
};
use crate::mail::dialogue::Dialogue;

/// What came of a question.
#[derive(Debug)]
pub(crate) enum Asked {
    /// The reply to RCPT; and to that of somebody who cannot be there, where it was asked.
    Told {
        reply: HopReply,
        stranger: Option<HopReply>,
    },
    /// It takes no mail of the null sender: nothing was asked.
    RefusesNullSender(HopReply),
    /// It lacks what the address needs.
    Lacking,
    Unusable(Unusable),
}

impl Deliverer {
    /// Asks the first hop that can be asked. `stranger` is asked about as well where the recipient is accepted.
    pub(crate) async fn ask(
        self: &Arc<Self>,
        way: &Way,
        recipient: &Mailbox,
        stranger: Option<&Mailbox>,
        deadline: Instant,
    ) -> Asked {
        let needs = Needs::of_envelope(&ReversePath::NULL, [recipient].into_iter());
        let (mut tries, unknown) = self.tries(way, deadline).await;
        let mut last = unknown.unwrap_or(Unusable::NoHop);
        while let Some(target) = tries.next() {
            // Mail goes before questions: most of a hop's connections are never theirs.
            let Ok(_place) = tokio::time::timeout_at(deadline, target.question()).await else {
                return Asked::Unusable(Unusable::Busy);
            };
            if !self.hops.may_ask(&target) {
                return Asked::Unusable(Unusable::Busy);
            }
            let lent = match tries.connection(&target).await {
                Ok(lent) => lent,
                Err(error) => {
                    last = error;
                    continue;
                }
            };
            let reused = lent.connection.reused;
            let Ok(parameters) = needs.parameters(lent.connection.idle.capabilities()) else {
                self.hops.give_back(&target, lent);
                return Asked::Lacking;
            };
            match self.question(&target, lent, parameters, recipient, stranger, tries.patience(reused)).await {
                Ok(asked) => return asked,
                Err(error) => last = error,
            }
            tries.failed(&target, reused);
        }
        Asked::Unusable(last)
    }

    async fn question(
        self: &Arc<Self>,
        target: &Arc<Target>,
        lent: Lent,
        parameters: MailParameters,
        recipient: &Mailbox,
        stranger: Option<&Mailbox>,
        deadline: Instant,
    ) -> Result<Asked, Unusable> {
        let nobody =
            Sender { path: ReversePath::NULL, size_bytes: None, body: Body::SevenBit, smtputf8: parameters.smtputf8 };
        // It is nobody's transaction: what is said goes to no trace but the answer itself.
        let mut dialogue = Dialogue::new();
        let mut live = LiveHop::begin(target, lent, &nobody, parameters)?;
        live.live.rcpt(recipient);
        let reply = loop {
            let (next, stage, reply) = live.next_answer(deadline, &mut dialogue).await?;
            live = next;
            match stage {
                Stage::Mail if reply.is_positive() => {}
                Stage::Mail => {
                    self.put_away(live);
                    return Ok(Asked::RefusesNullSender(reply));
                }
                _ => break reply,
            }
        };
        let mut of_stranger = None;
        if let Some(stranger) = stranger.filter(|_| reply.is_positive()) {
            live.live.rcpt(stranger);
            let (next, _, reply) = live.next_answer(deadline, &mut dialogue).await?;
            live = next;
            of_stranger = Some(reply);
        }
        self.put_away(live);
        Ok(Asked::Told { reply, stranger: of_stranger })
    }
}
