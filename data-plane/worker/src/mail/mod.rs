//! The SMTP side of a worker. `listen` takes connections, `session` drives one, `receive` takes its messages and `message`
//! decides on them, `transaction` knows who was accepted and which way they go, `delivery` brings the message there, `trace`
//! tells what happened. `body` and `budget` hold messages, `repeat` knows those that come again, `admission` counts sessions,
//! `call_out` asks the next hop about recipients, `traffic` counts what client networks bring, `hours` what comes for tenants, `tarpit` and `slow_down` make
//! guessing slow, `tls` has both sides' settings, `shown` the certificates that senders see, `client_certificate` the one that
//! next hops see.

mod admission;
mod body;
mod budget;
mod call_out;
mod client_certificate;
pub mod config;
mod delivery;
mod dialogue;
mod doors;
mod group;
mod hours;
mod listen;
mod message;
mod null_mx;
mod receive;
mod repeat;
mod session;
mod shown;
mod slow_down;
mod tarpit;
mod tls;
mod trace;
mod traffic;
mod transaction;
mod wire;

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, atomic::AtomicU32},
    time::Duration,
};

use contract::{Clock, Entropy, Micros, mail::Domain};
use tokio::{net::TcpSocket, sync::watch};
use tokio_util::sync::CancellationToken;

use crate::{events::Sink, index::Current};
use admission::Admission;
pub(crate) use budget::Budget;
use call_out::CallOuts;
use delivery::Deliverer;
pub(crate) use delivery::{Hops, Outside, Trial, try_route};
pub(crate) use doors::Doors;
use hours::Hours;
use repeat::Repeats;
use shown::Shown;
use tarpit::Tarpit;
use traffic::Traffic;

