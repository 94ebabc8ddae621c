//! `/v1/sessions/current/step-up`: show again who one is, before what is most worth protecting.

use std::time::Duration;

use axum::{
    extract::{DefaultBodyLimit, State},
    response::Response,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Held, Method, passkey,
    proof::{PasskeyAnswer, ShownBody, count_in_window},
    second::{PasskeyChallenge, ask_for_one_of},
    store,
};
use crate::{
    app::{App, AppState},
    audit::{self, Target},
    auth::{Caller, Grant, Principal, action::StepUp, password::Password, throttle::Guess},
    db::{Proof, Read, System},
    http::{Answer, ApiError, ApiJson, Challenge, Code, Time, commit, docs::CommonProblems},
    sessions,
};

const BODY_BYTES: usize = 96 * 1024;
/// Tries of one session in such a time.
const TRIES: i64 = 5;
const WINDOW: Duration = Duration::from_mins(10);

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(verify_current_session))
        .routes(routes!(create_step_up_challenge))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "password": "correct horse battery staple" }))]
pub struct StepUpShown {
    /// For who has no second factor.
    #[serde(default)]
    #[schema(example = "correct horse battery staple", format = Password, max_length = 1_024)]
    password: Option<String>,
    /// Six digits, from the authenticator app.
    #[serde(default)]
    #[schema(max_length = 20)]
    totp_code: Option<String>,
    /// One of the ten that were shown; it is good once.
    #[serde(default)]
    #[schema(max_length = 40)]
    recovery_code: Option<String>,
    /// The authenticator's answer to `POST /v1/sessions/current/passkey-options`.
    #[serde(default)]
    passkey: Option<PasskeyAnswer>,
}

impl std::fmt::Debug for StepUpShown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StepUpShown(…)")
    }
}

/// It was shown who asks.
#[derive(Debug, Serialize, ToSchema)]
pub struct SteppedUp {
    /// Until then nothing asks again.
    pub until: Time,
}

fn methods(held: Held) -> Vec<String> {
    let all = if held.any() { held.methods() } else { vec![Method::Password.name()] };
    all.into_iter().map(str::to_owned).collect()
}

/// What to say to who showed it too long ago.
pub(crate) async fn step_up_required(app: &App, read: &mut Read, caller: &Caller) -> Result<ApiError, ApiError> {
    let Principal::Person { person, .. } = caller.principal else { return Ok(ApiError::new(Code::Forbidden)) };
    let held = store::held(read, person, passkey::host(app)).await?;
    let challenge = Challenge { methods: methods(held), ticket: None, expires_at: None };
    Ok(ApiError::new(Code::StepUpRequired).detail("POST /v1/sessions/current/step-up").challenge(challenge))
}

/// Ask for one of one's own passkeys, to show who one is.
#[utoipa::path(post, path = "/v1/sessions/current/passkey-options", operation_id = "create_step_up_challenge",
    tag = "account",
    responses((status = 200, description = "What to ask the authenticator", body = PasskeyChallenge), CommonProblems))]
pub(super) async fn create_step_up_challenge(
    grant: Grant<StepUp>,
    State(app): State<AppState>,
) -> Result<Answer, ApiError> {
    let (person, _) = grant.person()?;
    Ok(Answer::ok(&ask_for_one_of(&app, &mut app.db.read(&grant).await?, person).await?))
}

/// Show again who one is: with a second factor where there is one, else with the password.
///
/// What is most worth protecting (permissions, keys, factors, next hops, join tokens) answers 403 `step_up_required` when the
/// last time is more than ten minutes ago; signing in counts as well.
#[utoipa::path(post, path = "/v1/sessions/current/step-up", operation_id = "verify_current_session", tag = "account",
    request_body = StepUpShown,
    responses((status = 200, description = "Shown", body = SteppedUp), CommonProblems))]
pub(super) async fn verify_current_session(
    grant: Grant<StepUp>,
    State(app): State<AppState>,
    ApiJson(body): ApiJson<StepUpShown>,
) -> Result<Response, ApiError> {
    let (person, session) = grant.person()?;
    let now = app.clock.now();
    let mut read = app.db.read(&grant).await?;
    let held = store::held(&mut read, person, passkey::host(&app)).await?;
    let account = store::account(&mut read, person).await?;
    drop(read);
    let (_, password_hash) = account.ok_or_else(ApiError::not_found)?;
    // By the session as well: whoever has stolen one has no more of it.
    let system = System::for_request(grant.caller().clone().anonymous());
    let mut tx = app.db.begin(&system).await?;
    let counted = count_in_window(&mut tx, b"step-up", session.uuid(), WINDOW, TRIES).await?;
    tx.commit().await?;
    if !counted {
        return Err(ApiError::new(Code::TooManyAttempts).retry_after_s(600));
    }
    let method = match body.password {
        Some(password) if !held.any() => {
            let attempt = app.throttle.begin(&app, Guess::Own(person)).await?;
            if !attempt.judge(app.hasher.verify(Password::new(password), Some(password_hash))).await? {
                return Err(ApiError::new(Code::InvalidFactor));
            }
            None
        }
        Some(_) => return Err(ApiError::field("/password", "a second factor is asked for")),
        None => {
            let body =
                ShownBody { totp_code: body.totp_code, recovery_code: body.recovery_code, passkey: body.passkey };
            Some(body.parse()?)
        }
    };
    let attempt = match &method {
        Some(_) => Some(app.throttle.begin(&app, Guess::Own(person)).await?),
        None => None,
    };
    let name = method.as_ref().map_or(Method::Password, super::Shown::method).name();
    let mut tx = app.db.begin(&grant).await?;
    if let Some(shown) = method
        && !shown.spend(&app, &mut tx, person).await?
    {
        let target = Target::new("session").id(session);
        audit::record(&mut tx, "session.step_up_refused", target, audit::NOTHING, audit::NOTHING).await?;
        tx.commit().await?;
        if let Some(attempt) = attempt {
            attempt.wrong();
        }
        return Err(ApiError::new(Code::InvalidFactor));
    }
    if let Some(attempt) = attempt {
        attempt.right();
    }
    sessions::factor_shown(&mut tx, session, name).await?;
    let after = serde_json::json!({ "method": name });
    audit::record(&mut tx, "session.step_up", Target::new("session").id(session), audit::NOTHING, Some(&after)).await?;
    let lasts = Duration::from_secs(app.config.sessions.step_up_lifetime_s.get().into());
    commit(tx, Answer::ok(&SteppedUp { until: Time(now + lasts) })).await
}
