//! Configuration at a large installation: how a worker starts cold, and what edits cost that it takes one after the other
//! while it relays mail. Control plane and worker are processes of their own.
//!
//! `edits` says what is changed, `load` sends the mail meanwhile, `page` reads the worker's metrics, `report` shows.

mod edits;
mod load;
mod page;
mod report;
#[cfg(test)]
mod tests;

use std::{path::PathBuf, time::Duration};

use clap::Args;
use postern::demo::stage::Api;
use serde_json::json;
use tokio::time::Instant;

use super::{
    engines::{self, Engine, Running, until_in_a_head, until_published},
    installation::{Size, fill, head_bytes},
    process::{now_kib, peak_kib},
};
use crate::{Failure, say};
use edits::{Kind, World, plan};
use load::{Load, Target};
use report::{ColdStart, Edit, Report};

#[derive(Debug, Args)]
pub(crate) struct Bench {
    #[command(flatten)]
    size: Size,
    /// Edits, one after the other.
    #[arg(long, default_value_t = 100)]
    edits: usize,
    /// Messages a second through the worker meanwhile.
    #[arg(long, default_value_t = 200)]
    load: usize,
    /// The database.
    #[arg(long, value_enum, default_value = "sqlite")]
    only: Engine,
    /// One JSON object on the last line.
    #[arg(long)]
    json: bool,
}

/// Longer than any sane run: it ends by itself.
const LONGEST: Duration = Duration::from_mins(30);
/// How long one edit may take until the worker runs it.
const APPLIED: Duration = Duration::from_mins(2);

const FETCHED: &str = "postern_snapshot_fetched_bytes_total";

pub(super) async fn run(bench: &Bench, exe: PathBuf) -> Result<(), Failure> {
    let Some(mut running) = engines::open(bench.only, &exe).await? else {
        say(&format!("{}: skipped, not installed", bench.only.name()));
        if bench.json {
            say(&json!({ "skipped": "not installed" }).to_string());
        }
        return Ok(());
    };
    let report = tokio::select! {
        measured = tokio::time::timeout(LONGEST, measure(bench, &mut running)) => {
            measured.map_err(|_| format!("this takes longer than {} minutes", LONGEST.as_secs() / 60))??
        }
        _ = tokio::signal::ctrl_c() => return Err("stopped".into()),
    };
    say(&report.table());
    if bench.json {
        say(&report.json().to_string());
    }
    report.verdict()
}

async fn measure(bench: &Bench, running: &mut Running) -> Result<Report, Failure> {
    let sample = fill(&running.database, &bench.size).await?;
    let stage = &mut running.stage;
    let since = Instant::now();
    // What was put in past the API is seen by the next one.
    stage.replace_control_plane().await?;
    until_published(stage, bench.size.domains).await?;
    let first_published = since.elapsed();

    let api = stage.api().quietly();
    let world = World::new(api.clone(), sample, &bench.size);
    let load = Load::new(bench.load, LONGEST).await;
    let mail = world.take_mail(stage.dns(), load.sink()).await?;
    until_in_a_head(&api, &mail.version, APPLIED).await?;

    let (base, token) = (api.base().to_owned(), stage.join_token().await?);
    let since = Instant::now();
    stage.start_worker("worker", &base, &token).await?;
    until_applied(&api, &mail.version).await?;
    let took = since.elapsed();
    let gone = || "a process of Postern has ended";
    let worker = stage.workers()[0].pid().ok_or_else(gone)?;
    let page = stage.worker_http(0)?;
    // Its counter has nodes and objects. Heads are as good as equally long.
    let head = head_bytes(&running.database).await?;
    let bytes = page::counter(page, FETCHED).await? + head;
    let cold_start = ColdStart { bytes, took, peak_kib: peak_kib(worker)? };

    let target = Target { worker: stage.smtp(0)?, to: mail.to };
    let sending = load.start(&target).await?;
    let mut edits = Vec::new();
    for (n, kind) in plan(bench.edits).into_iter().enumerate() {
        let before = page::counter(page, FETCHED).await?;
        let took = edit(&api, &world, kind, n).await.map_err(|error| format!("edit {n}, {kind:?}: {error}"))?;
        let bytes = page::counter(page, FETCHED).await?.saturating_sub(before) + head;
        edits.push(Edit { kind, took, bytes });
    }
    let mail = sending.end().await;
    let control_plane = stage.control_plane().pid().ok_or_else(gone)?;
    Ok(Report {
        title: format!("{}, {} tenants, {} domains", bench.only.name(), bench.size.tenants, bench.size.domains),
        size: bench.size,
        reach: Kind::ALL.map(|kind| (kind, world.reach(kind))),
        first_published,
        cold_start,
        edits,
        mail,
        worker_peak_kib: peak_kib(worker)?,
        worker_now_kib: now_kib(worker)?,
        control_plane_peak_kib: peak_kib(control_plane)?,
    })
}

/// From the begin of the call until the worker is known to run it.
async fn edit(api: &Api, world: &World, kind: Kind, n: usize) -> Result<Duration, Failure> {
    let since = Instant::now();
    let version = world.edit(kind, n).await?;
    until_applied(api, &version).await?;
    Ok(since.elapsed())
}

async fn until_applied(api: &Api, version: &str) -> Result<(), Failure> {
    let since = Instant::now();
    loop {
        let state = api.get(&format!("/v1/config/versions/{version}?wait=10")).await?;
        if state.body["state"] == "applied" {
            return Ok(());
        }
        if since.elapsed() > APPLIED {
            return Err(format!("not applied within {} s: {}", APPLIED.as_secs(), state.body).into());
        }
    }
}
