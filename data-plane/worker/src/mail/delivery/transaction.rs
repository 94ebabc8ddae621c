//! Delivering: one recipient in a burst, several live (`live`); then the content (`content`).
//!
//! Before the dot a connection that was used before and is dead is replaced once, and another hop may be tried.

use std::{io, sync::Arc, time::Duration};

use contract::{
    Entropy, Id,
    events::{Hop, Speaker},
    ids,
    mail::{Cidr, Domain, Mailbox},
    snapshot::object::{HopTls, NextHop, Route},
};
use smtp::{
    client::{Cleanup, CleanupStep, HopReply, Idle, Line, Needs, Opening, OpeningStep, Sending, Wire},
    server::Sender,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    Hops, Outside, Unusable,
    connection::{Connection, Facts, Lent, Owner, Socket},
    hops::Target,
    live::{Again, LiveHop},
    outcome::{Outcome, Progress, hop_of, unreached},
    places::Place,
};
use crate::{
    index::{Certificates, InstallationLevel, Showable},
    mail::{
        body::Content,
        config::Delivery,
        dialogue::{About, Dialogue},
    },
};

/// All that is shared by deliveries.
#[derive(Debug)]
pub(crate) struct Deliverer {
    pub hops: Arc<Hops>,
    pub outside: Outside,
    pub entropy: Entropy,
    pub(super) envelope_timeout: Duration,
    pub(super) final_timeout: Duration,
    /// Ends waiting for answers when the worker must go now.
    pub(super) hard_stop: CancellationToken,
}

/// Where to and for whom.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    pub owner: Owner,
    pub route: Arc<Route>,
    pub allowed: Arc<[Cidr]>,
    /// The route's, shown where a hop asks for one.
    pub certificate: Option<Arc<Showable>>,
}

impl Way {
    pub(crate) fn new(
        tenant: Id<ids::Tenant>,
        route: Arc<Route>,
        allowed: &Arc<[Cidr]>,
        certificates: &Certificates,
    ) -> Self {
        let owner = Owner { tenant: Some(tenant), route: Some(route.id) };
        let certificate = route.certificate.and_then(|id| certificates.get(id)).cloned();
        Self { owner, route, allowed: Arc::clone(allowed), certificate }
    }

