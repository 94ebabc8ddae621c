//! Mail through one worker, and through its peers, from the same load to the same kind of sink. Loss and doubles are judged
//! by a ledger that both ends write: each 250 that was heard, each Message-ID that came.
//!
//! `case` says what is sent, `postfix` and `haraka` run the peers, `report` shows.

mod case;
mod haraka;
mod postfix;
mod report;

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use clap::Args;
use contract::snapshot::hash::Hash;
use postern::demo::stage::{Customer, NextHop, Options, Stage, Voice};
use pretend::{
    ca::{Ca, Certificate},
    client::Trust,
    load::{self, Comparison, Ledger, Plan, Sink},
};
use serde_json::Value;
use tokio::{task::JoinHandle, time::Instant};

use super::process::{Ticks, family_kib, peak_kib};
use crate::{Failure, say};
use case::Case;
use haraka::Haraka;
use postfix::{Mode, Postfix};
use report::{Measured, Outcome, Peer, Report};

/// Longer than any sane run: each case ends by itself.
const LONGEST: Duration = Duration::from_mins(15);
/// How long queued messages may take after the last was accepted.
const DRAIN: Duration = Duration::from_mins(5);
const MOMENT: Duration = Duration::from_secs(10);
const SAMPLE: Duration = Duration::from_millis(250);

#[derive(Debug, Args)]
pub(crate) struct Relay {
    #[arg(long, default_value_t = 20_000)]
    messages: usize,
    #[arg(long, default_value_t = 50)]
    sessions: usize,
    #[arg(long, default_value_t = 4096)]
    size_bytes: usize,
    /// Messages in one session.
    #[arg(long, default_value_t = 100)]
    per_session: usize,
    /// STARTTLS on both sides.
    #[arg(long)]
    tls: bool,
    /// All of plain and TLS, 4 and 100 KiB, 50 and 500 sessions, many messages a session and one; up to so many messages each.
    #[arg(long, conflicts_with_all = ["sessions", "size_bytes", "per_session", "tls"])]
    matrix: bool,
    /// Measure Postern alone.
    #[arg(long)]
    no_peers: bool,
    /// One JSON object on the last line.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(relay: &Relay, exe: PathBuf) -> Result<(), Failure> {
    let mut found: Vec<(Case, Report)> = Vec::new();
    let cases = Case::all(relay);
    for case in &cases {
        let report = tokio::select! {
            measured = tokio::time::timeout(LONGEST, measure(relay, case, &exe)) => {
                measured.map_err(|_| format!("this takes too long: {}", case.title()))??
            }
            _ = tokio::signal::ctrl_c() => return Err("stopped".into()),
        };
        say(&report.table(&case.title()));
        found.push((*case, report));
    }
    if relay.json {
        say(&json(&found).to_string());
    }
    found.iter().try_for_each(|(_, report)| report.verdict())
}

/// The first case; with more than one, all of them below `matrix` too.
fn json(found: &[(Case, Report)]) -> Value {
    let Some((_, first)) = found.first() else { return Value::Null };
    let mut out = first.json();
    if found.len() > 1 {
        let of = |(case, report): &(Case, Report)| {
            let mut one = report.json();
            one["case"] = case.json();
            one
        };
        out["matrix"] = found.iter().map(of).collect();
    }
    out
}

async fn measure(relay: &Relay, case: &Case, exe: &std::path::Path) -> Result<Report, Failure> {
    let world = World { case: *case, certificate: Ca::new().issue(&[Customer::HOP_NAME, "localhost"]) };
    let postern = postern(&world, exe.to_owned()).await?;
    let skipped = |why: Option<String>| {
        if relay.no_peers { Some("not asked for".to_owned()) } else { why }
    };
    let mut peers = Vec::new();
    for (key, name, mode) in
        [("postfix", "Postfix, its queue", Mode::Queue), ("postfix_proxy", "Postfix, as proxy", Mode::Proxy)]
    {
        let outcome = match skipped(postfix::missing()) {
            Some(why) => Outcome::Skipped(why),
            None => Outcome::Measured(by_postfix(&world, mode).await?),
        };
        peers.push(Peer { key, name, outcome });
    }
    let outcome = match skipped(haraka::missing()) {
        Some(why) => Outcome::Skipped(why),
        None => Outcome::Measured(by_haraka(&world).await?),
    };
    peers.push(Peer { key: "haraka", name: "Haraka", outcome });
    Ok(Report { postern, peers })
}

/// What all of them meet.
struct World {
    case: Case,
    /// The sink's, and the peers' own.
    certificate: Certificate,
}

impl World {
    fn plan(&self, target: SocketAddr) -> Plan {
        Plan {
            sessions: self.case.sessions,
            size_bytes: self.case.size_bytes,
            messages_per_connection: self.case.per_session,
            // The certificates are made for this run; nobody could know them.
            tls: self.case.tls.then_some(Trust::Anybody),
            ..Plan::new(vec![target], &format!("anna@{}", Customer::DOMAIN))
        }
    }

    fn ledger(&self) -> Arc<Ledger> {
        Ledger::new(self.case.messages)
    }

    fn hop_certificate(&self) -> Option<&Certificate> {
        self.case.tls.then_some(&self.certificate)
    }

    /// Sends all, and waits until all that was accepted has arrived; how long that took.
    async fn send(&self, target: SocketAddr, ledger: &Arc<Ledger>) -> Result<(Comparison, Duration), Failure> {
        let since = Instant::now();
        let accepted = load::run(self.plan(target), ledger).await.accepted;
        // What is lost never arrives: the comparison says so.
        let _ = ledger.try_until_arrived(accepted, DRAIN).await;
        let took = since.elapsed();
        let comparison = ledger.compare();
        if comparison.accepted == 0 {
            return Err(format!("nothing was accepted: {comparison}; {}", ledger.last_refusal()).into());
        }
        Ok((comparison, took))
    }

