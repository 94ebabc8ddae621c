//! A control plane, workers, a next hop, a name server.

use std::{net::SocketAddr, path::PathBuf};

use pretend::{client::Client, dns::Dns, hop::Hop};
use serde_json::{Value, json};

use crate::Rest;

const OWNER: &str = "owner@provider.example";
const PASSWORD: &str = "correct horse battery staple";

/// What a test changes before anything starts.
pub struct Options {
    pub workers: usize,
    pub control_plane: Box<dyn Fn(&mut control_plane::Config) + Send>,
    pub worker: Box<dyn Fn(&mut worker::Config) + Send>,
}

impl Default for Options {
    fn default() -> Self {
        Self { workers: 1, control_plane: Box::new(|_| {}), worker: Box::new(|_| {}) }
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
    /// Where it listens, also when it was stopped and started again.
    api: SocketAddr,
    pub rest: Rest,
    pub workers: Vec<worker::Running>,
    pub hop: Hop,
    pub dns: Dns,
}

/// A customer with a domain and a route to the hop.
#[derive(Debug, Clone)]
pub struct Acme {
    pub tenant: String,
    pub domain: String,
    pub route: String,
    pub name: String,
}

impl System {
    pub async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    pub async fn with_workers(workers: usize) -> Self {
        Self::start_with(Options { workers, ..Options::default() }).await
    }

    pub async fn start_with(options: Options) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let dns = Dns::start().await;
        let (control_plane, api) = start_control_plane(&options, dir.path().into(), &dns, None).await;
        let rest = Rest::sign_in(&format!("https://{api}"), OWNER, PASSWORD).await;
        let hop = Hop::start().await;
        let mut system =
            Self { options, dir, control_plane: Some(control_plane), api, rest, workers: Vec::new(), hop, dns };
        for _ in 0..system.options.workers {
            system.add_worker().await;
        }
        system
    }

    /// One more worker, as an operator would add it.
    pub async fn add_worker(&mut self) -> usize {
        let token = self.rest.post("/v1/join-tokens", json!({ "name": "test", "uses": 100 })).await.text("token");
        let mut config = worker::Config {
            control_plane: format!("https://{}", self.api).parse().expect("an address"),
            join_token: Some(token),
            name: Some(format!("worker-{}", self.workers.len() + 1)),
            ..worker::Config::default()
        };
        config.http.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        config.smtp.listen = vec![SocketAddr::from(([127, 0, 0, 1], 0))];
        config.smtp.hostname = Some("mx.provider.example".to_owned());
        config.dns.servers = vec![self.dns.address()];
        (self.options.worker)(&mut config);
        let deps = worker::Deps {
            clock: pretend::clock::system_clock(),
            entropy: pretend::clock::entropy(),
            metrics: None,
        };
        let running = worker::start(config, deps).await.expect("a worker");
        assert!(!running.smtp_addresses().await.is_empty(), "the worker ended before it listened");
        self.workers.push(running);
        self.workers.len() - 1
    }

    /// Where the workers take mail.
    pub async fn smtp_addresses(&self) -> Vec<SocketAddr> {
        let mut addresses = Vec::new();
        for worker in &self.workers {
            addresses.extend(worker.smtp_addresses().await);
        }
        addresses
    }

    /// A session with the first worker that has said EHLO.
    pub async fn smtp(&self) -> Client {
        self.smtp_at(0).await
    }

    pub async fn smtp_at(&self, worker: usize) -> Client {
        let addresses = self.workers[worker].smtp_addresses().await;
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
        let hop = json!({ "host": "127.0.0.1", "port": self.hop.port(), "tls": { "level": "opportunistic" } });
        let route = json!({ "tenant_id": tenant, "name": "mail server", "hops": [hop] });
        let route = self.rest.post("/v1/routes", route).await.text("id");
        let domain = json!({ "tenant_id": tenant, "name": domain_name, "route_id": route });
        let domain = self.rest.post("/v1/domains", domain).await.text("id");
        let items: Vec<Value> =
            recipients.iter().map(|local| json!({ "address": format!("{local}@{domain_name}") })).collect();
        let path = format!("/v1/domains/{domain}/recipients:batch");
        let done = self.rest.post(&path, json!({ "items": items })).await;
        if !self.workers.is_empty() {
            self.rest.until_applied(done.version()).await;
        }
        Acme { tenant, domain, route, name: domain_name.to_owned() }
    }

    pub async fn stop_control_plane(&mut self) {
        if let Some(running) = self.control_plane.take() {
            running.stop().await;
        }
    }

    /// On the same files and the same port.
    pub async fn start_control_plane(&mut self) {
        let dir = self.dir.path().into();
        let (running, api) = start_control_plane(&self.options, dir, &self.dns, Some(self.api)).await;
        self.rest = Rest::sign_in(&format!("https://{api}"), OWNER, PASSWORD).await;
        self.control_plane = Some(running);
    }
}

impl std::fmt::Debug for System {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("System").field("api", &self.api).field("workers", &self.workers.len()).finish_non_exhaustive()
    }
}

async fn start_control_plane(
    options: &Options,
    data_dir: PathBuf,
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
    config.dns.servers = vec![dns.address()];
    (options.control_plane)(&mut config);
    let clock = pretend::clock::system_clock();
    let deps = control_plane::Deps {
        dns: checks::Dns::new(&config.dns, clock.clone()).expect("a resolver"),
        clock,
        entropy: pretend::clock::entropy(),
    };
    let running = control_plane::start(config, deps).await.expect("a control plane");
    let address = running.address;
    (running, address)
}
