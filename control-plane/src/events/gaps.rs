//! Streams that ended without their closing mark: a worker that was killed, or is cut off for good. What its last status
//! report counted and what is stored say how much is missing.

use std::time::Duration;

use contract::Micros;

use super::store;
use crate::{
    app::AppState,
    db::{StoreError, System},
};

/// A worker reports every five seconds.
const SILENT_FOR: Duration = Duration::from_secs(30);

pub(crate) async fn look(app: AppState, up_since: Micros) -> Result<(), StoreError> {
    let now = app.clock.now();
    // Whoever was away is the control plane itself: workers need a while to be heard again.
    if now.since(up_since) < SILENT_FOR {
        return Ok(());
    }
    let system = System::task("gaps");
    let silent = store::silent(&mut app.trace.read(&system).await?, now - SILENT_FOR).await?;
    if silent.is_empty() {
        return Ok(());
    }
    let mut tx = app.trace.begin(&system).await?;
    let mut ended = 0;
    for stream in &silent {
        let missing = u64::try_from(stream.reported - stream.stored).unwrap_or(0);
        let span = (Micros::from_micros(stream.last_heard_at), now);
        // Another replica may have been faster.
        if store::close(&mut tx, stream.id).await? {
            store::put_gap(&mut tx, stream.id, stream.worker_id, "ended", span, missing).await?;
            ended += 1;
        }
    }
    tx.commit().await?;
    if ended > 0 {
        tracing::warn!(streams = ended, "workers ended without a closing mark; the trace has gaps");
    }
    Ok(())
}
