//! `/v1/persons`

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::{
    Id,
    ids::{self, PersonId},
};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    Person, store,
    view::{PersonCreate, PersonCreated, PersonPage, PersonQuery, PersonView},
};
use crate::{
    api_keys,
    app::AppState,
    audit,
    auth::{
        Action, Grant, Place,
        action::{CreatePerson, ReadPersons, WritePersons},
        password::Password,
    },
    db::{Read, Tx},
    grants,
    http::{Answer, ApiError, ApiJson, ApiPath, ApiQuery, Code, commit, docs::CommonProblems},
    invitations, password_resets, tenants,
};

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_persons, create_person))
        .routes(routes!(read_person))
        .routes(routes!(disable_person))
        .routes(routes!(enable_person))
}

/// List those who belong to a tenant of yours.
#[utoipa::path(get, path = "/v1/persons", operation_id = "list_persons", tag = "persons", params(PersonQuery),
    responses((status = 200, description = "A page of people", body = PersonPage), CommonProblems))]
pub(super) async fn list_persons(
    grant: Grant<ReadPersons>,
    State(app): State<AppState>,
    ApiQuery(query): ApiQuery<PersonQuery>,
) -> Result<Answer, ApiError> {
    const LIST: &str = "persons";
    let filters = (&query.tenant_id, &query.email);
    let page = app.cursors.page::<Uuid>(LIST, &filters, query.limit, query.cursor.as_deref())?;
    let filter =
        store::Filter { email_key: query.email.as_ref().map(|email| email.to_lowercase()), tenant: query.tenant_id };
    let scope = grant.scope().sets();
    let mut rows = store::list(&mut app.db.read(&grant).await?, &filter, &scope, &page).await?;
    let next_cursor = app.cursors.cut(LIST, &filters, page.limit, &mut rows, |row| row.id.uuid());
    Ok(Answer::ok(&PersonPage { data: rows.iter().map(PersonView::from).collect(), next_cursor }))
}

/// Make an account with a password that must be changed at the first sign-in. It holds nothing: grants come after.
#[utoipa::path(post, path = "/v1/persons", operation_id = "create_person", tag = "persons", request_body = PersonCreate,
    responses((status = 201, description = "Made", body = PersonCreated), CommonProblems))]
pub(super) async fn create_person(
    grant: Grant<CreatePerson>,
    State(app): State<AppState>,
    ApiJson(body): ApiJson<PersonCreate>,
) -> Result<Response, ApiError> {
    body.check()?;
    let made_up = body.initial_password.is_none();
    if let Some(given) = &body.initial_password {
        let finding = app.breach.look_up(&Password::new(given.clone()), &app.metrics).await;
        app.breach.permit_new(finding, "/initial_password")?;
    }
    // 144 bits, in characters that survive being copied by hand.
    let password = body.initial_password.unwrap_or_else(|| URL_SAFE_NO_PAD.encode(app.entropy.bytes::<18>()));
    let hash = app.hasher.hash(Password::new(password.clone())).await?;
    let mut tx = app.db.begin(&grant).await?;
    tenants::must_be_open(&mut tx, &grant.scope(), body.tenant_id, "/tenant_id").await?;
    let person = Person {
        id: tx.new_id(),
        tenant: body.tenant_id,
        email: body.email,
        must_change_password: true,
        disabled_at: None,
        disabled_in: None,
        created_at: tx.now(),
    };
    let taken = || ApiError::new(Code::EmailTaken).at("/email");
    store::insert(&mut tx, &person, &hash).await.map_err(|error| error.or_unique(taken))?;
    let view = PersonView::from(&person);
    audit::record(&mut tx, "person.create", person.target(), audit::NOTHING, Some(&view)).await?;
    let created = PersonCreated { person: view, initial_password: made_up.then_some(password) };
    commit(tx, Answer::created(format!("/v1/persons/{}", person.id), &created)).await
}

/// Read a person.
#[utoipa::path(get, path = "/v1/persons/{person_id}", operation_id = "read_person", tag = "persons",
    params(("person_id" = PersonId, Path)),
    responses((status = 200, description = "The person", body = PersonView), CommonProblems))]
