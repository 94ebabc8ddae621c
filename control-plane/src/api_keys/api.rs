//! `/v1/api-keys`

use std::time::Duration;

use axum::{extract::State, response::Response};
use contract::ids::ApiKeyId;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    ApiKey, PREFIX, store,
    view::{ApiKeyCreate, ApiKeyPage, ApiKeyQuery, ApiKeyRotate, ApiKeySecret, ApiKeyView},
};
use crate::{
    app::AppState,
    audit,
    auth::{
        Grant, MATRIX,
        action::{Action, MakeApiKeys, ManageApiKeys, MatrixRow, WriteTenants},
        secret, token_hash,
    },
    db::{Read, Tx},
    domains,
    grants::{GrantScopeName, Over},
    http::{Answer, ApiError, ApiJson, ApiPath, ApiQuery, Code, FieldError, commit, docs::CommonProblems},
    mail_out::{self, Named, News},
    sessions, tenants,
};

/// Keys of one person.
const MOST: i64 = 100;
const USUAL_OVERLAP: Duration = Duration::from_hours(24);
const LONGEST_OVERLAP: Duration = Duration::from_hours(7 * 24);

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_api_keys, create_api_key))
        .routes(routes!(read_api_key, delete_api_key))
        .routes(routes!(rotate_api_key))
}

/// List your API keys, and those over what you administer.
#[utoipa::path(get, path = "/v1/api-keys", operation_id = "list_api_keys", tag = "api-keys", params(ApiKeyQuery),
    responses((status = 200, description = "A page of keys", body = ApiKeyPage), CommonProblems))]
pub(super) async fn list_api_keys(
    grant: Grant<ManageApiKeys>,
    State(app): State<AppState>,
    ApiQuery(query): ApiQuery<ApiKeyQuery>,
) -> Result<Answer, ApiError> {
    const LIST: &str = "api_keys";
    let (person, _) = grant.person()?;
    let page = app.cursors.page::<Uuid>(LIST, &(), query.limit, query.cursor.as_deref())?;
    let scope = grant.scope_of::<WriteTenants>();
    let mut rows = store::list(&mut app.db.read(&grant).await?, person, &scope, &page).await?;
    let next_cursor = app.cursors.cut(LIST, &(), page.limit, &mut rows, |row| row.id.uuid());
    Ok(Answer::ok(&ApiKeyPage { data: rows.iter().map(ApiKeyView::from).collect(), next_cursor }))
}

/// Make an API key for a program. It may do what it names and you may, no more, also when you may less one day. The secret is in
/// the answer and nowhere else.
#[utoipa::path(post, path = "/v1/api-keys", operation_id = "create_api_key", tag = "api-keys", request_body = ApiKeyCreate,
    responses((status = 201, description = "Made", body = ApiKeySecret), CommonProblems))]
pub(super) async fn create_api_key(
    grant: Grant<MakeApiKeys>,
    State(app): State<AppState>,
    ApiJson(body): ApiJson<ApiKeyCreate>,
) -> Result<Response, ApiError> {
    let (maker, session) = grant.person()?;
    body.check(app.clock.now())?;
    let mut tx = app.db.begin(&grant).await?;
    let over = over(&mut tx, &body).await?;
    held(&grant, &body, over)?;
    // Held, so that of many at once none is one too many, and none outlives a session that was ended or a person kept out.
    let account = sessions::hold_own(&mut tx, maker, session).await?;
    if store::count(&mut tx, maker).await? >= MOST {
        return Err(ApiError::new(Code::TooMany));
    }
    let key = ApiKey {
        id: tx.new_id(),
        maker,
        name: body.name,
        over,
        actions: body.actions,
        read_only: body.read_only,
        address_ranges: body.address_ranges,
        expires_at: body.expires_at.map(|time| time.0),
        last_used_at: None,
        previous_until: None,
        created_at: tx.now(),
    };
    let secret = secret::make(PREFIX, tx.entropy());
    store::insert(&mut tx, &key, token_hash(&secret)).await?;
    let view = ApiKeyView::from(&key);
    audit::record(&mut tx, "api_key.create", key.target(), audit::NOTHING, Some(&view)).await?;
    let place = named(&mut tx, over).await?;
    mail_out::post(&mut tx, &app, &account.email, News::ApiKeyMade { name: &view.name, place: &place }).await?;
    commit(
        tx,
        Answer::created(format!("/v1/api-keys/{}", key.id), &ApiKeySecret { key: view, secret: secret.to_string() }),
    )
    .await
}

/// What a key is over, for people.
async fn named(tx: &mut Tx, over: Over) -> Result<Named, ApiError> {
    Ok(match over {
        Over::Installation => Named::Installation,
        Over::Tenant(id) => Named::Tenant(tenants::find(tx, id).await?.ok_or_else(ApiError::not_found)?.name),
        Over::Domain(id, _) => {
            Named::Domain(domains::find(tx, id).await?.ok_or_else(ApiError::not_found)?.name.to_string())
        }
    })
}

/// What the body names; whether it is within reach is asked of each action.
async fn over(tx: &mut Tx, body: &ApiKeyCreate) -> Result<Over, ApiError> {
    match (body.scope, body.tenant_id, body.domain_id) {
        (GrantScopeName::Installation, ..) => Ok(Over::Installation),
        (GrantScopeName::Tenant, Some(id), _) => {
            let found = tenants::find(tx, id).await?;
            found.map(|tenant| Over::Tenant(tenant.id)).ok_or_else(|| no_such("/tenant_id", "tenant"))
        }
        (GrantScopeName::Domain, _, Some(id)) => {
            let found = domains::find(tx, id).await?;
            found.map(|domain| Over::Domain(domain.id, domain.tenant)).ok_or_else(|| no_such("/domain_id", "domain"))
        }
        (GrantScopeName::Tenant | GrantScopeName::Domain, ..) => {
            Err(ApiError::internal("a scope without its id passed the check"))
        }
    }
}

