//! A control plane, workers, a next hop, a name server.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use contract::Clock;
use pretend::{client::Client, dns::Dns, hop::Hop, postgres::Database, proxy::Proxy};
use serde_json::{Value, json};

use crate::{Rest, database, logs, proxied};

const OWNER: &str = "owner@provider.example";
const PASSWORD: &str = "correct horse battery staple";
/// How long an orderly stop of one part may take.
const STOP: Duration = Duration::from_secs(30);

/// What a test changes before anything starts.
pub struct Options {
    pub workers: usize,
    pub control_plane: Box<dyn Fn(&mut control_plane::Config) + Send>,
    pub worker: Box<dyn Fn(&mut worker::Config) + Send>,
    pub control_plane_clock: Clock,
    pub worker_clock: Clock,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            workers: 1,
            control_plane: Box::new(|_| {}),
            worker: Box::new(|_| {}),
            control_plane_clock: pretend::clock::system_clock(),
            worker_clock: pretend::clock::system_clock(),
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("workers", &self.workers).finish_non_exhaustive()
    }
}

pub struct System {
    options: Options,
    dir: tempfile::TempDir,
    control_plane: Option<control_plane::Running>,
    /// None: SQLite in `dir`.
    database: Option<Database>,
    /// Where it listens, also when it was stopped and started again.
    api: SocketAddr,
    pub rest: Rest,
    workers: Vec<Option<worker::Running>>,
    pub hop: Hop,
    pub dns: Dns,
    /// Events that workers which have stopped had to tell.
    told: u64,
    /// A worker was killed, or had no room: the trace may have gaps.
    may_miss_events: bool,
    log_begins: usize,
    ended: bool,
}

/// A customer with a domain and a route to the hop.
#[derive(Debug, Clone)]
pub struct Acme {
    pub tenant: String,
    pub domain: String,
    pub route: String,
    pub name: String,
    /// The configuration version that has it all.
    pub version: i64,
}

impl System {
    pub async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    pub async fn with_workers(workers: usize) -> Self {
        Self::start_with(Options { workers, ..Options::default() }).await
    }

    pub async fn start_with(options: Options) -> Self {
        let log_begins = logs::listen();
        let dir = pretend::scratch::dir().expect("a directory");
        let dns = Dns::start().await;
        let database = database::chosen().await;
        let (control_plane, api) =
            start_control_plane(&options, dir.path().into(), database.as_ref(), &dns, None).await;
        let rest = Rest::sign_in(&format!("https://{api}"), OWNER, PASSWORD).await;
        let hop = Hop::start().await;
        let mut system = Self {
            options,
            dir,
            control_plane: Some(control_plane),
            database,
            api,
            rest,
            workers: Vec::new(),
            hop,
            dns,
            told: 0,
            may_miss_events: false,
            log_begins,
            ended: false,
        };
        for _ in 0..system.options.workers {
            system.add_worker().await;
        }
        system
    }

    /// Where the API is.
    pub fn api(&self) -> String {
        format!("https://{}", self.api)
    }

    /// The settings of the next worker.
    pub fn worker_config(&self, join_token: String) -> worker::Config {
        let mut config = worker::Config {
            control_plane: self.api().parse().expect("an address"),
            join_token: Some(join_token),
            name: Some(format!("worker-{}", self.workers.len() + 1)),
            ..worker::Config::default()
        };
        config.http.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        config.smtp.listen = vec![SocketAddr::from(([127, 0, 0, 1], 0))];
        config.smtp.hostname = Some("mx.provider.example".to_owned());
        // A test that ends in the middle of a transaction need not see it through.
        config.smtp.drain_s = 2;
        config.dns.servers = vec![self.dns.address()];
        (self.options.worker)(&mut config);
        config
    }

    pub async fn join_token(&self) -> String {
        self.rest.post("/v1/join-tokens", json!({ "name": "test", "uses": 100 })).await.text("token")
    }

    /// A join token for a worker that sees the control plane only through this one.
    pub async fn pinned_to(&self, proxy: &Proxy) -> String {
        proxied::pinned_to(&self.join_token().await, proxy)
    }

    /// One more worker, as an operator would add it; it takes mail.
    pub async fn add_worker(&mut self) -> usize {
        let config = self.worker_config(self.join_token().await);
        self.start_worker(config).await
    }

