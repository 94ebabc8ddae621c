//! Trying a route without a message: every next hop as a delivery would speak to it, up to RCPT and never to DATA, and
//! what each step came to. What is no SMTP is never quoted: a route could be pointed at anything.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use contract::{
    Clock, Entropy, Micros,
    errand::{HopReport, HopVerdict, MAX_HOPS, Step, StepKind, TlsReport},
    mail::{Cidr, Mailbox, ReversePath},
    snapshot::object::{HopTls, NextHop, Route},
};
use futures::future::join_all;
use smtp::client::{
    CleanupStep, Failure, Handshake, HandshakeStep, HopReply, Idle, Line, LiveStep, Needs, Stage, Tls, TlsUpgrade,
};
use tokio::{net::TcpStream, time::Instant};
use tokio_rustls::TlsConnector;

use super::{Outside, Unusable, connection::Socket, health};
use crate::{
    index::Showable,
    mail::tls::{self, TrialClient},
};

/// What a trial needs besides the route.
#[derive(Debug, Clone)]
pub(crate) struct Trial {
    pub outside: Outside,
    pub clock: Clock,
    pub entropy: Entropy,
    pub within: Duration,
    /// The route's, shown where a hop asks for one.
    pub certificate: Option<Arc<Showable>>,
}

/// Addresses of one host that are tried.
const MOST_ADDRESSES: usize = 4;
/// Characters of one text.
const TEXT: usize = 500;
/// For the goodbye, which nobody waits for.
const GOODBYE: Duration = Duration::from_secs(2);

/// All hops at once, each with all the time there is.
pub(crate) async fn try_route(trial: &Trial, route: &Route, allowed: &[Cidr], recipient: &Mailbox) -> Vec<HopReport> {
    let deadline = Instant::now() + trial.within;
    let mut hops: Vec<&NextHop> = route.hops.iter().collect();
    hops.sort_by_key(|hop| hop.priority);
    let found = join_all(hops.into_iter().take(MAX_HOPS).map(async |hop| {
        if hop.mx {
            return of_mx(trial, hop, allowed, recipient, deadline).await;
        }
        vec![Probe::new(trial, hop, None, deadline).run(allowed, recipient).await]
    }));
    found.await.into_iter().flatten().take(MAX_HOPS).collect()
}

async fn of_mx(
    trial: &Trial,
    hop: &NextHop,
    allowed: &[Cidr],
    recipient: &Mailbox,
    deadline: Instant,
) -> Vec<HopReport> {
    let mut probe = Probe::new(trial, hop, Some(&hop.host), deadline);
    let hosts = tokio::time::timeout_at(deadline, trial.outside.hosts(hop, &trial.entropy)).await;
    let hosts = match hosts.unwrap_or(Err(Unusable::Timeout)) {
        Ok(hosts) => hosts,
        Err(error) => {
            probe.step(StepKind::Mx, false, None, &error.to_string());
            return vec![probe.end(HopVerdict::Fails, &error.to_string())];
        }
    };
    probe.step(StepKind::Mx, true, None, &hosts.join(", "));
    join_all(hosts.into_iter().map(async |host| {
        let mut one = Probe::new(trial, &NextHop { host, mx: false, ..hop.clone() }, Some(&hop.host), deadline);
        one.report.steps.clone_from(&probe.report.steps);
        one.run(allowed, recipient).await
    }))
    .await
}

/// One hop, and what was seen so far.
struct Probe<'a> {
    trial: &'a Trial,
    tls: HopTls,
    deadline: Instant,
    /// When the step that is under way began.
    since: Instant,
    address: Option<SocketAddr>,
    report: HopReport,
}

/// Why it ends before RCPT was answered.
enum End {
    /// Encryption failed, and nobody demands it: once more, without.
    WithoutTls,
    Fails(String),
}

/// What EHLO, MAIL and RCPT led to.
type Spoken = Result<HopReply, End>;

