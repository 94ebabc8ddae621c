//! Asking, and reading the answer: only records of the name that was asked for, or of the end of its chain of aliases,
//! count. An empty answer is "not there" only if it comes as one.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use hickory_resolver::{
    NameServerPool, PoolContext, TlsConfig,
    config::{ConnectionConfig, NameServerConfig, ResolverOpts},
    net::{
        DnsError, NetError,
        runtime::TokioRuntimeProvider,
        xfer::{DnsHandle, FirstAnswer, RetryDnsHandle},
    },
    proto::{
        op::{DnsRequestOptions, DnsResponse, Query, ResponseCode},
        rr::{Name, RData, RecordType},
    },
    system_conf::read_system_conf,
};

use super::{ConfigError, Failure};

/// Aliases followed at most; resolvers in use stop between 8 and 16.
const LONGEST_CHAIN: u8 = 11;

/// What a name server said.
pub(super) struct Answer {
    /// None: there are no such records.
    pub records: Option<Arc<[RData]>>,
    /// How long it may be remembered; none for an empty answer without an SOA (RFC 2308 §5).
    pub ttl: Option<Duration>,
}

pub(super) struct Upstream(RetryDnsHandle<NameServerPool<TokioRuntimeProvider>>);

impl Upstream {
    pub(super) fn new(servers: &[SocketAddr], timeout: Duration) -> Result<Self, ConfigError> {
        let servers = if servers.is_empty() {
            read_system_conf().map_err(ConfigError::System)?.0.name_servers
        } else {
            servers.iter().map(name_server).collect()
        };
        if servers.is_empty() {
            return Err(ConfigError::NoServer);
        }
        let mut options = ResolverOpts::default();
        // Two tries within the whole time; within a try, UDP is sent again as the round trips of the server suggest.
        options.timeout = timeout / 2;
        options.attempts = 1;
        options.max_active_requests = 1_024;
        let transport = TlsConfig::new().map_err(ConfigError::Transport)?;
        let pool = NameServerPool::from_config(
            servers,
            Arc::new(PoolContext::new(options, transport)),
            TokioRuntimeProvider::default(),
        );
        Ok(Self(RetryDnsHandle::new(pool, 1)))
    }

    pub(super) async fn ask(&self, name: Name, record_type: RecordType) -> Result<Answer, Failure> {
        let mut name = name;
        let mut chain = Chain { ttl: u32::MAX, aliases: 0 };
        loop {
            let query = Query::query(name.clone(), record_type);
            match self.0.lookup(query, DnsRequestOptions::default()).first_answer().await {
                Ok(response) => match chain.read(&name, record_type, &response)? {
                    Step::Done(answer) => return Ok(answer),
                    Step::Ask(target) => name = target,
                },
                Err(NetError::Dns(DnsError::NoRecordsFound(none)))
                    if matches!(none.response_code, ResponseCode::NoError | ResponseCode::NXDomain) =>
                {
                    // A referral: the server does not know, and sends us to others.
                    if none.response_code == ResponseCode::NoError && none.soa.is_none() && none.ns.is_some() {
                        return Err(Failure::Malformed);
                    }
                    return Ok(chain.absent(none.negative_ttl));
                }
                Err(error) => return Err(Failure::of(&error)),
            }
        }
    }
}

enum Step {
    Done(Answer),
    /// The answer ends at an alias whose target has to be asked for.
    Ask(Name),
}

/// The aliases followed so far.
struct Chain {
    ttl: u32,
    aliases: u8,
}

impl Chain {
    fn read(&mut self, asked: &Name, record_type: RecordType, response: &DnsResponse) -> Result<Step, Failure> {
        let mut name = asked.clone();
        loop {
            let mut of_name = response.answers.iter().filter(|record| record.name == name).peekable();
            let alias = of_name.clone().find_map(|record| match &record.data {
                RData::CNAME(target) => Some((record.ttl, target.0.clone())),
                _ => None,
            });
            let wanted = of_name.clone().filter(|record| record.record_type() == record_type);
            let ttl = wanted.clone().map(|record| record.ttl).min();
            if let Some(ttl) = ttl {
                let records: Arc<[RData]> = wanted.map(|record| record.data.clone()).collect();
                return Ok(Step::Done(Answer { records: Some(records), ttl: Some(self.seconds(ttl)) }));
            }
            if let Some((ttl, target)) = alias {
                self.ttl = self.ttl.min(ttl);
                self.aliases += 1;
                if self.aliases > LONGEST_CHAIN {
                    return Err(Failure::AliasChain);
                }
                name = target;
                continue;
            }
            // Records of the name, but of another type, or of names nobody asked for.
            let stray = of_name.peek().is_some() || name == *asked;
            return match (response.response_code, response.negative_ttl()) {
                (ResponseCode::NXDomain, ttl) => Ok(Step::Done(self.absent(ttl))),
                (ResponseCode::NoError, Some(ttl)) => Ok(Step::Done(self.absent(Some(ttl)))),
                (ResponseCode::NoError, None) if !stray => Ok(Step::Ask(name)),
                (ResponseCode::NoError, None) => Err(Failure::Malformed),
                (code, _) => Err(Failure::ServerError(u16::from(code))),
            };
        }
    }

    fn absent(&self, negative_ttl: Option<u32>) -> Answer {
        Answer { records: None, ttl: negative_ttl.map(|ttl| self.seconds(ttl)) }
    }

    fn seconds(&self, ttl: u32) -> Duration {
        Duration::from_secs(self.ttl.min(ttl).into())
    }
}

/// A name as it is asked for: from the root, in lower case. None for what no name server can be asked.
pub(super) fn absolute(text: &str) -> Option<Name> {
    let mut name = Name::from_ascii(text).ok()?;
    name.set_fqdn(true);
    (!name.is_root()).then(|| name.to_lowercase())
}

fn name_server(address: &SocketAddr) -> NameServerConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = address.port();
        connection
    });
    NameServerConfig::new(address.ip(), true, connections.into())
}
