//! The second step of a sign-in, and a sign-in by passkey alone.

use axum::{
    extract::{DefaultBodyLimit, State},
    response::Response,
};
use contract::{Id, ids};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use webauthn_rs::prelude::PublicKeyCredential;

use super::{
    Held, Method, passkey,
    proof::{self, PasskeyAnswer, ShownBody, parse_answer},
    store,
    ticket::{self, Ceremony},
};
use crate::{
    app::{App, AppState},
    audit::{self, Target},
    auth::throttle::{DeviceId, Guess},
    db::System,
    http::{Answer, ApiError, ApiJson, Challenge, Code, Time, docs::CommonProblems},
    persons::{self, Account},
    sessions::{SignIn, Stranger, api::SessionView, begin},
};

/// Ceremonies carry what they are about.
const BODY_BYTES: usize = 96 * 1024;

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(create_second_factor_session))
        .routes(routes!(create_passkey_session))
        .routes(routes!(create_sign_in_challenge))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
}

/// What a sign-in whose password was right is answered with when it takes a second step. `guess`: the one that was right.
pub(crate) fn second_step(app: &App, account: &Account, guess: Guess, held: Held) -> Result<ApiError, ApiError> {
    let methods = held.methods();
    if methods.is_empty() {
        return Ok(ApiError::new(Code::FactorUnusable).detail(
            "its passkeys were made for another public_url; an owner clears them: DELETE /v1/persons/{id}/factors",
        ));
    }
    let (key, device) = match guess {
        Guess::Password { account, device, .. } => (Some(account), device),
        Guess::Factor { account, device, .. } => (account, device),
        Guess::Own(_) => (None, None),
    };
    let body = ticket::SignIn { person: account.id, password: account.fingerprint(), account: key, device };
    let (text, until) = ticket::seal(&app.vault, app.clock.now(), &body).map_err(ApiError::internal)?;
    Ok(ApiError::new(Code::SecondFactorRequired).challenge(Challenge {
        methods: methods.into_iter().map(str::to_owned).collect(),
        ticket: Some(text),
        expires_at: Some(Time(until)),
    }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "ticket": "ptk_AbCd…", "totp_code": "123456" }))]
pub struct SecondFactor {
    /// `challenge.ticket` of the problem `second_factor_required`. It is good for five tries and five minutes.
    #[schema(example = "ptk_AbCd…", max_length = 4_096)]
    ticket: String,
    /// Six digits, from the authenticator app.
    #[serde(default)]
    #[schema(example = "123456", max_length = 20)]
    totp_code: Option<String>,
    /// One of the ten that were shown; it is good once.
    #[serde(default)]
    #[schema(max_length = 40)]
    recovery_code: Option<String>,
    /// The authenticator's answer to `POST /v1/sessions/passkey-options`.
    #[serde(default)]
    passkey: Option<PasskeyAnswer>,
    /// For a page in a browser: the tokens go into cookies that no script reads, and not into the answer.
    #[serde(default)]
    #[schema(example = false)]
    cookies: bool,
}

impl std::fmt::Debug for SecondFactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecondFactor(…)")
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeySignIn {
    /// As it came with the options.
    #[schema(example = "pcy_AbCd…", max_length = 32_768)]
    ceremony: String,
    /// The credential (`PublicKeyCredential.toJSON()`), as `WebAuthn` writes it.
    #[schema(value_type = Object, example = json!({ "id": "…", "rawId": "…", "type": "public-key", "response": {} }))]
    credential: serde_json::Value,
    /// For a page in a browser: the tokens go into cookies that no script reads, and not into the answer.
    #[serde(default)]
    #[schema(example = false)]
    cookies: bool,
}

impl std::fmt::Debug for PasskeySignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasskeySignIn(…)")
    }
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SignInChallengeCreate {
    /// Of a sign-in whose password was right: its person's keys are asked for. Left out: any key, which says whose it is.
    #[schema(value_type = Option<String>, max_length = 4_096)]
    ticket: Option<String>,
}

impl std::fmt::Debug for SignInChallengeCreate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignInChallengeCreate(…)")
    }
}

