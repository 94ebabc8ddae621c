//! Delivering: one recipient in a burst, several live; then the content, the dot, and the one answer that counts.
//!
//! Before the dot a connection that was used before and is dead is replaced once, and another hop may be tried. After the
//! dot nothing is retried: whoever does not answer leaves the outcome unknown.

use std::{io, sync::Arc, time::Duration};

use contract::{
    Entropy,
    events::{Hop, Speaker},
    mail::{Cidr, Mailbox, Reply},
    policy::{Disposition, Reason, Rule},
    snapshot::object::{NextHop, Route},
};
use smtp::{
    Said,
    client::{
        Awaiting, Cleanup, CleanupStep, Heard, HopReply, Idle, Lacking, Line, Live, LiveStep, MailParameters, Needs,
        Opening, OpeningStep, Sending, Stage, Verdict, Wire, hear,
    },
    server::Sender,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    Hops, Outside, Unusable,
    connection::{Connection, Facts, Lent, Owner, Socket},
    hops::Target,
};
use crate::mail::{
    body::Content,
    config::Delivery,
    dialogue::{About, Dialogue},
};

/// All that is shared by deliveries.
#[derive(Debug)]
pub(crate) struct Deliverer {
    pub hops: Hops,
    pub outside: Outside,
    pub entropy: Entropy,
    envelope_timeout: Duration,
    final_timeout: Duration,
    /// Ends waiting for answers when the worker must go now.
    hard_stop: CancellationToken,
}

/// Where to and for whom.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    pub owner: Owner,
    pub route: Arc<Route>,
    pub allowed: Arc<[Cidr]>,
}

impl Way {
    pub(crate) fn new(tenant: contract::Id<contract::ids::Tenant>, route: Arc<Route>, allowed: &Arc<[Cidr]>) -> Self {
        Self { owner: Owner { tenant, route: route.id }, route, allowed: Arc::clone(allowed) }
    }
}

/// A whole message, as it goes out.
pub(crate) struct Message<'a> {
    pub sender: &'a Sender,
    pub recipients: Vec<Mailbox>,
    /// Our Received field.
    pub field: String,
    pub content: &'a mut Content,
    pub facts: &'a smtp::data::Facts,
    pub normalize: bool,
    /// Is the sender still there? Asked just before the dot.
    pub sender_is_there: &'a (dyn Fn() -> bool + Send + Sync),
}

/// What came of a delivery.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub disposition: Disposition,
    pub rule: Rule,
    pub reason: Reason,
    pub reply: Reply,
    pub hop: Option<Hop>,
    pub progress: Progress,
}

/// Where the time went.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Progress {
    pub connect: Duration,
    pub hop: Duration,
}

/// A transaction with the hop that has taken all recipients so far.
#[derive(Debug)]
pub(crate) struct LiveHop {
    held: Held,
    live: Live,
    /// The parameters that MAIL had.
    sent: MailParameters,
}

/// What came of asking the hop for one more recipient.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "made once a RCPT and taken apart at once")]
pub(crate) enum LiveRcpt {
    /// The hop's own answer; the transaction goes on.
    Answered { live: LiveHop, accepted: bool, reply: Reply, hop_reply: String },
    /// It refuses the first, who was accepted before it was asked: that one stays alone.
    FirstRefused,
    /// The hop cannot be asked now.
    Failed(Unusable),
}

/// A connection with 354 said.
struct Ready {
    held: Held,
    sending: Sending,
}

/// How far it came before any content.
enum Before {
    Content(Box<Ready>),
    /// An answer that ends it.
    Answered(Box<Outcome>),
}

/// Content blocks: RFC 5321 §4.5.3.2.5 gives three minutes each.
const BLOCK_TIMEOUT: Duration = Duration::from_mins(3);
/// Small messages go out in one write, dot and all.
const ONE_WRITE: usize = 32 * 1024;
const CLEANUP_TIMEOUT: Duration = Duration::from_secs(10);

