//! How many sessions there may be, in all and from one network.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use contract::mail::Cidr;

use super::budget::network_of;

#[derive(Debug)]
pub(crate) struct Admission {
    max: usize,
    max_per_network: usize,
    by_network: Mutex<HashMap<Cidr, usize>>,
    /// Sessions now; shown in status reports.
    sessions: Arc<AtomicU32>,
}

/// A place; given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    admission: Arc<Admission>,
    network: Cidr,
}

impl Admission {
    pub(crate) fn new(max: usize, max_per_network: usize, sessions: Arc<AtomicU32>) -> Arc<Self> {
        Arc::new(Self { max, max_per_network, by_network: Mutex::default(), sessions })
    }

    /// Few places are left: whoever says nothing should not keep one for long.
    pub(crate) fn is_crowded(&self) -> bool {
        let all = usize::try_from(self.sessions.load(Ordering::Relaxed)).unwrap_or(usize::MAX);
        all > self.max / 4 * 3
    }

    /// None: there are too many already. `most_here` is what policy lets one network have.
    pub(crate) fn admit(self: &Arc<Self>, client: IpAddr, most_here: Option<u32>) -> Option<Place> {
        let network = network_of(client);
        let mut by_network = self.by_network.lock().unwrap_or_else(PoisonError::into_inner);
        let here = by_network.get(&network).copied().unwrap_or(0);
        let all = usize::try_from(self.sessions.load(Ordering::Relaxed)).unwrap_or(usize::MAX);
        let most_here = most_here.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
        if all >= self.max || here >= self.max_per_network.min(most_here) {
            return None;
        }
        by_network.insert(network, here + 1);
        self.sessions.fetch_add(1, Ordering::Relaxed);
        Some(Place { admission: Arc::clone(self), network })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut by_network = self.admission.by_network.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(here) = by_network.get_mut(&self.network) {
            *here -= 1;
            if *here == 0 {
                by_network.remove(&self.network);
            }
        }
        self.admission.sessions.fetch_sub(1, Ordering::Relaxed);
    }
}
