//! `/v1/sessions` and `/v1/me`.

use axum::{
    extract::{DefaultBodyLimit, FromRequestParts, State},
    http::request::Parts,
    response::Response,
};
use contract::{
    Id,
    ids::{self, PersonId, SessionId, TenantId},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::store;
use crate::{
    app::AppState,
    audit::{self, Target},
    auth::{
        Caller, Grant, Principal,
        action::{ChangeOwnPassword, EndOwnSession, ReadOwnAccount},
        password::Password,
        request_caller,
        token::Identity,
    },
    breach::Finding,
    db::{StoreError, System, Tx},
    http::{Answer, ApiError, ApiJson, Code, Time, commit, docs::CommonProblems},
    mail_out::{self, News},
};

/// Anybody may send one of these.
const SIGN_IN_BYTES: usize = 8 * 1024;

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .merge(OpenApiRouter::new().routes(routes!(create_session)).layer(DefaultBodyLimit::max(SIGN_IN_BYTES)))
        .routes(routes!(delete_current_session))
        .routes(routes!(read_me))
        .routes(routes!(update_my_password))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionCreate {
    #[schema(example = "owner@example.com", max_length = 254)]
    email: String,
    #[schema(example = "correct horse battery staple", format = Password, max_length = 1_024)]
    password: String,
}

impl std::fmt::Debug for SessionCreate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionCreate").field("email", &self.email).finish_non_exhaustive()
    }
}

/// A sign-in.
#[derive(Serialize, ToSchema)]
pub struct SessionView {
    pub id: SessionId,
    /// For `Authorization: Bearer`.
    #[schema(example = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSJ9.e30.c2ln")]
    pub access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    pub token_type: String,
    pub expires_at: Time,
    /// Nothing else can be done before `PUT /v1/me/password`.
    #[schema(example = false)]
    pub must_change_password: bool,
    /// Someone, somewhere, used this password and it was exposed. That does not mean that the account was hacked; a
    /// password that nobody has used is safer.
    #[schema(example = false)]
    pub password_compromised: bool,
}

impl std::fmt::Debug for SessionView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionView").field("id", &self.id).finish_non_exhaustive()
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    pub id: PersonId,
    /// The tenant the person belongs to.
    pub tenant_id: TenantId,
    #[schema(example = "owner@example.com")]
    pub email: String,
    pub session_id: SessionId,
    pub grants: Vec<MyGrant>,
    #[schema(example = false)]
    pub must_change_password: bool,
    /// Someone, somewhere, used this password and it was exposed. That does not mean that the account was hacked; a
    /// password that nobody has used is safer.
    #[schema(example = false)]
    pub password_compromised: bool,
    /// When that was last looked up. Null: it could not be; it is tried again at the next sign-in.
    #[schema(required)]
    pub password_checked_at: Option<Time>,
    pub created_at: Time,
}

/// A role, and what it is over.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyGrant {
    /// `owner`. More may come.
    #[schema(example = "owner")]
    pub role: String,
    /// The tenant and all below it; null: the whole installation.
    #[schema(required)]
    pub tenant_id: Option<TenantId>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordUpdate {
    #[schema(example = "correct horse battery staple", format = Password, max_length = 1_024)]
    current_password: String,
    /// At least 15 characters.
    #[schema(example = "another horse, another staple", format = Password, min_length = 15, max_length = 1_024)]
    new_password: String,
}

impl std::fmt::Debug for PasswordUpdate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordUpdate(…)")
    }
}

fn person(id: PersonId, tenant: TenantId) -> Target {
    Target::new("person").id(id).of_tenant(tenant)
}

/// It was let pass without being looked up: the log says so.
async fn note_unavailable(tx: &mut Tx, finding: Finding, target: Target) -> Result<(), StoreError> {
    if finding == Finding::Unavailable {
        audit::record(tx, "password.check_unavailable", target, audit::NOTHING, audit::NOTHING).await?;
    }
    Ok(())
}

