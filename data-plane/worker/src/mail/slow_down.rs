//! How a session meets its mistakes: they are counted, and the answer to one may be held back for a while. Nothing that
//! others wait for is held meanwhile.

use std::time::Duration;

use super::session::{Driver, Over};

impl Driver<'_> {
    /// `mistakes` are those of the session so far. Waits where there is a new one and it is one too many.
    pub(super) async fn slow_down(&mut self, mistakes: u32) -> Result<(), Over> {
        if mistakes <= self.mistakes {
            return Ok(());
        }
        self.mistakes = mistakes;
        let delay = self.shared.tarpit.mistake(self.wire.peer.ip(), mistakes);
        // Part of a message holds memory, and a crowded worker has no place for those who are to wait.
        if delay.is_zero() || self.arriving.is_some() || self.shared.admission.is_crowded() {
            return Ok(());
        }
        if let Some(transaction) = &mut self.transaction {
            transaction.put_live_away(self.shared);
        }
        // What was said before is not held back.
        self.wire.flush().await.map_err(|_| Over::Gone)?;
        metrics::counter!("postern_smtp_tarpit_delays_total").increment(1);
        metrics::histogram!("postern_smtp_tarpit_delay_seconds").record(delay.as_secs_f64());
        self.rest(delay).await;
        Ok(())
    }

    async fn rest(&self, delay: Duration) {
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            () = self.shared.stopping.cancelled() => {}
        }
    }
}
