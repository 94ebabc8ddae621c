//! What client networks bring to domains: how many sessions at once, how many messages a minute. Counted only where policy
//! limits it, and by the network: a tenant's own limit is never used up by what comes for another.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use contract::{
    Id, ids,
    mail::Cidr,
    policy::{
        Verdict,
        traffic::{self, TrafficFacts, share},
    },
};
use tokio::time::Instant;

use super::{budget::network_of, call_out::budget::Bucket};
use crate::index::ServedDomain;

/// Rates remembered at most. Beyond it those that are not known yet are not limited: a sender with so many networks is
/// not held up by a limit for each of them, and nobody else should suffer from it.
const MAX_RATES: usize = 100_000;

#[derive(Debug, Default)]
pub(crate) struct Traffic {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Messages that may still come, with how many that is in a minute.
    rates: HashMap<(Of, Cidr), (Bucket, u32)>,
    /// Sessions that bring mail for a domain now.
    sessions: HashMap<(Id<ids::Domain>, Cidr), u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Of {
    Domain(Id<ids::Domain>),
    Tenant(Id<ids::Tenant>),
}

/// A transaction brings mail for a domain; the session is counted until this is dropped.
#[derive(Debug)]
pub(crate) struct Entered {
    traffic: Arc<Traffic>,
    domain: Id<ids::Domain>,
    network: Cidr,
    is_session: bool,
    /// What was spent for it.
    spent: Vec<(Of, u32)>,
}

impl Traffic {
    /// One more recipient of the domain in a transaction that brings mail for `entered`, and has so many recipients. The
    /// domain is added where it is new. An error is what policy says to it.
    pub(crate) fn enter(
        self: &Arc<Self>,
        domain: &ServedDomain,
        client: IpAddr,
        recipients: u32,
        live_workers: u32,
        entered: &mut Vec<Entered>,
    ) -> Result<(), Verdict> {
        let settings = &domain.effective;
        let known = entered.iter().any(|before| before.domain == domain.primary());
        let counts = |limit| share(limit, live_workers).filter(|_| !known);
        let sessions = counts(settings.max_client_connections);
        let to_domain = counts(settings.max_client_messages_per_minute);
        // All domains of a transaction are of one tenant: it is one message for it, whoever of them is named.
        let to_tenant = counts(settings.max_client_messages_per_minute_to_tenant).filter(|_| entered.is_empty());
        let network = network_of(client);
        let rates: Vec<_> = [(Of::Domain(domain.primary()), to_domain), (Of::Tenant(domain.tenant()), to_tenant)]
            .into_iter()
            .filter_map(|(of, limit)| Some((of, limit?)))
            .collect();
        let facts = |connections, full: Option<Of>| TrafficFacts {
            recipients,
            connections,
            domain_takes_more: !matches!(full, Some(Of::Domain(_))),
            tenant_takes_more: !matches!(full, Some(Of::Tenant(_))),
            live_workers,
        };
        if sessions.is_none() && rates.is_empty() {
            // Most domains limit nothing, and wait for nobody else's counting.
            return traffic::judge(settings, &facts(0, None)).map_or(Ok(()), Err);
        }
        let now = Instant::now();
        let mut state = self.lock();
        let connections =
            sessions.map_or(0, |_| state.sessions.get(&(domain.primary(), network)).copied().unwrap_or(0));
        let full = rates.iter().find(|(of, limit)| !state.has_some((*of, network), *limit, now));
        if let Some(verdict) = traffic::judge(settings, &facts(connections, full.map(|(of, _)| *of))) {
            return Err(verdict);
        }
        for (of, limit) in &rates {
            state.spend((*of, network), *limit, now);
        }
        if sessions.is_some() {
            *state.sessions.entry((domain.primary(), network)).or_default() += 1;
        }
        drop(state);
        entered.push(Entered {
            traffic: Arc::clone(self),
            domain: domain.primary(),
            network,
            is_session: sessions.is_some(),
            spent: rates,
        });
        Ok(())
    }

