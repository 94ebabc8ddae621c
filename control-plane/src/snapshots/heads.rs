//! The newest heads, known to every replica: one look at the database four times a second, or a nudge from this process.

use std::{collections::HashMap, sync::Arc, time::Duration};

use contract::{
    Id, Micros, ids,
    snapshot::{hash::Hash, head::Totals},
    worker_api::{HeadVersion, Ring},
};
use tokio::sync::{Notify, watch};

use super::store;
use crate::{
    app::AppState,
    db::{StoreError, System},
};

/// A signed head, ready to serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub pool: Id<ids::Pool>,
    pub ring: Ring,
    pub at: HeadVersion,
    pub root: Hash,
    pub issued_at: Micros,
    pub jws: Arc<str>,
    pub peak: Peak,
}

/// The most there was lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Peak {
    pub totals: Totals,
    pub at: Micros,
}

type ByAudience = HashMap<(Id<ids::Pool>, Ring), Head>;

#[derive(Debug)]
pub struct Heads {
    newest: watch::Sender<ByAudience>,
    /// Something changed that somebody may wait for: a head, or what a worker runs.
    news: watch::Sender<u64>,
    look: Notify,
}

const POLL: Duration = Duration::from_millis(250);

impl Default for Heads {
    fn default() -> Self {
        Self { newest: watch::Sender::default(), news: watch::Sender::default(), look: Notify::new() }
    }
}

impl Heads {
    pub(super) fn subscribe(&self) -> watch::Receiver<ByAudience> {
        self.newest.subscribe()
    }

    /// Wakes those who wait for workers to run a version.
    pub fn nudge(&self) {
        self.news.send_modify(|n| *n += 1);
    }

    pub fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    pub(super) fn look_now(&self) {
        self.look.notify_one();
    }

    /// Runs until the stop.
    pub async fn follow(app: AppState) {
        loop {
            match look(&app).await {
                Ok(()) => {}
                Err(error) => tracing::warn!(%error, "the newest heads could not be read"),
            }
            tokio::select! {
                () = tokio::time::sleep(POLL) => {}
                () = app.heads.look.notified() => {}
                () = app.stopping.cancelled() => return,
            }
        }
    }
}

async fn look(app: &AppState) -> Result<(), StoreError> {
    let found = store::heads(&mut app.db.read(&System::task("heads")).await?).await?;
    let newest: ByAudience = found.into_iter().map(|head| ((head.pool, head.ring), head)).collect();
    let changed = app.heads.newest.send_if_modified(|known| {
        let changed = *known != newest;
        if changed {
            *known = newest;
        }
        changed
    });
    if changed {
        app.heads.nudge();
    }
    Ok(())
}