impl Deliverer {
    pub(crate) fn new(
        settings: &Delivery,
        outside: Outside,
        entropy: Entropy,
        hard_stop: CancellationToken,
    ) -> Arc<Self> {
        Arc::new(Self {
            hops: Hops::new(settings),
            outside,
            entropy,
            envelope_timeout: Duration::from_secs(settings.envelope_timeout_s),
            final_timeout: Duration::from_secs(settings.final_timeout_s),
            hard_stop,
        })
    }

    /// Delivers; `live` is the transaction that took the recipients, where there is more than one.
    pub(crate) async fn deliver(
        self: &Arc<Self>,
        way: &Way,
        mut message: Message<'_>,
        live: Option<LiveHop>,
        dialogue: &mut Dialogue,
    ) -> Outcome {
        let began = Instant::now();
        let deadline = began + self.envelope_timeout;
        let needs = Needs::of_envelope(&message.sender.path, message.recipients.iter()).with_content(
            message.sender,
            message.facts,
            message.field.len() as u64,
        );
        let mut progress = Progress::default();
        let ready = match self.before(way, &message, needs, live, deadline, dialogue, &mut progress).await {
            Ok(Before::Content(ready)) => ready,
            Ok(Before::Answered(outcome)) => return Outcome { progress: progress.ended(began), ..*outcome },
            Err((error, hop)) => return Outcome { progress: progress.ended(began), ..failed(&error, hop) },
        };
        let mut outcome = self.content(*ready, &mut message, dialogue).await;
        outcome.progress = progress.ended(began);
        outcome
    }

    /// Up to 354, over as many hops as it takes.
    #[expect(clippy::too_many_arguments, reason = "one try has that many sides, each named once")]
    async fn before(
        self: &Arc<Self>,
        way: &Way,
        message: &Message<'_>,
        needs: Needs,
        live: Option<LiveHop>,
        deadline: Instant,
        dialogue: &mut Dialogue,
        progress: &mut Progress,
    ) -> Result<Before, (Unusable, Option<Hop>)> {
        let mut last = (Unusable::Dns("the route names no next hop".to_owned()), None);
        if let Some(live) = live {
            match self.live_data(live, message, needs, deadline, dialogue).await {
                Ok(before) => return Ok(before),
                Err(Again::Anew) => {}
                Err(Again::Lost(error)) => last.0 = error,
            }
        }
        for hop in self.order(&way.route) {
            let target = self.hops.target(&hop);
            let mut use_idle = true;
            loop {
                let started = Instant::now();
                let lent = self.connection(&target, way, use_idle, deadline).await;
                progress.connect += started.elapsed();
                let lent = match lent {
                    Ok(lent) => lent,
                    Err(error) => {
                        dialogue.add(Speaker::Hop, &format!("({}: {error})", hop.host), About::Everybody);
                        last = (error, Some(unreached(&hop, way)));
                        break;
                    }
                };
                let reused = lent.connection.reused;
                let facts = lent.connection.facts.clone();
                match self.open(&target, &hop, lent, message, needs, deadline, dialogue).await {
                    Ok(before) => return Ok(before),
                    // It died while it waited: once more, on a fresh one.
                    Err(_) if reused && use_idle => use_idle = false,
                    Err(error) => {
                        last = (error, Some(hop_of(&hop, way.route.id, &facts, reused, None)));
                        break;
                    }
                }
            }
        }
        Err(last)
    }

    async fn connection(
        &self,
        target: &Arc<Target>,
        way: &Way,
        use_idle: bool,
        deadline: Instant,
    ) -> Result<Lent, Unusable> {
        let get = async {
            let permit = self.hops.permit(target).await?;
            if use_idle && let Some(connection) = self.hops.idle(target, way.owner).await {
                return Ok(Lent { connection, permit });
            }
            let connection = self.hops.fresh(&self.outside, target, way.owner, &way.allowed).await?;
            Ok(Lent { connection, permit })
        };
        tokio::time::timeout_at(deadline, get).await.unwrap_or(Err(Unusable::Timeout))
    }

