//! Every next hop this worker has spoken to: how many connections it may have, whether it rests after failures, and
//! which connections wait to be used again.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use contract::snapshot::object::{HopTls, NextHop};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use super::{
    Unusable,
    connect::Outside,
    connection::{Connection, Lent, Owner},
};
use crate::mail::{
    config::Delivery,
    tls::{self, HopClient},
};

/// Failures in a row after which a hop rests.
const FAILURES_TO_REST: u32 = 5;
const REST_MIN: Duration = Duration::from_secs(2);
const REST_MAX: Duration = Duration::from_mins(1);
/// Hops remembered at most; beyond it those without a connection are forgotten.
const MAX_TARGETS: usize = 20_000;

#[derive(Debug)]
pub(crate) struct Hops {
    targets: Mutex<HashMap<TargetKey, Arc<Target>>>,
    max_connections: usize,
    max_transactions: u32,
    idle: Duration,
    slot_timeout: Duration,
}

/// What makes two next hops the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct TargetKey {
    pub host: String,
    pub port: u16,
    pub tls: HopTls,
}

/// One next hop.
#[derive(Debug)]
pub(crate) struct Target {
    pub key: TargetKey,
    /// Made once: a root store is large.
    pub tls: Result<Option<HopClient>, String>,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<(Instant, Connection)>>,
    breaker: Mutex<Breaker>,
}

#[derive(Debug, Default)]
struct Breaker {
    failures: u32,
    rests_until: Option<Instant>,
}

impl Hops {
    pub(crate) fn new(settings: &Delivery) -> Self {
        Self {
            targets: Mutex::default(),
            max_connections: settings.max_connections_per_hop.max(1),
            max_transactions: u32::try_from(settings.max_transactions_per_connection).unwrap_or(u32::MAX).max(1),
            idle: Duration::from_secs(settings.idle_s),
            slot_timeout: Duration::from_secs(settings.slot_timeout_s),
        }
    }

    pub(crate) fn target(&self, hop: &NextHop) -> Arc<Target> {
        let key = TargetKey { host: hop.host.to_ascii_lowercase(), port: hop.port, tls: hop.tls.clone() };
        let mut targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(target) = targets.get(&key) {
            return Arc::clone(target);
        }
        if targets.len() >= MAX_TARGETS {
            targets.retain(|_, target| Arc::strong_count(target) > 1 || !target.idle().is_empty());
        }
        let target = Arc::new(Target {
            tls: tls::hop_client(&key.tls, &key.host).map_err(|error| error.to_string()),
            key: key.clone(),
            permits: Arc::new(Semaphore::new(self.max_connections)),
            idle: Mutex::default(),
            breaker: Mutex::default(),
        });
        targets.insert(key, Arc::clone(&target));
        target
    }

    /// A place for one more connection in use.
    pub(crate) async fn permit(&self, target: &Target) -> Result<OwnedSemaphorePermit, Unusable> {
        match Arc::clone(&target.permits).try_acquire_owned() {
            Ok(permit) => Ok(permit),
            Err(_) => tokio::time::timeout(self.slot_timeout, Arc::clone(&target.permits).acquire_owned())
                .await
                .ok()
                .and_then(Result::ok)
                .ok_or(Unusable::Busy),
        }
    }

    /// A connection of this owner that waits, is quiet and not too old.
    pub(crate) async fn idle(&self, target: &Target, owner: Owner) -> Option<Connection> {
        loop {
            let mut connection = {
                let mut idle = target.idle();
                let now = Instant::now();
                idle.retain(|(until, _)| *until > now);
                let place = idle.iter().rposition(|(_, connection)| connection.owner == owner)?;
                idle.swap_remove(place).1
            };
            // Octets that can be read now were not asked for: they would be taken for an answer to what comes next.
            if connection.socket.is_quiet().await && connection.idle.is_clean() {
                connection.reused = true;
                return Some(connection);
            }
        }
    }

    /// A fresh connection to the first address that answers.
    pub(crate) async fn fresh(
        &self,
        outside: &Outside,
        target: &Arc<Target>,
        owner: Owner,
        allowed: &[contract::mail::Cidr],
    ) -> Result<Connection, Unusable> {
        if target.is_resting() {
            return Err(Unusable::Resting);
        }
        target.make_room(self.max_connections);
        let addresses = outside.addresses(&target.key.host, target.key.port, allowed).await?;
        let mut last = Unusable::Dns("no address".to_owned());
        for address in addresses {
            match outside.connect(target, address).await {
                Ok((socket, idle, facts)) => {
                    target.worked();
                    return Ok(Connection { socket, idle, facts, owner, reused: false });
                }
                Err(error) => last = error,
            }
        }
        target.failed();
        Err(last)
    }

    /// Takes a connection back, if it may be used again.
    pub(crate) fn give_back(&self, target: &Target, lent: Lent) {
        let Lent { connection, permit } = lent;
        let limit = connection.idle.capabilities().max_transactions.unwrap_or(u32::MAX).min(self.max_transactions);
        if connection.idle.is_clean() && connection.idle.transactions() < limit && !self.idle.is_zero() {
            target.idle().push((Instant::now() + self.idle, connection));
        }
        // Only now: whoever waits for the place finds the connection there.
        drop(permit);
    }

    /// Closes what has waited too long. To be called now and then.
    pub(crate) fn sweep(&self) {
        let targets: Vec<_> = self.targets.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        let now = Instant::now();
        for target in targets {
            target.idle().retain(|(until, _)| *until > now);
        }
    }
}

impl Target {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<(Instant, Connection)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Connections in use and waiting stay within the limit together.
    fn make_room(&self, max_connections: usize) {
        let in_use = max_connections.saturating_sub(self.permits.available_permits());
        let mut idle = self.idle();
        let keep = max_connections.saturating_sub(in_use);
        if idle.len() > keep {
            let surplus = idle.len() - keep;
            idle.drain(..surplus);
        }
    }

    fn is_resting(&self) -> bool {
        let mut breaker = self.breaker.lock().unwrap_or_else(PoisonError::into_inner);
        match breaker.rests_until {
            Some(until) if until > Instant::now() => true,
            Some(_) => {
                // One may try; the others rest on until it is known how that went.
                breaker.rests_until = Some(Instant::now() + REST_MIN);
                false
            }
            None => false,
        }
    }

    fn worked(&self) {
        *self.breaker.lock().unwrap_or_else(PoisonError::into_inner) = Breaker::default();
    }

    fn failed(&self) {
        let mut breaker = self.breaker.lock().unwrap_or_else(PoisonError::into_inner);
        breaker.failures = breaker.failures.saturating_add(1);
        if breaker.failures >= FAILURES_TO_REST {
            let doublings = (breaker.failures - FAILURES_TO_REST).min(5);
            breaker.rests_until = Some(Instant::now() + (REST_MIN * 2u32.pow(doublings)).min(REST_MAX));
        }
    }
}
