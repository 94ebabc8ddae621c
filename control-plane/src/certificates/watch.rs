//! Warns before a certificate ends: 30, 7 and 1 day before, and when it has. Each warning is an entry in the audit log, once.

use std::time::Duration;

use serde_json::json;

use super::store;
use crate::{
    app::AppState,
    audit,
    db::{StoreError, System},
    lease::Lease,
};

const TASK: &str = "certificate_ends";
const LEASE: Duration = Duration::from_mins(2);
const DAY: Duration = Duration::from_hours(24);
/// Days before the end at which it is said, the latest first.
const WARNINGS: [u32; 4] = [0, 1, 7, 30];

pub(crate) async fn warn(app: AppState) -> Result<(), StoreError> {
    let system = System::task(TASK);
    let now = app.clock.now();
    // Mostly there is nothing to say, and no lease is needed to see that.
    let mut read = app.db.read(&system).await?;
    let mut due = false;
    for days in WARNINGS {
        due |= !store::ending(&mut read, now + DAY * days, i64::from(days)).await?.is_empty();
    }
    drop(read);
    if !due {
        return Ok(());
    }
    let Some(lease) = Lease::take(&app.db, TASK, app.replica, LEASE).await? else { return Ok(()) };
    for days in WARNINGS {
        let mut tx = app.db.begin(&system).await?;
        lease.check(&mut tx).await?;
        for certificate in store::ending(&mut tx, now + DAY * days, i64::from(days)).await? {
            let facts = &certificate.facts;
            let after = json!({ "days_left": days, "not_after": crate::http::Time(facts.not_after),
                "names": facts.names, "fingerprint_sha256": facts.fingerprint_sha256 });
            let action = if days == 0 { "certificate.expired" } else { "certificate.expiring" };
            audit::record(&mut tx, action, certificate.target(), audit::NOTHING, Some(&after)).await?;
            store::warned(&mut tx, certificate.id, i64::from(days)).await?;
            tracing::warn!(certificate = %certificate.id, days_left = days, "a TLS certificate ends soon, or has");
        }
        tx.commit().await?;
    }
    lease.release(&app.db).await
}
