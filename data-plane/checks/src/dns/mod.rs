//! The way to DNS: a handle over the configured name servers with a cache of our own.
//!
//! `query` asks and reads answers strictly, `cache` remembers them by TTL, `mx` knows null MX, `failure` says why
//! nothing could be found out.

mod cache;
mod failure;
mod mx;
mod query;

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use contract::{Clock, mail::Domain};
use hickory_resolver::proto::rr::{RData, RecordType};
use serde::{Deserialize, Serialize};

pub use failure::Failure;
pub use mx::{Mx, NullMx};

use crate::Outcome;
use cache::Cache;
use query::{Answer, Upstream};

/// Which name servers are asked, and for how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Recursive name servers, address and port. Empty: those of the system.
    pub servers: Vec<SocketAddr>,
    /// Longest time for one look-up, all tries together.
    pub timeout_ms: u64,
    /// Answers remembered at most.
    pub cache_entries: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self { servers: Vec::new(), timeout_ms: 8_000, cache_entries: 20_000 }
    }
}

/// Why there is no resolver.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("the system's name servers cannot be read; set them in the configuration")]
    System(#[source] hickory_resolver::net::NetError),
    #[error("the system names no name server; set them in the configuration")]
    NoServer,
    #[error("the transport to the name servers cannot be set up")]
    Transport(#[source] hickory_resolver::net::NetError),
}

/// Is the remembered answer good enough?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Freshness {
    Cached,
    Fresh,
}

/// Asks name servers. Cheap to clone; all clones share connections and cache.
#[derive(Clone)]
pub struct Dns(Arc<Inner>);

struct Inner {
    upstream: Upstream,
    cache: Cache,
    clock: Clock,
    timeout: Duration,
}

impl Dns {
    pub fn new(config: &Config, clock: Clock) -> Result<Self, ConfigError> {
        let timeout = Duration::from_millis(config.timeout_ms.max(1));
        let upstream = Upstream::new(&config.servers, timeout)?;
        Ok(Self(Arc::new(Inner { upstream, cache: Cache::new(config.cache_entries), clock, timeout })))
    }

    /// The addresses of a host: a domain name, or an address as text, which is its own answer. Where only one of the two
    /// families can be looked up, what it says is the answer.
    pub async fn addresses(&self, host: &str) -> Outcome<Vec<IpAddr>> {
        if let Ok(ip) = host.parse::<IpAddr>() {
            return Outcome::Known(vec![ip]);
        }
        if is_localhost(host) {
            // RFC 6761 §6.3: never asked of a name server.
            return Outcome::Known(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        let (v6, v4) = tokio::join!(
            self.look_up(host, RecordType::AAAA, Freshness::Cached),
            self.look_up(host, RecordType::A, Freshness::Cached)
        );
        let mut found = Vec::new();
        let mut failure = None;
        for answer in [v6, v4] {
            match answer {
                Outcome::Known(records) => found.extend(records.iter().filter_map(RData::ip_addr)),
                Outcome::Absent => {}
                Outcome::Unavailable(why) => failure = Some(why),
            }
        }
        match failure {
            _ if !found.is_empty() => Outcome::Known(found),
            Some(why) => Outcome::Unavailable(why),
            None => Outcome::Absent,
        }
    }

    /// The MX records of a domain, most preferred first; a null MX among them as it stands.
    pub async fn mx(&self, domain: &Domain) -> Outcome<Vec<Mx>> {
        self.look_up(domain.as_ascii(), RecordType::MX, Freshness::Cached).await.map(|records| mx::sorted(&records))
    }

    /// The same, past our own cache: for people who just changed something.
    pub async fn mx_now(&self, domain: &Domain) -> Outcome<Vec<Mx>> {
        self.look_up(domain.as_ascii(), RecordType::MX, Freshness::Fresh).await.map(|records| mx::sorted(&records))
    }

    /// Does the domain say that it takes no mail (RFC 7505)? `Absent`: it does not say so.
    pub async fn null_mx(&self, domain: &Domain) -> Outcome<NullMx> {
        self.mx(domain)
            .await
            .and_then(|records| if mx::is_null(&records) { Outcome::Known(NullMx) } else { Outcome::Absent })
    }

    /// The TXT records of a name, the strings of each joined without spaces.
    pub async fn txt(&self, name: &str) -> Outcome<Vec<Vec<u8>>> {
        self.look_up(name, RecordType::TXT, Freshness::Cached).await.map(|records| joined(&records))
    }

    /// The same, past our own cache: for proofs, and for people who just changed something.
    pub async fn txt_now(&self, name: &str) -> Outcome<Vec<Vec<u8>>> {
        self.look_up(name, RecordType::TXT, Freshness::Fresh).await.map(|records| joined(&records))
    }

    async fn look_up(&self, name: &str, record_type: RecordType, freshness: Freshness) -> Outcome<Arc<[RData]>> {
        let inner = &*self.0;
        let Some(name) = query::absolute(name) else { return Outcome::Unavailable(Failure::Name) };
        if freshness == Freshness::Cached
            && let Some(remembered) = inner.cache.recall(&name, record_type, inner.clock.now())
        {
            return remembered.map_or(Outcome::Absent, Outcome::Known);
        }
        let answer = tokio::time::timeout(inner.timeout, inner.upstream.ask(name.clone(), record_type))
            .await
            .unwrap_or(Err(Failure::Timeout));
        match answer {
            Ok(Answer { records, ttl }) => {
                if let Some(ttl) = ttl {
                    inner.cache.remember(name, record_type, records.clone(), ttl, inner.clock.now());
                }
                records.map_or(Outcome::Absent, Outcome::Known)
            }
            // Not remembered: an error is no answer, and the next message may have better luck.
            Err(failure) => {
                tracing::debug!(%name, %record_type, %failure, "look-up failed");
                Outcome::Unavailable(failure)
            }
        }
    }
}

impl fmt::Debug for Dns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dns").finish_non_exhaustive()
    }
}

fn is_localhost(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let last = host.rsplit('.').next().unwrap_or(host);
    last.eq_ignore_ascii_case("localhost")
}

fn joined(records: &[RData]) -> Vec<Vec<u8>> {
    records
        .iter()
        .filter_map(|record| match record {
            RData::TXT(txt) => Some(txt.txt_data.concat()),
            _ => None,
        })
        .collect()
}