    /// To the installation's own postmaster, whose domain is served elsewhere: the way that its MX records say.
    pub(crate) fn to_postmaster(installation: &InstallationLevel, domain: &Domain, mx_port: u16) -> Self {
        let hop = NextHop {
            host: domain.as_ascii().to_owned(),
            mx: true,
            port: mx_port,
            priority: 0,
            weight: 1,
            tls: HopTls::Opportunistic,
        };
        // The id only tells one way from another; no route stands behind it, and the trace names none.
        let route = Arc::new(Route {
            id: Id::from_uuid(installation.id.uuid()),
            hops: vec![hop],
            max_connections: None,
            certificate: None,
        });
        let owner = Owner { tenant: None, route: None };
        Self { owner, route, allowed: Arc::clone(&installation.allowed_hop_ranges), certificate: None }
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

/// A connection with 354 said.
pub(super) struct Ready {
    pub held: Held,
    pub sending: Sending,
}

/// How far it came before any content.
pub(super) enum Before {
    Content(Box<Ready>),
    /// An answer that ends it.
    Answered(Box<Outcome>),
}

const CLEANUP_TIMEOUT: Duration = Duration::from_secs(10);

impl Deliverer {
    pub(crate) fn new(
        settings: &Delivery,
        hops: Arc<Hops>,
        outside: Outside,
        entropy: Entropy,
        hard_stop: CancellationToken,
    ) -> Arc<Self> {
        Arc::new(Self {
            hops,
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
        let mut connect = Duration::ZERO;
        let outcome = match self.before(way, &message, needs, live, deadline, dialogue, &mut connect).await {
            Ok(Before::Content(ready)) => self.content(*ready, &mut message, dialogue).await,
            Ok(Before::Answered(outcome)) => *outcome,
            Err((error, hop)) => Outcome::failed(&error, hop),
        };
        Outcome { progress: Progress { connect, hop: began.elapsed().saturating_sub(connect) }, ..outcome }
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
        connect: &mut Duration,
    ) -> Result<Before, (Unusable, Option<Hop>)> {
        let mut last = (Unusable::NoHop, None);
        if let Some(live) = live {
            match self.live_data(live, message, needs, deadline, dialogue).await {
                Ok(before) => return Ok(before),
                Err(Again::Anew) => {}
                Err(Again::Lost(error)) => last.0 = error,
            }
        }
        let (mut tries, unknown) = self.tries(way, deadline).await;
        if let Some(error) = unknown {
            dialogue.add(Speaker::Hop, &format!("({error})"), About::Group);
            last.0 = error;
        }
        while let Some(target) = tries.next() {
            let started = Instant::now();
            let lent = tries.connection(&target).await;
            *connect += started.elapsed();
            let (error, seen) = match lent {
                Ok(lent) => {
                    let reused = lent.connection.reused;
                    let seen = hop_of(&target, way.owner.route, &lent.connection.facts, reused, None);
                    match self.open(&target, lent, message, needs, tries.patience(reused), dialogue).await {
                        Ok(before) => return Ok(before),
                        Err(_) if tries.failed(&target, reused) => continue,
                        Err(error) => (error, seen),
                    }
                }
                Err(error) => (error, unreached(&target, way.owner.route)),
            };
            dialogue.add(Speaker::Hop, &format!("({}: {error})", target.host), About::Group);
            last = (error, Some(seen));
        }
        Err(last)
    }

    /// MAIL, RCPT and DATA on a connection.
    async fn open(
        self: &Arc<Self>,
        target: &Arc<Target>,
        lent: Lent,
        message: &Message<'_>,
        needs: Needs,
        deadline: Instant,
        dialogue: &mut Dialogue,
    ) -> Result<Before, Unusable> {
        let parameters = match needs.parameters(lent.connection.idle.capabilities()) {
            Ok(parameters) => parameters,
            Err(lacking) => {
                let Connection { owner, facts, reused, .. } = &lent.connection;
                let seen = hop_of(target, owner.route, facts, *reused, None);
                self.hops.give_back(target, lent);
                return Ok(Before::Answered(Box::new(Outcome::lacking(lacking, seen))));
            }
        };
        if let [recipient] = &message.recipients[..] {
            let (held, idle) = Held::of(target, lent);
            let opening = idle.sole(&message.sender.path, parameters, recipient)?;
            return self.opening(held, opening, deadline, dialogue).await;
        }
        let live = LiveHop::begin(target, lent, message.sender, parameters)?;
        match live.ask_all(&message.recipients, deadline, dialogue).await? {
            (live, None) => self.data(live, deadline, dialogue).await,
            (live, Some(reply)) => {
                let seen = live.held.event(Some(&reply));
                self.put_away(live);
                Ok(Before::Answered(Box::new(Outcome::changed_its_mind(seen))))
            }
        }
    }

    pub(super) async fn opening(
        self: &Arc<Self>,
        mut held: Held,
        mut opening: Opening,
        deadline: Instant,
        dialogue: &mut Dialogue,
    ) -> Result<Before, Unusable> {
        loop {
            match opening.advance() {
                OpeningStep::Wait(mut next) => {
                    note(dialogue, next.wire());
                    within(deadline, held.socket.exchange(next.wire())).await?;
                    opening = next;
                }
                OpeningStep::Content(mut sending) => {
                    note(dialogue, sending.wire());
                    return Ok(Before::Content(Box::new(Ready { held, sending })));
                }
                OpeningStep::Refused { stage, reply, mut cleanup } => {
                    note(dialogue, cleanup.wire());
                    let outcome = Outcome::answered(stage, &reply, held.event(Some(&reply)));
                    self.clean(held, cleanup);
                    return Ok(Before::Answered(Box::new(outcome)));
                }
                OpeningStep::Failed(failure) => return Err(failure.into()),
            }
        }
    }

    /// Reads what is owed and resets, beside everything else; nobody waits for it.
    pub(super) fn clean(self: &Arc<Self>, held: Held, cleanup: Cleanup) {
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

    pub(super) fn give_back(&self, held: Held, mut idle: Idle) {
        idle.wire().take_lines();
        let Held { target, socket, facts, owner, made, place, reused, .. } = held;
        let connection = Connection { socket, idle, facts, owner, made, reused };
        self.hops.give_back(&target, Lent { connection, place });
    }
}

/// A connection in the middle of something.
#[derive(Debug)]
pub(super) struct Held {
    target: Arc<Target>,
    pub socket: Socket,
    facts: Facts,
    owner: Owner,
    made: Instant,
    place: Place,
    reused: bool,
}

impl Held {
    pub(super) fn of(target: &Arc<Target>, lent: Lent) -> (Self, Idle) {
        let Lent { connection: Connection { socket, idle, facts, owner, made, reused }, place } = lent;
        (Self { target: Arc::clone(target), socket, facts, owner, made, place, reused }, idle)
    }

    /// For the trace.
    pub(super) fn event(&self, reply: Option<&HopReply>) -> Hop {
        hop_of(&self.target, self.owner.route, &self.facts, self.reused, reply)
    }
}

pub(super) async fn within(deadline: Instant, io: impl Future<Output = io::Result<()>>) -> Result<(), Unusable> {
    tokio::time::timeout_at(deadline, io)
        .await
        .map_err(|_| Unusable::Timeout)?
        .map_err(|error| Unusable::Broken(error.to_string()))
}

pub(super) fn note(dialogue: &mut Dialogue, wire: &mut Wire) {
    for line in wire.take_lines() {
        match line {
            Line::ToHop(text) => dialogue.add(Speaker::ToHop, &text, About::Group),
            Line::Hop(text) => dialogue.add(Speaker::Hop, &text, About::Group),
        }
    }
}
