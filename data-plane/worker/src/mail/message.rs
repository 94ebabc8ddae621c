//! What comes after DATA: the message to its end, the decision on it, its way to the next hop.

use std::{sync::Arc, time::Duration};

use contract::{
    events::{Speaker, Timings},
    policy::{Disposition, Reason, Rule, message, settings::BareNewline},
};
use smtp::{
    Said,
    data::HeaderAnomaly,
    received,
    server::{Complete, Receiving, Step, Taken},
};
use tokio::time::Instant;

use super::{
    Shared,
    body::{Body, Content, Failure},
    delivery::{Message, Outcome},
    dialogue::About,
    repeat::{self, Fingerprint, Seen},
    session::{Driver, Heard, Over, why},
    trace::{self, End},
    transaction::{Transaction, micros},
};
use crate::index::Index;

/// Octets asked of the socket at once.
const DATA_READ: usize = 64 * 1024;

impl Driver<'_> {
    /// The message, to its end.
    pub(super) async fn receive(&mut self, mut receiving: Receiving) -> Result<Step, Over> {
        let began = Instant::now();
        let shared = self.shared;
        let mut body =
            Body::new(&shared.budget, self.wire.peer.ip(), shared.delivery.memory_message_bytes, &shared.scratch_dir);
        let mut failure = None;
        let complete = loop {
            let mut full = false;
            let taken = receiving.take(&mut self.wire.input, |piece| full |= !full && body.push(piece).is_err());
            if full {
                failure = Some(Failure::Full);
            } else if failure.is_none()
                && let Err(error) = body.settle().await
            {
                failure = Some(error);
            }
            match taken {
                Taken::All(complete) => break complete,
                Taken::More(mut more) => {
                    if failure.is_some() || more.is_swallowing() {
                        // Given back at once: others may use it while the rest of this is read and forgotten.
                        more.swallow();
                        body.abandon();
                    }
                    self.more_content(began, more.facts().size_bytes).await?;
                    receiving = more;
                }
            }
        };
        let receive_us = micros(began);
        self.finish(complete, body, failure, receive_us).await
    }

    async fn more_content(&mut self, began: Instant, size_bytes: u64) -> Result<(), Over> {
        let smtp = &self.shared.smtp;
        let elapsed = began.elapsed();
        let slow = elapsed > Duration::from_secs(smtp.rate_grace_s)
            && size_bytes / elapsed.as_secs().max(1) < smtp.min_rate_bytes_s;
        if slow || elapsed > Duration::from_secs(smtp.max_message_s) {
            return Err(self.broken(Some(Said::TooSlow), size_bytes));
        }
        let live_until = self.transaction.as_ref().and_then(|transaction| transaction.live_until(self.shared));
        if let Some(transaction) = &mut self.transaction
            && live_until.is_some_and(|until| until < Instant::now())
        {
            transaction.put_live_away(self.shared);
        }
        let deadline = Instant::now() + Duration::from_secs(smtp.data_timeout_s);
        match self.hear(DATA_READ, deadline, &self.shared.hard_stop).await {
            Heard::More => Ok(()),
            Heard::Gone => Err(self.broken(None, size_bytes)),
            Heard::Nothing(said) => Err(self.broken(Some(said), size_bytes)),
        }
    }

    /// The message ended before its end: the sender left, or is sent away.
    fn broken(&mut self, said: Option<Said>, size_bytes: u64) -> Over {
        let (rule, reason) = why(said);
        if let Some(mut transaction) = self.transaction.take() {
            transaction.put_live_away(self.shared);
            let end = End { size_bytes: Some(size_bytes), ..End::of_envelope(&transaction, rule, reason) };
            trace::record(self.shared, &transaction, &end);
        }
        said.map_or(Over::Gone, |said| self.end(said))
    }

    async fn finish(
        &mut self,
        complete: Complete,
        body: Body,
        failure: Option<Failure>,
        receive_us: u64,
    ) -> Result<Step, Over> {
        let Some(mut transaction) = self.transaction.take() else {
            return Ok(complete.answer(Said::InternalError.reply(), &self.wire.input));
        };
        let (outcome, probable_duplicate) = self.decide(&mut transaction, &complete, body, failure).await;
        // Where it was not used, others may have its connection.
        transaction.put_live_away(self.shared);
        let facts = complete.facts();
        let end = End {
            disposition: outcome.disposition,
            rule: outcome.rule,
            reason: outcome.reason,
            reply: outcome.reply.to_string(),
            hop: outcome.hop,
            message_id: facts.message_id.clone(),
            size_bytes: Some(facts.size_bytes),
            timings: Timings {
                receive_us,
                hop_connect_us: as_micros(outcome.progress.connect),
                hop_us: as_micros(outcome.progress.hop),
                ..Timings::default()
            },
            probable_duplicate,
        };
        transaction.dialogue.add(Speaker::Server, &outcome.reply.to_string(), About::Group);
        trace::record(self.shared, &transaction, &end);
        if outcome.disposition == Disposition::Aborted {
            return Err(Over::Gone);
        }
        Ok(complete.answer(outcome.reply, &self.wire.input))
    }

    /// Gather, decide, act: what is said to the message. The flag: the hop may have it more than once.
    async fn decide(
        &self,
        transaction: &mut Transaction,
        complete: &Complete,
        body: Body,
        failure: Option<Failure>,
    ) -> (Outcome, bool) {
        let shared = self.shared;
        let facts = complete.facts();
        let Some(group) = &transaction.group else {
            let reply = Said::InternalError.reply();
            return (Outcome::new(Disposition::Deferred, Rule::Protocol, Reason::None, reply), false);
        };
        let (way, effective) = (group.way.clone(), Arc::clone(&group.effective));
        if let Some(verdict) = message::judge(&effective, &judged(facts)) {
            return (Outcome::new(verdict.disposition, verdict.rule, verdict.reason, verdict.reply), false);
        }
        let content = match failure {
            Some(failure) => Err(failure),
            None => body.finish().await,
        };
        let mut content = match content {
            Ok(content) => content,
            Err(failure) => return (no_room(&failure), false),
        };
        let in_flight = match shared.repeats.begin(fingerprint(transaction, &content)) {
            Seen::New(in_flight) => in_flight,
            Seen::InFlight => {
                let reply = Said::InFlight.reply();
                return (Outcome::new(Disposition::Deferred, Rule::Repeat, Reason::InFlight, reply), false);
            }
            Seen::Delivered => {
                let reply = Said::AlreadyDelivered.reply();
                return (Outcome::new(Disposition::Accepted, Rule::Repeat, Reason::AlreadyDelivered, reply), false);
            }
        };
        let recipients = transaction.recipients();
        let field = received_field(shared, transaction, &recipients);
        let live = transaction.take_live();
        let message = Message {
            sender: &transaction.sender,
            recipients,
            field,
            content: &mut content,
            facts,
            normalize: effective.bare_newline == BareNewline::Normalize,
            sender_is_there: &|| self.wire.is_there(),
        };
        let outcome = shared.deliverer.deliver(&way, message, live, &mut transaction.dialogue).await;
        let may_be_double = in_flight.may_be_double();
        match outcome.disposition {
            Disposition::Accepted => {
                in_flight.delivered();
                (outcome, may_be_double)
            }
            Disposition::Unknown => {
                in_flight.unknown();
                (outcome, true)
            }
            Disposition::Refused | Disposition::Deferred | Disposition::Aborted => (outcome, false),
        }
    }
}

