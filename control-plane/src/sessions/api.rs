//! `/v1/sessions` and `/v1/me`.

use axum::{
    extract::{DefaultBodyLimit, State},
    http::HeaderMap,
    response::Response,
};
use contract::ids::{DomainId, PersonId, SessionId, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Stranger,
    begin::{SignIn, begin, with_cookies},
    hold_own, store,
};
use crate::{
    api_keys,
    app::{App, AppState},
    audit::{self, Target},
    auth::{
        Grant,
        action::{ChangeOwnPassword, EndOwnSession, ReadOwnAccount},
        credential,
        password::Password,
        throttle::Guess,
    },
    breach::Finding,
    db::{StoreError, System, Tx},
    factors,
    http::{Answer, ApiError, ApiJson, Code, Time, commit, docs::CommonProblems},
    invitations,
    mail_out::{self, News},
    persons,
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
    /// For a page in a browser: the tokens go into cookies that no script reads, and not into the answer.
    #[serde(default)]
    #[schema(example = false)]
    cookies: bool,
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
    /// For `Authorization: Bearer`. Empty where it is in a cookie.
    #[schema(example = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSJ9.e30.c2ln")]
    pub access_token: String,
    /// `Bearer`, or `Cookie` where the tokens are in cookies.
    #[schema(example = "Bearer")]
    pub token_type: String,
    /// When the access token ends.
    pub expires_at: Time,
    /// For `POST /v1/sessions/refresh`, once. Empty where it is in a cookie.
    #[schema(example = "prt_3q2-7wECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxw")]
    pub refresh_token: String,
    /// When the session ends if it is not carried on before.
    pub refresh_expires_at: Time,
    /// Nothing else can be done before `PUT /v1/me/password`.
    #[schema(example = false)]
    pub must_change_password: bool,
    /// Someone, somewhere, used this password and it was exposed. That does not mean that the account was hacked; a
    /// password that nobody has used is safer.
    #[schema(example = false)]
    pub password_compromised: bool,
    /// Nothing else can be done before a second factor is set up (`POST /v1/me/totp`, `POST /v1/me/passkey-options`). The
    /// session lasts ten minutes until then.
    #[schema(example = false)]
    pub must_enrol_factor: bool,
    /// At sign-in: the day from which a second factor will be required, where there is none.
    #[schema(required)]
    pub factor_required_from: Option<Time>,
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
    /// The tenant and all below it.
    #[schema(required)]
    pub tenant_id: Option<TenantId>,
    /// The domain. Both null: the whole installation.
    #[schema(required)]
    pub domain_id: Option<DomainId>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordUpdate {
    #[schema(example = "correct horse battery staple", format = Password, max_length = 1_024)]
    current_password: String,
    /// At least 15 characters; 10 beside a second factor.
    #[schema(example = "another horse, another staple", format = Password, min_length = 10, max_length = 1_024)]
    new_password: String,
    /// Whether the API keys that you made end as well. Where somebody else may know the password, they may have made one.
    #[serde(default)]
    #[schema(example = false)]
    end_api_keys: bool,
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

fn host(app: &App) -> &str {
    app.config.public_url.host_str().unwrap_or_default()
}

/// Sign in with e-mail and password.
///
/// Where the account has a second factor the answer is the problem `second_factor_required` (401), and `challenge` in it says
/// how to go on at `POST /v1/sessions/second-factor`.
#[utoipa::path(post, path = "/v1/sessions", operation_id = "create_session", tag = "account", request_body = SessionCreate,
    responses((status = 201, description = "Signed in", body = SessionView), CommonProblems))]
pub(super) async fn create_session(
    State(app): State<AppState>,
    stranger: Stranger,
    ApiJson(body): ApiJson<SessionCreate>,
) -> Result<Response, ApiError> {
    let caller = stranger.caller.clone();
    let account_key = app.throttle.account(&body.email);
    let guess = stranger.guess(&app, account_key);
    let attempt = app.throttle.begin(&app, guess).await?;
    let system = System::for_request(caller);
    // PostgreSQL has no text with a NUL in it: no account has such an address.
    let account = if body.email.contains('\0') {
        None
    } else {
        store::by_email(&mut app.db.read(&system).await?, &body.email).await?
    };
    let stored = account.as_ref().map(|account| account.password_hash.clone());
    let password = Password::new(body.password);
    let too_short = password.is_short();
    let right = attempt.judge(app.hasher.verify(password.clone(), stored)).await?;
    let Some(account) = account.filter(|_| right) else {
        app.metrics.with(|| metrics::counter!("postern_sign_ins_total", "outcome" => "refused").increment(1));
        return Err(ApiError::new(Code::InvalidCredentials));
    };
    // Only of a password that is right: what somebody typed by mistake is nobody's business.
    looked_at(&app, &system, &password, &account).await?;
    let mut tx = app.db.begin(&system).await?;
    let mut account = hold(&mut tx, &account).await?;
    let held = factors::held(&mut tx, account.id, host(&app)).await?;
    if held.any() {
        return Err(factors::second_step(&app, &account, guess, held)?);
    }
    app.metrics.with(|| metrics::counter!("postern_sign_ins_total", "outcome" => "accepted").increment(1));

    if too_short {
        // Good beside a second factor, which is gone.
        store::demand_change(&mut tx, account.id).await?;
        account.must_change_password = true;
    }
    let sign_in = SignIn { account, held, factors: vec!["password"], cookies: body.cookies };
    begin(&app, tx, stranger, sign_in).await
}

