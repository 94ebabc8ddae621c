//! `/v1/password-resets`: what anybody may do who cannot sign in.

use axum::{
    extract::{DefaultBodyLimit, State},
    response::Response,
};
use contract::{Id, ids};
use utoipa_axum::{router::OpenApiRouter, routes};
use zeroize::Zeroizing;

use super::{
    Account, Chosen, PREFIX, WAIT_LASTS, holds_much, send, set, store,
    view::{AWAITING, PasswordResetAsked, PasswordResetComplete, PasswordResetCreate, PasswordResetOutcome},
};
use crate::{
    app::{App, AppState},
    audit,
    auth::{password::Password, secret, throttle::Guess},
    breach::Finding,
    db::{Read, System},
    factors,
    http::{Answer, ApiError, ApiJson, Code, Time, commit, docs::CommonProblems},
    persons,
    sessions::Stranger,
};

/// Anybody may send one of these.
const BODY_BYTES: usize = 8 * 1024;
/// Octets of an address (RFC 5321 §4.5.3.1.3, without the brackets).
const LONGEST_EMAIL: usize = 254;

pub fn router() -> OpenApiRouter<AppState> {
    let open = OpenApiRouter::new().routes(routes!(create_password_reset)).routes(routes!(complete_password_reset));
    open.layer(DefaultBodyLimit::max(BODY_BYTES))
}

/// Ask for a link that sets a password anew. It is mailed to the address, if it is one of an account.
///
/// The answer is the same whether there is such an account or not. Three links an hour go to one account; a newer one ends
/// those before.
#[utoipa::path(post, path = "/v1/password-resets", operation_id = "create_password_reset", tag = "password-resets",
    request_body = PasswordResetCreate,
    responses((status = 202, description = "Asked", body = PasswordResetAsked), CommonProblems))]
pub(super) async fn create_password_reset(
    State(app): State<AppState>,
    stranger: Stranger,
    ApiJson(body): ApiJson<PasswordResetCreate>,
) -> Result<Response, ApiError> {
    let attempt = app.throttle.begin(&app, Guess::link(&stranger.caller)).await?;
    if body.email.is_empty() || body.email.len() > LONGEST_EMAIL {
        attempt.withdraw();
        return Err(ApiError::field("/email", format!("expected 1 to {LONGEST_EMAIL} octets")));
    }
    // Each counts: nobody is told whether it was a good one.
    attempt.wrong();
    let mut tx = app.db.begin(&System::for_request(stranger.caller)).await?;
    send::ask(&mut tx, &app, body.email).await?;
    commit(tx, Answer::accepted(&PasswordResetAsked::new())).await
}

/// Set a new password by a link that was mailed. It signs nobody in, and all sessions of the person end.
///
/// A second factor is asked for at the next sign-in as ever. Where there is none and the person holds more than `domain_admin`,
/// the password waits for an administrator (`state`).
#[utoipa::path(post, path = "/v1/password-resets/complete", operation_id = "complete_password_reset",
    tag = "password-resets", request_body = PasswordResetComplete,
    responses((status = 200, description = "What came of it", body = PasswordResetOutcome), CommonProblems))]
pub(super) async fn complete_password_reset(
    State(app): State<AppState>,
    stranger: Stranger,
    ApiJson(body): ApiJson<PasswordResetComplete>,
) -> Result<Response, ApiError> {
    let system = System::for_request(stranger.caller);
    let token = secret::hash(PREFIX, &Zeroizing::new(body.token)).ok_or_else(over)?;
    let new = Password::new(body.new_password);
    let mut read = app.db.read(&system).await?;
    let (_, account) = find(&app, &mut read, token).await?;
    fits(&app, &mut read, &account, &new).await?;
    drop(read);
    let finding = app.breach.look_up(&new, &app.metrics).await;
    app.breach.permit_new(finding, "/new_password")?;
    let hash = app.hasher.hash(new.clone()).await?;
    let chosen = Chosen { hash, compromised: finding.exposed(), end_api_keys: body.end_api_keys };

    let mut tx = app.db.begin(&system).await?;
    persons::hold(&mut tx, account.id).await?;
    // Of two at once, one finds it used.
    let (id, account) = find(&app, &mut tx, token).await?;
    let has_factor = fits(&app, &mut tx, &account, &new).await?;
    if finding == Finding::Unavailable {
        let action = "password.check_unavailable";
        audit::record(&mut tx, action, account.target(), audit::NOTHING, audit::NOTHING).await?;
    }
    let waits = !has_factor && holds_much(&mut tx, account.id).await?;
    let (state, expires_at) = if waits {
        let until = tx.now() + WAIT_LASTS;
        store::wait(&mut tx, id, account.id, &chosen, until).await?;
        (AWAITING, Some(Time(until)))
    } else {
        set(&mut tx, &app, &account, &chosen).await?;
        ("completed", None)
    };
    let outcome = PasswordResetOutcome { state: state.to_owned(), expires_at };
    let after = serde_json::json!({ "state": state, "end_api_keys": chosen.end_api_keys });
    audit::record(&mut tx, "person.reset_password", account.target(), audit::NOTHING, Some(&after)).await?;
    commit(tx, Answer::ok(&outcome)).await
}

/// Unknown, used, ended or somebody's who may not sign in: which of them is not said.
fn over() -> ApiError {
    ApiError::new(Code::LinkOver)
}

async fn find(app: &App, read: &mut Read, token: [u8; 32]) -> Result<(Id<ids::PasswordReset>, Account), ApiError> {
    store::link(read, token, app.clock.now()).await?.ok_or_else(over)
}

/// Refuses what cannot be the person's password; whether they have a second factor.
async fn fits(app: &App, read: &mut Read, account: &Account, new: &Password) -> Result<bool, ApiError> {
    let host = app.config.public_url.host_str().unwrap_or_default();
    let has_factor = factors::held(read, account.id, host).await?.any();
    match new.refusal(&account.email, has_factor) {
        Some(refusal) => Err(ApiError::field("/new_password", refusal)),
        None => Ok(has_factor),
    }
}
