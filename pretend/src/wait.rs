//! Waiting on a condition, level-triggered: what already holds is seen at once, and a wait that fails says how far
//! things had come.

use std::{fmt, time::Duration};

use tokio::sync::watch;

/// How long a wait may take before it counts as failed. Never reached when things work.
pub const BOUND: Duration = Duration::from_secs(30);

/// A condition did not come true in time.
#[derive(Debug, Clone)]
pub struct TimedOut {
    what: String,
    status: String,
    bound: Duration,
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "waited {:?} for {}; last: {}", self.bound, self.what, self.status)
    }
}

impl std::error::Error for TimedOut {}

/// Raised by whoever changes something others wait for.
#[derive(Debug)]
pub struct Signal(watch::Sender<()>);

impl Default for Signal {
    fn default() -> Self {
        Self(watch::Sender::new(()))
    }
}

impl Signal {
    pub fn raise(&self) {
        self.0.send_replace(());
    }

    /// Waits until `check` gives a value; its error is how things stand.
    ///
    /// # Panics
    /// After [`BOUND`], with the last status.
    pub async fn until<T>(&self, what: &str, check: impl FnMut() -> Result<T, String>) -> T {
        self.try_until(what, BOUND, check).await.unwrap_or_else(|timed_out| panic!("{timed_out}"))
    }

    pub async fn try_until<T>(
        &self,
        what: &str,
        bound: Duration,
        mut check: impl FnMut() -> Result<T, String>,
    ) -> Result<T, TimedOut> {
        let mut changes = self.0.subscribe();
        let mut status = String::new();
        let seen = tokio::time::timeout(bound, async {
            loop {
                // Marked as seen before it is looked at: a change between the two wakes us again.
                changes.borrow_and_update();
                match check() {
                    Ok(value) => return value,
                    Err(now) => status = now,
                }
                if changes.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        })
        .await;
        seen.map_err(|_| TimedOut { what: what.to_owned(), status, bound })
    }
}
