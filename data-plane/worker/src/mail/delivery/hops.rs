//! Every next hop this worker has spoken to: how many connections it may have, whether it rests after failures, and
//! which connections wait to be used again.

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use checks::is_forbidden_destination;
use contract::{
    Id, ids,
    mail::Cidr,
    snapshot::{
        hash::Hash,
        object::{HopTls, NextHop, Route},
    },
};
use smtp::client::Idle;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::Instant,
};

use super::{
    Unusable,
    breaker::Breaker,
    connect::Outside,
    connection::{Connection, Facts, Lent, Owner, Socket},
    health::{self, Health, Met},
    places::{Place, Places},
};
use crate::{
    index::Showable,
    mail::{
        call_out::budget::Bucket,
        config::Delivery,
        tls::{self, HopClient},
    },
};

/// A connection that has stood so long is not used again: its name may lead elsewhere by now, and one that had to do
/// without TLS gets another chance.
const MAX_AGE: Duration = Duration::from_mins(5);
/// Hosts remembered at most; beyond it those without a connection are forgotten.
const MAX_HOSTS: usize = 20_000;
/// More than any limit that makes sense.
const MAX_PLACES: usize = 100_000;

/// One in so many of a hop's connections may carry a question.
const QUESTIONS: usize = 4;

#[derive(Debug)]
pub(crate) struct Hops {
    /// By host, in lower case.
    targets: Mutex<HashMap<Box<str>, Vec<Arc<Target>>>>,
    pub health: Health,
    /// Of the whole pool, to one hop, where its route sets nothing.
    max_connections: u32,
    /// Workers that share every limit of the pool.
    live_workers: AtomicU32,
    /// A hop that had so long and said nothing has failed.
    fair: Duration,
    max_transactions: u32,
    idle: Duration,
    slot_timeout: Duration,
    questions_per_minute: u32,
}

/// One next hop: what has the same host, port and demands on TLS, and sees the same certificate of ours. A route with a limit of its own has its hops for itself, so
/// that nobody can narrow another's way.
#[derive(Debug)]
pub(crate) struct Target {
    pub host: Box<str>,
    pub port: u16,
    pub tls: HopTls,
    /// Of the certificate that is shown where the hop asks for one: who else shows it may use the same connections.
    certificate: Option<Hash>,
    /// Made once: a root store is large.
    pub client: Result<Option<HopClient>, String>,
    limit: Mutex<Option<Limit>>,
    places: Arc<Places>,
    /// Questions at once.
    questions: Semaphore,
    /// Questions a minute.
    question_budget: Mutex<Bucket>,
    idle: Mutex<Vec<(Instant, Connection)>>,
    breaker: Breaker,
}

/// Connections to each hop of one route, by the whole pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit {
    route: Id<ids::Route>,
    connections: u32,
}

impl Limit {
    pub(crate) fn of(route: &Route) -> Option<Self> {
        route.max_connections.map(|connections| Self { route: route.id, connections })
    }
}

impl Hops {
    pub(crate) fn new(settings: &Delivery) -> Self {
        Self {
            targets: Mutex::default(),
            health: Health::default(),
            max_connections: u32::try_from(settings.max_connections_per_hop).unwrap_or(u32::MAX),
            live_workers: AtomicU32::new(1),
            fair: Duration::from_secs(settings.connect_timeout_s.min(settings.envelope_timeout_s)) / 2,
            max_transactions: u32::try_from(settings.max_transactions_per_connection).unwrap_or(u32::MAX).max(1),
            idle: Duration::from_secs(settings.idle_s),
            slot_timeout: Duration::from_secs(settings.slot_timeout_s),
            questions_per_minute: settings.call_outs_per_hop_per_minute,
        }
    }

    /// This worker's part of a limit of the pool; one at least, so that no worker is of no use.
    fn share(&self, limit: Option<Limit>) -> usize {
        let connections = limit.map_or(self.max_connections, |limit| limit.connections);
        let share = connections / self.live_workers.load(Ordering::Relaxed).max(1);
        usize::try_from(share).unwrap_or(usize::MAX).clamp(1, MAX_PLACES)
    }

