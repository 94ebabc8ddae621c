//! `/v1/routes/{route_id}/health`

use axum::extract::State;
use contract::ids::RouteId;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{HopHealthView, store, summed};
use crate::{
    app::AppState,
    auth::{
        Grant, Place,
        action::{ReadRoutes, ReadWorkers},
    },
    http::{Answer, ApiError, ApiPath, docs::CommonProblems},
    routes, workers,
};

pub(in crate::routes) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(read_route_health))
}

/// How the next hops of a route fare.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RouteHealthView {
    pub route_id: RouteId,
    /// Those that workers seen within the last 30 seconds had to do with; each within a few seconds of its use.
    pub hops: Vec<HopHealthView>,
}

/// How the next hops of a route fare: connections, failures, which rest, summed and by worker.
#[utoipa::path(get, path = "/v1/routes/{route_id}/health", operation_id = "read_route_health", tag = "routes",
    params(("route_id" = RouteId, Path)),
    responses((status = 200, description = "What workers report", body = RouteHealthView), CommonProblems))]
pub(super) async fn read_route_health(
    grant: Grant<ReadRoutes>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<RouteId>,
) -> Result<Answer, ApiError> {
    let mut read = app.db.read(&grant).await?;
    let route = routes::find(&mut read, id).await?.ok_or_else(ApiError::not_found)?;
    grant.must_reach(Place::Tenant(route.tenant))?;
    let now = app.clock.now();
    let seen = store::of_route(&mut read, id, now - workers::SEEN_WITHIN).await?;
    let mut hops = summed(&seen, now);
    // Workers are the installation's; the sums are the tenant's.
    if !grant.scope_of::<ReadWorkers>().is_everything() {
        for hop in &mut hops {
            hop.workers.clear();
        }
    }
    Ok(Answer::ok(&RouteHealthView { route_id: id, hops }))
}