fn no_such(pointer: &str, what: &str) -> ApiError {
    ApiError::field(pointer, format!("there is no such {what}"))
}

/// Each action must be open to the maker over all that the key is over.
fn held(grant: &Grant<MakeApiKeys>, body: &ApiKeyCreate, over: Over) -> Result<(), ApiError> {
    let rows = || MATRIX.iter().filter(|row| body.actions.contains(row.action));
    let scope = |row: &MatrixRow| grant.holding().scope_of_row(row);
    let open = |row: &MatrixRow| scope(row).covers(over.place());
    if let Some(on_hold) = rows().filter(|row| !open(row)).find_map(|row| scope(row).on_hold(over.place())) {
        return Err(on_hold.refusal());
    }
    if !rows().any(open) {
        // What one may do nothing to is as good as not there.
        match over {
            Over::Installation => {}
            Over::Tenant(_) => return Err(no_such("/tenant_id", "tenant")),
            Over::Domain(..) => return Err(no_such("/domain_id", "domain")),
        }
    }
    let wide = rows().filter(|row| !open(row) || (row.of_installation && over != Over::Installation));
    let errors: Vec<_> = wide
        .map(|row| FieldError::new("/actions", Code::GrantTooWide.name(), format!("you may not {} there", row.action)))
        .collect();
    if errors.is_empty() { Ok(()) } else { Err(ApiError::new(Code::GrantTooWide).errors(errors)) }
}

/// Read an API key; never its secret.
#[utoipa::path(get, path = "/v1/api-keys/{api_key_id}", operation_id = "read_api_key", tag = "api-keys",
    params(("api_key_id" = ApiKeyId, Path)),
    responses((status = 200, description = "The key", body = ApiKeyView), CommonProblems))]
pub(super) async fn read_api_key(
    grant: Grant<ManageApiKeys>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<ApiKeyId>,
) -> Result<Answer, ApiError> {
    let key = load(&mut app.db.read(&grant).await?, &grant, id).await?;
    Ok(Answer::ok(&ApiKeyView::from(&key)))
}

/// Give one of your API keys a new secret. For a while the one of before is good as well.
#[utoipa::path(post, path = "/v1/api-keys/{api_key_id}/rotate", operation_id = "rotate_api_key", tag = "api-keys",
    params(("api_key_id" = ApiKeyId, Path)), request_body = ApiKeyRotate,
    responses((status = 200, description = "The key with its new secret", body = ApiKeySecret), CommonProblems))]
pub(super) async fn rotate_api_key(
    grant: Grant<MakeApiKeys>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<ApiKeyId>,
    ApiJson(body): ApiJson<ApiKeyRotate>,
) -> Result<Response, ApiError> {
    let (person, session) = grant.person()?;
    let overlap = body.overlap_s.map_or(USUAL_OVERLAP, |seconds| Duration::from_secs(seconds.into()));
    if overlap > LONGEST_OVERLAP {
        return Err(ApiError::field("/overlap_s", format!("expected 0 to {}", LONGEST_OVERLAP.as_secs())));
    }
    let mut tx = app.db.begin(&grant).await?;
    let account = sessions::hold_own(&mut tx, person, session).await?;
    let before = load(&mut tx, &grant, id).await?;
    if before.maker != person {
        return Err(ApiError::new(Code::Forbidden).detail("whoever made it can do this"));
    }
    let after = ApiKey { previous_until: Some(tx.now() + overlap), ..before.clone() };
    let secret = secret::make(PREFIX, tx.entropy());
    store::rotate(&mut tx, id, token_hash(&secret), tx_until(&after)).await?;
    let (old, new) = (ApiKeyView::from(&before), ApiKeyView::from(&after));
    audit::record(&mut tx, "api_key.rotate", after.target(), Some(&old), Some(&new)).await?;
    let place = named(&mut tx, after.over).await?;
    mail_out::post(&mut tx, &app, &account.email, News::ApiKeyRotated { name: &new.name, place: &place }).await?;
    commit(tx, Answer::ok(&ApiKeySecret { key: new, secret: secret.to_string() })).await
}

fn tx_until(key: &ApiKey) -> contract::Micros {
    key.previous_until.unwrap_or(key.created_at)
}

/// End an API key: it is good for nothing from the next request on.
#[utoipa::path(delete, path = "/v1/api-keys/{api_key_id}", operation_id = "delete_api_key", tag = "api-keys",
    params(("api_key_id" = ApiKeyId, Path)),
    responses((status = 204, description = "Ended"), CommonProblems))]
pub(super) async fn delete_api_key(
    grant: Grant<ManageApiKeys>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<ApiKeyId>,
) -> Result<Response, ApiError> {
    let mut tx = app.db.begin(&grant).await?;
    let key = load(&mut tx, &grant, id).await?;
    if !store::delete(&mut tx, id).await? {
        return Err(ApiError::not_found());
    }
    audit::record(&mut tx, "api_key.delete", key.target(), Some(&ApiKeyView::from(&key)), audit::NOTHING).await?;
    commit(tx, Answer::no_content()).await
}

/// One's own, or one over what one administers.
async fn load<A: Action>(read: &mut Read, grant: &Grant<A>, id: ApiKeyId) -> Result<ApiKey, ApiError> {
    let (person, _) = grant.person()?;
    let scope = grant.scope_of::<WriteTenants>();
    store::find(read, id, person, &scope).await?.ok_or_else(ApiError::not_found)
}
