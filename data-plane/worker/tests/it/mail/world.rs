//! A worker with a configuration, a next hop, and a sender: what a test of the mail path begins with.

use contract::{
    Micros,
    events::{Event, Transaction},
    mail::Cidr,
    policy::Settings,
    snapshot::object::{
        DomainObject, HashSet, HopTls, Installation, NextHop, Object, RecipientRule, Recipients, Route, ShardPrefix,
    },
};
use pretend::{client::Client, hop::Hop};
use worker::{Config, Deps, Running};

use crate::control::plane::{Plane, domain, id, tenant};

pub(crate) struct World {
    pub plane: Plane,
    pub worker: Running,
    pub hop: Hop,
    pub plan: Plan,
    version: u64,
}

/// What a test changes before the worker starts, or later with [`World::republish`].
pub(crate) struct Plan {
    pub hops: Vec<NextHop>,
    pub max_connections: Option<u32>,
    pub certificate: Option<contract::ids::CertificateId>,
    pub policy: Settings,
    pub allowed: Vec<Cidr>,
    pub listed: Vec<&'static str>,
    pub postmaster: Option<&'static str>,
    /// What else is in the snapshot. Domains without a route get ours.
    pub more: Vec<Object>,
    pub config: Box<dyn FnOnce(&mut Config)>,
}

pub(crate) fn now() -> Micros {
    pretend::clock::system_clock().now()
}

pub(crate) fn next_hop(address: std::net::SocketAddr, tls: HopTls) -> NextHop {
    NextHop { host: address.ip().to_string(), mx: false, port: address.port(), priority: 10, weight: 1, tls }
}

impl Plan {
    pub(crate) fn to(hop: &Hop) -> Self {
        Self {
            hops: vec![next_hop(hop.address(), HopTls::Opportunistic)],
            max_connections: None,
            certificate: None,
            policy: Settings { reject_null_mx_sender: Some(false), ..Settings::default() },
            allowed: vec!["127.0.0.0/8".parse().unwrap()],
            listed: vec!["anna", "bert", "dead", "carl", "δοκιμή"],
            postmaster: Some("anna@acme.example"),
            more: vec![],
            config: Box::new(|_| {}),
        }
    }

