//! Whether sessions are taken: until a stop is asked for, and not while the control plane has this worker drain.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

#[derive(Debug)]
pub(crate) struct Doors {
    stopping: CancellationToken,
    /// Of the sessions that came since the doors were last opened; a child of `stopping`.
    open: Mutex<Arc<CancellationToken>>,
}

impl Doors {
    pub(crate) fn new(stopping: &CancellationToken) -> Arc<Self> {
        Arc::new(Self { stopping: stopping.clone(), open: Mutex::new(Arc::new(stopping.child_token())) })
    }

    /// Cancelled when a session should end after its transaction. None: no session is taken now.
    pub(super) fn enter(&self) -> Option<Arc<CancellationToken>> {
        Some(Arc::clone(&self.open())).filter(|open| !open.is_cancelled())
    }

    /// Closes them, and opens them again. True if that changed anything.
    pub(crate) fn drain(&self, drain: bool) -> bool {
        let mut open = self.open();
        if self.stopping.is_cancelled() || open.is_cancelled() == drain {
            return false;
        }
        if drain {
            open.cancel();
        } else {
            *open = Arc::new(self.stopping.child_token());
        }
        true
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.open().is_cancelled() && !self.stopping.is_cancelled()
    }

    fn open(&self) -> MutexGuard<'_, Arc<CancellationToken>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_came_before_a_drain_ends_and_who_comes_after_it_stays() {
        let stopping = CancellationToken::new();
        let doors = Doors::new(&stopping);
        let before = doors.enter().unwrap();
        assert!(!doors.drain(false) && doors.drain(true) && !doors.drain(true));
        assert!(before.is_cancelled() && doors.enter().is_none() && doors.is_draining());
        assert!(doors.drain(false));
        let after = doors.enter().unwrap();
        assert!(before.is_cancelled() && !after.is_cancelled() && !doors.is_draining());
        stopping.cancel();
        assert!(after.is_cancelled() && doors.enter().is_none());
        assert!(!doors.is_draining() && !doors.drain(true), "a stop is not taken back, and is no drain");
    }
}