    /// Lower priority first; equal ones in an order drawn by weight.
    fn order(&self, route: &Route) -> Vec<NextHop> {
        let mut hops: Vec<_> = route
            .hops
            .iter()
            .map(|hop| {
                let random = u32::from_be_bytes(self.entropy.bytes());
                // Of keys u^(1/w) the largest first: a draw by weight without a second pass.
                let unit = (f64::from(random) + 1.0) / (f64::from(u32::MAX) + 2.0);
                let key = unit.powf(1.0 / f64::from(hop.weight.max(1)));
                (hop.priority, key, hop)
            })
            .collect();
        hops.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        hops.into_iter().map(|(_, _, hop)| hop.clone()).collect()
    }

    /// MAIL, RCPT and DATA on a connection.
    #[expect(clippy::too_many_arguments, reason = "one try has that many sides, each named once")]
    async fn open(
        self: &Arc<Self>,
        target: &Arc<Target>,
        hop: &NextHop,
        lent: Lent,
        message: &Message<'_>,
        needs: Needs,
        deadline: Instant,
        dialogue: &mut Dialogue,
    ) -> Result<Before, Unusable> {
        let parameters = match needs.parameters(lent.connection.idle.capabilities()) {
            Ok(parameters) => parameters,
            Err(lacking) => return Ok(Before::Answered(Box::new(self.lacks(target, hop, lent, lacking)))),
        };
        if let [recipient] = &message.recipients[..] {
            let (held, idle) = Held::of(target, hop, lent);
            let opening = idle.sole(&message.sender.path, parameters, recipient)?;
            return self.opening(held, opening, deadline, dialogue, About::Recipient(0)).await;
        }
        let mut live = LiveHop::begin(target, hop, lent, message.sender, parameters)?;
        for (number, recipient) in message.recipients.iter().enumerate() {
            live.live.rcpt(recipient);
            let (stage, mut reply);
            (live, stage, reply) = live.next_answer(deadline, dialogue, number).await?;
            if stage == Stage::Mail && reply.is_positive() {
                (live, _, reply) = live.next_answer(deadline, dialogue, number).await?;
            }
            if !reply.is_positive() {
                // Its recipients were all accepted before: the sender starts over, nobody is lost.
                let hop = live.held.event(Some(&reply));
                self.put_away(live);
                return Ok(Before::Answered(Box::new(Outcome {
                    disposition: Disposition::Deferred,
                    rule: Rule::NextHop,
                    reason: Reason::HopDeferred,
                    reply: Said::RecipientsChanged.reply(),
                    hop: Some(hop),
                    progress: Progress::default(),
                })));
            }
        }
        self.data(live, deadline, dialogue).await
    }

    async fn data(
        self: &Arc<Self>,
        live: LiveHop,
        deadline: Instant,
        dialogue: &mut Dialogue,
    ) -> Result<Before, Unusable> {
        let LiveHop { mut held, live, .. } = live;
        if !held.socket.is_quiet().await {
            return Err(Unusable::Protocol(smtp::client::Failure::Unasked));
        }
        let opening = live.data()?;
        self.opening(held, opening, deadline, dialogue, About::Everybody).await
    }

