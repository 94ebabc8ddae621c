//! Every next hop this worker has spoken to: how many connections it may have, whether it rests after failures, and
//! which connections wait to be used again.

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use checks::is_forbidden_destination;
use contract::{
    mail::Cidr,
    snapshot::object::{HopTls, NextHop},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit},
    time::Instant,
};

use super::{
    Unusable,
    connect::Outside,
    connection::{Connection, Lent, Owner},
};
use crate::mail::{
    call_out::budget::Bucket,
    config::Delivery,
    tls::{self, HopClient},
};

/// Failures in a row after which a hop rests.
const FAILURES_TO_REST: u32 = 5;
const REST_MIN: Duration = Duration::from_secs(2);
const REST_MAX: Duration = Duration::from_mins(1);
/// A connection that has stood so long is not used again: its name may lead elsewhere by now, and one that had to do
/// without TLS gets another chance.
const MAX_AGE: Duration = Duration::from_mins(5);
/// Hosts remembered at most; beyond it those without a connection are forgotten.
const MAX_HOSTS: usize = 20_000;

/// One in so many of a hop's connections may carry a question.
const QUESTIONS: usize = 4;

#[derive(Debug)]
pub(crate) struct Hops {
    /// By host, in lower case.
    targets: Mutex<HashMap<Box<str>, Vec<Arc<Target>>>>,
    max_connections: usize,
    max_transactions: u32,
    idle: Duration,
    slot_timeout: Duration,
    questions_per_minute: u32,
}

/// One next hop: what has the same host, port and demands on TLS.
#[derive(Debug)]
pub(crate) struct Target {
    pub host: Box<str>,
    pub port: u16,
    pub tls: HopTls,
    /// Made once: a root store is large.
    pub client: Result<Option<HopClient>, String>,
    permits: Arc<Semaphore>,
    /// Questions at once.
    questions: Semaphore,
    /// Questions a minute.
    question_budget: Mutex<Bucket>,
    idle: Mutex<Vec<(Instant, Connection)>>,
    breaker: Mutex<Breaker>,
}

#[derive(Debug, Default)]
struct Breaker {
    failures: u32,
    rests_until: Option<Instant>,
    /// It has rested, and one tries it for all.
    tried: bool,
}

impl Hops {
    pub(crate) fn new(settings: &Delivery) -> Self {
        Self {
            targets: Mutex::default(),
            max_connections: settings.max_connections_per_hop.max(1),
            max_transactions: u32::try_from(settings.max_transactions_per_connection).unwrap_or(u32::MAX).max(1),
            idle: Duration::from_secs(settings.idle_s),
            slot_timeout: Duration::from_secs(settings.slot_timeout_s),
            questions_per_minute: settings.call_outs_per_hop_per_minute,
        }
    }

    pub(crate) fn target(&self, hop: &NextHop) -> Arc<Target> {
        let host = if hop.host.bytes().any(|octet| octet.is_ascii_uppercase()) {
            Cow::Owned(hop.host.to_ascii_lowercase())
        } else {
            Cow::Borrowed(&*hop.host)
        };
        let mut targets = self.targets();
        let known = targets.get(&*host).into_iter().flatten();
        if let Some(target) = known.clone().find(|target| target.port == hop.port && target.tls == hop.tls) {
            return Arc::clone(target);
        }
        if targets.len() >= MAX_HOSTS {
            targets.retain(|_, of_host| {
                of_host.retain(|target| Arc::strong_count(target) > 1 || !target.idle().is_empty());
                !of_host.is_empty()
            });
        }
        let host: Box<str> = host.into();
        let target = Arc::new(Target {
            host: host.clone(),
            port: hop.port,
            tls: hop.tls.clone(),
            client: tls::hop_client(&hop.tls, &host).map_err(|error| error.to_string()),
            permits: Arc::new(Semaphore::new(self.max_connections)),
            questions: Semaphore::new((self.max_connections / QUESTIONS).max(1)),
            question_budget: Mutex::new(Bucket::full(self.questions_per_minute, Instant::now())),
            idle: Mutex::default(),
            breaker: Mutex::default(),
        });
        targets.entry(host).or_default().push(Arc::clone(&target));
        target
    }

    fn targets(&self) -> MutexGuard<'_, HashMap<Box<str>, Vec<Arc<Target>>>> {
        self.targets.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// One more question within the hop's budget?
    pub(crate) fn may_ask(&self, target: &Target) -> bool {
        let mut budget = target.question_budget.lock().unwrap_or_else(PoisonError::into_inner);
        budget.take(self.questions_per_minute, Instant::now())
    }