/// Where a sign-in comes from. Not a grant: nobody knows yet who it is.
#[derive(Debug)]
pub(super) struct Stranger(Caller);

impl<S: Sync> FromRequestParts<S> for Stranger {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(request_caller(parts)))
    }
}

/// Sign in with e-mail and password.
#[utoipa::path(post, path = "/v1/sessions", operation_id = "create_session", tag = "account", request_body = SessionCreate,
    responses((status = 201, description = "Signed in", body = SessionView), CommonProblems))]
pub(super) async fn create_session(
    State(app): State<AppState>,
    Stranger(mut caller): Stranger,
    ApiJson(body): ApiJson<SessionCreate>,
) -> Result<Response, ApiError> {
    app.throttle.check(caller.address, app.clock.now())?;
    let system = System::for_request(caller.clone());
    // PostgreSQL has no text with a NUL in it: no account has such an address.
    let account = if body.email.contains('\0') {
        None
    } else {
        store::by_email(&mut app.db.read(&system).await?, &body.email).await?
    };
    let stored = account.as_ref().map(|account| account.password_hash.clone());
    let password = Password::new(body.password);
    let right = app.hasher.verify(password.clone(), stored).await?;
    let Some(account) = account.filter(|_| right) else {
        app.throttle.failed(caller.address, app.clock.now());
        app.metrics.with(|| metrics::counter!("postern_sign_ins_total", "outcome" => "refused").increment(1));
        return Err(ApiError::new(Code::InvalidCredentials));
    };
    app.throttle.succeeded(caller.address);
    app.metrics.with(|| metrics::counter!("postern_sign_ins_total", "outcome" => "accepted").increment(1));

    // Only of a password that is right: what somebody typed by mistake is nobody's business.
    let finding = app.breach.look_up(&password, &app.metrics).await;
    let must_change = app.breach.must_change(finding);
    let compromised = finding.exposed().unwrap_or(account.password_compromised);
    let rehashed = rehash(&app, &password, &account).await?;
    let now = app.clock.now();
    let session = Id::<ids::Session>::new(now, app.entropy.bytes());
    let identity = Identity { person: account.id, session };
    let (access_token, expires_at) = app.tokens.issue(identity, now).map_err(ApiError::internal)?;
    caller.principal = Principal::Person { person: account.id, session, email: account.email.clone() };
    let mut tx = app.db.begin(&System::for_request(caller)).await?;
    if finding.exposed().is_some() {
        store::mark_password(&mut tx, &account, must_change, compromised).await?;
    }
    if finding == Finding::Exposed && !account.password_compromised {
        let after = serde_json::json!({ "must_change_password": must_change || account.must_change_password });
        audit::record(
            &mut tx,
            "password.compromised",
            person(account.id, account.tenant),
            audit::NOTHING,
            Some(&after),
        )
        .await?;
    }
    note_unavailable(&mut tx, finding, person(account.id, account.tenant)).await?;
    if let Some(hash) = rehashed {
        store::rehash(&mut tx, &account, &hash).await?;
    }
    store::insert_session(&mut tx, session, account.id, now, expires_at).await?;
    audit::record(&mut tx, "session.create", Target::new("session").id(session), audit::NOTHING, audit::NOTHING)
        .await?;
    let view = SessionView {
        id: session,
        access_token,
        token_type: "Bearer".to_owned(),
        expires_at: Time(expires_at),
        must_change_password: account.must_change_password || must_change,
        password_compromised: compromised,
    };
    commit(tx, Answer::created("/v1/me", &view)).await
}

/// The password hashed at the cost that is set now, where it was hashed at another. Not where hashing is asked too much
/// already: the next sign-in will do.
async fn rehash(app: &AppState, password: &Password, account: &store::Account) -> Result<Option<String>, ApiError> {
    if !app.hasher.is_outdated(&account.password_hash) {
        return Ok(None);
    }
    match app.hasher.hash(password.clone()).await {
        Ok(hash) => Ok(Some(hash)),
        Err(error) if error.code() == Code::Overloaded => Ok(None),
        Err(error) => Err(error),
    }
}

