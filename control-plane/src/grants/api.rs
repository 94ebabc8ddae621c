//! `/v1/grants`

use axum::{extract::State, response::Response};
use contract::ids::GrantId;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    Given, Over, access, give, insert, must_leave_an_owner, permissions,
    rule::{self, Wanted},
    store,
    view::{GrantCreate, GrantPage, GrantQuery, GrantView},
};
use crate::{
    app::AppState,
    audit,
    auth::{
        Action, Grant, Held, Place, Role,
        action::{ReadGrants, ReadPersons, WriteGrants},
    },
    db::{Read, Tx},
    http::{Answer, ApiError, ApiJson, ApiPath, ApiQuery, Code, commit, docs::CommonProblems},
    persons::{self, Person},
};

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_grants, create_grant))
        .routes(routes!(read_grant, delete_grant))
        .merge(permissions::router())
        .merge(access::router())
}

/// List grants over what is yours, also those that have expired.
#[utoipa::path(get, path = "/v1/grants", operation_id = "list_grants", tag = "grants", params(GrantQuery),
    responses((status = 200, description = "A page of grants", body = GrantPage), CommonProblems))]
pub(super) async fn list_grants(
    grant: Grant<ReadGrants>,
    State(app): State<AppState>,
    ApiQuery(query): ApiQuery<GrantQuery>,
) -> Result<Answer, ApiError> {
    const LIST: &str = "grants";
    let filters = (&query.person_id, &query.tenant_id, &query.domain_id);
    let page = app.cursors.page::<Uuid>(LIST, &filters, query.limit, query.cursor.as_deref())?;
    let filter = store::Filter { person: query.person_id, tenant: query.tenant_id, domain: query.domain_id };
    let scope = grant.scope().sets();
    let mut rows = store::list(&mut app.db.read(&grant).await?, &filter, &scope, &page).await?;
    let next_cursor = app.cursors.cut(LIST, &filters, page.limit, &mut rows, |row| row.id.uuid());
    Ok(Answer::ok(&GrantPage { data: rows.iter().map(GrantView::from).collect(), next_cursor }))
}

/// Give somebody a role over something. Nobody grants more than they hold: no other role, over nothing else, for no longer. A key
/// must name all that the role may do, makes no owners, and hands on no right to hand on.
#[utoipa::path(post, path = "/v1/grants", operation_id = "create_grant", tag = "grants", request_body = GrantCreate,
    responses((status = 201, description = "Given", body = GrantView), CommonProblems))]
pub(super) async fn create_grant(
    grant: Grant<WriteGrants>,
    State(app): State<AppState>,
    ApiJson(body): ApiJson<GrantCreate>,
) -> Result<Response, ApiError> {
    let giver = grant.maker()?;
    body.check(app.clock.now())?;
    let mut tx = app.db.begin(&grant).await?;
    store::lock(&mut tx).await?;
    let over = give::over(&mut tx, &grant.scope(), body.scope, body.tenant_id, body.domain_id).await?;
    let person = grantee(&mut tx, &grant, &body, over).await?;
    let wanted = Wanted {
        role: body.role.role(),
        over,
        expires_at: body.expires_at.map(|time| time.0),
        may_delegate: body.may_delegate,
        max_domains: body.max_domains,
    };
    wanted.check()?;
    let now = tx.now();
    // What was held when the request began may have ended while it waited.
    rule::may_give(&grant.holding_now(&app, &mut tx).await?, &wanted)?;
    if wanted.role == Role::Owner && !give::is_of_the_provider(&mut tx, person.tenant).await? {
        // An owner goes with no customer.
        return Err(ApiError::field("/person_id", "an owner is somebody of the provider"));
    }
    let given = Given {
        id: tx.new_id(),
        person: person.id,
        email: person.email,
        role: wanted.role.name().to_owned(),
        over,
        expires_at: wanted.expires_at,
        may_delegate: wanted.may_delegate,
        max_domains: wanted.max_domains,
        created_by: Some(giver),
        created_at: now,
    };
    give::refuse_again(&mut tx, &given).await?;
    insert(&mut tx, &given).await?;
    commit(tx, Answer::created(format!("/v1/grants/{}", given.id), &GrantView::from(&given))).await
}

/// Somebody who belongs to a tenant of the giver's, or to the one that the grant is over.
async fn grantee(tx: &mut Tx, grant: &Grant<WriteGrants>, body: &GrantCreate, over: Over) -> Result<Person, ApiError> {
    let seen = grant.scope_of::<ReadPersons>();
    let own = match over {
        Over::Installation => None,
        Over::Tenant(tenant) | Over::Domain(_, tenant) => Some(tenant),
    };
    let found = persons::find(tx, body.person_id).await?;
    found
        .filter(|person| seen.covers_tenant(person.tenant) || own == Some(person.tenant))
        .ok_or_else(|| ApiError::field("/person_id", "there is no such person"))
}

/// Read a grant.
#[utoipa::path(get, path = "/v1/grants/{grant_id}", operation_id = "read_grant", tag = "grants",
    params(("grant_id" = GrantId, Path)),
    responses((status = 200, description = "The grant", body = GrantView), CommonProblems))]
pub(super) async fn read_grant(
    grant: Grant<ReadGrants>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<GrantId>,
) -> Result<Answer, ApiError> {
    let given = load(&mut app.db.read(&grant).await?, &grant, id).await?;
    Ok(Answer::ok(&GrantView::from(&given)))
}

/// End a grant: it counts for nothing from the next request on.
#[utoipa::path(delete, path = "/v1/grants/{grant_id}", operation_id = "delete_grant", tag = "grants",
    params(("grant_id" = GrantId, Path)),
    responses((status = 204, description = "Ended"), CommonProblems))]
pub(super) async fn delete_grant(
    grant: Grant<WriteGrants>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<GrantId>,
) -> Result<Response, ApiError> {
    let caller = grant.maker()?;
    let mut tx = app.db.begin(&grant).await?;
    store::lock(&mut tx).await?;
    let given = load(&mut tx, &grant, id).await?;
    if grant.is_key() && given.role == Role::Owner.name() {
        return Err(ApiError::new(Code::Forbidden).detail("people end the grants of owners, and no key does"));
    }
    let holding = grant.holding_now(&app, &mut tx).await?;
    // Who only hands on ends what they handed on; the others all that is over what is theirs.
    let administers = |held: &Held| held.on_hold.is_none() && matches!(held.role, Role::Owner | Role::TenantAdmin);
    let place = given.over.place();
    let reached = |held: &Held| administers(held) && holding.reach_of(held).covers(place);
    if given.created_by != Some(caller) && !holding.held().iter().any(reached) {
        return Err(ApiError::new(Code::Forbidden));
    }
    if !store::delete(&mut tx, id).await? {
        return Err(ApiError::not_found());
    }
    if given.is_owner() {
        must_leave_an_owner(&mut tx).await?;
    }
    audit::record(&mut tx, "grant.delete", given.target(), Some(&GrantView::from(&given)), audit::NOTHING).await?;
    commit(tx, Answer::no_content()).await
}

async fn load<A: Action>(read: &mut Read, grant: &Grant<A>, id: GrantId) -> Result<Given, ApiError> {
    let given = store::find(read, id).await?.ok_or_else(ApiError::not_found)?;
    let place: Place = given.over.place();
    grant.must_reach(place)?;
    Ok(given)
}