impl<'a> Probe<'a> {
    fn new(trial: &'a Trial, hop: &NextHop, mx_of: Option<&str>, deadline: Instant) -> Self {
        let report = HopReport {
            host: hop.host.clone(),
            port: hop.port,
            priority: hop.priority,
            mx_of: mx_of.map(str::to_owned),
            level: health::level(&hop.tls).to_owned(),
            verdict: HopVerdict::Fails,
            summary: String::new(),
            steps: Vec::new(),
            extensions: Vec::new(),
            tls: None,
        };
        Self { trial, tls: hop.tls.clone(), deadline, since: Instant::now(), address: None, report }
    }

    /// Notes a step, which took the time since the one before.
    fn step(&mut self, step: StepKind, ok: bool, code: Option<u16>, text: &str) {
        let took_ms = u32::try_from(self.since.elapsed().as_millis()).unwrap_or(u32::MAX);
        let text = text.chars().filter(|c| !c.is_control()).take(TEXT).collect();
        let address = self.address.map(|address| address.ip().to_string());
        self.report.steps.push(Step { step, address, ok, took_ms, code, text });
        self.since = Instant::now();
    }

    fn end(mut self, verdict: HopVerdict, summary: &str) -> HopReport {
        self.report.verdict = verdict;
        self.report.summary = summary.chars().filter(|c| !c.is_control()).take(TEXT).collect();
        self.report
    }

    async fn run(mut self, allowed: &[Cidr], recipient: &Mailbox) -> HopReport {
        let (host, port) = (self.report.host.clone(), self.report.port);
        self.since = Instant::now();
        let addresses =
            tokio::time::timeout_at(self.deadline, self.trial.outside.addresses(&host, port, allowed)).await;
        let addresses = match addresses.unwrap_or(Err(Unusable::Timeout)) {
            Ok(addresses) => addresses,
            Err(error) => {
                self.step(StepKind::Addresses, false, None, &error.to_string());
                return self.end(HopVerdict::Fails, &error.to_string());
            }
        };
        let list: Vec<_> = addresses.iter().map(|address| address.ip().to_string()).collect();
        self.step(StepKind::Addresses, true, None, &list.join(", "));
        let mut last = "no address".to_owned();
        for address in addresses.into_iter().take(MOST_ADDRESSES) {
            self.address = Some(address);
            match self.at(address, recipient).await {
                Ok(reply) if reply.is_positive() => {
                    return self.end(HopVerdict::Accepts, "it would take mail for this recipient");
                }
                Ok(reply) => {
                    let summary = format!("it refuses this recipient: {reply}");
                    return self.end(HopVerdict::RefusesRecipient, &summary);
                }
                Err(End::Fails(why)) => last = why,
                Err(End::WithoutTls) => "TLS failed".clone_into(&mut last),
            }
        }
        self.end(HopVerdict::Fails, &last)
    }

    /// At one address; a second time in the clear, where the level allows that.
    async fn at(&mut self, address: SocketAddr, recipient: &Mailbox) -> Spoken {
        let client = match tls::trial_client(&self.tls, &self.report.host, self.trial.certificate.clone()) {
            Ok(client) => client,
            Err(_) if self.tls == HopTls::Opportunistic => None,
            Err(error) => return Err(self.fails(StepKind::Tls, &error.to_string())),
        };
        let level = match (&self.tls, &client) {
            (HopTls::None, _) | (HopTls::Opportunistic, None) => Tls::Never,
            (HopTls::Opportunistic, Some(_)) => Tls::IfOffered,
            (HopTls::Required | HopTls::Verified { .. }, _) => Tls::Required,
        };
        match self.speak(address, level, client.as_ref(), recipient).await {
            Err(End::WithoutTls) => self.speak(address, Tls::Never, None, recipient).await,
            spoken => spoken,
        }
    }

    async fn speak(
        &mut self,
        address: SocketAddr,
        level: Tls,
        client: Option<&TrialClient>,
        recipient: &Mailbox,
    ) -> Spoken {
        self.since = Instant::now();
        let tcp = tokio::time::timeout_at(self.deadline, self.trial.outside.dial(address)).await;
        let tcp = match tcp.unwrap_or(Err(Unusable::Timeout)) {
            Ok(tcp) => tcp,
            Err(error) => return Err(self.fails(StepKind::Connect, &error.to_string())),
        };
        self.step(StepKind::Connect, true, None, "connected");
        let (socket, idle) = self.shake_hands(tcp, level, client).await?;
        self.envelope(socket, idle, recipient).await
    }

