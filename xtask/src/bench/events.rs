//! Events into one control plane by the worker API, on both databases: what it takes at most, and whether it keeps up with a
//! given rate.
//!
//! The workers are pretend ones: each has one stream and one batch in flight, as a real one has. At most: the next batch goes
//! as soon as the last is acknowledged. At a rate: a batch every 200 ms, the pace that a control plane asks for at rest.

use std::{fmt::Write, path::PathBuf, time::Duration};

use clap::Args;
use contract::{
    Id, Micros,
    events::{Batch, Client, Event, Hop, RecipientOutcome, SCHEMA, Timings, Transaction},
    ids,
    policy::{Disposition, Reason, Rule},
};
use postern::demo::stage::{Api, Error};
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::Instant};
use uuid::Uuid;

use super::{
    engines::{self, Engine, Running},
    figures::{Times, per_second, round},
    installation::{Sample, Size, fill, workers},
    process::Ticks,
};
use crate::{Failure, say};

#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// Pretend workers.
    #[arg(long, default_value_t = 4)]
    workers: usize,
    /// Events of a batch, where each goes as soon as the last is acknowledged.
    #[arg(long, default_value_t = 500)]
    batch: usize,
    /// Messages a second that it should keep up with.
    #[arg(long, default_value_t = 2_000)]
    rate: usize,
    /// How long each is measured.
    #[arg(long, default_value_t = 15)]
    seconds: u64,
    /// Tenants whose mail it is.
    #[arg(long, default_value_t = 200)]
    tenants: usize,
    /// One database instead of both.
    #[arg(long)]
    only: Option<Engine>,
    /// One JSON object on the last line.
    #[arg(long)]
    json: bool,
}

/// How often a worker sends.
const PACE: Duration = Duration::from_millis(200);
/// An acknowledgement that takes longer than a worker's pace means that it falls behind, sooner or later.
const IN_TIME_MS: f64 = 200.0;

#[derive(Debug)]
struct Measured {
    events: usize,
    took: Duration,
    acks: Times,
    /// Of the control plane; PostgreSQL's own is beside it.
    cpu: Duration,
}

pub(super) async fn run(bench: &Bench, exe: PathBuf) -> Result<(), Failure> {
    let mut out = json!({ "rate": bench.rate });
    for engine in Engine::asked(bench.only) {
        let Some(mut running) = engines::open(engine, &exe).await? else {
            say(&format!("{}: skipped, not installed", engine.name()));
            out[engine.key()] = json!({ "skipped": "not installed" });
            continue;
        };
        let size = Size { tenants: bench.tenants, domains: bench.tenants * 5, recipients: 0, entries: 0 };
        let sample = fill(&running.database, &size).await?;
        let tokens: Vec<String> =
            (0..bench.workers * 2).map(|n| format!("pwt_bench-{n}-{}", Uuid::from_u128(random()).simple())).collect();
        let rows: Vec<_> =
            tokens.iter().map(|token| ("bench".to_owned(), control_plane::auth::token_hash(token))).collect();
        workers(&running.database, &rows).await?;
        running.stage.replace_control_plane().await?;

        let (first, second) = tokens.split_at(bench.workers);
        let at_rate = measure(&running, &sample, first, Some(bench.rate), bench).await?;
        let at_most = measure(&running, &sample, second, None, bench).await?;
        let stored = trace_holds(&running, &sample).await?;
        say(&table(engine, bench, &at_rate, &at_most));
        let mut found = json(&at_rate, &at_most, bench.rate);
        found["searched"] = json!(stored);
        out[engine.key()] = found;
    }
    if bench.json {
        say(&out.to_string());
    }
    Ok(())
}

/// What was pushed is in the trace, or all of it measured nothing.
async fn trace_holds(running: &Running, sample: &Sample) -> Result<usize, Failure> {
    let found = running.stage.api().get(&format!("/v1/messages?tenant_id={}&limit=100", sample.customers[0])).await?;
    match found.body["data"].as_array().map(Vec::len) {
        Some(count) if count > 0 => Ok(count),
        _ => Err(format!("the trace has nothing of what was pushed: {}", found.body).into()),
    }
}

async fn measure(
    running: &Running,
    sample: &Sample,
    tokens: &[String],
    rate: Option<usize>,
    bench: &Bench,
) -> Result<Measured, Failure> {
    let process = running.stage.control_plane().pid().ok_or("the control plane has ended")?;
    let ticks = Ticks::new();
    let before = ticks.used(process)?;
    let (since, bound) = (Instant::now(), Duration::from_secs(bench.seconds));
    let mut pushing = JoinSet::new();
    for (n, token) in tokens.iter().enumerate() {
        let api = running.stage.api().quietly().signed_in(token.clone());
        let (tenants, domains) = (sample.customers.clone(), sample.domains.clone());
        let mut stream = Stream { id: Uuid::from_u128(random()), next: 1, worker: n, tenants, domains };
        let size = match rate {
            // Its share of a fifth of a second.
            Some(rate) => (rate * 200).div_ceil(1_000 * tokens.len()),
            None => bench.batch,
        };
        pushing.spawn(async move { stream.push(&api, size, rate.is_some(), since, bound).await });
    }
    let (mut events, mut acks) = (0, Times::default());
    while let Some(ended) = pushing.join_next().await {
        let (pushed, times) = ended??;
        events += pushed;
        acks.join(times);
    }
    Ok(Measured { events, took: since.elapsed(), acks, cpu: ticks.used(process)?.saturating_sub(before) })
}

