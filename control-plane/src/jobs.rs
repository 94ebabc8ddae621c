//! Work that nobody asks for: a list of tasks, each ending when a stop is asked for.

use std::time::Duration;

use tokio_util::task::TaskTracker;

use crate::{
    app::AppState,
    audit, certificates,
    db::{StoreError, System},
    domains::{ownership, rivals, takeover, watch},
    errands, events, factors,
    http::idempotency,
    invitations,
    lease::Lease,
    lists, mail_out, outbox, password_resets, pool_keys, pools, routes, sessions, snapshots,
    tenants::closing,
    workers,
};

/// Starts them all.
pub fn spawn(app: &AppState, tasks: &TaskTracker) {
    let up_since = app.clock.now();
    tasks.spawn(snapshots::publish(app.clone()));
    tasks.spawn(snapshots::Heads::follow(app.clone()));
    tasks.spawn(events::Ingest::run(app.clone()));
    tasks.spawn(errands::Errands::follow(app.clone()));
    tasks.spawn(every(app.clone(), "gaps", Duration::from_secs(10), move |app| events::look_for_gaps(app, up_since)));
    tasks.spawn(every(app.clone(), "trace_sweep", Duration::from_mins(1), sweep_trace));
    tasks.spawn(every(app.clone(), "outbox_sweep", Duration::from_mins(1), outbox::sweep));
    tasks.spawn(every(app.clone(), "sweep", Duration::from_mins(1), move |app| sweep(app, up_since)));
    tasks.spawn(every(app.clone(), "domain_checks", Duration::from_secs(2), watch::check_due));
    tasks.spawn(every(app.clone(), "ownership_checks", ownership::watch::PAUSE, ownership::watch::check_due));
    tasks.spawn(every(app.clone(), "domain_rivals", rivals::watch::PAUSE, rivals::watch::tell_due));
    tasks.spawn(every(app.clone(), "domain_contests", takeover::watch::PAUSE, takeover::watch::look_due));
    tasks.spawn(every(app.clone(), "certificate_ends", Duration::from_mins(1), certificates::watch::warn));
    tasks.spawn(every(app.clone(), "closing", Duration::from_secs(30), closing::remove_overdue));
    tasks.spawn(every(app.clone(), "password_resets", password_resets::PAUSE, password_resets::run));
    tasks.spawn(every(app.clone(), "mail_out", mail_out::PAUSE, mail_out::run));
    tasks.spawn(every(app.clone(), "audit_chain", audit::CHAIN_PAUSE, audit::chain));
    tasks.spawn(every(app.clone(), "audit_sweep", audit::sweep::PAUSE, audit::sweep::run));
    tasks.spawn(every(app.clone(), "list_expiry", Duration::from_secs(30), lists::api::remove_expired));
}

/// Runs each of them once.
pub async fn run_all(app: &AppState) -> Result<(), StoreError> {
    sweep(app.clone(), app.clock.now()).await?;
    sweep_trace(app.clone()).await?;
    outbox::sweep(app.clone()).await?;
    events::look_for_gaps(app.clone(), contract::Micros::EPOCH).await?;
    watch::check_due(app.clone()).await?;
    ownership::watch::check_due(app.clone()).await?;
    takeover::watch::look_due(app.clone()).await?;
    rivals::watch::tell_due(app.clone()).await?;
    certificates::watch::warn(app.clone()).await?;
    closing::remove_overdue(app.clone()).await?;
    lists::api::remove_expired(app.clone()).await?;
    password_resets::run(app.clone()).await?;
    mail_out::run(app.clone()).await?;
    audit::chain(app.clone()).await?;
    audit::sweep::run(app.clone()).await
}

/// Runs `work` now and then again each `pause`; a failure is logged and tried again.
pub(crate) async fn every<F>(
    app: AppState,
    name: &'static str,
    pause: Duration,
    work: impl Fn(AppState) -> F + Send + 'static,
) where
    F: Future<Output = Result<(), StoreError>> + Send,
{
    loop {
        let done = tokio::select! {
            done = work(app.clone()) => done,
            () = app.stopping.cancelled() => return,
        };
        match done {
            Ok(()) | Err(StoreError::Stale) => {}
            Err(error @ (StoreError::Busy(_) | StoreError::Away(_))) => {
                tracing::warn!(job = name, %error, "tried again later");
            }
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                tracing::error!(job = name, %error, cause, "job failed");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = app.stopping.cancelled() => return,
        }
    }
}

/// What is over by itself.
async fn sweep(app: AppState, up_since: contract::Micros) -> Result<(), StoreError> {
    let mut tx = app.db.begin(&System::task("sweep")).await?;
    let now = tx.now();
    idempotency::sweep(&mut tx, now).await?;
    workers::sweep(&mut tx, up_since).await?;
    sessions::sweep(&mut tx, now).await?;
    factors::sweep(&mut tx, now).await?;
    invitations::sweep(&mut tx).await?;
    password_resets::sweep(&mut tx, now).await?;
    errands::sweep(&mut tx).await?;
    pool_keys::sweep(&mut tx, now).await?;
    pools::sweep(&mut tx, now).await?;
    routes::health::sweep(&mut tx).await?;
    tx.commit().await
}

const SWEEP_LEASE: &str = "trace_sweep";
const SWEEP_LEASE_LASTS: Duration = Duration::from_mins(1);

/// On one replica at a time: two would only wait for each other's rows.
async fn sweep_trace(app: AppState) -> Result<(), StoreError> {
    let Some(lease) = Lease::take(&app.db, SWEEP_LEASE, app.replica, SWEEP_LEASE_LASTS).await? else { return Ok(()) };
    let swept = lease.while_held(&app.db, SWEEP_LEASE_LASTS, sweep_batches(&app)).await?;
    lease.release(&app.db).await?;
    swept
}

/// In small transactions: events go on coming in meanwhile.
async fn sweep_batches(app: &AppState) -> Result<(), StoreError> {
    let days = |days: std::num::NonZeroU16| Duration::from_hours(24 * u64::from(days.get()));
    let kept = (days(app.config.trace.keep_days), days(app.config.trace.keep_statistics_days));
    loop {
        let mut tx = app.trace.begin(&System::task("sweep")).await?;
        let now = tx.now();
        let more = events::sweep(&mut tx, now - kept.0, now - kept.1).await?;
        tx.commit().await?;
        if !more || app.stopping.is_cancelled() {
            return Ok(());
        }
    }
}
