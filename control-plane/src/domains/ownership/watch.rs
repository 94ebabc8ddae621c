//! Looks at active domains about once a day each, a few in a turn. One replica at a time.

use std::time::Duration;

use futures::StreamExt;

use super::{Look, Noted, note, store};
use crate::{
    app::AppState,
    db::{StoreError, System},
    domains::{Finding, proof},
    lease::Lease,
};

const TASK: &str = "ownership_checks";
/// Renewed while a turn lasts.
const LEASE: Duration = Duration::from_mins(1);
/// Between turns, each of which looks at 50: enough for 800,000 domains a day, and no more than ten a second after an outage.
pub(crate) const PAUSE: Duration = Duration::from_secs(5);
/// Domains looked at at once. Those whose name servers are silent should not hold up the others.
const AT_ONCE: usize = 16;
/// For both questions about a domain.
const LONGEST: Duration = Duration::from_secs(5);

pub(crate) async fn check_due(app: AppState) -> Result<(), StoreError> {
    // For development: nobody was asked for a proof.
    if app.config.accept_domains_without_proof {
        return Ok(());
    }
    let system = System::task(TASK);
    let mut read = app.db.read(&system).await?;
    let due = store::due(&mut read, app.clock.now()).await?;
    let unplanned = store::unplanned(&mut read).await?;
    drop(read);
    if due.is_empty() && !unplanned {
        return Ok(());
    }
    let Some(lease) = Lease::take(&app.db, TASK, app.replica, LEASE).await? else { return Ok(()) };
    let looks = futures::stream::iter(due).map(|store::Due { domain, claim, before }| {
        let app = app.clone();
        async move {
            let look = tokio::time::timeout(LONGEST, proof::look(&app, &claim)).await;
            Look { domain, before, finding: look.unwrap_or(Finding::DnsUnavailable) }
        }
    });
    let looks: Vec<_> = lease.while_held(&app.db, LEASE, looks.buffer_unordered(AT_ONCE).collect()).await?;
    let mut tx = app.db.begin(&system).await?;
    // First, so that of two turns of this process one waits for the other here.
    lease.extend(&mut tx, LEASE).await?;
    if unplanned {
        let now = tx.now();
        store::plan(&mut tx, now).await?;
    }
    let noted = if looks.is_empty() { Noted::default() } else { note(&app, &mut tx, &looks).await? };
    tx.commit().await?;
    noted.tell(&app);
    Ok(())
}
