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
    worker_api::{HeadVersion, Load, PartError, RefusedHead, Status, StatusAck},
};
use reqwest::StatusCode;
use tokio::sync::watch;

use super::{Identity, client::CallError};
use crate::{
    events::Sink,
    index::Current,
    mail::{Budget, Doors, Hops},
};

/// How often a worker reports that drains.
const DRAINING: Duration = Duration::from_secs(1);

/// What `sync` came to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Report {
    pub running: Option<HeadVersion>,
    pub refused: Option<RefusedHead>,
    pub errors: Vec<PartError>,
}

/// What reports tell of, beside `sync`'s.
#[derive(Debug)]
pub(crate) struct Told {
    pub current: Arc<Current>,
    pub sink: Sink,
    pub sessions: Arc<AtomicU32>,
    pub hops: Arc<Hops>,
    pub budget: Arc<Budget>,
    pub doors: Arc<Doors>,
    /// `smtp.max_connections`
    pub max_sessions: usize,
}

impl Told {
    fn load(&self) -> Load {
        let bytes = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        Load {
            max_sessions: u32::try_from(self.max_sessions).unwrap_or(u32::MAX),
            message_bytes: self.budget.used_bytes(),
            max_message_bytes: self.budget.limit_bytes(),
            event_bytes: bytes(self.sink.waiting_bytes()),
            max_event_bytes: bytes(self.sink.limit_bytes()),
        }
    }
}

/// `errands` hears whether the control plane has any.
pub(crate) async fn report(
    identity: Arc<Identity>,
    told: Told,
    mut news: watch::Receiver<Report>,
    errands: watch::Sender<bool>,
    clock: Clock,
) {
    let Told { current, sink, sessions, hops, doors, .. } = &told;
    // Until it says so, the control plane may be older than what it would refuse.
    let (mut takes_more, mut passes_over_unknown) = (false, false);
    loop {
        let Report { running, refused, errors } = news.borrow_and_update().clone();
        let status = Status {
            stream: sink.stream(),
            running,
            refused,
            errors,
            totals: sink.totals(),
            sessions: sessions.load(Ordering::Relaxed),
            ready: current.load().is_some() && !doors.is_draining(),
            now: clock.now(),
            takes_errands: takes_more,
            hops: if takes_more { hops.health.take_news(clock.now()) } else { Vec::new() },
            draining: passes_over_unknown && doors.is_draining(),
            load: passes_over_unknown.then(|| told.load()),
        };
        let answer = match identity.token().await {
            Ok((token, ..)) => heard(identity.client().status(&token, &status).await),
            Err(_) => Heard::Nothing,
        };
        let next = match answer {
            Heard::Ack(ack) => {
                if let Some(live_workers) = ack.live_workers {
                    hops.set_live_workers(live_workers);
                }
                errands.send_replace(ack.takes_reports_of_hops);
                // What it may say now, and what changed, it says at once.
                let first =
                    (ack.takes_reports_of_hops && !takes_more) || (ack.passes_over_unknown && !passes_over_unknown);
                (takes_more, passes_over_unknown) = (ack.takes_reports_of_hops, ack.passes_over_unknown);
                // An older control plane knows of no drain: it neither begins one nor ends it.
                let turned = ack.passes_over_unknown && doors.drain(ack.drain);
                if turned {
                    tracing::info!(drain = ack.drain, "the control plane says whether to take sessions");
                }
                if first || turned {
                    continue;
                }
                let next = Duration::from_millis(u64::from(ack.next_in_ms).clamp(500, 60_000));
                // Somebody waits for the last session to be over.
                if doors.is_draining() { next.min(DRAINING) } else { next }
            }
            Heard::Refused | Heard::Nothing => {
                hops.health.not_told(&status.hops);
                // It may be an older one now.
                let older = matches!(answer, Heard::Refused);
                (takes_more, passes_over_unknown) = (takes_more && !older, passes_over_unknown && !older);
                Duration::from_secs(2)
            }
        };
        tokio::select! {
            changed = news.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(next) => {}
        }
    }
}

/// What came of a report.
enum Heard {
    Ack(StatusAck),
    /// It cannot be taken as it is.
    Refused,
    Nothing,
}

fn heard(answer: Result<StatusAck, CallError>) -> Heard {
    match answer {
        Ok(ack) => Heard::Ack(ack),
        Err(CallError::Status { status: StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY, .. }) => {
            Heard::Refused
        }
        Err(_) => Heard::Nothing,
    }
}
