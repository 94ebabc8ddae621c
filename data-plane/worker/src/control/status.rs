//! Reports what this worker runs, every few seconds and at once when that changes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use contract::{
    Clock,
    worker_api::{HeadVersion, PartError, RefusedHead, Status},
};
use tokio::sync::watch;

use super::Identity;
use crate::{events::Sink, index::Current};

/// What `sync` came to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Report {
    pub running: Option<HeadVersion>,
    pub refused: Option<RefusedHead>,
    pub errors: Vec<PartError>,
}

pub(crate) async fn report(
    identity: Arc<Identity>,
    current: Arc<Current>,
    sink: Sink,
    sessions: Arc<AtomicU32>,
    mut news: watch::Receiver<Report>,
    clock: Clock,
) {
    loop {
        let Report { running, refused, errors } = news.borrow_and_update().clone();
        let status = Status {
            stream: sink.stream(),
            running,
            refused,
            errors,
            totals: sink.totals(),
            sessions: sessions.load(Ordering::Relaxed),
            ready: current.load().is_some(),
            now: clock.now(),
        };
        let next = match identity.token().await {
            Ok((token, ..)) => match identity.client().status(&token, &status).await {
                Ok(ack) => Duration::from_millis(u64::from(ack.next_in_ms).clamp(500, 60_000)),
                Err(_) => Duration::from_secs(2),
            },
            Err(_) => Duration::from_secs(2),
        };
        tokio::select! {
            changed = news.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(next) => {}
        }
    }
}
