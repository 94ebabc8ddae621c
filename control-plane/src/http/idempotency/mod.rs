//! `Idempotency-Key`: the second call with a key gets the first one's answer.
//!
//! A layer reads the key and the body; `Grant` looks whether there is an answer for this caller and route; `commit` stores
//! one in the transaction of the change. Kept 24 h, successes only, sealed with a key made from the header, which is stored
//! hashed. Sign-in and the worker API have no `Grant<…>` of a person, and so no stored answers.

mod store;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderName, HeaderValue, Method, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};

use super::{Answer, ApiError, Code, json};
use crate::{
    app::App,
    auth::Principal,
    db::{Db, Proof, StoreError, Tx},
    vault::{Purpose, Vault},
};
pub(crate) use store::{STATEMENTS, sweep};

pub const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// On an answer that was given before.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const KEPT: Duration = Duration::from_hours(24);

/// Key and body of a POST, before anybody knows who calls.
#[derive(Clone)]
pub struct Presented {
    key: String,
    body_hash: [u8; 32],
}

/// A call with a key, by a known caller; nobody else works on the same one while this lives.
#[derive(Debug, Clone)]
pub struct Attempt {
    id: [u8; 32],
    body_hash: [u8; 32],
    header: Arc<Secret>,
    vault: Arc<Vault>,
    _slot: Arc<Slot>,
}

struct Secret(String);

/// Keys that are being worked on in this process.
#[derive(Debug, Clone, Default)]
pub struct InProgress(Arc<Mutex<HashSet<[u8; 32]>>>);

#[derive(Debug)]
struct Slot {
    id: [u8; 32],
    all: InProgress,
}

/// Reads the header and, where there is one, the body; both wait in the request's extensions.
pub async fn read(request: Request, next: Next) -> Response {
    if request.method() != Method::POST || !request.headers().contains_key(HEADER) {
        return next.run(request).await;
    }
    match present(request).await {
        Ok(request) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

async fn present(request: Request) -> Result<Request, ApiError> {
    let invalid =
        || ApiError::new(Code::InvalidHeader).detail("Idempotency-Key: one, of 1 to 255 printable characters");
    let mut values = request.headers().get_all(HEADER).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Err(invalid()) };
    let key = value.to_str().map_err(|_| invalid())?.trim().to_owned();
    if key.is_empty() || key.len() > 255 || key.chars().any(|c| c.is_ascii_control()) {
        return Err(invalid());
    }
    let (parts, body) = request.into_parts();
    // The limit of bodies is an extension of the request; it has to go with the one that is read.
    let mut reading = Request::new(body);
    *reading.extensions_mut() = parts.extensions.clone();
    let bytes = json::read(reading, &()).await?;
    let presented = Presented { key, body_hash: Sha256::digest(&bytes).into() };
    let mut request = Request::from_parts(parts, Body::from(bytes));
    request.extensions_mut().insert(presented);
    Ok(request)
}

/// What `Grant` has to do with a request's key.
pub(crate) enum Looked {
    /// No key, or a new one: go on.
    GoOn(Option<Attempt>),
    /// It was answered before.
    Replay(Response),
}

/// Looks a presented key up, once it is known who calls and that they may.
pub(crate) async fn look_up(app: &App, parts: &Parts, proof: &impl Proof) -> Result<Looked, ApiError> {
    let Some(presented) = parts.extensions.get::<Presented>() else { return Ok(Looked::GoOn(None)) };
    let caller = match &proof.caller().principal {
        Principal::Person { person, .. } => person.uuid(),
        Principal::ApiKey { key, .. } => key.uuid(),
        Principal::Worker { .. } | Principal::Anonymous | Principal::System(_) => return Ok(Looked::GoOn(None)),
    };
    let mut hash = Sha256::new();
    for part in [b"idempotency", caller.as_bytes().as_slice(), parts.uri.path().as_bytes(), presented.key.as_bytes()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let id: [u8; 32] = hash.finalize().into();
    // First the slot, then the look-up: whoever had the slot before has committed by now.
    let slot = app.in_progress.take(id).ok_or_else(in_progress)?;
    let attempt = Attempt {
        id,
        body_hash: presented.body_hash,
        header: Arc::new(Secret(presented.key.clone())),
        vault: Arc::clone(&app.vault),
        _slot: Arc::new(slot),
    };
    match attempt.answered(&app.db, proof, app.clock.now()).await? {
        Some(answer) => {
            let mut response = answer.into_response();
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
            Ok(Looked::Replay(response))
        }
        None => Ok(Looked::GoOn(Some(attempt))),
    }
}

fn in_progress() -> ApiError {
    ApiError::new(Code::IdempotencyInProgress).retry_after_s(1)
}

impl Attempt {
    async fn answered(&self, db: &Db, proof: &impl Proof, now: contract::Micros) -> Result<Option<Answer>, ApiError> {
        let mut read = db.read(proof).await?;
        let Some((body_hash, sealed)) = store::find(&mut read, self.id, now).await? else { return Ok(None) };
        if body_hash != self.body_hash {
            return Err(ApiError::new(Code::IdempotencyKeyReused));
        }
        let opened = self
            .vault
            .open_with(Purpose::IdempotentAnswer, self.header.0.as_bytes(), &sealed)
            .map_err(StoreError::corrupt("idempotent answer"))?;
        let answer = serde_json::from_slice(&opened).map_err(StoreError::corrupt("idempotent answer"))?;
        Ok(Some(answer))
    }
}

/// Stores the answer beside the change. Without a key, nothing.
pub(super) async fn store(tx: &mut Tx, answer: &Answer) -> Result<(), ApiError> {
    let Some(attempt) = tx.attempt().cloned() else { return Ok(()) };
    if !store::lock(tx, attempt.id).await? {
        return Err(in_progress());
    }
    let plain = serde_json::to_vec(answer).map_err(ApiError::internal)?;
    let sealed = attempt.vault.seal_with(Purpose::IdempotentAnswer, attempt.header.0.as_bytes(), &plain);
    let now = tx.now();
    let stored = store::insert(tx, attempt.id, attempt.body_hash, sealed, now + KEPT, now).await?;
    // Another replica was faster. This change is undone; the next call gets that one's answer.
    if stored { Ok(()) } else { Err(in_progress()) }
}

impl InProgress {
    fn take(&self, id: [u8; 32]) -> Option<Slot> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(id).then(|| Slot { id, all: self.clone() })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.all.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl std::fmt::Debug for Presented {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Presented(…)")
    }
}
