//! Setting factors up: `/v1/me/totp`, `/v1/me/passkeys`.

use axum::{
    extract::{DefaultBodyLimit, State},
    response::Response,
};
use contract::{Id, ids, ids::PasskeyId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use webauthn_rs::prelude::{CredentialID, RegisterPublicKeyCredential};

use super::{
    Method,
    api::{PasskeyView, passkey_view},
    passkey, proof, recovery,
    second::PasskeyChallenge,
    store,
    ticket::{self, Ceremony, LIFETIME},
    totp,
};
use crate::{
    app::{App, AppState},
    audit::{self, Target},
    auth::{Grant, action::EnrolOwnFactor},
    db::{Proof, Tx},
    http::{Answer, ApiError, ApiJson, Code, Time, commit, docs::CommonProblems},
    sessions, sign_in_policy,
    vault::Purpose,
};

const BODY_BYTES: usize = 96 * 1024;
/// Passkeys of one person.
const MOST_PASSKEYS: usize = 20;

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(create_my_totp))
        .routes(routes!(verify_my_totp))
        .routes(routes!(create_my_passkey_challenge))
        .routes(routes!(create_my_passkey))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
}

/// A secret for an authenticator app.
#[derive(Serialize, ToSchema)]
pub struct TotpSetup {
    /// Base32, to type.
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    pub secret: String,
    /// To open on the telephone itself.
    #[schema(example = "otpauth://totp/Postern:owner%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    pub otpauth_uri: String,
    /// The same as a picture to scan, SVG.
    #[schema(example = "<svg/>")]
    pub qr_svg: String,
    /// Until then a code of it must be shown (`POST /v1/me/totp/verify`).
    pub expires_at: Time,
}

impl std::fmt::Debug for TotpSetup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TotpSetup(…)")
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TotpCode {
    /// Six digits, from the app that has the new secret.
    #[schema(example = "123456", max_length = 20)]
    code: String,
}

impl std::fmt::Debug for TotpCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TotpCode(…)")
    }
}

/// A factor is set up.
#[derive(Serialize, ToSchema)]
pub struct FactorEnrolled {
    /// `totp` or `passkey`. More may come.
    #[schema(example = "totp")]
    pub method: String,
    /// With the first factor: ten codes, each good once where the factor is not at hand. They are shown this once.
    #[schema(example = json!(["abcd-efgh-ijkl-mnop"]))]
    pub recovery_codes: Vec<String>,
    /// The new passkey.
    #[schema(required)]
    pub passkey: Option<PasskeyView>,
}

impl std::fmt::Debug for FactorEnrolled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FactorEnrolled").field("method", &self.method).finish_non_exhaustive()
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeyCreate {
    /// For people.
    #[schema(example = "blue key", min_length = 1, max_length = 100)]
    name: String,
    /// As it came with the options (`POST /v1/me/passkey-options`).
    #[schema(example = "pcy_AbCd…", max_length = 32_768)]
    ceremony: String,
    /// The credential (`PublicKeyCredential.toJSON()`), as `WebAuthn` writes it.
    #[schema(value_type = Object, example = json!({ "id": "…", "rawId": "…", "type": "public-key", "response": {} }))]
    credential: serde_json::Value,
}

impl std::fmt::Debug for PasskeyCreate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasskeyCreate").field("name", &self.name).finish_non_exhaustive()
    }
}

/// 409 where nobody may set one up.
async fn permitted(app: &App, grant: &impl Proof, person: Id<ids::Person>) -> Result<String, ApiError> {
    let mut read = app.db.read(grant).await?;
    let (email, _) = store::account(&mut read, person).await?.ok_or_else(ApiError::not_found)?;
    if sign_in_policy::demand(&mut read, person, &email).await?.is_off() {
        return Err(ApiError::new(Code::SecondFactorOff));
    }
    Ok(email)
}

/// Begin to set up an authenticator app. A secret that is in use stays so until a code of the new one was shown.
#[utoipa::path(post, path = "/v1/me/totp", operation_id = "create_my_totp", tag = "account",
    responses((status = 200, description = "The secret, shown once", body = TotpSetup), CommonProblems))]
