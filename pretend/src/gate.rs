//! A gate that a test opens: whatever stands behind it goes on then, and not before.

use std::sync::Arc;

use tokio::sync::watch;

/// Closed when made. Clones are the same gate.
#[derive(Debug, Clone)]
pub struct Gate(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    open: watch::Sender<bool>,
    waiting: watch::Sender<usize>,
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

impl Gate {
    pub fn new() -> Self {
        Self(Arc::new(Shared { open: watch::Sender::new(false), waiting: watch::Sender::new(0) }))
    }

    /// Lets all through, now and later.
    pub fn open(&self) {
        self.0.open.send_replace(true);
    }

    pub fn is_open(&self) -> bool {
        *self.0.open.borrow()
    }

    /// Waits for the gate to open.
    pub async fn passed(&self) {
        self.0.waiting.send_modify(|waiting| *waiting += 1);
        self.opened().await;
    }

    /// The same, uncounted.
    pub(crate) async fn opened(&self) {
        // Fails only when the sender is gone, which `self` holds.
        let _ = self.0.open.subscribe().wait_for(|open| *open).await;
    }

    /// Waits until `n` have come to the gate (also those that went through since).
    ///
    /// # Panics
    /// After [`crate::wait::BOUND`].
    pub async fn until_waiting(&self, n: usize) {
        let mut waiting = self.0.waiting.subscribe();
        let came = tokio::time::timeout(crate::wait::BOUND, waiting.wait_for(|waiting| *waiting >= n)).await;
        assert!(came.is_ok(), "waited for {n} at the gate; last: {}", *self.0.waiting.borrow());
    }
}
