//! Rows that are older than they need be. What is swept ends in a signed checkpoint, from which the rest goes on.

use std::time::Duration;

use contract::audit::{AuditCheckpoint, Position};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::store;
use crate::{
    app::AppState,
    audit::{self, Target},
    db::{StoreError, System},
    lease::Lease,
};

const LEASE: &str = "audit_sweep";
const LEASE_LASTS: Duration = Duration::from_mins(1);
pub(crate) const PAUSE: Duration = Duration::from_hours(1);
/// Rows of a chain that go in one transaction.
const AT_ONCE: i64 = 1_000;
/// Chains that are looked for at once.
const CHAINS: i64 = 100;

/// How long the log is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// 30 to 36500; left out: for good.
    pub keep_days: Option<KeepDays>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u16")]
pub struct KeepDays(u16);

impl TryFrom<u16> for KeepDays {
    type Error = &'static str;

    fn try_from(days: u16) -> Result<Self, Self::Error> {
        // Deletions of the last seven days stand in it: snapshots are signed by them.
        if (30..=36_500).contains(&days) { Ok(Self(days)) } else { Err("30 to 36500 days") }
    }
}

/// Takes away what was written longer ago than it is kept.
pub(crate) async fn run(app: AppState) -> Result<(), StoreError> {
    let Some(KeepDays(days)) = app.config.audit.keep_days else { return Ok(()) };
    let before = store::first_id_at(app.clock.now() - Duration::from_hours(24 * u64::from(days)));
    let Some(lease) = Lease::take(&app.db, LEASE, app.replica, LEASE_LASTS).await? else { return Ok(()) };
    let swept = lease.while_held(&app.db, LEASE_LASTS, sweep_all(&app, lease, before)).await?;
    lease.release(&app.db).await?;
    swept
}

async fn sweep_all(app: &AppState, lease: Lease, before: Uuid) -> Result<(), StoreError> {
    let (mut rows, mut chains) = (0, std::collections::BTreeSet::new());
    loop {
        let old = store::old_chains(&mut app.db.read(&System::task(LEASE)).await?, before, CHAINS).await?;
        let mut gone = 0;
        for chain in old {
            gone += sweep_some(app, lease, chain, before).await?;
            chains.insert(chain);
        }
        rows += gone;
        // None where rows are old and stand behind newer ones: they go with those.
        if gone == 0 || app.stopping.is_cancelled() {
            break;
        }
    }
    if rows > 0 {
        let mut tx = app.db.begin(&System::task(LEASE)).await?;
        let after = json!({ "rows": rows, "chains": chains.len() });
        audit::record(&mut tx, "audit.sweep", Target::new("audit"), audit::NOTHING, Some(&after)).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Takes the oldest rows of a chain away, up to the first that is kept; says how many it were.
async fn sweep_some(app: &AppState, lease: Lease, chain: Uuid, before: Uuid) -> Result<u64, StoreError> {
    let mut tx = app.db.begin(&System::task(LEASE)).await?;
    // First of all: whoever else would sweep waits here, and then sees what is gone.
    lease.extend(&mut tx, LEASE_LASTS).await?;
    let oldest = store::oldest(&mut tx, chain, AT_ONCE).await?;
    let Some(swept) = oldest.iter().take_while(|(id, _)| *id < before).map(|(_, at)| *at).last() else { return Ok(0) };
    let checkpoint = sign(app, chain, swept)?;
    let gone = store::sweep(&mut tx, chain, swept, &checkpoint).await?;
    tx.commit().await?;
    Ok(gone)
}

fn sign(app: &AppState, chain: Uuid, swept: Position) -> Result<String, StoreError> {
    let (installation, issued_at) = (app.installation, app.clock.now());
    let checkpoint = AuditCheckpoint { installation, issued_at, chain: super::name(chain), swept };
    app.signing.audit_checkpoint(&checkpoint).map_err(StoreError::corrupt("snapshot key"))
}
