//! Drives one session: reads, asks `smtp::server` what it means, answers its questions, records what happened.

use std::{sync::Arc, time::Duration};

use contract::{
    events::{Speaker, Timings, Tls},
    mail::Reply,
    policy::{Disposition, Reason, Rule, message, settings::BareNewline},
};
use smtp::{
    Said,
    data::HeaderAnomaly,
    received,
    server::{Complete, Config, DataPending, Greeting, MailPending, RcptPending, Receiving, Session, Step, Taken},
};
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

use super::{
    Shared,
    body::{Body, Failure},
    delivery::{Message, Outcome, Progress},
    dialogue::{About, Dialogue},
    repeat::{Seen, fingerprint},
    trace::{self, End},
    transaction::{Transaction, micros},
    wire::Wire,
};
use crate::index::Index;

/// Octets asked of the socket at once.
const COMMAND_READ: usize = 4 * 1024;
const DATA_READ: usize = 64 * 1024;
/// A message may be slow for so long before its rate is looked at.
const RATE_GRACE: Duration = Duration::from_mins(1);

struct Driver<'a> {
    shared: &'a Arc<Shared>,
    wire: Wire,
    tls: Option<Tls>,
    transaction: Option<Box<Transaction>>,
}

/// Why a session is over.
enum Over {
    /// Everything was said.
    Said,
    /// The sender is gone, or cannot be heard.
    Gone,
}

pub(crate) async fn serve(wire: Wire, shared: &Arc<Shared>) {
    let mut driver = Driver { shared, wire, tls: None, transaction: None };
    let over = driver.run().await;
    if let Some(transaction) = driver.transaction.take() {
        // Recipients were named, and no message came.
        if !transaction.named.is_empty() {
            let end = End::of_envelope(&transaction, Disposition::Aborted, Reason::ClientLeft);
            trace::record(shared, &transaction, &end);
        }
    }
    match over {
        Over::Said => driver.wire.close().await,
        Over::Gone => {}
    }
}