    fn objects(&self) -> Vec<Object> {
        let route = Some(Route {
            id: id(6),
            hops: self.hops.clone(),
            max_connections: self.max_connections,
            certificate: self.certificate,
        });
        let acme = DomainObject {
            recipients: RecipientRule::Listed { shards: vec![ShardPrefix::ALL] },
            route: route.clone(),
            ..domain("acme.example", 4)
        };
        let shard = Recipients {
            domain: acme.name.clone(),
            prefix: ShardPrefix::ALL,
            hashes: HashSet::new(self.listed.iter().map(|local| acme.hash_key.hash(&local.parse().unwrap())).collect()),
        };
        let other = DomainObject { route: route.clone(), ..domain("other.example", 5) };
        let mut objects = vec![
            Object::Installation(Installation {
                id: id(1),
                policy: self.policy.clone(),
                allowed_hop_ranges: self.allowed.clone(),
                postmaster: self.postmaster.map(|address| address.parse().unwrap()),
                list: vec![],
            }),
            Object::Tenant(tenant(4, None)),
            Object::Tenant(tenant(5, None)),
            Object::Domain(Box::new(acme)),
            Object::Recipients(shard),
            Object::Domain(Box::new(other)),
        ];
        objects.extend(self.more.iter().cloned().map(|object| match object {
            Object::Domain(domain) if domain.route.is_none() => {
                Object::Domain(Box::new(DomainObject { route: route.clone(), ..*domain }))
            }
            object => object,
        }));
        objects
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Plan)) -> Self {
        let hop = Hop::start().await;
        let mut plan = Plan::to(&hop);
        change(&mut plan);
        let plane = Plane::start().await;
        plane.publish(1, &plan.objects(), now());
        let config = std::mem::replace(&mut plan.config, Box::new(|_| {}));
        let worker = start(&plane, config).await;
        Self { plane, worker, hop, plan, version: 1 }
    }

    /// Another configuration; returns when the worker runs it.
    pub(crate) async fn republish(&mut self, change: impl FnOnce(&mut Plan)) {
        change(&mut self.plan);
        self.version += 1;
        let version = self.version;
        self.plane.publish(version, &self.plan.objects(), now());
        self.plane
            .until("the next configuration running", |plan| {
                plan.statuses.iter().any(|status| status.running.is_some_and(|at| at.version == version)).then_some(())
            })
            .await;
    }

    /// The same configuration, signed again.
    pub(crate) fn renew(&self) {
        self.plane.publish(self.version, &self.plan.objects(), now());
    }

    pub(crate) async fn client(&self) -> Client {
        client(&self.worker).await
    }

    /// A session that has said EHLO and MAIL.
    pub(crate) async fn envelope(&self) -> Client {
        let mut client = self.client().await;
        client.say("EHLO client.example").await.expect("250");
        client.say("MAIL FROM:<x@sender.example>").await.expect("250");
        client
    }

    /// A session in the middle of a message: 354 was said.
    pub(crate) async fn at_data(&self, to: &[&str]) -> Client {
        let mut client = self.envelope().await;
        for to in to {
            client.say(&format!("RCPT TO:<{to}>")).await.expect("250");
        }
        client.say("DATA").await.expect("354");
        client
    }

    /// The next transaction in the trace that this is true of.
    pub(crate) async fn event(&self, of: impl Fn(&Transaction) -> bool) -> Transaction {
        self.plane
            .until("an event", |plan| {
                plan.events.iter().find_map(|event| match event {
                    Event::Transaction(transaction) if of(transaction) => Some(Transaction::clone(transaction)),
                    _ => None,
                })
            })
            .await
    }
}

pub(crate) async fn start(plane: &Plane, change: impl FnOnce(&mut Config)) -> Running {
    try_start(plane, change).await.unwrap()
}

pub(crate) async fn try_start(plane: &Plane, change: impl FnOnce(&mut Config)) -> Result<Running, worker::StartError> {
    let mut config = Config {
        control_plane: format!("http://{}", plane.address).parse().unwrap(),
        join_token: Some(plane.join_token()),
        ..Config::default()
    };
    config.http.listen = ([127, 0, 0, 1], 0).into();
    config.smtp.listen = vec![([127, 0, 0, 1], 0).into()];
    config.smtp.hostname = Some("mx.postern.example".to_owned());
    config.dns.servers = vec![([127, 0, 0, 1], 9).into()];
    change(&mut config);
    let deps = Deps { clock: pretend::clock::system_clock(), entropy: pretend::clock::entropy(), metrics: None };
    worker::start(config, deps).await
}

pub(crate) async fn client(worker: &Running) -> Client {
    let addresses = worker.smtp_addresses().await;
    Client::connect(addresses[0]).await
}

/// A message with an id of its own: the same one again would be known.
pub(crate) fn message(id: &str) -> Vec<u8> {
    format!("From: <x@sender.example>\r\nMessage-ID: <{id}@sender.example>\r\n\r\nhello\r\n").into_bytes()
}

pub(crate) const ANNA: &[&str] = &["anna@acme.example"];

pub(crate) const MESSAGE: &[u8] =
    b"From: <x@sender.example>\r\nMessage-ID: <one@sender.example>\r\nSubject: hello\r\n\r\n.dots\r\nbody\r\n";

/// What arrived without our Received field, which must be there and be the first.
pub(crate) fn without_received(content: &[u8]) -> &[u8] {
    assert!(content.starts_with(b"Received: from "), "{}", String::from_utf8_lossy(content));
    let mut at = 0;
    loop {
        let line_end = at + content[at..].windows(2).position(|pair| pair == b"\r\n").unwrap() + 2;
        at = line_end;
        if !matches!(content.get(at), Some(b' ' | b'\t')) {
            return &content[at..];
        }
    }
}