    fn fails(&mut self, step: StepKind, why: &str) -> End {
        self.step(step, false, None, why);
        End::Fails(why.to_owned())
    }

    /// Ends a step by what the protocol found wrong: a reply is told, nonsense is not quoted.
    fn failed(&mut self, step: StepKind, failure: &Failure) -> End {
        let Some(reply) = failure.reply() else {
            let why = match failure {
                Failure::Nonsense(_) => "not SMTP".to_owned(),
                other => other.to_string(),
            };
            return self.fails(step, &why);
        };
        self.step(step, false, Some(reply.code()), &reply.lines().join(" / "));
        End::Fails(failure.to_string())
    }

    /// One exchange of octets, in the time there is.
    async fn exchange(
        &mut self,
        socket: &mut Socket,
        wire: &mut smtp::client::Wire,
        step: StepKind,
    ) -> Result<(), End> {
        match tokio::time::timeout_at(self.deadline, socket.exchange(wire)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.fails(step, &format!("the connection broke: {error}"))),
            Err(_) => Err(self.fails(step, "no whole answer in the time there is")),
        }
    }

    /// Greeting, EHLO, and TLS by the level.
    async fn shake_hands(
        &mut self,
        tcp: TcpStream,
        level: Tls,
        client: Option<&TrialClient>,
    ) -> Result<(Socket, Idle), End> {
        let mut socket = Socket::Plain(tcp);
        let mut handshake = Handshake::new(self.trial.outside.helo.clone(), level);
        let mut asked = StepKind::Banner;
        loop {
            match handshake.advance() {
                HandshakeStep::Wait(mut next) => {
                    asked = self.heard(next.wire().take_lines(), asked);
                    self.exchange(&mut socket, next.wire(), asked).await?;
                    handshake = next;
                }
                HandshakeStep::StartTls(upgrade) => {
                    self.step(StepKind::Starttls, true, Some(220), "");
                    (socket, handshake) = self.encrypt(socket, upgrade, level, client).await?;
                    asked = StepKind::Ehlo;
                }
                HandshakeStep::Ready(mut idle) => {
                    self.heard(idle.wire().take_lines(), asked);
                    return Ok((socket, idle));
                }
                HandshakeStep::Failed(failure) => {
                    let optional = asked == StepKind::Starttls && level == Tls::IfOffered;
                    let end = self.failed(asked, &failure);
                    return Err(if optional { End::WithoutTls } else { end });
                }
            }
        }
    }

    /// Notes replies; says what the last command asks.
    fn heard(&mut self, lines: Vec<Line>, mut asked: StepKind) -> StepKind {
        for line in lines {
            match line {
                Line::ToHop(command) => asked = if command == "STARTTLS" { StepKind::Starttls } else { StepKind::Ehlo },
                Line::Hop(reply) => {
                    let (code, text) = reply.split_once(' ').unwrap_or((&reply, ""));
                    let code: Option<u16> = code.parse().ok();
                    let ok = code.is_some_and(|code| code / 100 == 2);
                    if asked == StepKind::Ehlo && ok {
                        self.report.extensions = text.split(" / ").skip(1).map(str::to_owned).collect();
                    }
                    self.step(asked, ok, code, text);
                }
            }
        }
        asked
    }

    async fn encrypt(
        &mut self,
        socket: Socket,
        upgrade: TlsUpgrade,
        level: Tls,
        client: Option<&TrialClient>,
    ) -> Result<(Socket, Handshake), End> {
        let (Socket::Plain(tcp), Some(client)) = (socket, client) else {
            return Err(self.fails(StepKind::Tls, "there is nothing to do TLS with"));
        };
        let connector = TlsConnector::from(client.config.clone());
        let handshake = connector.connect(client.server_name.clone(), tcp);
        let stream = match tokio::time::timeout_at(self.deadline, handshake).await {
            Ok(Ok(stream)) => stream,
            failed => {
                let why = failed.map_or("the handshake took too long".to_owned(), |failed| {
                    failed.map_or_else(|error| tls::failure(&error), |_| String::new())
                });
                let end = self.fails(StepKind::Tls, &why);
                return Err(if level == Tls::IfOffered { End::WithoutTls } else { end });
            }
        };
        let report = client.report(stream.get_ref().1, self.now());
        let refused = match &self.tls {
            HopTls::Verified { .. } => report.failure.clone(),
            HopTls::None | HopTls::Opportunistic | HopTls::Required => None,
        };
        let text = described(&report);
        self.report.tls = Some(report);
        if let Some(why) = refused {
            return Err(self.fails(StepKind::Tls, &why));
        }
        self.step(StepKind::Tls, true, None, &text);
        Ok((Socket::Tls(Box::new(stream)), upgrade.done()))
    }

    fn now(&self) -> Micros {
        self.trial.clock.now()
    }

    /// MAIL FROM:<> and RCPT; then RSET and QUIT, which nobody waits for.
    async fn envelope(&mut self, mut socket: Socket, idle: Idle, recipient: &Mailbox) -> Spoken {
        let from = ReversePath::NULL;
        let needs = Needs::of_envelope(&from, std::iter::once(recipient));
        let parameters = match needs.parameters(idle.capabilities()) {
            Ok(parameters) => parameters,
            Err(lacking) => return Err(self.fails(StepKind::Mail, &lacking.reply().to_string())),
        };
        let mut live = idle.live(&from, parameters).map_err(|failure| self.failed(StepKind::Mail, &failure))?;
        live.rcpt(recipient);
        let mut asked = StepKind::Mail;
        loop {
            match live.advance() {
                LiveStep::Wait(mut next) => {
                    self.exchange(&mut socket, next.wire(), asked).await?;
                    live = next;
                }
                LiveStep::Answered { live: next, stage, reply } => {
                    self.step(asked, reply.is_positive(), Some(reply.code()), &reply.lines().join(" / "));
                    match (stage, reply.is_positive()) {
                        (Stage::Mail, true) => {
                            asked = StepKind::Rcpt;
                            live = next;
                        }
                        (Stage::Rcpt, _) => {
                            goodbye(socket, next.reset());
                            return Ok(reply);
                        }
                        (_, _) => {
                            goodbye(socket, next.reset());
                            return Err(End::Fails(format!("it refuses mail without a sender: {reply}")));
                        }
                    }
                }
                LiveStep::Failed(failure) => return Err(self.failed(asked, &failure)),
            }
        }
    }
}

fn described(report: &TlsReport) -> String {
    let verdict = match &report.failure {
        None => "the certificate verifies".to_owned(),
        Some(why) => format!("the certificate does not verify: {why}"),
    };
    let ours = match (report.client_certificate_asked, report.client_certificate_shown) {
        (Some(true), Some(true)) => ", it asked for a certificate and was shown the route's",
        (Some(true), _) => ", it asked for a certificate and the route has none to show",
        _ => "",
    };
    format!("{} {}, {verdict}{ours}", report.version, report.cipher)
}

fn goodbye(socket: Socket, cleanup: smtp::client::Cleanup) {
    tokio::spawn(tokio::time::timeout(GOODBYE, async move {
        let (mut socket, mut cleanup) = (socket, cleanup);
        loop {
            match cleanup.advance() {
                CleanupStep::Wait(mut next) => {
                    socket.exchange(next.wire()).await?;
                    cleanup = next;
                }
                CleanupStep::Idle(idle) => {
                    socket.write_all(idle.quit()).await?;
                    // Its answer, or its end: closing before would reset what is on the way.
                    let mut wire = smtp::client::Wire::default();
                    return socket.receive(&mut wire).await;
                }
                CleanupStep::Failed(_) => return Ok(()),
            }
        }
    }));
}