impl Driver<'_> {
    async fn run(&mut self) -> Over {
        let config = Arc::new(self.config());
        self.wire.take_early();
        let mut step = Greeting::new(config).greet(&self.wire.input);
        loop {
            step = match step {
                Step::Wait(session) => match self.wait(session).await {
                    Ok(step) => step,
                    Err(over) => return over,
                },
                Step::Answer { next, reply, dropped } => {
                    self.heard_and_said(&reply);
                    if dropped.is_some() {
                        self.dropped();
                    }
                    self.wire.say(&reply);
                    if self.wire.has_much_to_say() && self.wire.flush().await.is_err() {
                        return Over::Gone;
                    }
                    next.read(&mut self.wire.input)
                }
                Step::Mail(pending) => self.mail(pending),
                Step::Rcpt(pending) => self.rcpt(pending).await,
                Step::Data(pending) => self.data(pending),
                Step::Receive { receiving, reply } => {
                    self.heard_and_said(&reply);
                    self.wire.say(&reply);
                    if self.wire.flush().await.is_err() {
                        return Over::Gone;
                    }
                    match self.receive(receiving).await {
                        Ok(step) => step,
                        Err(over) => return over,
                    }
                }
                Step::StartTls { upgrade, reply } => {
                    self.wire.say(&reply);
                    if self.wire.flush().await.is_err() {
                        return Over::Gone;
                    }
                    let acceptor = TlsAcceptor::from(Arc::clone(&self.shared.tls));
                    match self.wire.start_tls(&acceptor).await {
                        Ok(agreed) => self.tls = Some(agreed),
                        Err(error) => {
                            metrics::counter!("postern_smtp_tls_failures_total").increment(1);
                            tracing::debug!(peer = %self.wire.peer, %error, "a TLS handshake failed");
                            return Over::Gone;
                        }
                    }
                    upgrade.done(&mut self.wire.input)
                }
                Step::Close { reply, fault, dropped: _ } => {
                    if let Some(fault) = fault {
                        tracing::debug!(peer = %self.wire.peer, ?fault, "a session was closed");
                    }
                    self.heard_and_said(&reply);
                    self.wire.say(&reply);
                    return Over::Said;
                }
            };
        }
    }

    /// What this session offers, by the configuration of now.
    fn config(&self) -> Config {
        let smtp = &self.shared.smtp;
        let index = self.shared.context.current.load();
        let installation = index.as_ref().map(|index| index.installation.id.to_string()).unwrap_or_default();
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Config {
            // What any domain may allow; a domain's own limit counts when its recipient is known.
            max_message_size_bytes: index.map_or(50 << 20, |index| index.installation.effective.max_message_size_bytes),
            max_recipients: number(smtp.max_recipients.max(100)),
            max_transactions: number(smtp.max_transactions),
            max_commands: number(smtp.max_commands),
            max_bad_commands: number(smtp.max_errors),
            starttls: true,
            ..Config::new(self.shared.hostname.clone(), installation)
        }
    }

    /// Says what was kept back, then waits for the sender.
    async fn wait(&mut self, session: Session) -> Result<Step, Over> {
        self.wire.flush().await.map_err(|_| Over::Gone)?;
        let patience = Duration::from_secs(self.shared.smtp.command_timeout_s);
        let idle = self.transaction.is_none();
        let received = tokio::select! {
            received = tokio::time::timeout(patience, self.wire.receive(COMMAND_READ)) => received,
            () = self.shared.stopping.cancelled(), if idle => {
                self.wire.say(&Said::ShuttingDown.reply());
                return Err(Over::Said);
            }
        };
        match received {
            Ok(Ok(true)) => Ok(session.read(&mut self.wire.input)),
            Ok(Ok(false) | Err(_)) => Err(Over::Gone),
            Err(_) => {
                self.wire.say(&Said::Timeout.reply());
                Err(Over::Said)
            }
        }
    }

    fn mail(&mut self, pending: MailPending) -> Step {
        let Some(index) = self.shared.context.current.load() else {
            return pending.answer(Said::SnapshotMissing.reply());
        };
        if self.shared.context.current.age().is_none_or(|age| age > self.shared.context.too_old) {
            return pending.answer(Said::SnapshotTooOld.reply());
        }
        let hello = pending.hello();
        let transaction = Transaction::new(
            self.shared,
            index,
            pending.sender().clone(),
            hello.name.as_str().to_owned(),
            hello.extended,
            self.wire.peer.ip(),
            self.tls.clone(),
            Dialogue::new(),
        );
        self.transaction = Some(Box::new(transaction));
        pending.accept()
    }

    async fn rcpt(&mut self, pending: RcptPending) -> Step {
        let Some(transaction) = &mut self.transaction else {
            return pending.abandon(Said::InternalError.reply());
        };
        // The hop may take a while: what was answered before should not wait for it.
        if transaction.group.is_some() && self.wire.flush().await.is_err() {
            return pending.abandon(Said::Timeout.reply());
        }
        let number = transaction.named.len();
        transaction.dialogue.add(Speaker::Client, &self.wire.input.said(), About::Recipient(number));
        let reply = transaction.rcpt(self.shared, pending.recipient()).await;
        transaction.dialogue.add(Speaker::Server, &reply.to_string(), About::Recipient(number));
        pending.answer(reply)
    }

    fn data(&mut self, pending: DataPending) -> Step {
        let limit = self.transaction.as_ref().and_then(|transaction| transaction.group.as_ref());
        match limit.map(|group| group.effective.max_message_size_bytes) {
            Some(limit) => pending.accept(&self.wire.input, limit),
            None => pending.refuse(Said::NoRecipients.reply()),
        }
    }

    /// The message, to its end.
    async fn receive(&mut self, mut receiving: Receiving) -> Result<Step, Over> {
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
        let slow = elapsed > RATE_GRACE && size_bytes / elapsed.as_secs().max(1) < smtp.min_rate_bytes_s;
        if slow || elapsed > Duration::from_secs(smtp.max_message_s) {
            self.wire.say(&Said::TooSlow.reply());
            return Err(self.broken(Reason::TooSlow, size_bytes));
        }
        let patience = Duration::from_secs(smtp.data_timeout_s);
        match tokio::time::timeout(patience, self.wire.receive(DATA_READ)).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false) | Err(_)) => {
                self.broken(Reason::ClientLeft, size_bytes);
                Err(Over::Gone)
            }
            Err(_) => {
                self.wire.say(&Said::Timeout.reply());
                Err(self.broken(Reason::Timeout, size_bytes))
            }
        }
    }

    /// The message ended before its end.
    fn broken(&mut self, reason: Reason, size_bytes: u64) -> Over {
        if let Some(mut transaction) = self.transaction.take() {
            if let Some(live) = transaction.take_live() {
                self.shared.deliverer.put_away(live);
            }
            let end = End {
                disposition: Disposition::Aborted,
                rule: if reason == Reason::ClientLeft { Rule::Protocol } else { Rule::Limits },
                reason,
                size_bytes: Some(size_bytes),
                ..End::of_envelope(&transaction, Disposition::Aborted, reason)
            };
            trace::record(self.shared, &transaction, &end);
        }
        Over::Said
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
        let began = Instant::now();
        let (outcome, hop_reply_unknown) = self.decide(&mut transaction, &complete, body, failure).await;
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
                hop_connect_us: u64::try_from(outcome.progress.connect.as_micros()).unwrap_or(u64::MAX),
                hop_us: if outcome.progress.hop.is_zero() { 0 } else { micros(began) },
                ..Timings::default()
            },
            probable_duplicate: hop_reply_unknown,
        };
        transaction.dialogue.add(Speaker::Server, &outcome.reply.to_string(), About::Everybody);
        trace::record(self.shared, &transaction, &end);
        if outcome.disposition == Disposition::Aborted {
            return Err(Over::Gone);
        }
        Ok(complete.answer(outcome.reply, &self.wire.input))
    }

    /// Gather, decide, act: what is said to the message. The flag: it may be at the hop although nobody knows.
    async fn decide(
        &mut self,
        transaction: &mut Transaction,
        complete: &Complete,
        body: Body,
        failure: Option<Failure>,
    ) -> (Outcome, bool) {
        let shared = self.shared;
        let facts = complete.facts();
        let Some(group) = &transaction.group else {
            return (own(Disposition::Deferred, Rule::Protocol, Reason::None, Said::InternalError.reply()), false);
        };
        let (way, effective) = (group.way.clone(), Arc::clone(&group.effective));
        let live = transaction.take_live();
        let put_away = |live| {
            if let Some(live) = live {
                shared.deliverer.put_away(live);
            }
        };
        let judged = message::judge(
            &effective,
            &message::MessageFacts {
                size_bytes: facts.size_bytes,
                longest_line_octets: facts.longest_line_octets,
                bare_cr: facts.bare_cr,
                bare_lf: facts.bare_lf,
                nul: facts.nul,
                // A line of white space that continues a field is obsolete and must be taken (RFC 5322 §4.2).
                header_boundary: facts.header_anomaly.is_some_and(|found| found != HeaderAnomaly::BlankLine),
                received_fields: facts.received_fields,
                received_here: facts.received_here,
            },
        );
        if let Some(verdict) = judged {
            put_away(live);
            return (own(verdict.disposition, verdict.rule, verdict.reason, verdict.reply), false);
        }
        let content = match failure {
            Some(failure) => Err(failure),
            None => body.finish().await,
        };
        let mut content = match content {
            Ok(content) => content,
            Err(failure) => {
                put_away(live);
                return (no_room(&failure), false);
            }
        };
        let addresses: Vec<_> = transaction
            .named
            .iter()
            .filter(|named| named.mailbox.is_some())
            .map(|named| named.address.clone())
            .collect();
        let in_flight = match shared.repeats.begin(fingerprint(&transaction.sender.path, &addresses, &content.sha256)) {
            Seen::New(in_flight) => in_flight,
            Seen::InFlight => {
                put_away(live);
                return (own(Disposition::Deferred, Rule::Repeat, Reason::InFlight, Said::InFlight.reply()), false);
            }
            Seen::Delivered => {
                put_away(live);
                let said = Said::AlreadyDelivered.reply();
                return (own(Disposition::Accepted, Rule::Repeat, Reason::AlreadyDelivered, said), false);
            }
        };
        let recipients = transaction.recipients();
        let field = received_field(shared, transaction, &recipients);
        let (wire, sender) = (&self.wire, transaction.sender.clone());
        let message = Message {
            sender: &sender,
            recipients,
            field,
            content: &mut content,
            facts,
            normalize: effective.bare_newline == BareNewline::Normalize,
            sender_is_there: &|| wire.is_there(),
        };
        let outcome = shared.deliverer.deliver(&way, message, live, &mut transaction.dialogue).await;
        match outcome.disposition {
            Disposition::Accepted => in_flight.delivered(),
            // Not remembered as delivered: nobody knows. A repetition is tried, and may be a double.
            Disposition::Unknown | Disposition::Refused | Disposition::Deferred | Disposition::Aborted => {
                drop(in_flight);
            }
        }
        let unknown = outcome.disposition == Disposition::Unknown;
        (outcome, unknown)
    }

    /// RSET, EHLO, a refused DATA: the transaction is over without a message.
    fn dropped(&mut self) {
        if let Some(mut transaction) = self.transaction.take() {
            if let Some(live) = transaction.take_live() {
                self.shared.deliverer.put_away(live);
            }
            if !transaction.named.is_empty() {
                let end = End::of_envelope(&transaction, Disposition::Aborted, Reason::ClientLeft);
                trace::record(self.shared, &transaction, &end);
            }
        }
    }

    /// The line just read and what is said to it, for the trace of the open transaction.
    fn heard_and_said(&mut self, reply: &Reply) {
        let said = self.wire.input.said();
        if let Some(transaction) = &mut self.transaction
            // RCPT has written its own.
            && !said.get(..4).is_some_and(|verb| verb.eq_ignore_ascii_case("RCPT"))
        {
            transaction.dialogue.add(Speaker::Client, &said, About::Everybody);
            transaction.dialogue.add(Speaker::Server, &reply.to_string(), About::Everybody);
        }
    }
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

fn own(disposition: Disposition, rule: Rule, reason: Reason, reply: Reply) -> Outcome {
    Outcome { disposition, rule, reason, reply, hop: None, progress: Progress::default() }
}

fn no_room(failure: &Failure) -> Outcome {
    match failure {
        Failure::Full => {
            metrics::counter!("postern_smtp_budget_refusals_total").increment(1);
            own(Disposition::Deferred, Rule::Limits, Reason::Memory, Said::Memory.reply())
        }
        Failure::Scratch(error) => {
            tracing::error!(%error, "the scratch directory cannot be used");
            own(Disposition::Deferred, Rule::Limits, Reason::Memory, Said::InternalError.reply())
        }
    }
}
