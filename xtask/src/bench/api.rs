//! The common calls of the REST API against one control plane over a generated installation, on both databases.
//!
//! Closed loop: so many callers, each with its next call as soon as the last is answered. The figures are those of callers on
//! the same machine, TLS and JSON of both ends included.

use std::{
    fmt::Write,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use clap::Args;
use postern::demo::stage::{Api, Error, Stage};
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::Instant};

use super::{
    engines::{self, Engine, until_published},
    figures::{Times, per_second, round},
    installation::{Sample, Size, fill},
};
use crate::{Failure, say};

#[derive(Debug, Args)]
pub(crate) struct Bench {
    #[command(flatten)]
    size: Size,
    /// Callers at once.
    #[arg(long, default_value_t = 16)]
    callers: usize,
    /// How long each kind of call is measured.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// One database instead of both.
    #[arg(long)]
    only: Option<Engine>,
    /// One JSON object on the last line.
    #[arg(long)]
    json: bool,
}

/// What is called, in this order: what writes comes after what reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Get,
    List,
    EffectivePolicy,
    Create,
    Patch,
    SignIn,
}

const CALLS: [Call; 6] = [Call::Get, Call::List, Call::EffectivePolicy, Call::Create, Call::Patch, Call::SignIn];

impl Call {
    const fn key(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::EffectivePolicy => "effective_policy",
            Self::Create => "create",
            Self::Patch => "patch",
            Self::SignIn => "sign_in",
        }
    }
}

/// What one kind of call came to.
#[derive(Debug)]
struct Measured {
    call: Call,
    what: String,
    times: Times,
    took: Duration,
    /// What one more caller saw meanwhile, who got domains. Only beside calls that could be in the way of others.
    beside: Option<Times>,
    failed: usize,
    last_failure: Option<String>,
}

pub(super) async fn run(bench: &Bench, exe: PathBuf) -> Result<(), Failure> {
    let mut out = json!({});
    let mut failed = Vec::new();
    for engine in Engine::asked(bench.only) {
        let Some(mut stage) = engines::open(engine, &exe).await? else {
            say(&format!("{}: skipped, not installed", engine.name()));
            out[engine.key()] = json!({ "skipped": "not installed" });
            continue;
        };
        let sample = fill(&stage.database, &bench.size).await?;
        // What was put in past the API is seen by the next one.
        stage.stage.replace_control_plane().await?;
        until_published(&stage.stage, bench.size.domains).await?;
        let world = Arc::new(World::new(&stage.stage, sample).await?);
        let mut all = Vec::new();
        for call in CALLS {
            all.push(measure(&world, call, bench).await);
        }
        say(&table(engine, bench, &all));
        out[engine.key()] = all.iter().map(|measured| (measured.call.key().to_owned(), measured.json())).collect();
        failed.extend(all.iter().filter_map(|measured| {
            let why = measured.last_failure.as_ref()?;
            Some(format!("{} {}: {} failed, the last with {why}", engine.name(), measured.call.key(), measured.failed))
        }));
    }
    out["size"] =
        json!({ "tenants": bench.size.tenants, "domains": bench.size.domains, "recipients": bench.size.recipients });
    if bench.json {
        say(&out.to_string());
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n").into()) }
}

struct World {
    api: Api,
    sample: Sample,
    sign_in: Value,
    next: AtomicUsize,
    /// Whether domains have a policy of their own.
    domain_policy: bool,
}

impl World {
    async fn new(stage: &Stage, sample: Sample) -> Result<Self, Failure> {
        let api = stage.api().quietly();
        let document = api.get("/openapi.json").await?;
        let domain_policy = !document.body["paths"]["/v1/domains/{domain_id}/policy"].is_null();
        let sign_in = stage.credentials().clone();
        Ok(Self { api, sample, sign_in, next: AtomicUsize::new(0), domain_policy })
    }

    fn what(&self, call: Call) -> &'static str {
        match call {
            Call::Get => "GET /v1/domains/{id}",
            Call::List => "GET /v1/domains?tenant_id=…&limit=100",
            Call::EffectivePolicy if self.domain_policy => "GET /v1/domains/{id}/policy?effective=true",
            Call::EffectivePolicy => "GET /v1/policy",
            Call::Create => "POST /v1/domains/{id}/recipients",
            Call::Patch => "PATCH /v1/domains/{id}",
            Call::SignIn => "POST /v1/sessions",
        }
    }

    /// The next of one kind; which thing it is about goes through the installation in large steps.
    async fn call(&self, call: Call) -> Result<(), Error> {
        // A prime: neighbours in a cache are no help.
        const STEP: usize = 7_919;
        let n = self.next.fetch_add(1, Relaxed);
        let domain = self.sample.domains[n.wrapping_mul(STEP) % self.sample.domains.len()];
        match call {
            Call::Get => self.api.get(&format!("/v1/domains/{domain}")).await,
            Call::List => {
                let tenant = self.sample.customers[n.wrapping_mul(STEP) % self.sample.customers.len()];
                self.api.get(&format!("/v1/domains?tenant_id={tenant}&limit=100")).await
            }
            Call::EffectivePolicy if self.domain_policy => {
                self.api.get(&format!("/v1/domains/{domain}/policy?effective=true")).await
            }
            Call::EffectivePolicy => self.api.get("/v1/policy").await,
            Call::Create => {
                let name = super::installation::domain_name(n.wrapping_mul(STEP) % self.sample.domains.len());
                let body = json!({ "address": format!("new.{n}@{name}") });
                self.api.post(&format!("/v1/domains/{domain}/recipients"), body).await
            }
            Call::Patch => {
                self.api.patch(&format!("/v1/domains/{domain}"), json!({ "external_ref": format!("ref-{n}") })).await
            }
            Call::SignIn => self.api.post("/v1/sessions", self.sign_in.clone()).await,
        }
        .map(drop)
    }
}

