//! Health, readiness and metrics, over plain HTTP: for this machine or a monitoring network.

use std::{fmt::Write, net::SocketAddr, sync::Arc};

use axum::{Router, extract::State, http::StatusCode, routing::get};
use contract::{Clock, Micros};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{events::Sink, index::Current, mail::Doors};

#[derive(Debug, Clone)]
pub(crate) struct Health {
    pub current: Arc<Current>,
    pub sink: Sink,
    pub metrics: Option<PrometheusHandle>,
    pub stopping: CancellationToken,
    pub doors: Arc<Doors>,
    pub clock: Clock,
    /// When the listener's own certificate ends.
    pub own_ends: Option<Micros>,
}

pub(crate) async fn serve(listener: TcpListener, health: Health, stop: CancellationToken) {
    let router = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics_text))
        .with_state(health);
    if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await {
        tracing::error!(%error, "the worker's HTTP listener ended");
    }
}

pub(crate) async fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(address).await
}

async fn ready(State(health): State<Health>) -> (StatusCode, &'static str) {
    if health.stopping.is_cancelled() {
        (StatusCode::SERVICE_UNAVAILABLE, "stopping\n")
    } else if health.doors.is_draining() {
        (StatusCode::SERVICE_UNAVAILABLE, "draining\n")
    } else if health.current.load().is_none() {
        (StatusCode::SERVICE_UNAVAILABLE, "no snapshot yet\n")
    } else {
        (StatusCode::OK, "ready\n")
    }
}

async fn metrics_text(State(health): State<Health>) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a gauge of octets and seconds")]
    metrics::gauge!("postern_events_waiting_bytes").set(health.sink.waiting_bytes() as f64);
    if let Some(age) = health.current.age() {
        metrics::gauge!("postern_snapshot_age_seconds").set(age.as_secs_f64());
    }
    health.metrics.as_ref().map(PrometheusHandle::render).unwrap_or_default() + &certificates(&health)
}

/// Certificates in the metrics, those that end first.
const MOST_CERTIFICATES: usize = 500;

/// How long each certificate has, in the text form of Prometheus: written anew each time, so that one that is gone is gone here too.
fn certificates(health: &Health) -> String {
    const NAME: &str = "postern_certificate_expires_in_seconds";
    let now = health.clock.now().as_secs();
    let mut ends: Vec<(i64, String, String)> = Vec::new();
    if let Some(index) = health.current.load() {
        ends.extend(index.certificates.all().map(|ready| {
            let tenant = ready.tenant.map(|tenant| tenant.to_string()).unwrap_or_default();
            (ready.not_after.as_secs(), ready.id.to_string(), tenant)
        }));
    }
    ends.extend(health.own_ends.map(|end| (end.as_secs(), "listener".to_owned(), String::new())));
    ends.sort();
    let mut text = if ends.is_empty() { String::new() } else { format!("# TYPE {NAME} gauge\n") };
    for (end, certificate, tenant) in ends.into_iter().take(MOST_CERTIFICATES) {
        let _ = writeln!(text, "{NAME}{{certificate=\"{certificate}\",tenant=\"{tenant}\"}} {}", end - now);
    }
    text
}