/// One worker's.
struct Stream {
    id: Uuid,
    next: u64,
    worker: usize,
    tenants: Vec<Id<ids::Tenant>>,
    domains: Vec<Id<ids::Domain>>,
}

impl Stream {
    async fn push(
        &mut self,
        api: &Api,
        size: usize,
        paced: bool,
        since: Instant,
        bound: Duration,
    ) -> Result<(usize, Times), Error> {
        let (mut events, mut acks) = (0, Times::default());
        let mut tick = tokio::time::interval(PACE);
        // What is late comes all the same: the rate is held as long as it can be.
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
        while since.elapsed() < bound {
            if paced {
                tick.tick().await;
            }
            let batch = self.batch(size);
            let began = Instant::now();
            api.post("/worker/v1/events", batch).await?;
            acks.note(began.elapsed());
            events += size;
        }
        Ok((events, acks))
    }

    fn batch(&mut self, size: usize) -> Value {
        let first_seq = self.next;
        let now = pretend::clock::system_clock().now();
        let event =
            |n: u64| serde_json::to_value(Event::Transaction(Box::new(self.transaction(n, now)))).unwrap_or_default();
        let events = (first_seq..first_seq + size as u64).map(event).collect();
        self.next += size as u64;
        json!(Batch { schema: SCHEMA, stream: self.id, first_seq, follows: Vec::new(), events })
    }

    /// A plain delivery, as most are.
    fn transaction(&self, n: u64, now: Micros) -> Transaction {
        let mut random = [0; 10];
        random[..2].copy_from_slice(&self.id.as_bytes()[..2]);
        random[2..].copy_from_slice(&n.to_be_bytes());
        let place = usize::try_from(n).unwrap_or_default() + self.worker;
        let reply = "250 2.0.0 Ok, queued".to_owned();
        let (disposition, rule, reason) = (Disposition::Accepted, Rule::Default, Reason::None);
        Transaction {
            id: Id::new(now, random),
            tenant: Some(self.tenants[place % self.tenants.len()]),
            started_at: now,
            ended_at: now,
            client: Client {
                address: "192.0.2.1".to_owned(),
                helo: Some("mail.sender.example".to_owned()),
                protocol: "ESMTPS".to_owned(),
                tls: None,
            },
            reverse_path: format!("sender.{}@sender.example", n % 5_000),
            message_id: Some(format!("{n}.{}@sender.example", self.id.simple())),
            subject: None,
            size_bytes: Some(4_096),
            disposition,
            rule,
            reason,
            reply: reply.clone(),
            recipients: vec![RecipientOutcome {
                address: format!("person.{}@customer-{}.example", n % 50, place % self.domains.len()),
                domain: Some(self.domains[place % self.domains.len()]),
                disposition,
                rule,
                reason,
                entry: None,
                reply: "250 2.1.5 Ok".to_owned(),
                hop_reply: None,
                probable_duplicate: false,
            }],
            hop: Some(Hop {
                route: None,
                host: "mail.customer.example".to_owned(),
                port: 25,
                address: Some("198.51.100.1".to_owned()),
                tls: None,
                tls_failure: None,
                reused_connection: true,
                reply: Some(reply),
            }),
            timings: Timings { envelope_us: 100, receive_us: 900, hop_connect_us: 0, hop_us: 1_500, total_us: 2_600 },
            probable_duplicate: false,
            config: "1.1".to_owned(),
            dialogue: None,
        }
    }
}

fn random() -> u128 {
    u128::from_ne_bytes(pretend::clock::entropy().bytes())
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
impl Measured {
    fn per_s(&self) -> f64 {
        per_second(self.events, self.took)
    }

    fn cpu_us(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.events.max(1) as f64
    }

    fn json(&self) -> Value {
        json!({
            "events_per_s": round(self.per_s()), "ack_ms_p50": round(self.acks.percentile_ms(50)),
            "ack_ms_p99": round(self.acks.percentile_ms(99)), "cpu_us_per_event": round(self.cpu_us()),
        })
    }

    /// It took what it was sent, and nearly all in time.
    fn kept_up(&self, rate: usize) -> bool {
        self.per_s() > rate as f64 * 0.98 && self.acks.percentile_ms(99) < IN_TIME_MS
    }
}

fn json(at_rate: &Measured, at_most: &Measured, rate: usize) -> Value {
    let mut out = at_most.json();
    out["at_rate"] = at_rate.json();
    out["keeps_up"] = json!(at_rate.kept_up(rate));
    out
}

fn table(engine: Engine, bench: &Bench, at_rate: &Measured, at_most: &Measured) -> String {
    let mut out = format!(
        "\n{}, {} workers\n\n{:<28}{:>12}{:>12}{:>12}{:>16}",
        engine.name(),
        bench.workers,
        "",
        "events/s",
        "ack p50 ms",
        "ack p99 ms",
        "CPU µs/event"
    );
    for (name, measured) in [(format!("at {} a second", bench.rate), at_rate), ("at most".to_owned(), at_most)] {
        let _ = write!(
            out,
            "\n{name:<28}{:>12}{:>12}{:>12}{:>16}",
            round(measured.per_s()),
            round(measured.acks.percentile_ms(50)),
            round(measured.acks.percentile_ms(99)),
            round(measured.cpu_us())
        );
    }
    let verdict = if at_rate.kept_up(bench.rate) { "It keeps up" } else { "It falls behind" };
    let _ = write!(out, "\n\n{verdict} at {} a second.", bench.rate);
    out
}
