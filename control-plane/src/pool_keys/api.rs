//! `POST /worker/v1/pool-keys`.

use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::{
    Id, ids,
    snapshot::pool_key::PoolKey,
    worker_api::{MAX_POOL_KEYS, POOL_KEY_INFO, PoolKeyList, PoolKeysRequest, WrappedPoolKey, WrappedPoolKeys},
};
use rustls::crypto::{
    aws_lc_rs::hpke::DH_KEM_X25519_HKDF_SHA256_AES_256,
    hpke::{EncapsulatedSecret, Hpke, HpkePublicKey},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::AppState,
    auth::{Grant, action::PullConfiguration},
    http::{ApiError, ApiJson, docs::CommonProblems},
};

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(read_pool_keys))
}

/// The keys of the worker's pool, wrapped for the key it made for this call, in an answer signed under the root.
#[utoipa::path(post, path = "/worker/v1/pool-keys", operation_id = "read_pool_keys", tag = "configuration",
    request_body = PoolKeysRequest,
    responses((status = 200, description = "The keys, wrapped and signed", body = WrappedPoolKeys), CommonProblems))]
pub(super) async fn read_pool_keys(
    grant: Grant<PullConfiguration>,
    State(app): State<AppState>,
    ApiJson(body): ApiJson<PoolKeysRequest>,
) -> Result<Response, ApiError> {
    let (worker, pool) = grant.worker()?;
    let malformed = || ApiError::field("/public_key", "expected an X25519 key, 32 bytes, base64url");
    let public = URL_SAFE_NO_PAD.decode(&body.public_key).ok().filter(|key| key.len() == 32).ok_or_else(malformed)?;
    let public = HpkePublicKey(public);
    let keys = super::all(&mut app.db.read(&grant).await?, &app.vault, pool).await?;
    let wrapped = keys.iter().take(MAX_POOL_KEYS).map(|key| wrapped(key, pool, &public));
    let list = PoolKeyList {
        installation: app.installation,
        pool,
        worker,
        public_key: body.public_key.clone(),
        issued_at: app.clock.now(),
        // A point of small order: no secret can be agreed on with it.
        keys: wrapped.collect::<Option<_>>().ok_or_else(malformed)?,
    };
    let keys = app.signing.pool_keys(&list).map_err(ApiError::internal)?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(WrappedPoolKeys { keys })).into_response())
}

fn wrapped(key: &PoolKey, pool: Id<ids::Pool>, public: &HpkePublicKey) -> Option<WrappedPoolKey> {
    let version = key.version();
    let aad = WrappedPoolKey::associated_data(pool, version);
    let (EncapsulatedSecret(encapsulated), wrapped) =
        DH_KEM_X25519_HKDF_SHA256_AES_256.seal(POOL_KEY_INFO, aad.as_bytes(), key.octets(), public).ok()?;
    let text = |octets| URL_SAFE_NO_PAD.encode(octets);
    Some(WrappedPoolKey { version, encapsulated: text(encapsulated), wrapped: text(wrapped) })
}