/// Sign out: the session this request came with ends at once.
#[utoipa::path(delete, path = "/v1/sessions/current", operation_id = "delete_current_session", tag = "account",
    responses((status = 204, description = "Signed out"), CommonProblems))]
pub(super) async fn delete_current_session(
    grant: Grant<EndOwnSession>,
    State(app): State<AppState>,
) -> Result<Response, ApiError> {
    let (_, session) = grant.person()?;
    let mut tx = app.db.begin(&grant).await?;
    store::end_session(&mut tx, session).await?;
    audit::record(&mut tx, "session.end", Target::new("session").id(session), audit::NOTHING, audit::NOTHING).await?;
    commit(tx, Answer::no_content()).await
}

/// Who am I, and what may I do?
#[utoipa::path(get, path = "/v1/me", operation_id = "read_me", tag = "account",
    responses((status = 200, description = "The person that is signed in", body = Me), CommonProblems))]
pub(super) async fn read_me(grant: Grant<ReadOwnAccount>, State(app): State<AppState>) -> Result<Answer, ApiError> {
    let (id, session) = grant.person()?;
    let person = store::by_id(&mut app.db.read(&grant).await?, id).await?.ok_or_else(ApiError::not_found)?;
    let grants = person.grants.into_iter().map(|(role, tenant_id)| MyGrant { role, tenant_id });
    Ok(Answer::ok(&Me {
        id: person.id,
        tenant_id: person.tenant,
        email: person.email,
        session_id: session,
        grants: grants.collect(),
        must_change_password: person.must_change_password,
        password_compromised: person.password_compromised,
        password_checked_at: person.password_checked_at.map(Time),
        created_at: Time(person.created_at),
    }))
}

/// Change one's own password. All other sessions end.
#[utoipa::path(put, path = "/v1/me/password", operation_id = "update_my_password", tag = "account",
    request_body = PasswordUpdate, responses((status = 204, description = "Changed"), CommonProblems))]
pub(super) async fn update_my_password(
    grant: Grant<ChangeOwnPassword>,
    State(app): State<AppState>,
    ApiJson(body): ApiJson<PasswordUpdate>,
) -> Result<Response, ApiError> {
    let (id, session) = grant.person()?;
    let address = crate::db::Proof::caller(&grant).address;
    app.throttle.check(address, app.clock.now())?;
    let person = store::by_id(&mut app.db.read(&grant).await?, id).await?.ok_or_else(ApiError::not_found)?;
    let new = Password::new(body.new_password.clone());
    if let Some(refusal) = new.refusal(&person.email, false) {
        return Err(ApiError::field("/new_password", refusal));
    }
    if body.new_password == body.current_password {
        return Err(ApiError::field("/new_password", "the new password is the old one"));
    }
    let current = Password::new(body.current_password);
    if !app.hasher.verify(current, Some(person.password_hash.clone())).await? {
        app.throttle.failed(address, app.clock.now());
        return Err(ApiError::field("/current_password", "is not the password"));
    }
    let finding = app.breach.look_up(&new, &app.metrics).await;
    app.breach.permit_new(finding, "/new_password")?;
    let hash = app.hasher.hash(new).await?;
    let mut tx = app.db.begin(&grant).await?;
    store::set_password(&mut tx, id, &hash, &person.password_hash, finding.exposed()).await?;
    store::end_others(&mut tx, id, session).await?;
    let target = self::person(id, person.tenant);
    audit::record(&mut tx, "person.change_password", target.clone(), audit::NOTHING, audit::NOTHING).await?;
    note_unavailable(&mut tx, finding, target).await?;
    mail_out::post(&mut tx, &app, &person.email, News::PasswordChanged).await?;
    commit(tx, Answer::no_content()).await
}