    /// Goes on with the transaction that took the recipients; begins anew where it was opened for another kind of message.
    async fn live_data(
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

    async fn opening(
        self: &Arc<Self>,
        mut held: Held,
        mut opening: Opening,
        deadline: Instant,
        dialogue: &mut Dialogue,
        about: About,
    ) -> Result<Before, Unusable> {
        loop {
            match opening.advance() {
                OpeningStep::Wait(mut next) => {
                    note(dialogue, next.wire(), about);
                    within(deadline, held.socket.exchange(next.wire())).await?;
                    opening = next;
                }
                OpeningStep::Content(mut sending) => {
                    note(dialogue, sending.wire(), about);
                    return Ok(Before::Content(Box::new(Ready { held, sending })));
                }
                OpeningStep::Refused { stage, reply, mut cleanup } => {
                    note(dialogue, cleanup.wire(), about);
                    let outcome = answered(stage, &reply, held.event(Some(&reply)));
                    self.clean(held, cleanup);
                    return Ok(Before::Answered(Box::new(outcome)));
                }
                OpeningStep::Failed(failure) => return Err(failure.into()),
            }
        }
    }

    /// The content, the dot, the answer.
    async fn content(self: &Arc<Self>, ready: Ready, message: &mut Message<'_>, dialogue: &mut Dialogue) -> Outcome {
        let Ready { mut held, sending } = ready;
        let event = {
            let seen = held.event(None);
            move |reply: Option<&HopReply>| Some(Hop { reply: reply.map(ToString::to_string), ..seen.clone() })
        };
        let sending = if message.normalize { sending.normalizing() } else { sending };
        let sent = tokio::time::timeout(self.final_timeout, send_content(&mut held.socket, sending, message)).await;
        let mut awaiting = match sent.unwrap_or(Err(Sent::Unusable(Unusable::Timeout))) {
            Ok(awaiting) => awaiting,
            Err(Sent::Unusable(error)) => return failed(&error, event(None)),
            Err(Sent::SenderLeft) => return left(event(None)),
            Err(Sent::Unknown) => return unknown(event(None)),
        };
        dialogue.add(Speaker::ToHop, "(content) .", About::Everybody);
        let deadline = Instant::now() + self.final_timeout;
        loop {
            match awaiting.advance() {
                Verdict::Wait(mut next) => {
                    let read = tokio::select! {
                        read = within(deadline, held.socket.receive(next.wire())) => read,
                        () = self.hard_stop.cancelled() => Err(Unusable::Timeout),
                    };
                    if read.is_err() {
                        return unknown(event(None));
                    }
                    awaiting = next;
                }
                Verdict::Answered { reply, idle } => {
                    dialogue.add(Speaker::Hop, &reply.to_string(), About::Everybody);
                    let outcome = answered(Stage::Message, &reply, held.event(Some(&reply)));
                    if let Some(idle) = idle {
                        self.give_back(held, idle);
                    }
                    return outcome;
                }
                Verdict::Failed(failure) => {
                    dialogue.add(Speaker::Hop, &format!("({failure})"), About::Everybody);
                    return unknown(event(failure.reply()));
                }
            }
        }
    }

    /// Begins a transaction of several recipients: the first, who was accepted already, and one more.
    pub(crate) async fn begin_live(
        self: &Arc<Self>,
        way: &Way,
        sender: &Sender,
        first: &Mailbox,
        next: &Mailbox,
        dialogue: &mut Dialogue,
    ) -> LiveRcpt {
        let deadline = Instant::now() + self.envelope_timeout;
        let mut last = Unusable::Dns("the route names no next hop".to_owned());
        for hop in self.order(&way.route) {
            let target = self.hops.target(&hop);
            let mut use_idle = true;
            loop {
                let lent = match self.connection(&target, way, use_idle, deadline).await {
                    Ok(lent) => lent,
                    Err(error) => {
                        last = error;
                        break;
                    }
                };
                let reused = lent.connection.reused;
                let capabilities = *lent.connection.idle.capabilities();
                let declared = Needs {
                    eight_bit: sender.body == smtp::server::Body::EightBitMime && capabilities.eight_bit_mime,
                    size_bytes: sender.size_bytes.unwrap_or(0),
                    ..Needs::of_envelope(&sender.path, [first, next].into_iter())
                };
                let smtputf8 = declared.smtputf8 || (sender.smtputf8 && capabilities.smtputf8);
                let Ok(parameters) = (Needs { smtputf8, ..declared }).parameters(&capabilities) else {
                    // What the hop lacks is said to the first alone, at the end, in full.
                    self.hops.give_back(&target, lent);
                    return LiveRcpt::FirstRefused;
                };
                match self.two(&target, &hop, lent, sender, parameters, [first, next], deadline, dialogue).await {
                    Ok(rcpt) => return rcpt,
                    Err(_) if reused && use_idle => use_idle = false,
                    Err(error) => {
                        last = error;
                        break;
                    }
                }
            }
        }
        LiveRcpt::Failed(last)
    }

    #[expect(clippy::too_many_arguments, reason = "one try has that many sides, each named once")]
    async fn two(
        self: &Arc<Self>,
        target: &Arc<Target>,
        hop: &NextHop,
        lent: Lent,
        sender: &Sender,
        parameters: MailParameters,
        [first, next]: [&Mailbox; 2],
        deadline: Instant,
        dialogue: &mut Dialogue,
    ) -> Result<LiveRcpt, Unusable> {
        let mut live = LiveHop::begin(target, hop, lent, sender, parameters)?;
        live.live.rcpt(first);
        let mut reply;
        (live, _, reply) = live.next_answer(deadline, dialogue, 0).await?;
        if reply.is_positive() {
            (live, _, reply) = live.next_answer(deadline, dialogue, 0).await?;
            if reply.is_positive() {
                return live.ask(next, deadline, dialogue, 1).await;
            }
        }
        self.put_away(live);
        Ok(LiveRcpt::FirstRefused)
    }

    /// Asks the hop for one more recipient of a transaction that is open.
    pub(crate) async fn one_more(
        &self,
        live: LiveHop,
        next: &Mailbox,
        number: usize,
        dialogue: &mut Dialogue,
    ) -> LiveRcpt {
        let deadline = Instant::now() + self.envelope_timeout;
        live.ask(next, deadline, dialogue, number).await.unwrap_or_else(LiveRcpt::Failed)
    }

    /// Gives a transaction up and keeps its connection, if that can be had.
    pub(crate) fn put_away(self: &Arc<Self>, live: LiveHop) {
        self.clean(live.held, live.live.reset());
    }

    fn clean(self: &Arc<Self>, held: Held, cleanup: Cleanup) {
        let deliverer = Arc::clone(self);
        tokio::spawn(async move {
            let (mut held, mut cleanup) = (held, cleanup);
            let deadline = Instant::now() + CLEANUP_TIMEOUT;
            loop {
                match cleanup.advance() {
                    CleanupStep::Wait(mut next) => {
                        if within(deadline, held.socket.exchange(next.wire())).await.is_err() {
                            return;
                        }
                        cleanup = next;
                    }
                    CleanupStep::Idle(idle) => return deliverer.give_back(held, idle),
                    CleanupStep::Failed(_) => return,
                }
            }
        });
    }

    fn give_back(&self, held: Held, mut idle: Idle) {
        idle.wire().take_lines();
        let Held { target, socket, facts, owner, permit, reused, .. } = held;
        let connection = Connection { socket, idle, facts, owner, reused };
        self.hops.give_back(&target, Lent { connection, permit });
    }

    fn lacks(&self, target: &Target, hop: &NextHop, lent: Lent, lacking: Lacking) -> Outcome {
        let facts = lent.connection.facts.clone();
        let (route, reused) = (lent.connection.owner.route, lent.connection.reused);
        self.hops.give_back(target, lent);
        let reason = match lacking {
            Lacking::EightBitMime | Lacking::Binary => Reason::HopLacksEightBitMime,
            Lacking::SmtpUtf8 => Reason::HopLacksSmtpUtf8,
            Lacking::Size => Reason::HopSize,
        };
        Outcome {
            disposition: Disposition::Refused,
            rule: Rule::NextHopExtensions,
            reason,
            reply: lacking.reply(),
            hop: Some(hop_of(hop, route, &facts, reused, None)),
            progress: Progress::default(),
        }
    }
}

/// A connection in the middle of something.
#[derive(Debug)]
struct Held {
    target: Arc<Target>,
    hop: NextHop,
    socket: Socket,
    facts: Facts,
    owner: Owner,
    permit: tokio::sync::OwnedSemaphorePermit,
    reused: bool,
}

enum Again {
    /// It was opened with other parameters than the message needs.
    Anew,
    Lost(Unusable),
}

impl LiveHop {
    fn begin(
        target: &Arc<Target>,
        hop: &NextHop,
        lent: Lent,
        sender: &Sender,
        sent: MailParameters,
    ) -> Result<Self, Unusable> {
        let (held, idle) = Held::of(target, hop, lent);
        Ok(Self { held, live: idle.live(&sender.path, sent)?, sent })
    }