    /// A connection of this owner that waits, is quiet, and leads where it still may.
    pub(crate) async fn idle(&self, target: &Target, owner: Owner, allowed: &[Cidr]) -> Option<Connection> {
        loop {
            target.end_expired();
            let mut connection = {
                let mut idle = target.idle();
                let place = idle.iter().rposition(|(_, connection)| connection.owner == owner)?;
                idle.swap_remove(place).1
            };
            if is_forbidden_destination(connection.facts.address.ip(), allowed).is_some() {
                connection.quit();
                continue;
            }
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
        allowed: &[Cidr],
    ) -> Result<Connection, Unusable> {
        if target.is_resting() {
            return Err(Unusable::Resting);
        }
        target.make_room(self.max_connections);
        let mut addresses = outside.addresses(&target.host, target.port, allowed).await?;
        let mut last = Unusable::Dns("no address".to_owned());
        while !addresses.is_empty() {
            let connected = match outside.reach(&mut addresses).await {
                Ok((tcp, address)) => outside.connect(target, tcp, address).await,
                Err(error) => Err(error),
            };
            match connected {
                Ok((socket, idle, facts)) => {
                    target.worked();
                    return Ok(Connection { socket, idle, facts, owner, made: Instant::now(), reused: false });
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
        if connection.idle.is_clean() {
            let worn = connection.idle.transactions() >= limit || connection.made.elapsed() > MAX_AGE;
            if worn || self.idle.is_zero() {
                connection.quit();
            } else {
                target.idle().push((Instant::now() + self.idle, connection));
            }
        }
        // Only now: whoever waits for the place finds the connection there.
        drop(permit);
    }

    /// Closes what has waited too long. To be called now and then.
    pub(crate) fn sweep(&self) {
        let targets: Vec<_> = self.targets().values().flatten().cloned().collect();
        for target in targets {
            target.end_expired();
        }
    }
}

impl Target {
    /// A place among the questions.
    pub(crate) async fn question(&self) -> Option<SemaphorePermit<'_>> {
        self.questions.acquire().await.ok()
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(Instant, Connection)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end_expired(&self) {
        let now = Instant::now();
        let expired: Vec<_> = self.idle().extract_if(.., |(until, _)| *until <= now).collect();
        for (_, connection) in expired {
            connection.quit();
        }
    }

    /// Connections in use and waiting stay within the limit together.
    fn make_room(&self, max_connections: usize) {
        let in_use = max_connections.saturating_sub(self.permits.available_permits());
        let keep = max_connections.saturating_sub(in_use);
        let surplus: Vec<_> = {
            let mut idle = self.idle();
            let surplus = idle.len().saturating_sub(keep);
            idle.drain(..surplus).collect()
        };
        for (_, connection) in surplus {
            connection.quit();
        }
    }

    fn is_resting(&self) -> bool {
        let mut breaker = self.breaker();
        match breaker.rests_until {
            Some(until) if until > Instant::now() => true,
            Some(_) => {
                // One may try; the others rest on until it is known how that went.
                breaker.rests_until = Some(Instant::now() + REST_MIN);
                breaker.tried = true;
                false
            }
            None => false,
        }
    }

    fn worked(&self) {
        *self.breaker() = Breaker::default();
    }

    fn failed(&self) {
        let mut breaker = self.breaker();
        let now = Instant::now();
        let tried = std::mem::take(&mut breaker.tried);
        if breaker.rests_until.is_some_and(|until| until > now) && !tried {
            // One of many that were on their way when it began to rest: together they know no more than the first.
            return;
        }
        breaker.failures = breaker.failures.saturating_add(1);
        if breaker.failures >= FAILURES_TO_REST {
            let doublings = (breaker.failures - FAILURES_TO_REST).min(5);
            breaker.rests_until = Some(now + (REST_MIN * 2u32.pow(doublings)).min(REST_MAX));
        }
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_crowd_that_fails_at_once_makes_no_long_rest_and_each_try_in_vain_a_longer_one() {
        let hop =
            NextHop { host: "a.example".to_owned(), mx: false, port: 25, priority: 10, weight: 1, tls: HopTls::None };
        let hops = Hops::new(&Delivery::default());
        let target = hops.target(&hop);
        assert!(Arc::ptr_eq(
            &target,
            &hops.target(&NextHop { host: "A.Example".to_owned(), priority: 20, ..hop.clone() })
        ));
        assert!(!Arc::ptr_eq(&target, &hops.target(&NextHop { port: 26, ..hop })));
        (1..FAILURES_TO_REST).for_each(|_| target.failed());
        assert!(!target.is_resting());
        (0..100).for_each(|_| target.failed());
        let mut rest = REST_MIN;
        for _ in 0..3 {
            assert!(target.is_resting());
            tokio::time::advance(rest).await;
            assert!(!target.is_resting(), "one may try");
            assert!(target.is_resting(), "one");
            target.failed();
            rest *= 2;
        }
        tokio::time::advance(rest).await;
        assert!(!target.is_resting());
        target.worked();
        assert!(!target.is_resting() && !target.is_resting());
    }
}