/// What an authenticator is asked.
#[derive(Serialize, ToSchema)]
pub struct PasskeyChallenge {
    /// To send back with the answer, once.
    #[schema(example = "pcy_AbCd…")]
    pub ceremony: String,
    /// For `navigator.credentials`, as `WebAuthn` writes it: `PublicKeyCredential.parse…OptionsFromJSON(options.publicKey)`.
    #[schema(value_type = Object, example = json!({ "publicKey": {} }))]
    pub options: serde_json::Value,
    pub expires_at: Time,
}

impl std::fmt::Debug for PasskeyChallenge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasskeyChallenge(…)")
    }
}

impl PasskeyChallenge {
    pub(super) fn new(app: &App, options: &impl Serialize, ceremony: &Ceremony) -> Result<Self, ApiError> {
        let options = serde_json::to_value(options).map_err(ApiError::internal)?;
        let (ceremony, until) = ticket::seal(&app.vault, app.clock.now(), ceremony).map_err(ApiError::internal)?;
        Ok(Self { ceremony, options, expires_at: Time(until) })
    }
}

/// Ask for a passkey to sign in with.
#[utoipa::path(post, path = "/v1/sessions/passkey-options", operation_id = "create_sign_in_challenge", tag = "account",
    request_body = SignInChallengeCreate,
    responses((status = 200, description = "What to ask the authenticator", body = PasskeyChallenge), CommonProblems))]
pub(super) async fn create_sign_in_challenge(
    State(app): State<AppState>,
    stranger: Stranger,
    ApiJson(body): ApiJson<SignInChallengeCreate>,
) -> Result<Answer, ApiError> {
    // Nothing was shown yet.
    stranger.count(&app)?;
    let Some(text) = body.ticket else {
        let (options, ceremony) = passkey::discover(&app)?;
        return Ok(Answer::ok(&PasskeyChallenge::new(&app, &options, &ceremony)?));
    };
    let ticket = ticket::open::<ticket::SignIn>(&app.vault, app.clock.now(), &text);
    let person = ticket.ok_or_else(|| ApiError::new(Code::InvalidTicket))?.body.person;
    let system = System::for_request(stranger.caller);
    let challenge = ask_for_one_of(&app, &mut app.db.read(&system).await?, person).await?;
    Ok(Answer::ok(&challenge))
}

/// Asks for one of a person's passkeys.
pub(super) async fn ask_for_one_of(
    app: &App,
    read: &mut crate::db::Read,
    person: Id<ids::Person>,
) -> Result<PasskeyChallenge, ApiError> {
    let host = passkey::host(app);
    let rows = store::passkeys(read, person).await?;
    let keys =
        rows.iter().filter(|row| row.rp_id == host).map(store::PasskeyRow::key).collect::<Result<Vec<_>, _>>()?;
    let (options, ceremony) = passkey::verify(app, person, &keys)?;
    PasskeyChallenge::new(app, &options, &ceremony)
}

/// The second step of a sign-in.
///
/// `POST /v1/sessions` answers 401 `second_factor_required` where an account has a second factor; `challenge` there has a
/// ticket and what can be shown. A wrong code is 403 `invalid_factor`; after five of them the ticket is void.
#[utoipa::path(post, path = "/v1/sessions/second-factor", operation_id = "create_second_factor_session", tag = "account",
    request_body = SecondFactor,
    responses((status = 201, description = "Signed in", body = SessionView), CommonProblems))]
