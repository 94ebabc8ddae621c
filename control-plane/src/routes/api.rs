//! `/v1/routes`

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use contract::{Id, ids, ids::RouteId};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    Route, health,
    hop::Bounds,
    store, trial,
    view::{RouteCreate, RoutePage, RouteQuery, RouteUpdate, RouteView},
};
use crate::{
    app::AppState,
    audit::{self, Target},
    auth::{
        Action, Grant, Place,
        action::{ReadRoutes, WriteRoutes},
    },
    certificates,
    db::{Read, Tx},
    http::{Answer, ApiError, ApiJson, ApiPatch, ApiPath, ApiQuery, Code, IfMatch, commit, docs::CommonProblems},
    labels,
    outbox::{self, Change},
    pools, tenants,
};

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_routes, create_route))
        .routes(routes!(read_route, update_route, delete_route))
        .merge(health::api::router())
        .merge(trial::api::router())
}

fn target(route: &Route) -> Target {
    Target::new("route").id(route.id).of_tenant(route.tenant)
}

/// List routes.
#[utoipa::path(get, path = "/v1/routes", operation_id = "list_routes", tag = "routes", params(RouteQuery),
    responses((status = 200, description = "A page of routes", body = RoutePage), CommonProblems))]
pub(super) async fn list_routes(
    grant: Grant<ReadRoutes>,
    State(app): State<AppState>,
    ApiQuery(query): ApiQuery<RouteQuery>,
) -> Result<Answer, ApiError> {
    const LIST: &str = "routes";
    let filters = (&query.name, &query.external_ref, &query.label, &query.tenant_id);
    let page = app.cursors.page::<Uuid>(LIST, &filters, query.limit, query.cursor.as_deref())?;
    let filter = store::Filter {
        name: query.name.clone(),
        external_ref: query.external_ref.clone(),
        label: labels::filter(query.label.as_deref())?,
        tenant: query.tenant_id,
    };
    let scope = grant.scope();
    if query.tenant_id.is_some_and(|tenant| !scope.covers_tenant(tenant)) {
        return Ok(Answer::ok(&RoutePage { data: Vec::new(), next_cursor: None }));
    }
    let mut rows = store::list(&mut app.db.read(&grant).await?, &filter, &scope.sets(), &page).await?;
    let next_cursor = app.cursors.cut(LIST, &filters, page.limit, &mut rows, |row| row.id.uuid());
    Ok(Answer::ok(&RoutePage { data: rows.iter().map(RouteView::from).collect(), next_cursor }))
}

/// Create a route: where mail goes. Domains point to it.
#[utoipa::path(post, path = "/v1/routes", operation_id = "create_route", tag = "routes", request_body = RouteCreate,
    responses((status = 201, description = "Created", body = RouteView), CommonProblems))]
pub(super) async fn create_route(
    grant: Grant<WriteRoutes>,
    State(app): State<AppState>,
    ApiJson(body): ApiJson<RouteCreate>,
) -> Result<Response, ApiError> {
    let mut tx = app.db.begin(&grant).await?;
    let bounds = Bounds::of(&app.config, pools::own_names(&mut tx).await?);
    let route = body.parse(tx.new_id(), tx.now(), &bounds)?;
    tenants::must_be_open(&mut tx, &grant.scope(), route.tenant, "/tenant_id").await?;
    certificate_must_fit(&mut tx, &grant, &route).await?;
    refuse_taken(&mut tx, &route).await?;
    store::insert(&mut tx, &route).await?;
    let view = RouteView::from(&route);
    audit::record(&mut tx, "route.create", target(&route), audit::NOTHING, Some(&view)).await?;
    outbox::record(&mut tx, &Change::Route(route.id)).await?;
    commit(tx, Answer::created(format!("/v1/routes/{}", route.id), &view).revision(route.revision)).await
}

/// Read a route.
#[utoipa::path(get, path = "/v1/routes/{route_id}", operation_id = "read_route", tag = "routes",
    params(("route_id" = RouteId, Path)),
    responses((status = 200, description = "The route", body = RouteView), CommonProblems))]
pub(super) async fn read_route(
    grant: Grant<ReadRoutes>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<RouteId>,
) -> Result<Answer, ApiError> {
    let route = load(&mut app.db.read(&grant).await?, &grant, id).await?;
    Ok(Answer::ok(&RouteView::from(&route)).revision(route.revision))
}

