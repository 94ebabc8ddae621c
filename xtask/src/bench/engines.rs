//! The databases that a bench runs on, each with a control plane of its own.

use std::{path::Path, time::Duration};

use clap::ValueEnum;
use postern::demo::stage::{Api, Options, Stage, Voice};
use pretend::postgres::Server;
use serde_json::json;
use tokio::time::Instant;

use super::installation::Database;
use crate::Failure;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    pub(super) fn asked(only: Option<Self>) -> Vec<Self> {
        only.map_or_else(|| vec![Self::Sqlite, Self::Postgres], |one| vec![one])
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }

    /// In the object for programs.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

const LOOK: Duration = Duration::from_millis(100);

/// A control plane and its database.
#[derive(Debug)]
pub(super) struct Running {
    // The control plane first: its database goes after it.
    pub stage: Stage,
    pub database: Database,
    /// A throw-away one, as durable as it comes.
    _server: Option<Server>,
}

/// None: this machine has no programs for it.
pub(super) async fn open(engine: Engine, exe: &Path) -> Result<Option<Running>, Failure> {
    let options = |database| Options {
        exe: exe.to_owned(),
        log_level: "warn".to_owned(),
        voice: Voice::Silent,
        database,
        long_sessions: true,
    };
    Ok(match engine {
        Engine::Sqlite => {
            let stage = Stage::open(options(None)).await?;
            let database = Database::Sqlite(stage.database_file("postern.db"));
            Some(Running { stage, database, _server: None })
        }
        Engine::Postgres => match tokio::task::spawn_blocking(|| Server::start(&[])).await? {
            None => None,
            Some(server) => {
                let url = server.url().await.to_owned();
                let stage = Stage::open(options(Some(url.clone()))).await?;
                Some(Running { stage, database: Database::Postgres(url), _server: Some(server) })
            }
        },
    })
}

/// Calls that wait for the first compilation of a large installation would measure that. It is over when one change is out.
pub(super) async fn until_published(stage: &Stage, domains: usize) -> Result<(), Failure> {
    let api = stage.api().quietly();
    let edit = api.post("/v1/tenants", json!({ "name": "the last of them" })).await?;
    let Some(version) = edit.config_version else { return Ok(()) };
    // A second for each ten thousand is more than it takes; its lease of before ends within ten.
    until_in_a_head(&api, &version, Duration::from_secs(60 + domains as u64 / 1_000)).await
}

/// Waits until a configuration version is published.
pub(super) async fn until_in_a_head(api: &Api, version: &str, bound: Duration) -> Result<(), Failure> {
    let since = Instant::now();
    loop {
        // Its own waiting is for workers, of whom there may be none.
        let state = api.get(&format!("/v1/config/versions/{version}")).await?;
        if !state.body["head"].is_null() {
            return Ok(());
        }
        if since.elapsed() > bound {
            return Err(format!("not published within {} s: {}", bound.as_secs(), state.body).into());
        }
        tokio::time::sleep(LOOK).await;
    }
}