    pub(crate) fn live_workers(&self) -> u32 {
        self.live_workers.load(Ordering::Relaxed)
    }

    /// So many workers share the limits now.
    pub(crate) fn set_live_workers(&self, workers: u32) {
        if self.live_workers.swap(workers.max(1), Ordering::Relaxed) == workers.max(1) {
            return;
        }
        for target in self.targets().values().flatten() {
            target.places.resize(self.share(*target.limit()));
        }
    }

    pub(crate) fn target(
        &self,
        hop: &NextHop,
        limit: Option<Limit>,
        certificate: Option<&Arc<Showable>>,
    ) -> Arc<Target> {
        let host = if hop.host.bytes().any(|octet| octet.is_ascii_uppercase()) {
            Cow::Owned(hop.host.to_ascii_lowercase())
        } else {
            Cow::Borrowed(&*hop.host)
        };
        let mut targets = self.targets();
        let known = targets.get(&*host).into_iter().flatten();
        let fingerprint = certificate.map(|certificate| certificate.fingerprint);
        let only_for = limit.map(|limit| limit.route);
        let same = |target: &&Arc<Target>| {
            target.port == hop.port
                && target.tls == hop.tls
                && target.certificate == fingerprint
                && target.limit().map(|limit| limit.route) == only_for
        };
        if let Some(target) = known.clone().find(same) {
            let mut held = target.limit();
            if *held != limit {
                // The route was edited.
                *held = limit;
                target.places.resize(self.share(limit));
            }
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
            certificate: fingerprint,
            client: tls::hop_client(&hop.tls, &host, certificate.cloned()).map_err(|error| error.to_string()),
            limit: Mutex::new(limit),
            places: Places::new(self.share(limit)),
            questions: Semaphore::new((self.share(limit) / QUESTIONS).max(1)),
            question_budget: Mutex::new(Bucket::full(self.questions_per_minute, Instant::now())),
            idle: Mutex::default(),
            breaker: Breaker::default(),
        });
        targets.entry(host).or_default().push(Arc::clone(&target));
        target
    }

    fn targets(&self) -> MutexGuard<'_, HashMap<Box<str>, Vec<Arc<Target>>>> {
        self.targets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for one more connection in use.
    pub(crate) async fn place(&self, target: &Target) -> Result<Place, Unusable> {
        match target.places.try_take() {
            Some(place) => Ok(place),
            None => {
                tokio::time::timeout(self.slot_timeout, target.places.take()).await.ok().flatten().ok_or(Unusable::Busy)
            }
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

    /// A fresh connection to the first address that answers. How that went is counted, also where time ran out over it.
    pub(crate) async fn fresh(
        &self,
        outside: &Outside,
        target: &Target,
        owner: Owner,
        allowed: &[Cidr],
        deadline: Instant,
    ) -> Result<Connection, Unusable> {
        if target.breaker.is_resting() {
            return Err(Unusable::Resting);
        }
        target.make_room();
        let began = Instant::now();
        let tried = tokio::time::timeout_at(deadline, answering(outside, target, allowed)).await;
        let met = owner.route.map(|route| Met {
            route,
            host: target.host.clone(),
            port: target.port,
            level: health::level(&target.tls),
        });
        let (error, rests_until) = match tried {
            Ok(Ok((socket, idle, facts))) => {
                target.breaker.worked();
                if let Some(met) = met {
                    self.health.connected(met, began.elapsed());
                }
                return Ok(Connection { socket, idle, facts, owner, made: Instant::now(), reused: false });
            }
            // A name that leads nowhere costs no time, and is looked at again each time.
            Ok(Err(error @ (Unusable::Dns(_) | Unusable::Forbidden(_) | Unusable::Own))) => (error, None),
            Ok(Err(error)) => (error, target.breaker.failed()),
            Err(_) if began.elapsed() >= self.fair => (Unusable::Timeout, target.breaker.failed()),
            // The hops before it took the time: nothing is known of this one.
            Err(_) => return Err(Unusable::Timeout),
        };
        if let Some(met) = met {
            self.health.failed(met, &error, rests_until);
        }
        Err(error)
    }

    /// Takes a connection back, if it may be used again.
    pub(crate) fn give_back(&self, target: &Target, lent: Lent) {
        let Lent { connection, place } = lent;
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
        drop(place);
    }

    /// Closes what has waited too long. To be called now and then.
    pub(crate) fn sweep(&self) {
        let targets: Vec<_> = self.targets().values().flatten().cloned().collect();
        for target in targets {
            target.end_expired();
        }
        // One that shows a certificate holds its private key, which may have been replaced for a reason. It is made anew when
        // it is needed again.
        self.targets().retain(|_, of_host| {
            of_host.retain(|target| {
                let is_idle = Arc::strong_count(target) == 1 && target.idle().is_empty() && !target.breaker.is_known();
                target.certificate.is_none() || !is_idle
            });
            !of_host.is_empty()
        });
    }
}

/// The first address that answers as it should.
async fn answering(outside: &Outside, target: &Target, allowed: &[Cidr]) -> Result<(Socket, Idle, Facts), Unusable> {
    let mut addresses = outside.addresses(&target.host, target.port, allowed).await?;
    let mut last = Unusable::Dns("no address".to_owned());
    while !addresses.is_empty() {
        let connected = match outside.reach(&mut addresses).await {
            Ok((tcp, address)) => outside.connect(target, tcp, address).await,
            Err(error) => Err(error),
        };
        match connected {
            Ok(connected) => return Ok(connected),
            Err(error) => last = error,
        }
    }
    Err(last)
}

impl Target {
    fn limit(&self) -> MutexGuard<'_, Option<Limit>> {
        self.limit.lock().unwrap_or_else(PoisonError::into_inner)
    }

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
    fn make_room(&self) {
        let keep = self.places.spare();
        let surplus: Vec<_> = {
            let mut idle = self.idle();
            let surplus = idle.len().saturating_sub(keep);
            idle.drain(..surplus).collect()
        };
        for (_, connection) in surplus {
            connection.quit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_the_same_host_port_and_demands_is_one_hop() {
        let hop =
            NextHop { host: "a.example".to_owned(), mx: false, port: 25, priority: 10, weight: 1, tls: HopTls::None };
        let hops = Hops::new(&Delivery::default());
        let target = hops.target(&hop, None, None);
        let same = NextHop { host: "A.Example".to_owned(), priority: 20, ..hop.clone() };
        assert!(Arc::ptr_eq(&target, &hops.target(&same, None, None)));
        assert!(!Arc::ptr_eq(&target, &hops.target(&NextHop { port: 26, ..hop }, None, None)));
    }

    #[test]
    fn a_limit_is_the_pools_and_each_worker_has_its_share_of_it_and_one_at_least() {
        let hop =
            NextHop { host: "a.example".to_owned(), mx: false, port: 25, priority: 10, weight: 1, tls: HopTls::None };
        let limit = |route: u8, connections| {
            let route = Id::new(contract::Micros::EPOCH, [route; 10]);
            Some(Limit { route, connections })
        };
        let hops = Hops::new(&Delivery::default());
        let (ours, others) = (hops.target(&hop, limit(1, 10), None), hops.target(&hop, limit(2, 2), None));
        let anybodys = hops.target(&hop, None, None);
        let spare = || [&ours, &others, &anybodys].map(|target| target.places.spare());
        assert_eq!(spare(), [10, 2, 100]);
        hops.set_live_workers(4);
        assert_eq!(spare(), [2, 1, 25]);
        assert!(Arc::ptr_eq(&ours, &hops.target(&hop, limit(1, 40), None)), "an edited limit is the same hop");
        assert_eq!(spare(), [10, 1, 25]);
        hops.set_live_workers(0);
        assert_eq!(spare(), [40, 2, 100]);
    }
}
