//! Health, readiness and metrics, over plain HTTP: for this machine or a monitoring network.

use std::{net::SocketAddr, sync::Arc};

use axum::{Router, extract::State, http::StatusCode, routing::get};
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
    health.metrics.map(|metrics| metrics.render()).unwrap_or_default()
}
