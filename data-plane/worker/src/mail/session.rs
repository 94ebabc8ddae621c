//! Drives one session: reads, asks `smtp::server` what it means, answers its questions. `receive` takes what comes after
//! DATA and BDAT.

use std::{sync::Arc, time::Duration};

use contract::{
    events::{Speaker, Tls},
    mail::Reply,
    policy::{Reason, Rule},
};
use smtp::{
    Said, proxy,
    server::{Config, DataPending, Greeting, MailPending, RcptPending, Session, Step},
};
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::{
    Shared,
    dialogue::{About, Dialogue},
    receive::Arriving,
    repeat::Unheard,
    trace::{self, End},
    transaction::Transaction,
    wire::Wire,
};

/// Octets asked of the socket at once.
const COMMAND_READ: usize = 4 * 1024;
/// How long a command may take while few places are left.
const CROWDED_TIMEOUT: Duration = Duration::from_secs(30);

pub(super) struct Driver<'a> {
    pub shared: &'a Arc<Shared>,
    pub wire: Wire,
    tls: Option<Tls>,
    pub transaction: Option<Box<Transaction>>,
    /// A message of which chunks have come, and not the last.
    pub arriving: Option<Arriving>,
    /// Messages that were accepted in answers which the sender may not have heard yet.
    pub unheard: Vec<Unheard>,
    /// Mistakes of this session that were counted.
    pub mistakes: u32,
    /// Cancelled when the session should end after its transaction.
    ending: Arc<CancellationToken>,
    /// Since when a command is waited for. Octets that make no line do not begin it anew.
    waiting_since: Option<Instant>,
}

/// What came of waiting for the sender.
pub(super) enum Heard {
    More,
    Gone,
    /// Nothing more is waited for, and this is said.
    Nothing(Said),
}

/// Why a session is over.
pub(super) enum Over {
    /// Everything was said; with a last reply that was not asked for, this one.
    Said(Option<Said>),
    /// The sender is gone, or cannot be heard.
    Gone,
}

pub(crate) async fn serve(wire: Wire, shared: &Arc<Shared>, ending: Arc<CancellationToken>) {
    let mut driver = Driver {
        shared,
        wire,
        tls: None,
        transaction: None,
        arriving: None,
        unheard: Vec::new(),
        mistakes: 0,
        ending,
        waiting_since: None,
    };
    let over = driver.run().await;
    let said = match over {
        Over::Said(said) => said,
        Over::Gone => None,
    };
    let (rule, reason) = why(said);
    driver.dropped(rule, reason);
    match over {
        Over::Said(None) => driver.wire.close().await,
        Over::Said(Some(_)) => driver.wire.close_on_a_talker().await,
        Over::Gone => {}
    }
}

/// What the trace says of a transaction that ended with its session.
pub(super) const fn why(said: Option<Said>) -> (Rule, Reason) {
    match said {
        None => (Rule::Protocol, Reason::ClientLeft),
        Some(Said::Timeout) => (Rule::Limits, Reason::Timeout),
        Some(Said::TooSlow) => (Rule::Limits, Reason::TooSlow),
        Some(Said::ShuttingDown) => (Rule::Limits, Reason::ShuttingDown),
        Some(Said::TooManyErrors) => (Rule::Limits, Reason::TooManyErrors),
        Some(Said::TooManyCommands) => (Rule::Limits, Reason::TooManyCommands),
        Some(Said::Pipelining) => (Rule::Protocol, Reason::Pipelining),
        Some(_) => (Rule::Protocol, Reason::Syntax),
    }
}