pub(super) async fn create_second_factor_session(
    State(app): State<AppState>,
    stranger: Stranger,
    ApiJson(body): ApiJson<SecondFactor>,
) -> Result<Response, ApiError> {
    let now = app.clock.now();
    let address = stranger.caller.address;
    let shown = ShownBody { totp_code: body.totp_code, recovery_code: body.recovery_code, passkey: body.passkey };
    let shown = shown.parse()?;
    let over = || ApiError::new(Code::InvalidTicket);
    let ticket = ticket::open::<ticket::SignIn>(&app.vault, now, &body.ticket).ok_or_else(over)?;
    let person = ticket.body.person;
    let method = shown.method();
    let system = System::for_request(stranger.caller.clone());
    let (account, device) = (ticket.body.account, ticket.body.device);
    let attempt = app.throttle.begin(&app, Guess::Factor { address, account, device }).await?;
    // Counted whatever comes of it: of many tries at once only five are looked at.
    let mut tx = app.db.begin(&system).await?;
    let counted = ticket.count(&mut tx).await?;
    // Strangers at one person, or a device that the person is known by: none of them uses up what another has.
    let counter = device.map_or(person.uuid(), DeviceId::uuid);
    let looked_at = !counted || shown.count(&mut tx, counter).await?;
    tx.commit().await?;
    if !counted {
        attempt.withdraw();
        return Err(over());
    }
    if !looked_at {
        attempt.withdraw();
        return Err(ApiError::new(Code::TooManyAttempts).retry_after_s(3_600));
    }
    let mut tx = app.db.begin(&system).await?;
    let account = persons::hold(&mut tx, person).await?;
    let account = account.filter(|account| account.has_password(&ticket.body.password)).ok_or_else(over)?;
    if !shown.spend(&app, &mut tx, person).await? {
        let target = Target::new("person").id(person);
        let after = serde_json::json!({ "method": method.name() });
        audit::record(&mut tx, "person.refuse_factor", target, audit::NOTHING, Some(&after)).await?;
        // What was counted of a ceremony stays as well.
        tx.commit().await?;
        attempt.wrong();
        return Err(refused(&app));
    }
    attempt.right();
    if !ticket.close(&mut tx).await? {
        return Err(over());
    }
    let target = Target::new("person").id(person);
    let after = serde_json::json!({ "method": method.name() });
    audit::record(&mut tx, "person.show_factor", target, audit::NOTHING, Some(&after)).await?;
    let factors = vec![Method::Password.name(), method.name()];
    let held = store::held(&mut tx, person, passkey::host(&app)).await?;
    begin(&app, tx, stranger, SignIn { account, held, factors, cookies: body.cookies }).await
}

/// Sign in with a passkey alone: it is in hand, and unlocked by a PIN or a finger, and so counts as two factors.
#[utoipa::path(post, path = "/v1/sessions/passkey", operation_id = "create_passkey_session", tag = "account",
    request_body = PasskeySignIn,
    responses((status = 201, description = "Signed in", body = SessionView), CommonProblems))]
pub(super) async fn create_passkey_session(
    State(app): State<AppState>,
    stranger: Stranger,
    ApiJson(body): ApiJson<PasskeySignIn>,
) -> Result<Response, ApiError> {
    let now = app.clock.now();
    let over = || ApiError::new(Code::CeremonyOver);
    let ceremony = ticket::open::<Ceremony>(&app.vault, now, &body.ceremony).ok_or_else(over)?;
    if !matches!(ceremony.body, Ceremony::Discover { .. }) {
        return Err(over());
    }
    let answer: PublicKeyCredential = parse_answer(body.credential, "/credential")?;
    let claimed = passkey::claimed(&app, &answer)?;
    let (address, device) = (stranger.caller.address, app.throttle.any_device(&stranger.headers, now));
    let attempt = app.throttle.begin(&app, Guess::Factor { address, account: None, device }).await?;
    let system = System::for_request(stranger.caller.clone());
    let mut tx = app.db.begin(&system).await?;
    if !ceremony.count(&mut tx).await? {
        attempt.withdraw();
        return Err(over());
    }
    let mut signed_in = None;
    if let Some((person, _)) = claimed {
        let person = Id::from_uuid(person);
        if let Some(account) = persons::hold(&mut tx, person).await?
            && proof::spend_passkey(&app, &mut tx, person, ceremony.body, &answer).await?
        {
            signed_in = Some(account);
        }
    }
    let Some(account) = signed_in else {
        tx.commit().await?;
        attempt.wrong();
        return Err(refused(&app));
    };
    attempt.right();
    let factors = vec![Method::Passkey.name()];
    let held = store::held(&mut tx, account.id, passkey::host(&app)).await?;
    begin(&app, tx, stranger, SignIn { account, held, factors, cookies: body.cookies }).await
}

/// What to say to a wrong answer.
fn refused(app: &App) -> ApiError {
    app.metrics.with(|| metrics::counter!("postern_sign_ins_total", "outcome" => "factor_refused").increment(1));
    ApiError::new(Code::InvalidFactor)
}
