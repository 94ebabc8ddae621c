//! Looks at both proofs of names that are wanted, about every hour. One replica at a time.

use std::time::Duration;

use super::{Look, note, note_quiet, store};
use crate::{
    app::AppState,
    db::{StoreError, System},
    domains::{Finding, proof, store as domains},
    lease::Lease,
};

const TASK: &str = "domain_contests";
/// Longer than a turn takes: look-ups have a time-out of their own.
const LEASE: Duration = Duration::from_mins(5);
pub(crate) const PAUSE: Duration = Duration::from_secs(10);
/// For both questions about a proof.
const LONGEST: Duration = Duration::from_secs(5);

pub(crate) async fn look_due(app: AppState) -> Result<(), StoreError> {
    // For development: nobody was asked for a proof.
    if app.config.accept_domains_without_proof {
        return Ok(());
    }
    let system = System::task(TASK);
    let mut read = app.db.read(&system).await?;
    let (due, quiet) = (store::due(&mut read, app.clock.now()).await?, store::quiet(&mut read).await?);
    drop(read);
    if due.is_empty() && quiet.is_empty() {
        return Ok(());
    }
    let Some(lease) = Lease::take(&app.db, TASK, app.replica, LEASE).await? else { return Ok(()) };
    for (claimant, holder) in due {
        let mut read = app.db.read(&system).await?;
        let (claim, held) = (domains::find(&mut read, claimant).await?, domains::find(&mut read, holder).await?);
        drop(read);
        let (Some(claim), Some(held)) = (claim, held) else { continue };
        let (claim, held) = (claim.claim(), held.claim());
        let (claim, held) = tokio::join!(
            tokio::time::timeout(LONGEST, proof::look(&app, &claim)),
            tokio::time::timeout(LONGEST, proof::look(&app, &held)),
        );
        let unknown = Finding::DnsUnavailable;
        let look = Look { claimant, holder, claim: claim.unwrap_or(unknown), held: held.unwrap_or(unknown) };
        let mut tx = app.db.begin(&system).await?;
        lease.extend(&mut tx, LEASE).await?;
        note(&app, &mut tx, look).await?;
        tx.commit().await?;
    }
    for holder in quiet {
        let mut tx = app.db.begin(&system).await?;
        lease.extend(&mut tx, LEASE).await?;
        note_quiet(&app, &mut tx, holder).await?;
        tx.commit().await?;
    }
    Ok(())
}