fn judged(facts: &smtp::data::Facts) -> message::MessageFacts {
    message::MessageFacts {
        size_bytes: facts.size_bytes,
        longest_line_octets: facts.longest_line_octets,
        bare_cr: facts.bare_cr,
        bare_lf: facts.bare_lf,
        nul: facts.nul,
        // A line of white space that continues a field is obsolete and must be taken (RFC 5322 §4.2).
        header_boundary: facts.header_anomaly.is_some_and(|found| found != HeaderAnomaly::BlankLine),
        received_fields: facts.received_fields,
        received_here: facts.received_here,
    }
}

fn fingerprint(transaction: &Transaction, content: &Content) -> Fingerprint {
    let accepted = transaction.named.iter().filter(|named| named.mailbox.is_some());
    let addresses: Vec<_> = accepted.map(|named| &*named.address).collect();
    repeat::fingerprint(&transaction.sender.path, &addresses, &content.sha256)
}

fn as_micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn received_field(shared: &Shared, transaction: &Transaction, recipients: &[contract::mail::Mailbox]) -> String {
    let tls = transaction
        .tls
        .as_ref()
        .map(|tls| received::TlsFacts { version: tls.version.clone(), cipher: tls.cipher.clone() });
    let index: &Index = &transaction.index;
    received::Received {
        helo: &transaction.helo,
        client: transaction.client,
        by: &shared.hostname,
        installation: &index.installation.id.to_string(),
        protocol: trace::protocol(transaction),
        tls: tls.as_ref(),
        id: &transaction.id.to_string(),
        sole_recipient: match recipients {
            [only] => Some(only),
            _ => None,
        },
        at: shared.context.clock.now(),
    }
    .to_field()
}

fn no_room(failure: &Failure) -> Outcome {
    let said = match failure {
        Failure::Full => {
            metrics::counter!("postern_smtp_budget_refusals_total").increment(1);
            Said::Memory
        }
        Failure::Scratch(error) => {
            tracing::error!(%error, "the scratch directory cannot be used");
            Said::InternalError
        }
    };
    Outcome::new(Disposition::Deferred, Rule::Limits, Reason::Memory, said.reply())
}
