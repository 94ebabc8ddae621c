//! `/v1/routes/{route_id}/test`

use axum::{extract::State, response::Response};
use contract::{
    errand::{Outcome, Task},
    ids::{PoolId, RouteId},
    mail::{Domain, Host, Mailbox},
    snapshot::object,
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::view::{RouteTest, RouteTestView};
use crate::{
    app::AppState,
    audit,
    auth::{Grant, Place, action::WriteRoutes},
    db::Read,
    errands::Errands,
    http::{Answer, ApiError, ApiJson, ApiPath, Code, FieldError, commit, docs::CommonProblems},
    pools,
    routes::{self, Route, store},
};

pub(in crate::routes) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(test_route))
}

/// Have a worker try a route now: it connects to each next hop, does TLS, says MAIL FROM:<> and RCPT, and leaves. No message
/// is sent. Takes up to 20 seconds; ten a minute.
#[utoipa::path(post, path = "/v1/routes/{route_id}/test", operation_id = "test_route", tag = "routes",
    params(("route_id" = RouteId, Path)), request_body = RouteTest,
    responses((status = 200, description = "What each step came to", body = RouteTestView), CommonProblems))]
pub(super) async fn test_route(
    grant: Grant<WriteRoutes>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<RouteId>,
    ApiJson(body): ApiJson<RouteTest>,
) -> Result<Response, ApiError> {
    let person = grant.maker()?;
    let mut read = app.db.read(&grant).await?;
    let route = routes::find(&mut read, id).await?.ok_or_else(ApiError::not_found)?;
    grant.must_reach(Place::Tenant(route.tenant))?;
    let (recipient, domain) = recipient(&mut read, &route, body.recipient.as_deref()).await?;
    let pools = of_pools(&mut read, &route, &domain, body.pool_id).await?;
    drop(read);
    app.errands.pace(person, app.clock.now())?;
    let hops = route.destination.hops_for(&domain);
    let way = object::Route { id, hops, max_connections: route.max_connections, certificate: route.certificate };
    let task = Task::TestRoute { route: way, recipient: recipient.clone() };
    let answered = Errands::ask(&app, &pools, &task).await?;
    let hops = match answered.outcome {
        Outcome::Route { hops } => hops,
        Outcome::NotUnderstood => {
            return Err(ApiError::new(Code::NoWorker).detail("the worker that took it is of an older release"));
        }
    };
    let view = RouteTestView::new(id, answered.worker, &recipient, hops);
    let mut tx = app.db.begin(&grant).await?;
    let target = audit::Target::new("route").id(id).of_tenant(route.tenant);
    audit::record(&mut tx, "route.test", target, audit::NOTHING, Some(&view.outline())).await?;
    commit(tx, Answer::ok(&view)).await
}

/// The pools one of whose workers tries it: those that serve the domain, or the one that was asked for.
async fn of_pools(
    read: &mut Read,
    route: &Route,
    domain: &Domain,
    asked: Option<PoolId>,
) -> Result<Vec<PoolId>, ApiError> {
    if let Some(id) = asked {
        let pool = pools::find(read, id).await?;
        return Ok(vec![pool.ok_or_else(|| ApiError::field("/pool_id", "there is no such pool"))?.id]);
    }
    let tenant = store::related(read, route, domain).await?.unwrap_or(route.tenant);
    Ok(pools::serving(read, tenant).await?.pools.into_iter().map(|pool| pool.id).collect())
}

/// Whom RCPT names, and the domain whose next hops are tried. A domain that has to do with the route, or any address could
/// be asked after, anywhere.
async fn recipient(read: &mut Read, route: &Route, given: Option<&str>) -> Result<(Mailbox, Domain), ApiError> {
    let Some(given) = given else {
        let Some(domain) = store::any_domain(read, route).await? else {
            let message = "is required: neither does a domain use this route, nor has its tenant any";
            return Err(ApiError::invalid(vec![FieldError::new("/recipient", "required", message)]));
        };
        let postmaster = format!("postmaster@{domain}");
        return Ok((postmaster.parse().map_err(ApiError::internal)?, domain));
    };
    let mailbox: Mailbox = given.parse().map_err(|error| ApiError::field("/recipient", error))?;
    let Host::Domain(domain) = mailbox.host().clone() else {
        return Err(ApiError::field("/recipient", "expected an address at a domain"));
    };
    if store::related(read, route, &domain).await?.is_some() {
        Ok((mailbox, domain))
    } else {
        Err(ApiError::field("/recipient", "its domain neither uses this route nor belongs to the route's tenant"))
    }
}
