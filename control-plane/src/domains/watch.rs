//! Looks at pending domains again and again, so that a record that was set is found without a call. One replica at a time.

use std::time::Duration;

use futures::StreamExt;

use super::{proof, store};
use crate::{
    app::AppState,
    db::{StoreError, System},
    lease::Lease,
};

const TASK: &str = "domain_checks";
/// Longer than a batch takes: look-ups have a time-out of their own.
const LEASE: Duration = Duration::from_mins(5);
/// Look-ups at once. Somebody else's name servers pay for them.
const AT_ONCE: usize = 8;

pub(crate) async fn check_due(app: AppState) -> Result<(), StoreError> {
    let system = System::task(TASK);
    let due = store::due_for_check(&mut app.db.read(&system).await?, app.clock.now()).await?;
    if due.is_empty() {
        return Ok(());
    }
    let Some(lease) = Lease::take(&app.db, TASK, app.replica, LEASE).await? else { return Ok(()) };
    let looks = futures::stream::iter(due).map(|domain| {
        let app = app.clone();
        async move {
            let finding = proof::look(&app, &domain.claim()).await;
            ((domain.id, domain.tenant), finding)
        }
    });
    let mut found = looks.buffer_unordered(AT_ONCE);
    while let Some((of, finding)) = found.next().await {
        let mut tx = app.db.begin(&system).await?;
        lease.check(&mut tx).await?;
        proof::apply(&app, &mut tx, of, finding).await?;
        tx.commit().await?;
    }
    Ok(())
}