pub(super) async fn read_person(
    grant: Grant<ReadPersons>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<PersonId>,
) -> Result<Answer, ApiError> {
    let person = load(&mut app.db.read(&grant).await?, &grant, id).await?;
    Ok(Answer::ok(&PersonView::from(&person)))
}

/// Keep a person out: their sessions end at once, and the API keys they made for good. Only for whoever could have given them all that they hold.
#[utoipa::path(post, path = "/v1/persons/{person_id}/disable", operation_id = "disable_person", tag = "persons",
    params(("person_id" = PersonId, Path)),
    responses((status = 200, description = "The person as they are now", body = PersonView), CommonProblems))]
pub(super) async fn disable_person(
    grant: Grant<WritePersons>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<PersonId>,
) -> Result<Response, ApiError> {
    turn(&app, grant, id, true).await
}

/// Let a person in again. Their grants are as they were; they sign in anew, and make new API keys where they need any. Only for
/// whoever reaches as high up as who disabled them.
#[utoipa::path(post, path = "/v1/persons/{person_id}/enable", operation_id = "enable_person", tag = "persons",
    params(("person_id" = PersonId, Path)),
    responses((status = 200, description = "The person as they are now", body = PersonView), CommonProblems))]
pub(super) async fn enable_person(
    grant: Grant<WritePersons>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<PersonId>,
) -> Result<Response, ApiError> {
    turn(&app, grant, id, false).await
}

async fn turn(app: &AppState, mut grant: Grant<WritePersons>, id: PersonId, off: bool) -> Result<Response, ApiError> {
    let mut tx = app.db.begin(&grant).await?;
    grants::lock(&mut tx).await?;
    grant.renew(app, &mut tx).await?;
    let before = load(&mut tx, &grant, id).await?;
    grants::must_cover_all(&mut tx, &grant.scope(), id).await?;
    let mut after = before.clone();
    let from_above = before.disabled_at.is_some() && !grant.scope().covers(Place::of(before.disabled_in));
    if off {
        after.disabled_at = before.disabled_at.or(Some(tx.now()));
        after.disabled_in = if from_above { before.disabled_in } else { top(&mut tx, &grant, before.tenant).await? };
    } else if from_above {
        return Err(ApiError::new(Code::Forbidden).detail("they were disabled by somebody above you"));
    } else {
        (after.disabled_at, after.disabled_in) = (None, None);
    }
    let (old, new) = (PersonView::from(&before), PersonView::from(&after));
    if (after.disabled_at, after.disabled_in) == (before.disabled_at, before.disabled_in) {
        return Ok(Answer::ok(&old).into_response());
    }
    store::set_disabled(&mut tx, &after).await?;
    if off {
        password_resets::end_all(&mut tx, id).await?;
        invitations::end_all_of(&mut tx, id).await?;
    }
    grants::must_leave_an_owner(&mut tx).await?;
    if off {
        api_keys::end_all(&mut tx, id).await?;
    }
    let action = if off { "person.disable" } else { "person.enable" };
    audit::record(&mut tx, action, after.target(), Some(&old), Some(&new)).await?;
    commit(tx, Answer::ok(&new)).await
}

/// The highest tenant through which the caller reaches this one; none: the installation.
async fn top(
    tx: &mut Tx,
    grant: &Grant<WritePersons>,
    tenant: Id<ids::Tenant>,
) -> Result<Option<Id<ids::Tenant>>, ApiError> {
    let scope = grant.scope();
    let Some(roots) = scope.roots() else { return Ok(None) };
    let above = tenants::ancestry(tx, tenant).await?;
    Ok(Some(above.into_iter().find(|tenant| roots.contains(tenant)).unwrap_or(tenant)))
}

async fn load<A: Action>(read: &mut Read, grant: &Grant<A>, id: PersonId) -> Result<Person, ApiError> {
    let person = store::find(read, id).await?.ok_or_else(ApiError::not_found)?;
    grant.must_reach(Place::Tenant(person.tenant))?;
    Ok(person)
}
