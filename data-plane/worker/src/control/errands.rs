//! Errands: fetched from the control plane while there are any, run beside the mail, answered. Mail never waits for them.

use std::{sync::Arc, time::Duration};

use contract::errand::{Errand, Outcome, Task};
use tokio::{sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::Identity;
use crate::{
    index::Current,
    mail::{Trial, try_route},
};

/// At once; more wait for a worker that has less to do.
const AT_ONCE: usize = 8;
const PAUSE: Duration = Duration::from_secs(2);
/// Kept of an errand's time for the way back.
const WAY_BACK: Duration = Duration::from_millis(500);

/// Runs for the life of the worker. `served`: the control plane has errands to give; one of before the first release that
/// had any is not asked.
pub(crate) async fn errands(
    identity: Arc<Identity>,
    current: Arc<Current>,
    trial: Trial,
    mut served: watch::Receiver<bool>,
    wait: Duration,
    stopping: CancellationToken,
) {
    // Which networks a hop may be in stands in the snapshot.
    current.until_present().await;
    let mut running = JoinSet::new();
    loop {
        while running.try_join_next().is_some() {}
        if running.len() >= AT_ONCE {
            running.join_next().await;
        }
        let fetched = tokio::select! {
            fetched = fetch(&identity, &mut served, wait) => fetched,
            () = stopping.cancelled() => return,
        };
        match fetched {
            Ok(Some(errand)) => {
                running.spawn(run(Arc::clone(&identity), Arc::clone(&current), trial.clone(), errand));
            }
            Ok(None) => {}
            Err(Failed) => tokio::time::sleep(PAUSE).await,
        }
    }
}

struct Failed;

async fn fetch(
    identity: &Identity,
    served: &mut watch::Receiver<bool>,
    wait: Duration,
) -> Result<Option<Errand>, Failed> {
    served.wait_for(|served| *served).await.map_err(|_| Failed)?;
    let (token, ..) = identity.token().await.map_err(|_| Failed)?;
    identity.client().errand(&token, wait).await.map_err(|error| {
        tracing::debug!(%error, "no errands could be fetched");
        Failed
    })
}

async fn run(identity: Arc<Identity>, current: Arc<Current>, trial: Trial, errand: Errand) {
    let within = Duration::from_millis(u64::from(errand.within_ms)).saturating_sub(WAY_BACK);
    let outcome = match serde_json::from_value::<Task>(errand.task) {
        Ok(Task::TestRoute { route, recipient }) => {
            let Some(index) = current.load() else { return };
            let certificate = route.certificate.and_then(|id| index.certificates.get(id)).cloned();
            let allowed = &index.installation.allowed_hop_ranges;
            let hops = try_route(&Trial { within, certificate, ..trial }, &route, allowed, &recipient).await;
            Outcome::Route { hops }
        }
        Err(_) => Outcome::NotUnderstood,
    };
    let Ok((token, ..)) = identity.token().await else { return };
    if let Err(error) = identity.client().errand_done(&token, errand.id, &outcome).await {
        tracing::debug!(%error, "an errand's answer came too late");
    }
}
