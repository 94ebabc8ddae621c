//! Starting and stopping a worker.

use std::{
    net::SocketAddr,
    sync::{Arc, atomic::AtomicU32},
    time::Duration,
};

use contract::{Clock, Entropy};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    Config,
    control::{Client, Identity, JoinError, Joining, Report, Told, errands, read_join_token, report, sync},
    events::{Sink, push},
    http::{self, Health},
    index::Current,
    mail,
};

/// What a worker cannot make for itself.
#[derive(Debug, Clone)]
pub struct Deps {
    pub clock: Clock,
    pub entropy: Entropy,
    /// Rendered at `/metrics`; whoever installs the recorder has it.
    pub metrics: Option<PrometheusHandle>,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Join(#[from] JoinError),
    #[error("the join token file cannot be read")]
    JoinFile(#[source] std::io::Error),
    #[error("the client for the control plane cannot be set up")]
    Client(#[source] reqwest::Error),
    #[error("worker.control_plane: plain http is for this machine only; use https")]
    NotHttps,
    #[error("no key could be made")]
    Key,
    #[error("the address {0} cannot be bound")]
    Bind(SocketAddr, #[source] std::io::Error),
    #[error(transparent)]
    Mail(#[from] mail::SetUpError),
    #[error(transparent)]
    Dns(#[from] checks::dns::ConfigError),
}

/// A worker that was started. Dropping it stops it hard; [`stop`](Self::stop) lets sessions end.
#[derive(Debug)]
pub struct Running {
    http: SocketAddr,
    smtp: watch::Receiver<Vec<SocketAddr>>,
    current: Arc<Current>,
    sink: Sink,
    stopping: CancellationToken,
    stop_events: CancellationToken,
    stop_http: CancellationToken,
    mail: JoinHandle<()>,
    events: JoinHandle<()>,
    others: Vec<JoinHandle<()>>,
}

/// How long the last events may take.
const FLUSH: Duration = Duration::from_secs(10);

pub async fn start(config: Config, deps: Deps) -> Result<Running, StartError> {
    let Deps { clock, entropy, metrics } = deps;
    let token_text = match (&config.join_token, &config.join_token_file) {
        (Some(token), _) => token.clone(),
        (None, Some(path)) => std::fs::read_to_string(path).map_err(StartError::JoinFile)?,
        (None, None) => return Err(JoinError::Missing.into()),
    };
    let token = read_join_token(&token_text)?;
    if !is_private(&config.control_plane) {
        return Err(StartError::NotHttps);
    }
    let client = Client::new(&config.control_plane, token.tls_spki_sha256).map_err(StartError::Client)?;
    let name = config.name.clone().or_else(|| config.smtp.hostname.clone()).unwrap_or_else(|| "worker".to_owned());
    let joining = Joining { token, token_text: token_text.trim().to_owned(), name };
    let identity =
        Arc::new(Identity::new(client, joining, clock.clone(), entropy.clone()).map_err(|_| StartError::Key)?);
    let dns = checks::Dns::new(&config.dns, clock.clone())?;
    let set_up = mail::SetUp::new(&config.smtp, &config.delivery)?;
    let listener = http::bind(config.http.listen).await.map_err(|error| StartError::Bind(config.http.listen, error))?;
    let http_address = listener.local_addr().map_err(|error| StartError::Bind(config.http.listen, error))?;

    let current = Arc::new(Current::default());
    let stream = Uuid::from_bytes(entropy.bytes());
    let sink = Sink::new(clock.clone(), stream, config.events.buffer_bytes);
    let sessions = Arc::new(AtomicU32::new(0));
    let budget = set_up.budget();
    let (report_to, news) = watch::channel(Report::default());
    let (hops, outside) = (set_up.hops(), set_up.outside(&dns));
    let (errands_to, served) = watch::channel(false);
    let (stopping, stop_events, stop_http) =
        (CancellationToken::new(), CancellationToken::new(), CancellationToken::new());
    let doors = mail::Doors::new(&stopping);

    let poll = Duration::from_secs(config.snapshot.poll_s.clamp(1, 50));
    let others = vec![
        tokio::spawn(http::serve(
            listener,
            Health {
                current: Arc::clone(&current),
                sink: sink.clone(),
                metrics,
                stopping: stopping.clone(),
                doors: Arc::clone(&doors),
                clock: clock.clone(),
                own_ends: set_up.own_certificate_ends(),
            },
            stop_http.clone(),
        )),
        tokio::spawn(sync(
            Arc::clone(&identity),
            Arc::clone(&current),
            report_to,
            clock.clone(),
            entropy.clone(),
            poll,
        )),
        tokio::spawn(report(
            Arc::clone(&identity),
            Told {
                current: Arc::clone(&current),
                sink: sink.clone(),
                sessions: Arc::clone(&sessions),
                hops: Arc::clone(&hops),
                budget: Arc::clone(&budget),
                doors: Arc::clone(&doors),
                max_sessions: config.smtp.max_connections,
            },
            news,
            errands_to,
            clock.clone(),
        )),
        tokio::spawn(errands(
            Arc::clone(&identity),
            Arc::clone(&current),
            mail::Trial {
                outside: outside.clone(),
                clock: clock.clone(),
                entropy: entropy.clone(),
                within: Duration::ZERO,
                certificate: None,
            },
            served,
            poll,
            stopping.clone(),
        )),
    ];
    let events = tokio::spawn({
        let (sink, identity, entropy, stop) =
            (sink.clone(), Arc::clone(&identity), entropy.clone(), stop_events.clone());
        let counters = Duration::from_millis(config.events.counters_ms.max(100));
        async move { push(&sink, &*identity, &entropy, counters, stop, FLUSH).await }
    });
    let (bound, smtp) = watch::channel(Vec::new());
    let context = mail::Context {
        current: Arc::clone(&current),
        sink: sink.clone(),
        dns,
        hops,
        outside,
        clock,
        entropy,
        sessions,
        budget,
        doors,
        too_old: Duration::from_secs(config.snapshot.too_old_s),
    };
    let mail = tokio::spawn(mail::run(set_up, context, bound, stopping.clone()));
    Ok(Running { http: http_address, smtp, current, sink, stopping, stop_events, stop_http, mail, events, others })
}

/// Tokens and configuration never cross a network in clear text.
fn is_private(url: &url::Url) -> bool {
    let loopback = match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(_)) | None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && loopback)
}

impl Running {
    pub const fn http_address(&self) -> SocketAddr {
        self.http
    }

    /// The SMTP addresses, once there is a snapshot and they listen. Empty if the worker ended before.
    pub async fn smtp_addresses(&self) -> Vec<SocketAddr> {
        let mut smtp = self.smtp.clone();
        smtp.wait_for(|bound| !bound.is_empty()).await.map(|bound| bound.clone()).unwrap_or_default()
    }

    /// The configuration in use.
    pub const fn current(&self) -> &Arc<Current> {
        &self.current
    }

    pub const fn events(&self) -> &Sink {
        &self.sink
    }

    /// Takes no new sessions, lets those that are there end, sends the last events.
    pub async fn stop(mut self) {
        self.stopping.cancel();
        let _ = (&mut self.mail).await;
        self.stop_events.cancel();
        let _ = (&mut self.events).await;
        self.stop_http.cancel();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stopping.cancel();
        self.stop_http.cancel();
        self.mail.abort();
        self.events.abort();
        self.others.iter().for_each(JoinHandle::abort);
    }
}
