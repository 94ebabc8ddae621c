//! What the judgement is made from, in a handful of statements.

use std::collections::{BTreeMap, BTreeSet};

use contract::{Micros, ids::PoolId, worker_api::HeadVersion};

use crate::{
    app::App,
    auth::{Grant, action::ReadStatus},
    certificates,
    db::{Engine, StoreError},
    domains::ownership,
    events, installation,
    pools::{self, Pool},
    routes::health::{self, Seen},
    snapshots, workers,
    workers::WorkerView,
};

/// Workers looked at; an installation with more has a monitoring system.
const MAX_WORKERS: i64 = 2_000;
/// Versions that lagging workers run, of which it is looked up since when.
const MAX_VERSIONS: usize = 20;
/// Next hops in trouble that are looked at.
const MAX_HOPS: i64 = 500;
/// Domains named whose ownership is lost; the list of domains has all.
const MAX_NAMES: u32 = 5;
/// How far back gaps and rejected events are counted.
pub(super) const LOOK_BACK: std::time::Duration = std::time::Duration::from_hours(24);

pub(super) struct Facts {
    pub now: Micros,
    pub engine: Engine,
    pub publishing: snapshots::Publishing,
    /// With whether it serves a tenant: one that serves none needs no workers.
    pub pools: Vec<(Pool, bool)>,
    pub workers: Vec<WorkerView>,
    /// Since when workers at these versions lack a change.
    pub lacking: BTreeMap<(PoolId, HeadVersion), Micros>,
    /// By each worker that sees them so.
    pub hops: Vec<Seen>,
    /// Those that end first.
    pub certificates: Vec<certificates::Soonest>,
    pub trouble: events::Trouble,
    pub lost: ownership::Lost,
    pub accepts_domains_without_proof: bool,
    /// Its address leads nowhere.
    pub postmaster_is_built_in: bool,
}

pub(super) async fn gather(app: &App, grant: &Grant<ReadStatus>) -> Result<Facts, StoreError> {
    let now = app.clock.now();
    let mut read = app.db.read(grant).await?;
    let publishing = snapshots::publishing(&mut read).await?;
    let workers = workers::all(&mut read, now, MAX_WORKERS).await?;
    let running =
        workers.iter().filter(|worker| worker.is_alive).filter_map(|worker| Some((worker.pool_id, worker.running_at?)));
    let behind: BTreeSet<_> = running
        .filter(|(pool, at)| publishing.head(*pool).is_some_and(|head| *at < head.at))
        .take(MAX_VERSIONS)
        .collect();
    let mut lacking = BTreeMap::new();
    for (pool, at) in behind {
        if let Some(since) = snapshots::lacking_since(&mut read, pool, at).await? {
            lacking.insert((pool, at), since);
        }
    }
    let pools = pools::all_with_use(&mut read).await?;
    let hops = health::unwell(&mut read, now - workers::SEEN_WITHIN, now, MAX_HOPS).await?;
    let configured = installation::load(&mut read).await?.configured;
    let postmaster = snapshots::postmaster(&mut read, &configured).await?;
    let certificates = certificates::soonest(&mut read, now).await?;
    let lost = ownership::lost(&mut read, MAX_NAMES).await?;
    drop(read);
    let trouble = events::trouble(&mut app.trace.read(grant).await?, now - LOOK_BACK).await?;
    let built_in = crate::config::FirstOwner::default().email;
    Ok(Facts {
        now,
        engine: app.db.engine(),
        publishing,
        pools,
        workers,
        lacking,
        hops,
        certificates,
        trouble,
        lost,
        accepts_domains_without_proof: app.config.accept_domains_without_proof,
        postmaster_is_built_in: postmaster.is_none_or(|postmaster| postmaster.to_string() == built_in),
    })
}
