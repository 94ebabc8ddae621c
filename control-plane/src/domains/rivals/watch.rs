//! Tells those who wait for a name that another tenant proved it. One replica at a time.

use std::time::Duration;

use super::{store, tell};
use crate::{
    app::AppState,
    db::{StoreError, System},
    lease::Lease,
};

const TASK: &str = "domain_rivals";
const LEASE: Duration = Duration::from_mins(1);
pub(crate) const PAUSE: Duration = Duration::from_secs(5);

pub(crate) async fn tell_due(app: AppState) -> Result<(), StoreError> {
    let system = System::task(TASK);
    let due = store::untold(&mut app.db.read(&system).await?).await?;
    if due.is_empty() {
        return Ok(());
    }
    let Some(lease) = Lease::take(&app.db, TASK, app.replica, LEASE).await? else { return Ok(()) };
    for id in due {
        let mut tx = app.db.begin(&system).await?;
        lease.extend(&mut tx, LEASE).await?;
        tell(&app, &mut tx, id).await?;
        tx.commit().await?;
    }
    Ok(())
}
