//! How many connections to one next hop may be in use at once. The number changes while some are: what is too many then
//! ends when it comes back, and nobody who has a place loses it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

#[derive(Debug)]
pub(crate) struct Places {
    free: Arc<Semaphore>,
    size: Mutex<Size>,
}

#[derive(Debug)]
struct Size {
    places: usize,
    /// Were taken away while in use; gone when they come back.
    owed: usize,
}

/// A place that is taken until this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    permit: Option<OwnedSemaphorePermit>,
    of: Arc<Places>,
}

impl Places {
    pub(crate) fn new(places: usize) -> Arc<Self> {
        let size = Mutex::new(Size { places, owed: 0 });
        Arc::new(Self { free: Arc::new(Semaphore::new(places)), size })
    }

    pub(crate) fn try_take(self: &Arc<Self>) -> Option<Place> {
        let permit = Arc::clone(&self.free).try_acquire_owned().ok()?;
        Some(Place { permit: Some(permit), of: Arc::clone(self) })
    }

    /// Waits for one, first come, first served.
    pub(crate) async fn take(self: &Arc<Self>) -> Option<Place> {
        let permit = Arc::clone(&self.free).acquire_owned().await.ok()?;
        Some(Place { permit: Some(permit), of: Arc::clone(self) })
    }

    pub(crate) fn resize(&self, places: usize) {
        let mut size = self.size();
        if places > size.places {
            let more = places - size.places;
            let kept = more.min(size.owed);
            size.owed -= kept;
            self.free.add_permits(more - kept);
        } else {
            let fewer = size.places - places;
            size.owed += fewer - self.free.forget_permits(fewer);
        }
        size.places = places;
    }

    /// How many more there may be beside those in use.
    pub(crate) fn spare(&self) -> usize {
        let size = self.size();
        let in_use = (size.places + size.owed).saturating_sub(self.free.available_permits());
        size.places.saturating_sub(in_use)
    }

    fn size(&self) -> MutexGuard<'_, Size> {
        self.size.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(permit) = self.permit.take() else { return };
        let mut size = self.of.size();
        if size.owed > 0 {
            size.owed -= 1;
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_share_that_shrinks_takes_nobodys_place_and_one_that_grows_serves_who_waits() {
        let places = Places::new(3);
        let mut taken: Vec<_> = (0..3).map(|_| places.try_take().unwrap()).collect();
        places.resize(1);
        assert_eq!(places.spare(), 0);
        taken.pop();
        taken.pop();
        assert!(places.try_take().is_none(), "one is in use, and one there may be");
        taken.pop();
        let only = places.try_take().unwrap();
        assert!(places.try_take().is_none());
        let waiting = tokio::spawn({
            let places = Arc::clone(&places);
            async move { places.take().await.is_some() }
        });
        tokio::task::yield_now().await;
        places.resize(2);
        assert!(waiting.await.unwrap());
        drop(only);
        assert_eq!(places.spare(), 2);
    }

    /// Whatever order things come in, at rest there are as many places as were asked for last.
    #[test]
    fn at_rest_there_are_as_many_places_as_were_asked_for_last() {
        let mut random: u32 = 1;
        let mut next = |below: u32| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 16) % below
        };
        for _ in 0..200 {
            let (places, mut taken, mut size) = (Places::new(4), Vec::new(), 4);
            for _ in 0..50 {
                match next(3) {
                    0 => taken.extend(places.try_take()),
                    1 => _ = taken.pop(),
                    _ => {
                        size = 1 + next(8) as usize;
                        places.resize(size);
                    }
                }
                assert_eq!(places.spare(), size.saturating_sub(taken.len()));
            }
            taken.clear();
            assert_eq!(places.spare(), size);
            assert_eq!(std::iter::from_fn(|| places.try_take()).take(20).collect::<Vec<_>>().len(), size);
        }
    }
}
