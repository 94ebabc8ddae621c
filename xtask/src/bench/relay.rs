//! Mail through one worker, and through its peers, from the same load to the same kind of sink. Loss and doubles are judged
//! by a ledger that both ends write: each 250 that was heard, each Message-ID that came.

use std::{path::PathBuf, sync::Arc, time::Duration};

use postern::demo::stage::{Customer, NextHop, Options, Stage, Voice};
use pretend::load::{self, Comparison, Ledger, Plan, Sink};
use tokio::{task::JoinHandle, time::Instant};

use super::{
    Relay,
    postfix::{self, Postfix},
    process::{Ticks, family_kib, peak_kib},
    report::{Measured, Peer, Report},
};
use crate::{Failure, say};

/// Longer than any sane run: the bench ends by itself.
const LONGEST: Duration = Duration::from_mins(15);
/// How long queued messages may take after the last was accepted.
const DRAIN: Duration = Duration::from_mins(5);
const SAMPLE: Duration = Duration::from_millis(250);

pub(super) async fn run(relay: &Relay, exe: PathBuf) -> Result<(), Failure> {
    let measuring = async {
        let postern = postern(relay, exe).await?;
        let postfix = match postfix::missing() {
            _ if relay.no_peers => Peer::Skipped("not asked for"),
            Some(why) => Peer::Skipped(why),
            None => Peer::Measured(by_postfix(relay).await?),
        };
        Ok::<_, Failure>(Report { postern, postfix, haraka: Peer::Skipped("not part of this bench yet") })
    };
    let report = tokio::select! {
        measured = tokio::time::timeout(LONGEST, measuring) => measured.map_err(|_| "the bench takes too long")??,
        _ = tokio::signal::ctrl_c() => return Err("stopped".into()),
    };
    say(&report.table(&format!(
        "{} messages of {} B, {} sessions, {} messages a session, plain, one next hop, loopback",
        relay.messages, relay.size_bytes, relay.sessions, relay.per_session
    )));
    if relay.json {
        say(&report.json().to_string());
    }
    report.verdict()
}

fn plan(relay: &Relay, target: std::net::SocketAddr) -> Plan {
    Plan {
        sessions: relay.sessions,
        size_bytes: relay.size_bytes,
        messages_per_connection: relay.per_session,
        ..Plan::new(vec![target], &format!("anna@{}", Customer::DOMAIN))
    }
}

async fn postern(relay: &Relay, exe: PathBuf) -> Result<Measured, Failure> {
    let ledger = Ledger::new(relay.messages);
    let sink = Sink::start(&ledger, None).await;
    let mut stage = Stage::open(Options { exe, log_level: "warn".to_owned(), voice: Voice::Silent }).await?;
    let hop = NextHop { address: sink.address(), pin: None };
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
    let (comparison, took) = send(relay, stage.smtp(0)?, &ledger).await?;
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

async fn by_postfix(relay: &Relay) -> Result<Measured, Failure> {
    let ledger = Ledger::new(relay.messages);
    let sink = Sink::start(&ledger, None).await;
    let postfix = Postfix::start(sink.address()).await?;
    let ticks = Ticks::new();
    let peak = Sampler::of(postfix.master);
    let before = ticks.used_by_family(postfix.master)?;
    let sent = send(relay, postfix.address, &ledger).await;
    let (comparison, took) = sent.map_err(|error| format!("{error}\n{}", postfix.log()))?;
    let after = ticks.used_by_family(postfix.master)?;
    Ok(Measured {
        name: format!("Postfix {}", postfix.version),
        comparison,
        took,
        cpu: after.saturating_sub(before),
        cpu_with_control_plane: None,
        peak_kib: peak.end().await,
    })
}

/// Sends all, and waits until all that was accepted has arrived; how long that took.
async fn send(
    relay: &Relay,
    target: std::net::SocketAddr,
    ledger: &Arc<Ledger>,
) -> Result<(Comparison, Duration), Failure> {
    let since = Instant::now();
    let accepted = load::run(plan(relay, target), ledger).await.accepted;
    // What is lost never arrives: the comparison says so.
    let _ = ledger.try_until_arrived(accepted, DRAIN).await;
    let took = since.elapsed();
    let comparison = ledger.compare();
    if comparison.accepted == 0 {
        return Err(format!("nothing was accepted: {comparison}; {}", ledger.last_refusal()).into());
    }
    Ok((comparison, took))
}

/// Looks at the memory of a family of processes again and again.
struct Sampler(JoinHandle<()>, Arc<std::sync::atomic::AtomicU64>);

impl Sampler {
    fn of(pid: u32) -> Self {
        let peak = Arc::new(std::sync::atomic::AtomicU64::new(0));
        let task = tokio::spawn({
            let peak = Arc::clone(&peak);
            async move {
                loop {
                    let now = family_kib(pid).unwrap_or(0);
                    peak.fetch_max(now, std::sync::atomic::Ordering::Relaxed);
                    tokio::time::sleep(SAMPLE).await;
                }
            }
        });
        Self(task, peak)
    }

    async fn end(self) -> u64 {
        self.0.abort();
        let _ = self.0.await;
        self.1.load(std::sync::atomic::Ordering::Relaxed)
    }
}