/// Change a route; every domain that points to it follows.
#[utoipa::path(patch, path = "/v1/routes/{route_id}", operation_id = "update_route", tag = "routes",
    params(("route_id" = RouteId, Path)), request_body = RouteUpdate,
    responses((status = 200, description = "The route as it is now", body = RouteView), CommonProblems))]
pub(super) async fn update_route(
    grant: Grant<WriteRoutes>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<RouteId>,
    if_match: IfMatch,
    ApiPatch(body): ApiPatch<RouteUpdate>,
) -> Result<Response, ApiError> {
    let mut tx = app.db.begin(&grant).await?;
    let before = load(&mut tx, &grant, id).await?;
    if_match.check(before.revision)?;
    let mut after = before.clone();
    let bounds = Bounds::of(&app.config, pools::own_names(&mut tx).await?);
    body.apply(&mut after, &bounds)?;
    let (old, new) = (RouteView::from(&before), RouteView::from(&after));
    if serde_json::to_value(&old).ok() == serde_json::to_value(&new).ok() {
        return Ok(Answer::ok(&old).revision(before.revision).into_response());
    }
    if after.certificate != before.certificate {
        certificate_must_fit(&mut tx, &grant, &after).await?;
    }
    refuse_taken(&mut tx, &after).await?;
    store::update(&mut tx, &after).await?;
    after.revision += 1;
    audit::record(&mut tx, "route.update", target(&after), Some(&old), Some(&new)).await?;
    outbox::record(&mut tx, &Change::Route(id)).await?;
    commit(tx, Answer::ok(&new).revision(after.revision)).await
}

/// Delete a route that no domain points to.
#[utoipa::path(delete, path = "/v1/routes/{route_id}", operation_id = "delete_route", tag = "routes",
    params(("route_id" = RouteId, Path)),
    responses((status = 204, description = "Deleted"), CommonProblems))]
pub(super) async fn delete_route(
    grant: Grant<WriteRoutes>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<RouteId>,
    if_match: IfMatch,
) -> Result<Response, ApiError> {
    let mut tx = app.db.begin(&grant).await?;
    let route = load(&mut tx, &grant, id).await?;
    if_match.check(route.revision)?;
    let in_use = || ApiError::new(Code::InUse).detail("a domain points to this route");
    store::delete(&mut tx, &route).await.map_err(|error| error.or_reference(in_use))?;
    audit::record(&mut tx, "route.delete", target(&route), Some(&RouteView::from(&route)), audit::NOTHING).await?;
    outbox::record(&mut tx, &Change::Route(id)).await?;
    commit(tx, Answer::no_content()).await
}

async fn load<A: Action>(read: &mut Read, grant: &Grant<A>, id: Id<ids::Route>) -> Result<Route, ApiError> {
    let route = store::find(read, id).await?.ok_or_else(ApiError::not_found)?;
    grant.must_reach(Place::Tenant(route.tenant))?;
    Ok(route)
}

/// A certificate of the route's tenant, of one above it, or of the installation; within the scope, too.
async fn certificate_must_fit(tx: &mut Tx, grant: &Grant<WriteRoutes>, route: &Route) -> Result<(), ApiError> {
    let Some(id) = route.certificate else { return Ok(()) };
    let scope = grant.scope();
    let found = certificates::find(tx, id).await?.filter(|found| scope.covers(Place::of(found.tenant)));
    let above = tenants::ancestry(tx, route.tenant).await?;
    match found.map(|certificate| certificate.tenant) {
        Some(None) => Ok(()),
        Some(Some(tenant)) if above.contains(&tenant) => Ok(()),
        _ => Err(ApiError::field("/certificate_id", "there is no such certificate of this tenant or one above it")),
    }
}

/// Names what another route of the tenant has. Two at once: the index decides, and the slower one hears 409 `conflict`.
async fn refuse_taken(tx: &mut Tx, route: &Route) -> Result<(), ApiError> {
    let taken = store::taken(tx, route).await?;
    if taken.name {
        return Err(ApiError::new(Code::NameTaken).at("/name"));
    }
    if taken.external_ref {
        return Err(ApiError::new(Code::ExternalRefTaken).at("/external_ref"));
    }
    Ok(())
}