pub(super) async fn create_my_totp(
    grant: Grant<EnrolOwnFactor>,
    State(app): State<AppState>,
) -> Result<Response, ApiError> {
    let (person, _) = grant.person()?;
    let email = permitted(&app, &grant, person).await?;
    let secret = zeroize::Zeroizing::new(app.entropy.bytes::<{ totp::SECRET_BYTES }>());
    let sealed = app.vault.seal_with(Purpose::TotpSecret, person.uuid().as_bytes(), &*secret);
    let otpauth_uri = totp::uri(&format!("Postern ({})", passkey::host(&app)), &email, &*secret);
    let until = app.clock.now() + LIFETIME * 2;
    let setup = TotpSetup {
        secret: totp::base32(&*secret),
        qr_svg: totp::picture(&otpauth_uri).unwrap_or_default(),
        otpauth_uri,
        expires_at: Time(until),
    };
    let mut tx = app.db.begin(&grant).await?;
    store::set_pending(&mut tx, person, &sealed, until).await?;
    let target = Target::new("person").id(person);
    audit::record(&mut tx, "person.begin_totp", target, audit::NOTHING, audit::NOTHING).await?;
    commit(tx, Answer::ok(&setup)).await
}

/// Show a code of the new secret: from now on it is asked for at sign-in.
#[utoipa::path(post, path = "/v1/me/totp/verify", operation_id = "verify_my_totp", tag = "account", request_body = TotpCode,
    responses((status = 200, description = "Set up", body = FactorEnrolled), CommonProblems))]
pub(super) async fn verify_my_totp(
    grant: Grant<EnrolOwnFactor>,
    State(app): State<AppState>,
    ApiJson(body): ApiJson<TotpCode>,
) -> Result<Response, ApiError> {
    let (person, session) = grant.person()?;
    permitted(&app, &grant, person).await?;
    let mut tx = app.db.begin(&grant).await?;
    sessions::hold_own(&mut tx, person, session).await?;
    let now = tx.now();
    let pending = store::totp(&mut tx, person).await?.filter(|totp| totp.pending_until > now.as_micros());
    let over = || ApiError::new(Code::CeremonyOver).detail("POST /v1/me/totp");
    let sealed = pending.and_then(|totp| totp.pending).ok_or_else(over)?;
    let secret = proof::open_secret(&app, person, &sealed)?;
    let Some(step) = totp::matching_step(&secret, &body.code, now) else {
        // No guess: whoever asks was told the secret.
        return Err(ApiError::new(Code::InvalidFactor));
    };
    if !store::confirm(&mut tx, person, &sealed, step).await? {
        return Err(over());
    }
    let recovery_codes = enrolled(&app, &mut tx, person, session, Method::Totp).await?;
    let after = serde_json::json!({ "method": Method::Totp.name() });
    audit::record(&mut tx, "person.add_factor", Target::new("person").id(person), audit::NOTHING, Some(&after)).await?;
    let view = FactorEnrolled { method: Method::Totp.name().to_owned(), recovery_codes, passkey: None };
    commit(tx, Answer::ok(&view)).await
}

/// What follows from a factor more: the session is a whole one, and with the first come recovery codes.
async fn enrolled(
    app: &App,
    tx: &mut Tx,
    person: Id<ids::Person>,
    session: Id<ids::Session>,
    method: Method,
) -> Result<Vec<String>, ApiError> {
    sessions::factor_enrolled(app, tx, person, session, method.name()).await?;
    if store::held(tx, person, passkey::host(app)).await?.recovery_codes > 0 {
        return Ok(Vec::new());
    }
    new_codes(app, tx, person).await
}

pub(super) async fn new_codes(app: &App, tx: &mut Tx, person: Id<ids::Person>) -> Result<Vec<String>, ApiError> {
    let codes = recovery::make(&app.entropy);
    let hashes: Vec<_> = codes.iter().map(|code| recovery::hash(&app.vault, person, code)).collect();
    store::set_codes(tx, person, &hashes).await?;
    Ok(codes)
}

