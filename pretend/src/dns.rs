//! A name server with zones that change while it runs, over UDP and TCP on one port; it answers for every name, as a
//! recursive server would. It can also fail, name by name.

use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hickory_server::{
    Server,
    net::runtime::Time,
    proto::{
        op::{Edns, Header, HeaderCounts, Metadata, ResponseCode},
        rr::{
            Name, RData, Record, RecordType,
            rdata::{CNAME, MX, SOA, TXT},
        },
    },
    server::{Request, RequestHandler, ResponseHandler, ResponseInfo},
    zone_handler::MessageResponseBuilder,
};
use tokio::{
    net::{TcpListener, UdpSocket},
    task::JoinHandle,
};

/// How a name fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failing {
    ServFail,
    Refused,
    /// No answer at all.
    Silence,
}

/// A running name server; gone when dropped.
#[derive(Debug)]
pub struct Dns {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared(Mutex<State>);

#[derive(Debug)]
struct State {
    /// By lower-case name without a trailing dot.
    records: BTreeMap<String, Vec<Record>>,
    failing: HashMap<String, Failing>,
    queries: HashMap<(String, RecordType), u64>,
    tcp_queries: u64,
    ttl: u32,
}

impl Default for State {
    fn default() -> Self {
        Self { records: BTreeMap::new(), failing: HashMap::new(), queries: HashMap::new(), tcp_queries: 0, ttl: 60 }
    }
}

impl Dns {
    /// Starts on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// When no port is free for both UDP and TCP.
    pub async fn start() -> Self {
        let shared = Arc::new(Shared::default());
        for _ in 0..100 {
            let udp = UdpSocket::bind(("127.0.0.1", 0)).await.expect("a free UDP port");
            let address = udp.local_addr().expect("a bound socket has an address");
            // The same number may be taken for TCP; then another is tried.
            let Ok(tcp) = TcpListener::bind(address).await else { continue };
            let mut server = Server::new(Handler(Arc::clone(&shared)));
            server.register_socket(udp);
            server.register_listener(tcp, Duration::from_secs(30), 1_024);
            // The task owns the server, whose sockets close when it is aborted.
            let task = tokio::spawn(async move {
                let _ = server.block_until_done().await;
            });
            return Self { address, shared, task };
        }
        panic!("no port is free for both UDP and TCP");
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// TTL of records added from now on, and of "not there"; 60 s at first.
    pub fn ttl(&self, seconds: u32) -> &Self {
        self.state().ttl = seconds;
        self
    }

    /// A or AAAA. A name such as `*.example.com` is a wildcard (RFC 4592), here and below.
    pub fn address_of(&self, name: &str, ip: impl Into<IpAddr>) -> &Self {
        self.add(name, RData::from(ip.into()))
    }

    /// `.` as exchange with preference 0 is null MX.
    pub fn mx(&self, name: &str, preference: u16, exchange: &str) -> &Self {
        self.add(name, RData::MX(MX::new(preference, absolute(exchange))))
    }

    pub fn null_mx(&self, name: &str) -> &Self {
        self.mx(name, 0, ".")
    }

    /// One record of one string.
    pub fn txt(&self, name: &str, text: &str) -> &Self {
        self.txt_strings(name, &[text])
    }

    /// One record of several strings.
    pub fn txt_strings(&self, name: &str, strings: &[&str]) -> &Self {
        self.add(name, RData::TXT(TXT::new(strings.iter().map(|&text| text.to_owned()).collect())))
    }

    pub fn cname(&self, name: &str, target: &str) -> &Self {
        self.add(name, RData::CNAME(CNAME(absolute(target))))
    }

    /// Removes all records of a name.
    pub fn clear(&self, name: &str) -> &Self {
        self.state().records.remove(&key(name));
        self
    }

    pub fn fail(&self, name: &str, failing: Failing) -> &Self {
        self.state().failing.insert(key(name), failing);
        self
    }

    pub fn heal(&self, name: &str) -> &Self {
        self.state().failing.remove(&key(name));
        self
    }

    /// Queries for a name so far, of every type; each one on the wire counts.
    pub fn queries_for(&self, name: &str) -> u64 {
        let name = key(name);
        self.state().queries.iter().filter(|((asked, _), _)| *asked == name).map(|(_, count)| count).sum()
    }

    /// All queries so far.
    pub fn queries(&self) -> u64 {
        self.state().queries.values().sum()
    }

    /// Those that came by TCP.
    pub fn tcp_queries(&self) -> u64 {
        self.state().tcp_queries
    }

    fn add(&self, name: &str, data: RData) -> &Self {
        let mut state = self.state();
        let record = Record::from_rdata(absolute(name), state.ttl, data);
        state.records.entry(key(name)).or_default().push(record);
        drop(state);
        self
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state()
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The chain of aliases and what stands at its end; empty when nothing does. False when the last name does not exist.
    fn answer(&self, name: &str, record_type: RecordType) -> (Vec<Record>, bool) {
        let mut answers = Vec::new();
        let mut name = name.to_owned();
        for _ in 0..20 {
            let Some(records) = self.at(&name) else { return (answers, self.exists(&name)) };
            let owner = absolute(&name);
            let named = |record: &Record| Record::from_rdata(owner.clone(), record.ttl, record.data.clone());
            let found: Vec<Record> =
                records.iter().filter(|record| record.record_type() == record_type).map(named).collect();
            if !found.is_empty() {
                answers.extend(found);
                return (answers, true);
            }
            let Some(alias) = records.iter().find(|record| record.record_type() == RecordType::CNAME) else {
                return (answers, true);
            };
            answers.push(named(alias));
            if let RData::CNAME(target) = &alias.data {
                name = key(&target.0.to_ascii());
            }
        }
        (answers, true)
    }

    /// RFC 4592 §3.3.1: the wildcard at the closest encloser, unless the name exists.
    fn at(&self, name: &str) -> Option<&[Record]> {
        if let Some(records) = self.records.get(name) {
            return Some(records);
        }
        if self.exists(name) {
            return None;
        }
        let mut above = name;
        while let Some((_, parent)) = above.split_once('.') {
            if let Some(records) = self.records.get(&format!("*.{parent}")) {
                return Some(records);
            }
            if self.exists(parent) {
                return None;
            }
            above = parent;
        }
        None
    }

    /// Is there a record at the name or below it?
    fn exists(&self, name: &str) -> bool {
        let below = format!(".{name}");
        self.records.keys().any(|known| known == name || known.ends_with(&below))
    }
}

struct Handler(Arc<Shared>);

#[async_trait::async_trait]
impl RequestHandler for Handler {
    async fn handle_request<R: ResponseHandler, T: Time>(&self, request: &Request, mut reply: R) -> ResponseInfo {
        let mut metadata = Metadata::response_from_request(&request.metadata);
        let unanswered = ResponseInfo::from(Header { metadata, counts: HeaderCounts::default() });
        let Ok(info) = request.request_info() else { return unanswered };
        let name = key(&info.query.name().to_string());
        let record_type = info.query.query_type();
        let (answers, failing, exists, ttl) = {
            let mut state = self.0.state();
            *state.queries.entry((name.clone(), record_type)).or_default() += 1;
            if matches!(info.protocol, hickory_server::net::xfer::Protocol::Tcp) {
                state.tcp_queries += 1;
            }
            let (answers, exists) = state.answer(&name, record_type);
            (answers, state.failing.get(&name).copied(), exists, state.ttl)
        };
        let mut authority = Vec::new();
        let mut records = Vec::new();
        match failing {
            Some(Failing::Silence) => return unanswered,
            Some(Failing::ServFail) => metadata.response_code = ResponseCode::ServFail,
            Some(Failing::Refused) => metadata.response_code = ResponseCode::Refused,
            None => {
                let complete = answers.iter().any(|record| record.record_type() == record_type);
                if !complete {
                    metadata.response_code = if exists { ResponseCode::NoError } else { ResponseCode::NXDomain };
                    authority.push(soa(ttl));
                }
                records = answers;
            }
        }
        metadata.recursion_available = true;
        let mut edns = Edns::new();
        edns.set_max_payload(1_232);
        let mut builder = MessageResponseBuilder::from_message_request(request);
        if request.edns.is_some() {
            builder.edns(&edns);
        }
        let response = builder.build(metadata, &records, &authority, [], []);
        reply.send_response(response).await.unwrap_or(unanswered)
    }
}

fn soa(ttl: u32) -> Record {
    let soa = SOA::new(absolute("ns.pretend"), absolute("hostmaster.pretend"), 1, 600, 600, 600, ttl);
    Record::from_rdata(Name::root(), ttl, RData::SOA(soa))
}

fn key(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

fn absolute(name: &str) -> Name {
    let mut name = Name::from_ascii(name).expect("names of tests are well-formed");
    name.set_fqdn(true);
    name
}