    /// Forgets rates that are as if nothing had come. To be called now and then.
    pub(crate) fn sweep(&self) {
        let now = Instant::now();
        self.lock().rates.retain(|_, (bucket, limit)| !bucket.is_full(*limit, now));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has_some(&mut self, of: (Of, Cidr), limit: u32, now: Instant) -> bool {
        self.rates.get_mut(&of).is_none_or(|(bucket, _)| bucket.has_some(limit, now))
    }

    fn spend(&mut self, of: (Of, Cidr), limit: u32, now: Instant) {
        if self.rates.len() >= MAX_RATES && !self.rates.contains_key(&of) {
            metrics::counter!("postern_smtp_rates_forgotten_total").increment(1);
            return;
        }
        let (bucket, held) = self.rates.entry(of).or_insert_with(|| (Bucket::full(limit, now), limit));
        // An edit, or another number of workers, holds from here on.
        *held = limit;
        bucket.take(limit, now);
    }
}

impl Entered {
    /// Nothing came of it after all.
    pub(crate) fn take_back(self) {
        let mut state = self.traffic.lock();
        for (of, limit) in &self.spent {
            if let Some((bucket, _)) = state.rates.get_mut(&(*of, self.network)) {
                bucket.give_back(*limit);
            }
        }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        if !self.is_session {
            return;
        }
        let of = (self.domain, self.network);
        let mut state = self.traffic.lock();
        if let Some(sessions) = state.sessions.get_mut(&of) {
            *sessions = sessions.saturating_sub(1);
            if *sessions == 0 {
                state.sessions.remove(&of);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use contract::Micros;

    use super::*;

    fn of(n: u32) -> (Of, Cidr) {
        let network = network_of(IpAddr::from((n << 8).to_be_bytes()));
        (Of::Domain(Id::new(Micros::EPOCH, [1; 10])), network)
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_fills_again_follows_an_edit_and_is_forgotten_when_it_is_full() {
        let traffic = Traffic::default();
        for _ in 0..2 {
            assert!(traffic.lock().has_some(of(1), 2, Instant::now()));
            traffic.lock().spend(of(1), 2, Instant::now());
        }
        assert!(!traffic.lock().has_some(of(1), 2, Instant::now()));
        assert!(traffic.lock().has_some(of(2), 2, Instant::now()), "a neighbour has its own");
        traffic.sweep();
        assert_eq!(traffic.lock().rates.len(), 1, "what was spent is not forgotten");
        tokio::time::advance(Duration::from_secs(6)).await;
        assert!(!traffic.lock().has_some(of(1), 2, Instant::now()));
        // Twenty a minute from here on, and fewer again.
        tokio::time::advance(Duration::from_secs(3)).await;
        assert!(traffic.lock().has_some(of(1), 20, Instant::now()));
        tokio::time::advance(Duration::from_mins(2)).await;
        assert_eq!((0..9).filter(|_| spent(&traffic, 2)).count(), 2, "never more than a minute's worth");
        tokio::time::advance(Duration::from_mins(2)).await;
        traffic.sweep();
        assert!(traffic.lock().rates.is_empty());
    }

    fn spent(traffic: &Traffic, limit: u32) -> bool {
        let some = traffic.lock().has_some(of(1), limit, Instant::now());
        if some {
            traffic.lock().spend(of(1), limit, Instant::now());
        }
        some
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_networks_fills_the_memory_and_holds_nobody_else_up() {
        let traffic = Traffic::default();
        let many = u32::try_from(MAX_RATES).unwrap();
        for n in 0..many + 100 {
            traffic.lock().spend(of(n), 1, Instant::now());
        }
        assert_eq!(traffic.lock().rates.len(), MAX_RATES);
        assert!(!traffic.lock().has_some(of(0), 1, Instant::now()), "who is known is still limited");
        assert!(traffic.lock().has_some(of(many + 1), 1, Instant::now()));
    }
}
