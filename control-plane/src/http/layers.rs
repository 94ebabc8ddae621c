//! What wraps every request: an id, a time limit, metrics, a log line, and the catching of panics.

use std::{any::Any, net::SocketAddr, time::Duration};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tracing::Instrument;

use super::{ApiError, Code};
use crate::{app::AppState, auth::rates::Counted};

/// The other end of the connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// Names the request in the answer, the log and the audit log.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longer than the longest long poll, and the end of every slow sender.
const LONGEST: Duration = Duration::from_secs(75);

/// The outermost layer.
pub async fn outer(State(app): State<AppState>, mut request: Request, next: Next) -> Response {
    // Always our own: one that was handed in could say anything in our log.
    let id = crate::hex::digits(&app.entropy.bytes::<12>());
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    request.extensions_mut().insert(RequestId(id.clone()));
    let counted = Counted::default();
    request.extensions_mut().insert(counted.clone());
    let span = tracing::info_span!("request", %id, %method, route);
    let started = tokio::time::Instant::now();
    let mut response = match tokio::time::timeout(LONGEST, next.run(request)).instrument(span.clone()).await {
        Ok(response) => response,
        Err(_) => ApiError::new(Code::RequestTimeout).into_response(),
    };
    let took = started.elapsed();
    let status = response.status().as_u16();
    app.metrics.request(method.as_str(), &route, status, took);
    span.in_scope(|| tracing::debug!(status, ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX), "answered"));
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(standing) = counted.standing() {
        standing.tell(headers);
    }
    response
}

/// A handler that panicked: 500 without details. What it said goes to the log through the panic hook.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands the box over")]
pub fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let said =
        panic.downcast_ref::<&str>().map(|text| (*text).to_owned()).or_else(|| panic.downcast_ref::<String>().cloned());
    ApiError::internal(format!("panic: {}", said.unwrap_or_default())).into_response()
}

/// Any path that is not ours.
pub async fn no_such_path() -> ApiError {
    ApiError::not_found()
}

/// A path of ours with another method.
pub async fn no_such_method() -> ApiError {
    ApiError::new(Code::MethodNotAllowed)
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, http::Request, routing::get};
    use tower::ServiceExt;
    use tower_http::catch_panic::CatchPanicLayer;

    use super::*;

    #[tokio::test]
    async fn a_handler_that_panics_is_a_problem_without_details() {
        async fn broken() -> &'static str {
            panic!("the secret is 42")
        }
        let router: Router = Router::new().route("/", get(broken)).layer(CatchPanicLayer::custom(panicked));
        let response = router.oneshot(Request::new(Body::empty())).await.unwrap();
        assert_eq!(response.status(), 500);
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(body.contains("\"code\":\"internal\"") && !body.contains("42"), "{body}");
    }
}
