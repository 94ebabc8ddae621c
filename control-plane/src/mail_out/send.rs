//! The job that sends: one replica at a time, never inside a transaction.

use std::time::Duration;

use serde_json::json;

use super::{
    Letter, Relay,
    relay::{self, Failed},
    store::{self, Waiting},
};
use crate::{
    app::AppState,
    audit::{self, Target},
    db::{StoreError, System},
    lease::Lease,
    vault::Purpose,
};

const LEASE: &str = "mail_out";
const LEASE_LASTS: Duration = Duration::from_mins(2);
pub(crate) const PAUSE: Duration = Duration::from_secs(2);
/// Mails that are sent one after the other before it is looked again.
const AT_ONCE: i64 = 20;
const FIRST_WAIT: Duration = Duration::from_mins(1);
const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// Sends what is due.
pub(crate) async fn run(app: AppState) -> Result<(), StoreError> {
    let Some(relay) = &app.config.mail.relay else { return Ok(()) };
    let due = async || store::due(&mut app.db.read(&System::task(LEASE)).await?, app.clock.now(), AT_ONCE).await;
    // Mostly there is nothing to do, and no lease is needed to see that.
    if due().await?.is_empty() {
        return Ok(());
    }
    let Some(lease) = Lease::take(&app.db, LEASE, app.replica, LEASE_LASTS).await? else { return Ok(()) };
    let sending = async {
        for waiting in due().await? {
            if app.stopping.is_cancelled() {
                break;
            }
            one(&app, lease, relay, &waiting).await?;
        }
        Ok(())
    };
    lease.while_held(&app.db, LEASE_LASTS, sending).await?
}

async fn one(app: &AppState, lease: Lease, relay: &Relay, waiting: &Waiting) -> Result<(), StoreError> {
    let now = app.clock.now();
    let opened = app.vault.open_with(Purpose::Mail, waiting.id.uuid().as_bytes(), &waiting.sealed);
    let letter: Letter = serde_json::from_slice(&opened.map_err(StoreError::corrupt("mails.sealed"))?)
        .map_err(StoreError::corrupt("a mail"))?;
    let sent = relay::send(relay, &letter, &waiting.id.to_string(), now).await;
    let mut tx = app.db.begin(&System::task(LEASE)).await?;
    lease.check(&mut tx).await?;
    let outcome = match sent {
        Ok(()) => {
            store::remove(&mut tx, waiting.id).await?;
            "sent"
        }
        Err(error) => {
            let again = app.clock.now() + wait_after(waiting.tries);
            let for_good = matches!(error, Failed::ForGood { .. }) || again >= waiting.expires_at;
            tracing::warn!(mail = %waiting.id, %error, tries = waiting.tries + 1, for_good, "a mail was not taken");
            if for_good {
                // Two turns of one replica may have it at once.
                if !store::remove(&mut tx, waiting.id).await? {
                    return Ok(());
                }
                let after = json!({ "to": letter.to, "why": error.to_string() });
                let target = Target::new("mail").id(waiting.id);
                audit::record(&mut tx, "mail.given_up", target, audit::NOTHING, Some(&after)).await?;
                "given_up"
            } else {
                store::put_off(&mut tx, waiting.id, again).await?;
                "put_off"
            }
        }
    };
    tx.commit().await?;
    app.metrics.with(|| metrics::counter!("postern_mails_total", "outcome" => outcome).increment(1));
    Ok(())
}

/// A minute after the first try, then twice as long each time, an hour at most.
fn wait_after(tries: i64) -> Duration {
    let doubled = u32::try_from(tries).unwrap_or(u32::MAX).min(10);
    (FIRST_WAIT * 2_u32.pow(doubled)).min(LONGEST_WAIT)
}