/// The account whose password was verified, held. It took a while, and meanwhile the password may have become another, or its
/// owner somebody who is kept out: then the password is as wrong as any.
async fn hold(tx: &mut Tx, verified: &store::Account) -> Result<persons::Account, ApiError> {
    let password = persons::Fingerprint::of(&verified.password_hash);
    let account = persons::hold(tx, verified.id).await?.filter(|account| account.has_password(&password));
    account.ok_or_else(|| ApiError::new(Code::InvalidCredentials))
}

/// Looks up whether the password was exposed and hashes it anew where it costs too little, before any second step.
async fn looked_at(
    app: &AppState,
    system: &System,
    password: &Password,
    verified: &store::Account,
) -> Result<(), ApiError> {
    let finding = app.breach.look_up(password, &app.metrics).await;
    let rehashed = rehash(app, password, verified).await?;
    if finding.exposed().is_none() && finding != Finding::Unavailable && rehashed.is_none() {
        return Ok(());
    }
    let mut tx = app.db.begin(system).await?;
    let account = hold(&mut tx, verified).await?;
    let must_change = app.breach.must_change(finding);
    let target = || person(account.id, account.tenant);
    if let Some(compromised) = finding.exposed() {
        store::mark_password(&mut tx, account.id, must_change, compromised).await?;
    }
    if finding == Finding::Exposed && !account.password_compromised {
        let after = serde_json::json!({ "must_change_password": must_change || account.must_change_password });
        audit::record(&mut tx, "password.compromised", target(), audit::NOTHING, Some(&after)).await?;
    }
    note_unavailable(&mut tx, finding, target()).await?;
    if let Some(hash) = &rehashed
        && !persons::rehash(&mut tx, account.id, &verified.password_hash, hash).await?
    {
        tracing::debug!(person = %account.id, "another sign-in has hashed the password anew");
    }
    Ok(tx.commit().await?)
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
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (_, session) = grant.person()?;
    let mut tx = app.db.begin(&grant).await?;
    store::end_session(&mut tx, session).await?;
    audit::record(&mut tx, "session.end", Target::new("session").id(session), audit::NOTHING, audit::NOTHING).await?;
    let response = commit(tx, Answer::no_content()).await?;
    let forget = credential::has_cookies(&headers).then(credential::forget);
    Ok(with_cookies(response, forget.into_iter().flatten()))
}

/// Who am I, and what may I do?
#[utoipa::path(get, path = "/v1/me", operation_id = "read_me", tag = "account",
    responses((status = 200, description = "The person that is signed in", body = Me), CommonProblems))]
pub(super) async fn read_me(grant: Grant<ReadOwnAccount>, State(app): State<AppState>) -> Result<Answer, ApiError> {
    let (id, session) = grant.person()?;
    let person =
        store::by_id(&mut app.db.read(&grant).await?, id, app.clock.now()).await?.ok_or_else(ApiError::not_found)?;
    let grants = person.grants.into_iter().map(|(role, tenant_id, domain_id)| MyGrant { role, tenant_id, domain_id });
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

/// Change one's own password. All other sessions end. Who has a second factor must have shown it lately (403 `step_up_required`).
#[utoipa::path(put, path = "/v1/me/password", operation_id = "update_my_password", tag = "account",
    request_body = PasswordUpdate, responses((status = 204, description = "Changed"), CommonProblems))]
pub(super) async fn update_my_password(
    grant: Grant<ChangeOwnPassword>,
    State(app): State<AppState>,
    ApiJson(body): ApiJson<PasswordUpdate>,
) -> Result<Response, ApiError> {
    let (id, session) = grant.person()?;
    let person =
        store::by_id(&mut app.db.read(&grant).await?, id, app.clock.now()).await?.ok_or_else(ApiError::not_found)?;
    let new = Password::new(body.new_password.clone());
    let held = factors::held(&mut app.db.read(&grant).await?, id, host(&app)).await?;
    if held.any() {
        grant.must_have_stepped_up(&app, &mut app.db.read(&grant).await?).await?;
    }
    if let Some(refusal) = new.refusal(&person.email, held.any()) {
        return Err(ApiError::field("/new_password", refusal));
    }
    if body.new_password == body.current_password {
        return Err(ApiError::field("/new_password", "the new password is the old one"));
    }
    let current = Password::new(body.current_password);
    let attempt = app.throttle.begin(&app, Guess::Own(id)).await?;
    if !attempt.judge(app.hasher.verify(current, Some(person.password_hash.clone()))).await? {
        return Err(ApiError::field("/current_password", "is not the password"));
    }
    let finding = app.breach.look_up(&new, &app.metrics).await;
    app.breach.permit_new(finding, "/new_password")?;
    let hash = app.hasher.hash(new).await?;
    let mut tx = app.db.begin(&grant).await?;
    hold_own(&mut tx, id, session).await?;
    if factors::held(&mut tx, id, host(&app)).await?.any() != held.any() {
        // Another password may be short, and another thing must have been shown.
        return Err(ApiError::new(Code::Conflict));
    }
    store::set_password(&mut tx, id, &hash, &person.password_hash, finding.exposed()).await?;
    store::end_others(&mut tx, id, session).await?;
    let (keys_ended, invitations_ended) = if body.end_api_keys {
        (api_keys::end_all(&mut tx, id).await?, invitations::end_all_of(&mut tx, id).await?)
    } else {
        (0, 0)
    };
    let target = self::person(id, person.tenant);
    let after = serde_json::json!({ "api_keys_ended": keys_ended, "invitations_ended": invitations_ended });
    audit::record(&mut tx, "person.change_password", target.clone(), audit::NOTHING, Some(&after)).await?;
    note_unavailable(&mut tx, finding, target).await?;
    let keys = api_keys::count_live(&mut tx, id).await?;
    mail_out::post(&mut tx, &app, &person.email, News::PasswordChanged { keys }).await?;
    commit(tx, Answer::no_content()).await
}