    /// One more worker, which sees the control plane only through this one.
    pub async fn add_worker_behind(&mut self, proxy: &Proxy) -> usize {
        let mut config = self.worker_config(self.pinned_to(proxy).await);
        config.control_plane = format!("https://{}", proxy.address).parse().expect("an address");
        self.start_worker(config).await
    }

    /// One more worker with these settings; it takes mail.
    pub async fn start_worker(&mut self, config: worker::Config) -> usize {
        let at = self.start_worker_blind(config).await;
        assert!(!self.worker(at).smtp_addresses().await.is_empty(), "the worker ended before it listened");
        at
    }

    /// The same, for one that may have no configuration yet.
    pub async fn start_worker_blind(&mut self, config: worker::Config) -> usize {
        let deps = worker::Deps {
            clock: self.options.worker_clock.clone(),
            entropy: pretend::clock::entropy(),
            metrics: None,
        };
        let running = worker::start(config, deps).await.expect("a worker");
        self.workers.push(Some(running));
        self.workers.len() - 1
    }

    /// Workers so far, those that were stopped too.
    pub fn workers(&self) -> usize {
        self.workers.len()
    }

    #[track_caller]
    pub fn worker(&self, at: usize) -> &worker::Running {
        self.workers[at].as_ref().expect("a worker that was not stopped")
    }

    /// Lets sessions and events come to their end.
    pub async fn stop_worker(&mut self, at: usize) {
        let running = self.workers[at].take().expect("a worker that was not stopped");
        let sink = running.events().clone();
        bounded("the stop of a worker", running.stop()).await;
        self.told += sink.totals().events;
    }

    /// As near to `kill -9` as one process allows: everything is dropped where it stands.
    pub fn kill_worker(&mut self, at: usize) {
        drop(self.workers[at].take());
        self.may_miss_events = true;
    }

    /// The trace will not have everything, and this test knows.
    pub fn may_miss_events(&mut self) {
        self.may_miss_events = true;
    }

    /// Where the workers take mail.
    pub async fn smtp_addresses(&self) -> Vec<SocketAddr> {
        let mut addresses = Vec::new();
        for worker in self.workers.iter().flatten() {
            addresses.extend(worker.smtp_addresses().await);
        }
        addresses
    }

    /// A session with the first worker that has said EHLO.
    pub async fn smtp(&self) -> Client {
        self.smtp_at(0).await
    }

    pub async fn smtp_at(&self, worker: usize) -> Client {
        let addresses = self.worker(worker).smtp_addresses().await;
        let mut client = Client::connect(addresses[0]).await;
        client.say("EHLO client.example").await.expect("250");
        client
    }

    /// The customer most tests are about.
    pub async fn acme(&self) -> Acme {
        self.customer("Acme", "acme.example", &["anna", "bert", "dead", "carl"]).await
    }

    /// A customer whose mail flows: the last edit is applied.
    pub async fn customer(&self, name: &str, domain_name: &str, recipients: &[&str]) -> Acme {
        let tenant = self.rest.post("/v1/tenants", json!({ "name": name })).await.text("id");
        let route = json!({ "tenant_id": tenant, "name": "mail server", "hops": [self.next_hop()] });
        let route = self.rest.post("/v1/routes", route).await.text("id");
        let domain = json!({ "tenant_id": tenant, "name": domain_name, "route_id": route });
        let domain = self.rest.post("/v1/domains", domain).await.text("id");
        let items: Vec<Value> =
            recipients.iter().map(|local| json!({ "address": format!("{local}@{domain_name}") })).collect();
        let path = format!("/v1/domains/{domain}/recipients:batch");
        let done = self.rest.post(&path, json!({ "items": items })).await;
        if self.workers.iter().any(Option::is_some) {
            self.rest.until_applied(done.version()).await;
        }
        Acme { tenant, domain, route, name: domain_name.to_owned(), version: done.version() }
    }

    /// The pretend hop, as a route names it.
    pub fn next_hop(&self) -> Value {
        json!({ "host": "127.0.0.1", "port": self.hop.port(), "tls": { "level": "opportunistic" } })
    }