    async fn ask(
        mut self,
        to: &Mailbox,
        deadline: Instant,
        dialogue: &mut Dialogue,
        number: usize,
    ) -> Result<LiveRcpt, Unusable> {
        // A reply that came by itself would be taken for this one's.
        if !self.held.socket.is_quiet().await {
            return Err(Unusable::Protocol(smtp::client::Failure::Unasked));
        }
        self.live.rcpt(to);
        let (live, stage, reply) = self.next_answer(deadline, dialogue, number).await?;
        let hop_reply = reply.to_string();
        Ok(match hear(stage, &reply) {
            Heard::Accepted(reply) => LiveRcpt::Answered { live, accepted: true, reply, hop_reply },
            Heard::PassedOn(reply) | Heard::HopFailed(reply) => {
                LiveRcpt::Answered { live, accepted: false, reply, hop_reply }
            }
        })
    }

    async fn next_answer(
        self,
        deadline: Instant,
        dialogue: &mut Dialogue,
        number: usize,
    ) -> Result<(Self, Stage, HopReply), Unusable> {
        let Self { mut held, mut live, sent } = self;
        loop {
            match live.advance() {
                LiveStep::Wait(mut next) => {
                    note(dialogue, next.wire(), About::Recipient(number));
                    within(deadline, held.socket.exchange(next.wire())).await?;
                    live = next;
                }
                LiveStep::Answered { live: mut next, stage, reply } => {
                    note(dialogue, next.wire(), About::Recipient(number));
                    return Ok((Self { held, live: next, sent }, stage, reply));
                }
                LiveStep::Failed(failure) => return Err(failure.into()),
            }
        }
    }
}

impl Held {
    fn of(target: &Arc<Target>, hop: &NextHop, lent: Lent) -> (Self, Idle) {
        let Lent { connection: Connection { socket, idle, facts, owner, reused }, permit } = lent;
        let (target, hop) = (Arc::clone(target), hop.clone());
        (Self { target, hop, socket, facts, owner, permit, reused }, idle)
    }

