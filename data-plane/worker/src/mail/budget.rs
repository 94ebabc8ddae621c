//! One budget for all messages in this worker, in memory and in scratch files. Charged as octets arrive; who cannot grow
//! is dropped at once, so nobody waits while holding.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use contract::mail::Cidr;

#[derive(Debug)]
pub(crate) struct Budget {
    limit_bytes: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    used_bytes: u64,
    by_network: HashMap<Cidr, u64>,
}

/// What one message holds; given back when dropped.
#[derive(Debug)]
pub(crate) struct Charge {
    budget: Arc<Budget>,
    network: Cidr,
    bytes: u64,
}

/// There is no room: for anybody, or for this client's network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

impl Budget {
    pub(crate) fn new(limit_bytes: u64) -> Arc<Self> {
        Arc::new(Self { limit_bytes, state: Mutex::default() })
    }

    pub(crate) fn charge(self: &Arc<Self>, client: IpAddr) -> Charge {
        Charge { budget: Arc::clone(self), network: network_of(client), bytes: 0 }
    }

    pub(crate) const fn limit_bytes(&self) -> u64 {
        self.limit_bytes
    }

    pub(crate) fn used_bytes(&self) -> u64 {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).used_bytes
    }
}

/// The network that counts as one client: /24 or /64.
pub(crate) fn network_of(client: IpAddr) -> Cidr {
    let client = client.to_canonical();
    Cidr::of(client, if client.is_ipv4() { 24 } else { 64 })
}

impl Charge {
    /// Takes `more` octets out of the budget. One network holds at most a quarter of it.
    pub(crate) fn grow(&mut self, more: u64) -> Result<(), Full> {
        let mut state = self.budget.state.lock().unwrap_or_else(PoisonError::into_inner);
        let used = state.used_bytes.saturating_add(more);
        let here = state.by_network.get(&self.network).copied().unwrap_or(0).saturating_add(more);
        if used > self.budget.limit_bytes || here > self.budget.limit_bytes / 4 {
            return Err(Full);
        }
        state.used_bytes = used;
        state.by_network.insert(self.network, here);
        self.bytes += more;
        Ok(())
    }

    /// Gives everything back.
    pub(crate) fn release(&mut self) {
        if self.bytes == 0 {
            return;
        }
        let mut state = self.budget.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.used_bytes = state.used_bytes.saturating_sub(self.bytes);
        if let Some(here) = state.by_network.get_mut(&self.network) {
            *here = here.saturating_sub(self.bytes);
            if *here == 0 {
                state.by_network.remove(&self.network);
            }
        }
        self.bytes = 0;
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_network_holds_a_quarter_and_everything_comes_back() {
        let budget = Budget::new(1_000);
        let client = |n: u8| IpAddr::from([192, 0, n, 7]);
        let mut first = budget.charge(client(1));
        let mut neighbour = budget.charge(IpAddr::from([192, 0, 1, 99]));
        assert_eq!(first.grow(200), Ok(()));
        assert_eq!(neighbour.grow(51), Err(Full));
        assert_eq!(neighbour.grow(50), Ok(()));
        let mut others: Vec<_> = (2..=4).map(|n| budget.charge(client(n))).collect();
        for charge in &mut others {
            assert_eq!(charge.grow(250), Ok(()));
        }
        assert_eq!(budget.charge(client(9)).grow(1), Err(Full));
        drop((first, neighbour, others));
        assert_eq!(budget.used_bytes(), 0);
        assert!(budget.state.lock().unwrap().by_network.is_empty());
    }
}