async fn measure(world: &Arc<World>, call: Call, bench: &Bench) -> Measured {
    let (since, bound) = (Instant::now(), Duration::from_secs(bench.seconds));
    let mut callers = JoinSet::new();
    for _ in 0..bench.callers.max(1) {
        callers.spawn(one_caller(Arc::clone(world), call, since, bound));
    }
    // Hashing has cores of its own to wait for: does who hashes nothing wait as well?
    let beside = (call == Call::SignIn).then(|| tokio::spawn(one_caller(Arc::clone(world), Call::Get, since, bound)));
    let mut out = Measured {
        call,
        what: world.what(call).to_owned(),
        times: Times::default(),
        took: bound,
        beside: None,
        failed: 0,
        last_failure: None,
    };
    while let Some(ended) = callers.join_next().await {
        match ended {
            Ok((times, failures)) => {
                out.times.join(times);
                out.failed += failures.len();
                out.last_failure = failures.into_iter().last().or(out.last_failure);
            }
            Err(error) => out.last_failure = Some(error.to_string()),
        }
    }
    out.took = since.elapsed();
    if let Some(beside) = beside {
        match beside.await {
            Ok((times, failures)) => {
                out.beside = Some(times);
                out.failed += failures.len();
                out.last_failure = failures.into_iter().last().or(out.last_failure);
            }
            Err(error) => out.last_failure = Some(error.to_string()),
        }
    }
    out
}

/// Calls again and again; how long each call took, and why some failed.
async fn one_caller(world: Arc<World>, call: Call, since: Instant, bound: Duration) -> (Times, Vec<String>) {
    let (mut times, mut failures) = (Times::default(), Vec::new());
    while since.elapsed() < bound {
        let began = Instant::now();
        match world.call(call).await {
            Ok(()) => times.note(began.elapsed()),
            Err(error) => failures.push(error.to_string()),
        }
    }
    (times, failures)
}

impl Measured {
    fn figures(&self) -> [f64; 3] {
        [per_second(self.times.count(), self.took), self.times.percentile_ms(50), self.times.percentile_ms(99)]
            .map(round)
    }

    fn json(&self) -> Value {
        let [requests_per_s, p50_ms, p99_ms] = self.figures();
        let mut out = json!({ "call": self.what, "requests_per_s": requests_per_s, "p50_ms": p50_ms, "p99_ms": p99_ms, "failed": self.failed });
        if let Some(beside) = &self.beside {
            out["beside_get_p50_ms"] = round(beside.percentile_ms(50)).into();
            out["beside_get_p99_ms"] = round(beside.percentile_ms(99)).into();
        }
        out
    }
}

fn table(engine: Engine, bench: &Bench, all: &[Measured]) -> String {
    let mut out = format!(
        "\n{}, {} domains, {} callers\n\n{:<48}{:>12}{:>12}{:>12}",
        engine.name(),
        bench.size.domains,
        bench.callers,
        "",
        "requests/s",
        "p50 ms",
        "p99 ms"
    );
    for measured in all {
        let [requests, p50, p99] = measured.figures();
        let _ = write!(out, "\n{:<48}{requests:>12}{p50:>12}{p99:>12}", measured.what);
        if let Some(beside) = &measured.beside {
            let [p50, p99] = [50, 99].map(|percent| round(beside.percentile_ms(percent)));
            let _ =
                write!(out, "\n{:<48}{:>12}{p50:>12}{p99:>12}", "  one caller of GET /v1/domains/{id} beside it", "");
        }
    }
    out
}