/// Why the SMTP side cannot start.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    #[error("smtp.hostname: not a domain name")]
    Hostname,
    #[error("the scratch directory {0} cannot be written")]
    Scratch(PathBuf, #[source] std::io::Error),
    #[error(
        "delivery.budget_bytes: one client network may use a quarter of it, and {0} octets do not hold a message of \
         64 KiB (RFC 5321 4.5.3.1.7)"
    )]
    Budget(u64),
    #[error("the SMTP address {0} cannot be bound")]
    Bind(SocketAddr, #[source] std::io::Error),
    #[error(transparent)]
    Tls(#[from] tls::TlsError),
}

/// What was checked before anything listens.
#[derive(Debug)]
pub(crate) struct SetUp {
    smtp: config::Smtp,
    delivery: config::Delivery,
    hostname: Domain,
    tls: Arc<Shown>,
    scratch_dir: PathBuf,
    sockets: Vec<TcpSocket>,
}

/// What the rest of the worker hands in.
#[derive(Debug)]
pub(crate) struct Context {
    pub current: Arc<Current>,
    pub sink: Sink,
    pub dns: checks::Dns,
    pub hops: Arc<Hops>,
    pub outside: Outside,
    pub clock: Clock,
    pub entropy: Entropy,
    pub sessions: Arc<AtomicU32>,
    pub budget: Arc<Budget>,
    pub doors: Arc<Doors>,
    pub too_old: Duration,
}

/// One for all sessions.
#[derive(Debug)]
pub(crate) struct Shared {
    smtp: config::Smtp,
    delivery: config::Delivery,
    hostname: Domain,
    tls: Arc<Shown>,
    scratch_dir: PathBuf,
    context: Context,
    admission: Arc<Admission>,
    repeats: Arc<Repeats>,
    tarpit: Tarpit,
    traffic: Arc<Traffic>,
    hours: Arc<Hours>,
    deliverer: Arc<Deliverer>,
    call_outs: Arc<CallOuts>,
    /// No new sessions, and the end of each that is between transactions.
    stopping: CancellationToken,
    /// Not even the end of this one.
    hard_stop: CancellationToken,
}

/// RFC 5321 §4.5.3.1.7: messages of so many octets at least are taken.
const SMALLEST_MAX_MESSAGE: u64 = 64 * 1024;

impl SetUp {
    pub(crate) fn new(smtp: &config::Smtp, delivery: &config::Delivery) -> Result<Self, SetUpError> {
        let hostname = match &smtp.hostname {
            Some(name) => name.parse().map_err(|_| SetUpError::Hostname)?,
            None => system_hostname(),
        };
        if delivery.budget_bytes / 4 < SMALLEST_MAX_MESSAGE {
            return Err(SetUpError::Budget(delivery.budget_bytes / 4));
        }
        let scratch_dir = delivery.scratch_dir.clone().unwrap_or_else(std::env::temp_dir);
        // Better now than with the first large message.
        tempfile::tempfile_in(&scratch_dir).map_err(|error| SetUpError::Scratch(scratch_dir.clone(), error))?;
        let tls = Arc::new(Shown::new(smtp, hostname.as_ascii())?);
        let bind = |address: &SocketAddr| {
            listen::bind(*address, &smtp.listen).map_err(|error| SetUpError::Bind(*address, error))
        };
        let sockets = smtp.listen.iter().map(bind).collect::<Result<_, _>>()?;
        Ok(Self { smtp: smtp.clone(), delivery: delivery.clone(), hostname, tls, scratch_dir, sockets })
    }
}

impl SetUp {
    /// All next hops, of mail and of whoever reports on them.
    pub(crate) fn hops(&self) -> Arc<Hops> {
        Arc::new(Hops::new(&self.delivery))
    }

    /// For all messages.
    pub(crate) fn budget(&self) -> Arc<Budget> {
        Budget::new(self.delivery.budget_bytes)
    }

    /// When the certificate ends that the listener shows by itself.
    pub(crate) fn own_certificate_ends(&self) -> Option<Micros> {
        self.tls.own_ends()
    }

    /// The way outside.
    pub(crate) fn outside(&self, dns: &checks::Dns) -> Outside {
        Outside {
            dns: dns.clone(),
            helo: self.hostname.clone(),
            connect_timeout: Duration::from_secs(self.delivery.connect_timeout_s),
            own: self.sockets.iter().filter_map(|socket| socket.local_addr().ok()).collect(),
        }
    }
}

/// The system's name where it is a domain name.
fn system_hostname() -> Domain {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().parse().or_else(|_| "localhost".parse()).expect("localhost is a domain name")
}

/// Listens as soon as there is a snapshot; returns when every session has ended after `stopping`.
pub(crate) async fn run(
    set_up: SetUp,
    context: Context,
    bound: watch::Sender<Vec<SocketAddr>>,
    stopping: CancellationToken,
) {
    tokio::select! {
        index = context.current.until_present() => {
            let max_bytes = index.installation.effective.max_message_size_bytes;
            if max_bytes > set_up.delivery.budget_bytes / 4 {
                tracing::warn!(
                    max_message_size_bytes = max_bytes,
                    budget_bytes = set_up.delivery.budget_bytes,
                    "policy allows messages of more than a quarter of delivery.budget_bytes, which never fit: SIZE says so"
                );
            }
        }
        () = stopping.cancelled() => return,
    }
    let hard_stop = CancellationToken::new();
    let SetUp { smtp, delivery, hostname, tls, scratch_dir, sockets } = set_up;
    let (hops, outside) = (Arc::clone(&context.hops), context.outside.clone());
    let deliverer = Deliverer::new(&delivery, hops, outside, context.entropy.clone(), hard_stop.clone());
    let shared = Arc::new(Shared {
        admission: Admission::new(
            smtp.max_connections,
            smtp.max_connections_per_network,
            Arc::clone(&context.sessions),
        ),
        tarpit: Tarpit::new(smtp.tarpit.clone()),
        traffic: Arc::default(),
        hours: Arc::new(Hours::new()),
        repeats: Repeats::new(Duration::from_secs(delivery.repeat_s)),
        call_outs: CallOuts::new(&delivery, Arc::clone(&deliverer)),
        deliverer,
        smtp,
        delivery,
        hostname,
        tls,
        scratch_dir,
        context,
        stopping,
        hard_stop,
    });
    listen::run(shared, sockets, bound).await;
}
