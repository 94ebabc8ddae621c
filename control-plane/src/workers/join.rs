//! How workers get in: `enrol` takes a join token and a public key, `token` a signed assertion.

use axum::{
    Json,
    extract::{FromRequestParts, State},
    http::request::Parts,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::{
    Id, Micros, ids,
    snapshot::object::SCHEMAS,
    worker_api::{ASSERTION_TYPE, Assertion, Enrol, Enrolled, Ring, TOKEN_PREFIX, TokenGrant, TokenRequest},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::store;
use crate::{
    app::{App, AppState},
    audit,
    auth::{Caller, request_caller, token_hash},
    db::{StoreError, System},
    http::{ApiError, ApiJson, Code, docs::CommonProblems},
    join_tokens,
};

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(enrol_worker)).routes(routes!(create_worker_token))
}

/// How long a worker's token lasts.
const TOKEN_LIFETIME: std::time::Duration = std::time::Duration::from_mins(10);
/// The longest an assertion may be good, in seconds; and how far clocks may be apart.
const ASSERTION_S: i64 = 60;
const SKEW_S: i64 = 30;
/// Schemas that a worker may say it reads or writes.
const MAX_SCHEMAS: usize = 32;
/// Names and versions that a worker gives of itself.
const MAX_TEXT: usize = 253;

/// Where a call comes from that has no credentials yet.
#[derive(Debug)]
pub(super) struct Stranger(Caller);

impl<S: Sync> FromRequestParts<S> for Stranger {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(request_caller(parts)))
    }
}

/// Join with a join token.
#[utoipa::path(post, path = "/worker/v1/enrol", operation_id = "enrol_worker", tag = "joining", request_body = Enrol,
    responses((status = 201, description = "Joined", body = Enrolled), CommonProblems))]
pub(super) async fn enrol_worker(
    State(app): State<AppState>,
    Stranger(caller): Stranger,
    ApiJson(body): ApiJson<Enrol>,
) -> Result<Response, ApiError> {
    let key = URL_SAFE_NO_PAD.decode(&body.public_key).ok().filter(|key| key.len() == 32);
    let key = key.ok_or_else(|| ApiError::field("/public_key", "expected 32 bytes, base64url"))?;
    for (pointer, text) in [("/name", &body.name), ("/software_version", &body.software_version)] {
        if text.is_empty() || text.len() > MAX_TEXT || text.chars().any(char::is_control) {
            return Err(ApiError::field(pointer, "expected 1 to 253 printable characters"));
        }
    }
    for (pointer, theirs, ours) in [
        ("/snapshot_schemas", &body.snapshot_schemas, &SCHEMAS[..]),
        ("/event_schemas", &body.event_schemas, &[contract::events::SCHEMA]),
    ] {
        if theirs.len() > MAX_SCHEMAS {
            return Err(ApiError::field(pointer, "expected at most 32"));
        }
        if !ours.iter().any(|schema| theirs.contains(schema)) {
            return Err(ApiError::field(pointer, "none that is known here; upgrade the worker"));
        }
    }
    let system = System::for_request(caller.clone());
    let mut tx = app.db.begin(&system).await?;
    let Some((join_token, pool)) = join_tokens::spend(&mut tx, &body.join_token, caller.address).await? else {
        return Err(ApiError::new(Code::Unauthenticated)
            .detail("the join token is unknown, spent, expired or not for this address"));
    };
    let id = tx.new_id::<ids::Worker>();
    store::insert(
        &mut tx,
        &store::New {
            id,
            pool,
            name: &body.name,
            public_key: &key,
            software_version: &body.software_version,
            join_token,
            snapshot_schemas: &body.snapshot_schemas,
            address: caller.address.map(|address| address.to_string()),
        },
    )
    .await?;
    let after = serde_json::json!({ "id": id, "pool_id": pool, "name": body.name, "join_token_id": join_token });
    audit::record(&mut tx, "worker.enrol", audit::Target::new("worker").id(id), audit::NOTHING, Some(&after)).await?;
    tx.commit().await?;
    let enrolled = Enrolled {
        worker: id,
        installation: app.installation,
        pool,
        ring: Ring::Stable,
        root_public_key: URL_SAFE_NO_PAD.encode(app.signing.root_public),
        keys: app.signing.key_list.clone(),
        audience: audience(&app),
    };
    Ok((axum::http::StatusCode::CREATED, Json(enrolled)).into_response())
}

fn audience(app: &App) -> String {
    app.installation.to_string()
}

/// Get a token with an assertion signed by the key of the enrolment.
#[utoipa::path(post, path = "/worker/v1/token", operation_id = "create_worker_token", tag = "joining",
    request_body = TokenRequest,
    responses((status = 200, description = "A token of ten minutes", body = TokenGrant), CommonProblems))]
pub(super) async fn create_worker_token(
    State(app): State<AppState>,
    Stranger(caller): Stranger,
    ApiJson(body): ApiJson<TokenRequest>,
) -> Result<Response, ApiError> {
    let refused = || ApiError::new(Code::Unauthenticated);
    let system = System::for_request(caller);
    // Whose key it must be stands in the claims; nothing else of them is believed before the signature is.
    let worker = claimed_issuer(&body.assertion).ok_or_else(refused)?;
    let key = store::key(&mut app.db.read(&system).await?, worker).await?.ok_or_else(refused)?;
    let now = app.clock.now();
    let assertion = verify(&body.assertion, &key, &audience(&app), now).ok_or_else(refused)?;
    let token = format!("{TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode(app.entropy.bytes::<32>()));
    let mut tx = app.db.begin(&system).await?;
    // By worker and number: another's numbers are no business of this one.
    let id = token_hash(&format!("{worker}/{}", assertion.jti));
    match store::use_assertion(&mut tx, &id, Micros::from_secs(assertion.exp + SKEW_S)).await {
        Ok(()) => {}
        Err(StoreError::Unique(_)) => return Err(refused()),
        Err(error) => return Err(error.into()),
    }
    store::insert_token(&mut tx, &token_hash(&token), worker, now + TOKEN_LIFETIME).await?;
    tx.commit().await?;
    let grant = TokenGrant {
        access_token: token,
        expires_in_s: u32::try_from(TOKEN_LIFETIME.as_secs()).unwrap_or(u32::MAX),
        keys: app.signing.key_list.clone(),
        now,
    };
    Ok(([(axum::http::header::CACHE_CONTROL, "no-store")], Json(grant)).into_response())
}

fn claimed_issuer(assertion: &str) -> Option<Id<ids::Worker>> {
    if assertion.len() > 4_096 {
        return None;
    }
    let claims = assertion.split('.').nth(1)?;
    let claims: Assertion = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    Some(claims.iss)
}

/// None for anything that is not an assertion of this key, for us, now.
fn verify(assertion: &str, key: &[u8], audience: &str, now: Micros) -> Option<Assertion> {
    let header = jsonwebtoken::decode_header(assertion).ok()?;
    if header.typ.as_deref() != Some(ASSERTION_TYPE) {
        return None;
    }
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_audience(&[audience]);
    validation.validate_exp = false;
    validation.set_required_spec_claims(&["exp", "aud", "iss"]);
    let claims = jsonwebtoken::decode::<Assertion>(assertion, &DecodingKey::from_ed_der(key), &validation).ok()?.claims;
    let now = now.as_secs();
    let short = claims.exp > claims.iat && claims.exp - claims.iat <= ASSERTION_S;
    let timely = claims.iat <= now + SKEW_S && now < claims.exp + SKEW_S;
    (short && timely && (8..=64).contains(&claims.jti.len())).then_some(claims)
}
