//! The end of what was closing: tenants and domains whose days are over, with all they have. One replica at a time.

use std::time::Duration;

use super::store;
use crate::{
    app::AppState,
    audit::{self, Target},
    certificates,
    db::{StoreError, System, Tx},
    domains,
    lease::Lease,
    outbox::{self, Change},
    persons, pools, routes,
};

const TASK: &str = "closing";
const LEASE: Duration = Duration::from_mins(2);

pub(crate) async fn remove_overdue(app: AppState) -> Result<(), StoreError> {
    let system = System::task(TASK);
    let Some(lease) = Lease::take(&app.db, TASK, app.replica, LEASE).await? else { return Ok(()) };
    let mut tx = app.db.begin(&system).await?;
    lease.check(&mut tx).await?;
    let now = tx.now();
    domains::api::remove_overdue(&app, &mut tx, now).await?;
    tx.commit().await?;

    for id in store::overdue(&mut app.db.read(&system).await?, now).await? {
        // Each in a transaction of its own: one that cannot go holds up no other.
        let mut tx = app.db.begin(&system).await?;
        lease.check(&mut tx).await?;
        domains::remove_all(&mut tx, id).await?;
        routes::remove_all(&mut tx, id).await?;
        certificates::remove_all(&mut tx, id).await?;
        persons::remove_all(&mut tx, id).await?;
        match pools::without(&mut tx, id, async |tx: &mut Tx| store::delete(tx, id, now).await).await {
            Ok(()) => {}
            // Something still belongs to it, or it was taken back this moment.
            Err(error @ (StoreError::Reference(_) | StoreError::Stale)) => {
                tracing::warn!(tenant = %id, %error, "a closing tenant cannot go yet");
                continue;
            }
            Err(error) => return Err(error),
        }
        let target = Target::new("tenant").id(id).of_tenant(id);
        audit::record(&mut tx, "tenant.delete", target, audit::NOTHING, audit::NOTHING).await?;
        outbox::record(&mut tx, &Change::Tenant(id)).await?;
        tx.commit().await?;
    }
    Ok(())
}
