//! `/v1/grants`

use axum::{extract::State, response::Response};
use contract::ids::GrantId;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    Given, Over, access, must_leave_an_owner, permissions,
    rule::{self, Wanted},
    store,
    view::{GrantCreate, GrantPage, GrantQuery, GrantScopeName, GrantView},
};
use crate::{
    app::AppState,
    audit,
    auth::{
        Action, Grant, Held, Place, Role,
        action::{ReadGrants, ReadPersons, WriteGrants},
    },
    db::{Read, Tx},
    domains,
    http::{Answer, ApiError, ApiJson, ApiPath, ApiQuery, Code, commit, docs::CommonProblems},
    persons::{self, Person},
    tenants,
};

/// Grants of one person over the installation and tenants: each is a search of its own in the trace.
const MOST_OF_PERSON: usize = 100;

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

/// Give somebody a role over something. Nobody grants more than they hold: no other role, over nothing else, for no longer.
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
    let over = over(&mut tx, &grant, &body).await?;
    let person = grantee(&mut tx, &grant, &body, over).await?;
    let wanted = Wanted {
        role: body.role.role(),
        over,
        expires_at: body.expires_at.map(|time| time.0),
        may_delegate: body.may_delegate,
        max_domains: body.max_domains,
    };
    wanted.check()?;
    // What was held when the request began may have ended while it waited.
    let now = tx.now();
    if grant.is_key() {
        if wanted.role == Role::Owner {
            return Err(ApiError::new(Code::GrantTooWide).at("/role"));
        }
        rule::may_give(grant.holding(), &wanted)?;
    } else {
        rule::may_give(&crate::auth::holding(&mut tx, giver, now).await?, &wanted)?;
    }
    if wanted.role == Role::Owner
        && tenants::find(&mut tx, person.tenant).await?.is_none_or(|home| home.parent.is_some())
    {
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
    refuse_again(&mut tx, &given).await?;
    store::insert(&mut tx, &given).await?;
    let view = GrantView::from(&given);
    audit::record(&mut tx, "grant.create", given.target(), audit::NOTHING, Some(&view)).await?;
    commit(tx, Answer::created(format!("/v1/grants/{}", given.id), &view)).await
}

/// What the body's scope names, if it is within reach.
async fn over(tx: &mut Tx, grant: &Grant<WriteGrants>, body: &GrantCreate) -> Result<Over, ApiError> {
    let scope = grant.scope();
    match (body.scope, body.tenant_id, body.domain_id) {
        (GrantScopeName::Installation, ..) if scope.is_everything() => Ok(Over::Installation),
        (GrantScopeName::Installation, ..) => Err(ApiError::new(Code::GrantTooWide).at("/scope")),
        (GrantScopeName::Tenant, Some(id), _) => {
            tenants::must_be_open(tx, &scope, id, "/tenant_id").await?;
            Ok(Over::Tenant(id))
        }
        (GrantScopeName::Domain, _, Some(id)) => {
            let found = domains::find(tx, id).await?.filter(|domain| scope.covers(domain.place()));
            let domain = found.ok_or_else(|| ApiError::field("/domain_id", "there is no such domain"))?;
            Ok(Over::Domain(domain.id, domain.tenant))
        }
        (GrantScopeName::Tenant | GrantScopeName::Domain, ..) => {
            Err(ApiError::internal("a scope without its id passed the check"))
        }
    }
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

async fn refuse_again(tx: &mut Tx, given: &Given) -> Result<(), ApiError> {
    let now = tx.now();
    let live = store::of_person(tx, given.person, now).await?;
    let lasts = |other: &Given| match (other.expires_at, given.expires_at) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(other), Some(given)) => given <= other,
    };
    let same = |other: &Given| {
        (&other.role, other.over, other.may_delegate) == (&given.role, given.over, given.may_delegate) && lasts(other)
    };
    if given.max_domains.is_none() && live.iter().any(same) {
        return Err(ApiError::new(Code::GrantExists));
    }
    let wide = live.iter().filter(|other| !matches!(other.over, Over::Domain(..))).count();
    if wide >= MOST_OF_PERSON {
        return Err(ApiError::new(Code::TooMany).at("/person_id"));
    }
    Ok(())
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
    // Who only hands on ends what they handed on; the others all that is over what is theirs.
    let administers = |held: &Held| held.on_hold.is_none() && matches!(held.role, Role::Owner | Role::TenantAdmin);
    let place = given.over.place();
    let reached = |held: &Held| administers(held) && grant.holding().reach_of(held).covers(place);
    if given.created_by != Some(caller) && !grant.holding().held().iter().any(reached) {
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
