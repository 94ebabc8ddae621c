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
    worker_api::{HeadVersion, PartError, RefusedHead, Status, StatusAck},
};
use reqwest::StatusCode;
use tokio::sync::watch;

use super::{Identity, client::CallError};
use crate::{events::Sink, index::Current, mail::Hops};

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
}

/// `errands` hears whether the control plane has any.
pub(crate) async fn report(
    identity: Arc<Identity>,
    told: Told,
    mut news: watch::Receiver<Report>,
    errands: watch::Sender<bool>,
    clock: Clock,
) {
    let Told { current, sink, sessions, hops } = told;
    // Until it says so, the control plane may be older than what it would refuse.
    let mut takes_more = false;
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
            takes_errands: takes_more,
            hops: if takes_more { hops.health.take_news(clock.now()) } else { Vec::new() },
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
                let first = ack.takes_reports_of_hops && !takes_more;
                takes_more = ack.takes_reports_of_hops;
                if first {
                    continue;
                }
                Duration::from_millis(u64::from(ack.next_in_ms).clamp(500, 60_000))
            }
            Heard::Refused | Heard::Nothing => {
                hops.health.not_told(&status.hops);
                // It may be an older one now.
                takes_more &= !matches!(answer, Heard::Refused);
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