/// Begin to set up a passkey or a security key.
#[utoipa::path(post, path = "/v1/me/passkey-options", operation_id = "create_my_passkey_challenge", tag = "account",
    responses((status = 200, description = "What to ask the authenticator", body = PasskeyChallenge), CommonProblems))]
pub(super) async fn create_my_passkey_challenge(
    grant: Grant<EnrolOwnFactor>,
    State(app): State<AppState>,
) -> Result<Answer, ApiError> {
    let (person, _) = grant.person()?;
    let email = permitted(&app, &grant, person).await?;
    let rows = store::passkeys(&mut app.db.read(&grant).await?, person).await?;
    let known = rows.into_iter().map(|row| CredentialID::from(row.credential_id)).collect();
    let (options, ceremony) = passkey::register(&app, person, &email, known)?;
    Ok(Answer::ok(&PasskeyChallenge::new(&app, &options, &ceremony)?))
}

/// Set up a passkey with what the authenticator answered.
#[utoipa::path(post, path = "/v1/me/passkeys", operation_id = "create_my_passkey", tag = "account",
    request_body = PasskeyCreate,
    responses((status = 201, description = "Set up", body = FactorEnrolled), CommonProblems))]
pub(super) async fn create_my_passkey(
    grant: Grant<EnrolOwnFactor>,
    State(app): State<AppState>,
    ApiJson(body): ApiJson<PasskeyCreate>,
) -> Result<Response, ApiError> {
    let (person, session) = grant.person()?;
    permitted(&app, &grant, person).await?;
    let name = passkey_name(&body.name)?;
    let over = || ApiError::new(Code::CeremonyOver).detail("POST /v1/me/passkey-options");
    let ceremony = ticket::open::<Ceremony>(&app.vault, app.clock.now(), &body.ceremony).ok_or_else(over)?;
    match &ceremony.body {
        Ceremony::Register { person: asked, .. } if *asked == person => {}
        _ => return Err(over()),
    }
    let answer: RegisterPublicKeyCredential = proof::parse_answer(body.credential, "/credential")?;
    let key = passkey::registered(&app, &ceremony.body, &answer)?.ok_or_else(|| ApiError::new(Code::InvalidFactor))?;
    let mut tx = app.db.begin(&grant).await?;
    if !ceremony.count(&mut tx).await? {
        return Err(over());
    }
    sessions::hold_own(&mut tx, person, session).await?;
    if store::passkeys(&mut tx, person).await?.len() >= MOST_PASSKEYS {
        return Err(ApiError::new(Code::TooMany).detail(format!("{MOST_PASSKEYS} passkeys")));
    }
    let id: PasskeyId = tx.new_id();
    let row = store::PasskeyRow {
        id: id.uuid(),
        name,
        credential_id: key.cred_id().as_slice().to_vec(),
        credential: serde_json::to_string(&key).map_err(ApiError::internal)?,
        rp_id: passkey::host(&app).to_owned(),
        created_at: tx.now().as_micros(),
        last_used_at: None,
    };
    let known = || ApiError::new(Code::NameTaken).detail("this key is set up already");
    store::insert_passkey(&mut tx, person, &row).await.map_err(|error| error.or_unique(known))?;
    let recovery_codes = enrolled(&app, &mut tx, person, session, Method::Passkey).await?;
    let view = passkey_view(&row, passkey::host(&app));
    let after = serde_json::json!({ "method": Method::Passkey.name(), "passkey": view });
    audit::record(&mut tx, "person.add_factor", Target::new("person").id(person), audit::NOTHING, Some(&after)).await?;
    let location = format!("/v1/me/passkeys/{id}");
    let view = FactorEnrolled { method: Method::Passkey.name().to_owned(), recovery_codes, passkey: Some(view) };
    commit(tx, Answer::created(location, &view)).await
}

pub(super) fn passkey_name(name: &str) -> Result<String, ApiError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(ApiError::field("/name", "expected 1 to 100 printable characters"));
    }
    Ok(name.to_owned())
}