    /// Where the one before it was, which may take a moment to go.
    async fn sink(&self, at: SocketAddr, ledger: &Arc<Ledger>) -> Result<Sink, Failure> {
        let since = Instant::now();
        loop {
            match Sink::start_on(at, ledger, self.hop_certificate()).await {
                Err(error) if since.elapsed() > MOMENT => return Err(format!("{at}: {error}").into()),
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                Ok(sink) => return Ok(sink),
            }
        }
    }

    /// One message first: a peer that does not relay is found before it is measured, and what it does once is not counted.
    async fn try_one(&self, target: SocketAddr, hop: SocketAddr) -> Result<(), Failure> {
        let ledger = Ledger::new(1);
        let _sink = self.sink(hop, &ledger).await?;
        let (comparison, _) = self.send(target, &ledger).await?;
        if comparison.arrived == 1 {
            Ok(())
        } else {
            Err(format!("the first message did not arrive: {comparison}").into())
        }
    }

    /// Measures a peer and all its processes.
    async fn peer(&self, name: String, target: SocketAddr, hop: SocketAddr, top: u32) -> Result<Measured, Failure> {
        self.try_one(target, hop).await?;
        let ledger = self.ledger();
        let _sink = self.sink(hop, &ledger).await?;
        let ticks = Ticks::new();
        let peak = Sampler::of(top);
        let before = ticks.used_by_family(top)?;
        let (comparison, took) = self.send(target, &ledger).await?;
        let cpu = ticks.used_by_family(top)?.saturating_sub(before);
        Ok(Measured { name, comparison, took, cpu, cpu_with_control_plane: None, peak_kib: peak.end().await })
    }
}

async fn postern(world: &World, exe: PathBuf) -> Result<Measured, Failure> {
    let ledger = world.ledger();
    let sink = Sink::start(&ledger, world.hop_certificate()).await;
    let options =
        Options { exe, log_level: "warn".to_owned(), voice: Voice::Silent, database: None, long_sessions: true };
    let mut stage = Stage::open(options).await?;
    let pin = world.hop_certificate().map(|certificate| Hash::from_bytes(certificate.spki_sha256()));
    let hop = NextHop { address: sink.address(), pin };
    let customer = Customer::onboard(&stage, &["anna"], &hop).await?;
    let token = stage.join_token().await?;
    let control_plane = stage.api().base().to_owned();
    stage.start_worker("worker", &control_plane, &token).await?;
    stage.until_applied(&customer.config_version).await?;
    let gone = || "a process of Postern has ended";
    let worker = stage.workers()[0].pid().ok_or_else(gone)?;
    let both = [worker, stage.control_plane().pid().ok_or_else(gone)?];
    let ticks = Ticks::new();
    let used = || both.map(|pid| ticks.used(pid).unwrap_or_default());

    let before = used();
    let (comparison, took) = world.send(stage.smtp(0)?, &ledger).await?;
    // What a message costs is not all paid when it is delivered: its event has to reach the trace.
    stage.until_events_are_told(0).await?;
    let after = used();
    let [of_worker, of_control_plane] = [0, 1].map(|at| after[at].saturating_sub(before[at]));
    Ok(Measured {
        name: "Postern".to_owned(),
        comparison,
        took,
        cpu: of_worker,
        cpu_with_control_plane: Some(of_worker + of_control_plane),
        peak_kib: peak_kib(worker)?,
    })
}

async fn by_postfix(world: &World, mode: Mode) -> Result<Measured, Failure> {
    let hop = free_port()?;
    let postfix = Postfix::start(hop, mode, world.case.sessions, world.hop_certificate()).await?;
    let name = format!("Postfix {}, {}", postfix.version, mode.name());
    let measured = world.peer(name, postfix.address, hop, postfix.master).await;
    measured.map_err(|error| format!("{error}\n{}", postfix.log()).into())
}

async fn by_haraka(world: &World) -> Result<Measured, Failure> {
    let hop = free_port()?;
    let haraka = Haraka::start(hop, world.hop_certificate()).await?;
    let measured = world.peer(format!("Haraka {}", haraka::VERSION), haraka.address, hop, haraka.pid()?).await;
    measured.map_err(|error| format!("{error}\n{}", haraka.log()).into())
}

fn free_port() -> Result<SocketAddr, Failure> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}

/// Waits until somebody listens there.
async fn until_listening(address: SocketAddr, bound: Duration) -> Result<(), tokio::time::error::Elapsed> {
    tokio::time::timeout(bound, async {
        while tokio::net::TcpStream::connect(address).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
}

/// The end of a log.
fn tail(path: &std::path::Path) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(10)..].join("\n")
}

/// Looks at the memory of a family of processes again and again.
struct Sampler(JoinHandle<()>, Arc<AtomicU64>);

impl Sampler {
    fn of(pid: u32) -> Self {
        let peak = Arc::new(AtomicU64::new(0));
        let task = tokio::spawn({
            let peak = Arc::clone(&peak);
            async move {
                loop {
                    let now = family_kib(pid).unwrap_or(0);
                    peak.fetch_max(now, Ordering::Relaxed);
                    tokio::time::sleep(SAMPLE).await;
                }
            }
        });
        Self(task, peak)
    }

    async fn end(self) -> u64 {
        self.0.abort();
        let _ = self.0.await;
        self.1.load(Ordering::Relaxed)
    }
}