impl Driver<'_> {
    async fn run(&mut self) -> Over {
        let config = Arc::new(self.config());
        self.wire.take_early();
        if proxy::is_header(&self.wire.input) {
            return self.stranger();
        }
        let mut step = Greeting::new(config).greet(&self.wire.input);
        loop {
            if !matches!(step, Step::Wait(_)) {
                self.waiting_since = None;
            }
            step = match step {
                Step::Wait(session) => match self.wait(session).await {
                    Ok(step) => step,
                    Err(over) => return over,
                },
                Step::Answer { next, reply, dropped } => {
                    self.heard_and_said(&reply);
                    if dropped.is_some() {
                        self.dropped(Rule::Protocol, Reason::ClientLeft);
                    }
                    match self.answer(next, &reply).await {
                        Ok(step) => step,
                        Err(over) => return over,
                    }
                }
                Step::RcptRefused { next, said, path } => {
                    let reply = said.reply();
                    if let Some(transaction) = &mut self.transaction {
                        transaction.refused(said, path.as_deref(), &self.wire.input.said());
                    }
                    match self.answer(next, &reply).await {
                        Ok(step) => step,
                        Err(over) => return over,
                    }
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
                Step::Chunk(chunk) => match self.chunk(chunk).await {
                    Ok(step) => step,
                    Err(over) => return over,
                },
                Step::StartTls { upgrade, reply } => {
                    self.wire.say(&reply);
                    if self.wire.flush().await.is_err() {
                        return Over::Gone;
                    }
                    // By the configuration of now, whatever the session began with.
                    let certificates = self.shared.context.current.load().map(|index| Arc::clone(&index.certificates));
                    let acceptor = match self.shared.tls.config(&certificates.unwrap_or_default()) {
                        Ok(config) => TlsAcceptor::from(config),
                        Err(error) => {
                            tracing::error!(%error, "TLS cannot be set up");
                            return Over::Gone;
                        }
                    };
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
                        if fault != Said::TooManyCommands {
                            self.shared.tarpit.mistake(self.wire.peer.ip(), 0);
                        }
                    }
                    self.heard_and_said(&reply);
                    self.wire.say(&reply);
                    return Over::Said(fault);
                }
            };
        }
    }

    /// Says it, at once or with what follows, and goes on.
    async fn answer(&mut self, next: Session, reply: &Reply) -> Result<Step, Over> {
        self.slow_down(next.mistakes()).await?;
        self.wire.say(reply);
        if self.wire.has_much_to_say() && self.wire.flush().await.is_err() {
            return Err(Over::Gone);
        }
        Ok(next.read(&mut self.wire.input))
    }

    /// Somebody who is no balancer of ours claims to speak for another.
    fn stranger(&self) -> Over {
        metrics::counter!("postern_smtp_proxy_refused_total", "why" => "stranger").increment(1);
        tracing::debug!(peer = %self.wire.peer, "a PROXY header from a stranger; closed");
        Over::Gone
    }

    /// What this session offers, by the configuration of now.
    fn config(&self) -> Config {
        let smtp = &self.shared.smtp;
        let index = self.shared.context.current.load();
        let installation = index.as_ref().map(|index| index.installation.id.to_string()).unwrap_or_default();
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        // What any domain may allow; a domain's own limit counts when its recipient is known.
        let effective = index.map(|index| Arc::clone(&index.installation.effective)).unwrap_or_default();
        let max_bytes = effective.max_message_size_bytes;
        Config {
            // More than one client network may hold would never come through.
            max_message_size_bytes: max_bytes.min(self.shared.delivery.budget_bytes / 4),
            max_recipients: number(smtp.max_recipients).min(effective.max_recipients).max(100),
            max_transactions: number(smtp.max_transactions),
            max_commands: number(smtp.max_commands),
            max_bad_commands: number(smtp.max_errors),
            starttls: true,
            ..Config::new(self.shared.hostname.clone(), installation)
        }
    }

    /// Says what was kept back, then waits for a command.
    async fn wait(&mut self, session: Session) -> Result<Step, Over> {
        self.wire.flush().await.map_err(|_| Over::Gone)?;
        self.wire.let_go();
        let patience = Duration::from_secs(self.shared.smtp.command_timeout_s);
        let patience = if self.shared.admission.is_crowded() { patience.min(CROWDED_TIMEOUT) } else { patience };
        // Between chunks as within one: half a message is held.
        let patience = match &self.arriving {
            Some(arriving) if self.is_too_slow(arriving) => return Err(self.end(Said::TooSlow)),
            Some(_) => patience.min(Duration::from_secs(self.shared.smtp.data_timeout_s)),
            None => patience,
        };
        let deadline = *self.waiting_since.get_or_insert_with(Instant::now) + patience;
        // Between transactions a stop or a drain is heard at once; inside of one there is time to end it.
        let ending = Arc::clone(&self.ending);
        let stop = if self.transaction.is_none() { &*ending } else { &self.shared.hard_stop };
        match self.hear(COMMAND_READ, deadline, stop).await {
            Heard::More if session.hello().is_none() && proxy::is_header(&self.wire.input) => Err(self.stranger()),
            Heard::More => Ok(session.read(&mut self.wire.input)),
            Heard::Gone => Err(Over::Gone),
            Heard::Nothing(said) => Err(self.end(said)),
        }
    }

    /// Waits for octets of the sender; everything was said before.
    pub(super) async fn hear(&mut self, octets: usize, deadline: Instant, stop: &CancellationToken) -> Heard {
        loop {
            let live_until = self.transaction.as_ref().and_then(|transaction| transaction.live_until(self.shared));
            tokio::select! {
                biased;
                received = tokio::time::timeout_at(deadline, self.wire.receive(octets)) => return match received {
                    Ok(Ok(true)) => {
                        // It goes on, so it knows what became of what it sent before.
                        self.unheard.drain(..).for_each(Unheard::heard);
                        Heard::More
                    }
                    Ok(Ok(false) | Err(_)) => Heard::Gone,
                    Err(_) => Heard::Nothing(Said::Timeout),
                },
                () = stop.cancelled() => return Heard::Nothing(Said::ShuttingDown),
                () = tokio::time::sleep_until(live_until.unwrap_or(deadline)), if live_until.is_some() => {
                    // Others wait for the place that is held for nothing.
                    if let Some(transaction) = &mut self.transaction {
                        transaction.put_live_away(self.shared);
                    }
                }
            }
        }
    }

    /// The last thing that is said.
    pub(super) fn end(&mut self, said: Said) -> Over {
        self.wire.say(&said.reply());
        Over::Said(Some(said))
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
        if transaction.may_wait(pending.recipient()) && self.wire.flush().await.is_err() {
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

    /// The transaction is over without a message.
    fn dropped(&mut self, rule: Rule, reason: Reason) {
        self.arriving = None;
        if let Some(mut transaction) = self.transaction.take() {
            transaction.put_live_away(self.shared);
            if !transaction.named.is_empty() {
                trace::record(self.shared, &transaction, &End::of_envelope(&transaction, rule, reason));
            }
        }
    }

    /// The line just read and what is said to it, for the trace of the open transaction.
    fn heard_and_said(&mut self, reply: &Reply) {
        // A large message comes in thousands of chunks.
        if self.arriving.is_some() && reply.is_positive() {
            return;
        }
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
