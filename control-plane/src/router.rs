//! The routers, each a list: a resource's line here and its folder are all there is of it.

use axum::{Router, extract::DefaultBodyLimit, middleware};
use serde_json::Value;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    account, api_keys,
    app::AppState,
    audit, certificates, config_versions, domains, errands, events, factors, grants,
    http::{docs, idempotency, layers, system},
    invitations, join_tokens, lists, messages, onboarding, password_resets, persons, policy, pool_keys, pools,
    recipients, routes, sessions, sign_in_policy, snapshots, statistics, status, tenants, workers,
};

/// Bodies of the REST API. The worker API sets limits of its own.
const BODY_BYTES: usize = 1024 * 1024;

fn rest() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(docs::rest())
        .merge(sessions::api::router())
        .merge(sessions::refresh::router())
        .merge(sessions::own::router())
        .merge(factors::api::router())
        .merge(factors::enrol::router())
        .merge(factors::second::router())
        .merge(factors::step_up::router())
        .merge(sign_in_policy::api::router())
        .merge(persons::api::router())
        .merge(password_resets::api::router())
        .merge(password_resets::admin::router())
        .merge(grants::api::router())
        .merge(api_keys::api::router())
        .merge(invitations::api::router())
        .merge(invitations::door::router())
        .merge(onboarding::api::router())
        .merge(tenants::api::router())
        .merge(domains::api::router())
        .merge(recipients::api::router())
        .merge(routes::api::router())
        .merge(certificates::api::router())
        .merge(lists::api::router())
        .merge(policy::api::router())
        .merge(policy::trial::api::router())
        .merge(status::api::router())
        .merge(workers::api::router())
        .merge(pools::api::router())
        .merge(join_tokens::api::router())
        .merge(config_versions::api::router())
        .merge(messages::api::router())
        .merge(statistics::api::router())
        .merge(events::api::router())
        .merge(audit::api::router())
}

fn worker() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(docs::worker())
        .merge(workers::join::router())
        .merge(workers::report::router())
        .merge(snapshots::api::router())
        .merge(pool_keys::api::router())
        .merge(errands::api::router())
        .merge(events::api::worker_router())
}

/// The API documents as they are served and checked in: the REST API's, the worker API's.
pub fn documents() -> (Value, Value) {
    (docs::finish(rest().get_openapi()), docs::finish(worker().get_openapi()))
}

/// Everything the listener serves.
pub(crate) fn router(app: AppState) -> Router {
    let (rest, rest_document) = rest().split_for_parts();
    let (worker, worker_document) = worker().split_for_parts();
    let documents = (docs::finish(&rest_document), docs::finish(&worker_document));
    let api = rest.clone().with_state(app.clone());
    rest.merge(worker)
        .merge(account::router(api))
        .merge(system::router(&documents))
        .fallback(layers::no_such_path)
        .method_not_allowed_fallback(layers::no_such_method)
        .layer(middleware::from_fn(idempotency::read))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(CatchPanicLayer::custom(layers::panicked))
        .layer(middleware::from_fn_with_state(app.clone(), layers::outer))
        .with_state(app)
}
