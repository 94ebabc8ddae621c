//! Doors without credentials: health, readiness, metrics, and the API documents.

use axum::{
    Extension, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::Value;

use super::{ApiError, Code, layers::Peer};
use crate::{app::AppState, certificates, db::System, domains::ownership};

/// `documents`: the REST API's and the worker API's.
pub fn router(documents: &(Value, Value)) -> Router<AppState> {
    let (rest, worker) = (documents.0.to_string(), documents.1.to_string());
    let docs = utoipa_swagger_ui::SwaggerUi::new("/docs")
        .config(utoipa_swagger_ui::Config::new(["/openapi.json", "/openapi-worker.json"]));
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/openapi.json", get(|| async move { json(rest) }))
        .route("/openapi-worker.json", get(|| async move { json(worker) }))
        .merge(docs)
}

fn json(document: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], document).into_response()
}

/// Ready: both databases answer, and no stop was asked for.
async fn ready(State(app): State<AppState>) -> Result<&'static str, ApiError> {
    if app.stopping.is_cancelled() {
        return Err(ApiError::new(Code::Unavailable).detail("stopping"));
    }
    let system = System::task("readiness");
    for db in [&app.db, &app.trace] {
        db.read(&system).await?.ping().await?;
    }
    Ok("ready\n")
}

async fn metrics(State(app): State<AppState>, Extension(peer): Extension<Peer>) -> Response {
    let address = peer.0.ip();
    if !app.config.metrics_allow.iter().any(|network| network.contains(address)) {
        return ApiError::not_found().into_response();
    }
    app.metrics.with(|| {
        metrics::counter!("postern_password_verifications_total").absolute(app.hasher.verified());
    });
    let of_the_database = [certificates::api::metrics(&app).await, ownership::metrics(&app).await];
    let text = app.metrics.render() + &of_the_database.concat();
    (StatusCode::OK, [(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}