    /// For the trace.
    fn event(&self, reply: Option<&HopReply>) -> Hop {
        hop_of(&self.hop, self.owner.route, &self.facts, self.reused, reply)
    }
}

/// Why the dot was not sent, or may have been.
enum Sent {
    Unusable(Unusable),
    SenderLeft,
    Unknown,
}

async fn send_content(socket: &mut Socket, mut sending: Sending, message: &mut Message<'_>) -> Result<Awaiting, Sent> {
    let unusable = |error: &dyn std::fmt::Display| Sent::Unusable(Unusable::Broken(error.to_string()));
    let mut reader = message.content.reader().await.map_err(|error| unusable(&error))?;
    let mut waiting = Vec::new();
    let mut next = bytes::Bytes::from(std::mem::take(&mut message.field));
    while !next.is_empty() {
        for segment in sending.encode(&next) {
            let segment = segment.map_err(|error| unusable(&error))?;
            if waiting.len() + segment.len() <= ONE_WRITE {
                waiting.extend_from_slice(segment);
                continue;
            }
            for part in [&waiting[..], segment] {
                write_block(socket, part).await.map_err(|error| unusable(&error))?;
            }
            waiting.clear();
        }
        next = reader.next().await.map_err(|error| unusable(&error))?;
    }
    // Just before the dot: whoever has gone will bring the message again, and must not find it delivered by then.
    if !(message.sender_is_there)() {
        return Err(Sent::SenderLeft);
    }
    // A reply that came before the dot does not answer it.
    if !socket.is_quiet().await {
        return Err(Sent::Unusable(Unusable::Protocol(smtp::client::Failure::Unasked)));
    }
    let (end, awaiting) = sending.finish().map_err(|failure| Sent::Unusable(failure.into()))?;
    waiting.extend_from_slice(end);
    // From the first octet of this on, nobody knows how much of it arrives.
    write_block(socket, &waiting).await.map_err(|_| Sent::Unknown)?;
    Ok(awaiting)
}

async fn write_block(socket: &mut Socket, bytes: &[u8]) -> io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    tokio::time::timeout(BLOCK_TIMEOUT, socket.write_all(bytes))
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

async fn within(deadline: Instant, io: impl Future<Output = io::Result<()>>) -> Result<(), Unusable> {
    tokio::time::timeout_at(deadline, io)
        .await
        .map_err(|_| Unusable::Timeout)?
        .map_err(|error| Unusable::Broken(error.to_string()))
}

fn note(dialogue: &mut Dialogue, wire: &mut Wire, about: About) {
    for line in wire.take_lines() {
        match line {
            Line::ToHop(text) => dialogue.add(Speaker::ToHop, &text, about),
            Line::Hop(text) => dialogue.add(Speaker::Hop, &text, about),
        }
    }
}

impl Progress {
    fn ended(self, began: Instant) -> Self {
        Self { hop: began.elapsed().saturating_sub(self.connect), ..self }
    }
}

fn hop_of(
    hop: &NextHop,
    route: contract::Id<contract::ids::Route>,
    facts: &Facts,
    reused: bool,
    reply: Option<&HopReply>,
) -> Hop {
    Hop {
        route,
        host: hop.host.clone(),
        port: hop.port,
        address: Some(facts.address.ip().to_string()),
        tls: facts.tls.clone(),
        tls_failure: facts.tls_failure.clone(),
        reused_connection: reused,
        reply: reply.map(ToString::to_string),
    }
}

fn unreached(hop: &NextHop, way: &Way) -> Hop {
    Hop {
        route: way.route.id,
        host: hop.host.clone(),
        port: hop.port,
        address: None,
        tls: None,
        tls_failure: None,
        reused_connection: false,
        reply: None,
    }
}

/// What an answer of the hop means to the sender.
fn answered(stage: Stage, reply: &HopReply, hop: Hop) -> Outcome {
    let (disposition, reason, reply) = match hear(stage, reply) {
        Heard::Accepted(reply) => (Disposition::Accepted, Reason::None, reply),
        Heard::PassedOn(reply) if reply.class() == 5 => (Disposition::Refused, Reason::HopRefused, reply),
        Heard::PassedOn(reply) => (Disposition::Deferred, Reason::HopDeferred, reply),
        Heard::HopFailed(reply) => (Disposition::Deferred, Reason::HopProtocol, reply),
    };
    let rule = if disposition == Disposition::Accepted { Rule::Default } else { Rule::NextHop };
    Outcome { disposition, rule, reason, reply, hop: Some(hop), progress: Progress::default() }
}

fn failed(error: &Unusable, hop: Option<Hop>) -> Outcome {
    Outcome {
        disposition: Disposition::Deferred,
        rule: Rule::NextHop,
        reason: error.reason(),
        reply: error.said().reply(),
        hop: hop.map(|hop| Hop { reply: hop.reply.or_else(|| Some(format!("({error})"))), ..hop }),
        progress: Progress::default(),
    }
}

fn unknown(hop: Option<Hop>) -> Outcome {
    Outcome {
        disposition: Disposition::Unknown,
        rule: Rule::NextHop,
        reason: Reason::OutcomeUnknown,
        reply: Said::OutcomeUnknown.reply(),
        hop,
        progress: Progress::default(),
    }
}

fn left(hop: Option<Hop>) -> Outcome {
    Outcome {
        disposition: Disposition::Aborted,
        rule: Rule::Protocol,
        reason: Reason::ClientLeft,
        reply: Said::HopFailed.reply(),
        hop,
        progress: Progress::default(),
    }
}