    /// Sends the customer's mail elsewhere; the edit is applied.
    pub async fn reroute(&self, acme: &Acme, hops: Value) {
        let edit = self.rest.patch(&format!("/v1/routes/{}", acme.route), json!({ "hops": hops })).await;
        self.rest.until_applied(edit.version()).await;
    }

    /// Adds an entry to a list; the edit is applied. Gives its id.
    pub async fn list(&self, entry: Value) -> String {
        let made = self.rest.post("/v1/list-entries", entry).await;
        self.rest.until_applied(made.version()).await;
        made.text("id")
    }

    pub async fn stop_control_plane(&mut self) {
        if let Some(running) = self.control_plane.take() {
            bounded("the stop of the control plane", running.stop()).await;
        }
    }

    /// On the same files and the same port.
    pub async fn start_control_plane(&mut self) {
        let dir = self.dir.path().into();
        let database = self.database.as_ref();
        let (running, api) = start_control_plane(&self.options, dir, database, &self.dns, Some(self.api)).await;
        self.rest = Rest::sign_in(&format!("https://{api}"), OWNER, PASSWORD).await;
        self.control_plane = Some(running);
    }

    /// Everything stops in order. All that workers had to tell is in the trace, nothing was set aside, no ERROR was logged.
    pub async fn end(mut self) {
        for at in 0..self.workers.len() {
            if self.workers[at].is_some() {
                self.stop_worker(at).await;
            }
        }
        assert!(self.control_plane.is_some(), "start the control plane again before the end");
        let rejected = self.rest.metric("postern_events_rejected_total").await;
        assert!(rejected.is_none_or(|rejected| rejected < 1.0), "{rejected:?} events were set aside");
        if !self.may_miss_events {
            let gaps = self.rest.gaps().await;
            assert!(gaps.is_empty(), "gaps: {gaps:?}");
            let traced = self.rest.messages("").await.len();
            assert_eq!(u64::try_from(traced), Ok(self.told), "records in the trace; events that were told");
        }
        self.stop_control_plane().await;
        self.ended = true;
    }
}

impl Drop for System {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let errors = logs::errors(self.log_begins);
        assert!(errors.is_empty(), "logged as errors: {errors:#?}");
        assert!(self.ended, "a test ends its system: `system.end().await`");
    }
}

impl std::fmt::Debug for System {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("System").field("api", &self.api).field("workers", &self.workers.len()).finish_non_exhaustive()
    }
}

async fn bounded<T>(what: &str, work: impl Future<Output = T>) -> T {
    tokio::time::timeout(STOP, work).await.unwrap_or_else(|_| panic!("{what} takes more than {STOP:?}"))
}

async fn start_control_plane(
    options: &Options,
    data_dir: PathBuf,
    database: Option<&Database>,
    dns: &Dns,
    at: Option<SocketAddr>,
) -> (control_plane::Running, SocketAddr) {
    let mut config = control_plane::Config {
        data_dir,
        listen: at.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0))),
        accept_domains_without_proof: true,
        allowed_hop_ranges: vec!["127.0.0.0/8".parse().expect("a network")],
        first_owner: control_plane::FirstOwner {
            email: OWNER.to_owned(),
            password: Some(control_plane::Secret(PASSWORD.to_owned())),
        },
        ..control_plane::Config::default()
    };
    // Scenarios move their clocks and go on with the session they began with.
    config.sessions.access_lifetime_s = std::num::NonZeroU32::new(60 * 60).expect("an hour");
    config.sessions.step_up_lifetime_s = std::num::NonZeroU32::new(30 * 24 * 60 * 60).expect("a month");
    config.dns.servers = vec![dns.address()];
    // A clock that stands still fills no bucket.
    config.rates.requests_per_minute = 0;
    config.rates.anonymous_requests_per_minute = 0;
    // Nothing of a test leaves the machine.
    config.passwords.compromised.enabled = false;
    config.database.url = database.map(|database| control_plane::Secret(database.url.clone()));
    (options.control_plane)(&mut config);
    let clock = options.control_plane_clock.clone();
    let deps = control_plane::Deps {
        dns: checks::Dns::new(&config.dns, clock.clone()).expect("a resolver"),
        clock,
        entropy: pretend::clock::entropy(),
    };
    let running = control_plane::start(config, deps).await.expect("a control plane");
    let address = running.address;
    (running, address)
}
