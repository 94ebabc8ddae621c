//! A message that has come whole, or is given up before: the decision on it, its way to the next hop, its answer.

use std::{sync::Arc, time::Duration};

use contract::{
    events::{Speaker, Timings},
    policy::{Disposition, Reason, Rule, message, settings::BareNewline},
};
use smtp::{
    Said,
    data::{Facts, HeaderAnomaly},
    received,
    server::{Complete, Part, Step},
};

use super::{
    Shared,
    body::{Content, Failure},
    delivery::{Message, Outcome},
    dialogue::About,
    receive::Arriving,
    repeat::{self, Fingerprint, Seen, Unheard},
    session::{Driver, Over},
    trace::{self, End},
    transaction::{Transaction, micros},
};
use crate::index::Index;

impl Driver<'_> {
    /// The whole message is here.
    pub(super) async fn finish(&mut self, complete: Complete, arriving: Arriving) -> Result<Step, Over> {
        let receive_us = micros(arriving.began);
        let Some(mut transaction) = self.transaction.take() else {
            return Ok(complete.answer(Said::InternalError.reply(), &self.wire.input));
        };
        let (outcome, probable_duplicate, unheard) = self.decide(&mut transaction, &complete, arriving).await;
        // What came again was counted when it came first.
        let is_taken = matches!(outcome.disposition, Disposition::Accepted | Disposition::Unknown);
        if let Some(counted) = transaction.counted.take().filter(|_| is_taken && outcome.rule != Rule::Repeat) {
            counted.keep();
        }
        self.tell(transaction, &outcome, complete.facts(), receive_us, probable_duplicate);
        match outcome.disposition {
            Disposition::Aborted => return Err(Over::Gone),
            Disposition::Accepted => self.shared.tarpit.accepted(self.wire.peer.ip()),
            Disposition::Refused | Disposition::Deferred | Disposition::Unknown => {}
        }
        // Whoever sends on without waiting shows nothing by it, and is taken for one that has not heard.
        self.unheard.extend(unheard.filter(|_| self.wire.input.is_empty()));
        Ok(complete.answer(outcome.reply, &self.wire.input))
    }

    /// A chunk is here, and more are to follow. What is hopeless already is not waited for.
    pub(super) fn part(&mut self, part: Part, arriving: Arriving) -> Step {
        let receive_us = micros(arriving.began);
        let outcome = match (&arriving.failure, part.is_swallowing()) {
            _ if self.never_fits(part.facts()) => too_large(),
            (Some(failure), _) => no_room(failure),
            (None, true) => too_large(),
            (None, false) => {
                self.arriving = Some(arriving);
                return part.accept();
            }
        };
        if let Some(transaction) = self.transaction.take() {
            self.tell(transaction, &outcome, part.facts(), receive_us, false);
        }
        part.refuse(outcome.reply)
    }

    /// The transaction is over, with this outcome.
    fn tell(
        &self,
        mut transaction: Box<Transaction>,
        outcome: &Outcome,
        facts: &Facts,
        receive_us: u64,
        probable_duplicate: bool,
    ) {
        // Where it was not used, others may have its connection.
        transaction.put_live_away(self.shared);
        let end = End {
            disposition: outcome.disposition,
            rule: outcome.rule,
            reason: outcome.reason,
            reply: outcome.reply.to_string(),
            hop: outcome.hop.clone(),
            message_id: facts.message_id.clone(),
            subject: facts.subject.clone(),
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
    }

    /// One client network may not hold so much, so it would be deferred for ever.
    fn never_fits(&self, facts: &Facts) -> bool {
        facts.size_bytes > self.shared.delivery.budget_bytes / 4
    }

    /// Gather, decide, act: what is said to the message. The flag: the hop may have it more than once.
    async fn decide(
        &self,
        transaction: &mut Transaction,
        complete: &Complete,
        arriving: Arriving,
    ) -> (Outcome, bool, Option<Unheard>) {
        let shared = self.shared;
        let facts = complete.facts();
        let Some(group) = &transaction.group else {
            let reply = Said::InternalError.reply();
            return (Outcome::new(Disposition::Deferred, Rule::Protocol, Reason::None, reply), false, None);
        };
        let (way, effective) = (group.way.clone(), Arc::clone(&group.effective));
        if let Some(verdict) = message::judge(&effective, &judged(facts)) {
            return (Outcome::new(verdict.disposition, verdict.rule, verdict.reason, verdict.reply), false, None);
        }
        let Arriving { body, failure, .. } = arriving;
        let content = match failure {
            _ if self.never_fits(facts) => return (too_large(), false, None),
            Some(failure) => Err(failure),
            // Not all of it was kept, though its domain alone would take it.
            None if complete.is_cut() => return (too_large(), false, None),
            None => body.finish().await,
        };
        let mut content = match content {
            Ok(content) => content,
            Err(failure) => return (no_room(&failure), false, None),
        };
        let in_flight = match shared.repeats.begin(fingerprint(transaction, &content)) {
            Seen::New(in_flight) => in_flight,
            Seen::InFlight => {
                let reply = Said::InFlight.reply();
                return (Outcome::new(Disposition::Deferred, Rule::Repeat, Reason::InFlight, reply), false, None);
            }
            Seen::Delivered(unheard) => {
                let reply = Said::AlreadyDelivered.reply();
                let outcome = Outcome::new(Disposition::Accepted, Rule::Repeat, Reason::AlreadyDelivered, reply);
                return (outcome, false, Some(unheard));
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
                let unheard = in_flight.delivered();
                (outcome, may_be_double, Some(unheard))
            }
            Disposition::Unknown => {
                in_flight.unknown();
                (outcome, true, None)
            }
            Disposition::Refused | Disposition::Deferred | Disposition::Aborted => (outcome, false, None),
        }
    }
}

fn judged(facts: &Facts) -> message::MessageFacts {
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

fn too_large() -> Outcome {
    let reply = Said::MessageTooLarge.reply();
    Outcome::new(Disposition::Refused, Rule::MessageForm, Reason::TooLarge, reply)
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
