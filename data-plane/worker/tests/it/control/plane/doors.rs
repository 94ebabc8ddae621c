//! What workers call, and what they are answered by plan.

use std::collections::HashMap;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::{
    Micros,
    errand::{NextErrand, Outcome},
    events::Batch,
    ids,
    snapshot::{self, hash::Hash, pool_key::PoolKey, seal::SigningKey},
    worker_api::{
        self, Enrol, Enrolled, EventsAck, ObjectsRequest, POOL_KEY_INFO, PoolKeyList, PoolKeysRequest, Ring, Status,
        StatusAck, TokenGrant, WrappedPoolKey, WrappedPoolKeys,
    },
};
use ed25519_dalek::pkcs8::EncodePrivateKey;
use rustls::crypto::{
    aws_lc_rs::hpke::DH_KEM_X25519_HKDF_SHA256_AES_256,
    hpke::{EncapsulatedSecret, Hpke, HpkePublicKey},
};

use super::{Lie, Plan, Plane, id};

pub(super) async fn enrol(State(plane): State<Plane>, Json(_): Json<Enrol>) -> Json<Enrolled> {
    plane.plan().enrolments += 1;
    plane.note();
    Json(Enrolled {
        worker: id(3),
        installation: id(1),
        pool: id(2),
        ring: Ring::Stable,
        root_public_key: URL_SAFE_NO_PAD.encode(plane.root.verifying_key().to_bytes()),
        keys: plane.key_list(),
        audience: "test".to_owned(),
    })
}

pub(super) async fn token(State(plane): State<Plane>) -> Json<TokenGrant> {
    Json(TokenGrant {
        access_token: "pwt_test".to_owned(),
        expires_in_s: 600,
        keys: plane.key_list(),
        now: Micros::EPOCH,
    })
}

#[derive(serde::Deserialize)]
pub(super) struct Wait {
    wait: u64,
    nonce: Option<String>,
}

pub(super) async fn head(State(plane): State<Plane>, Query(wait): Query<Wait>, headers: HeaderMap) -> Response {
    plane.plan().heads_asked += 1;
    plane.note();
    if wait.nonce.is_some() && plane.plan().knows_no_nonces {
        let problem = serde_json::json!({ "status": 400, "code": "invalid_query", "title": "what is a nonce?" });
        return (StatusCode::BAD_REQUEST, Json(problem)).into_response();
    }
    let known = headers.get("if-none-match").and_then(|etag| etag.to_str().ok()).map(str::to_owned);
    let mut changes = plane.changed.subscribe();
    let answer = async {
        loop {
            changes.borrow_and_update();
            {
                let plan = plane.plan();
                let etag = format!("\"{}\"", plan.etag);
                if !plan.head.is_empty() && known.as_deref() != Some(&etag) {
                    let head = wait
                        .nonce
                        .as_ref()
                        .filter(|_| !plan.replays)
                        .and_then(|nonce| plane.signed_for(nonce, &plan.head));
                    return ([("etag", etag)], head.unwrap_or_else(|| plan.head.clone())).into_response();
                }
            }
            changes.changed().await.unwrap();
        }
    };
    let patience = std::time::Duration::from_secs(wait.wait);
    tokio::time::timeout(patience, answer).await.unwrap_or_else(|_| StatusCode::NOT_MODIFIED.into_response())
}

pub(super) async fn objects(State(plane): State<Plane>, Json(request): Json<ObjectsRequest>) -> Response {
    let mut plan = plane.plan();
    plan.names_asked += request.names.len();
    if plan.gives_others {
        plan.stored.insert(Hash::of(b"another"), b"another".to_vec());
        return framed(&plan, vec![Hash::of(b"another")]);
    }
    framed(&plan, request.names)
}

fn framed(plan: &Plan, names: Vec<Hash>) -> Response {
    let mut body = Vec::new();
    for name in names {
        let Some(bytes) = plan.stored.get(&name) else { return StatusCode::NOT_FOUND.into_response() };
        body.extend(name.as_bytes());
        body.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
        body.extend(bytes);
        if plan.bend_objects {
            *body.last_mut().unwrap() ^= 1;
        }
        if body.len() > worker_api::MAX_OBJECTS_BYTES {
            break;
        }
    }
    body.into_response()
}

pub(super) async fn pack(State(plane): State<Plane>, Path(top): Path<Hash>) -> Response {
    let mut plan = plane.plan();
    plan.packs_asked += 1;
    if let Some(status) = plan.no_way_to_packs_or_changes {
        return status.into_response();
    }
    if !plan.gives_packs {
        return StatusCode::NOT_FOUND.into_response();
    }
    let (mut nodes, mut objects, mut at) = (vec![top], Vec::new(), 0);
    while let Some(name) = nodes.get(at).copied() {
        let Some(names) = plan.stored.get(&name).and_then(|node| snapshot::names(node).ok()) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        nodes.extend(names.children);
        objects.extend(names.objects.into_iter().map(|(name, _)| name));
        at += 1;
    }
    nodes.extend(objects);
    framed(&plan, nodes)
}

pub(super) async fn changes(State(plane): State<Plane>, Query(query): Query<HashMap<String, Hash>>) -> Response {
    let mut plan = plane.plan();
    plan.changes_asked += 1;
    if let Some(status) = plan.no_way_to_packs_or_changes {
        return status.into_response();
    }
    match plan.changes.get(&(query["from"], query["to"])) {
        // Objects are asked for by name: an answer need not have them all.
        Some(changes) => [&u32::try_from(changes.len()).unwrap().to_be_bytes(), &changes[..]].concat().into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

pub(super) async fn events(State(plane): State<Plane>, body: Bytes) -> Response {
    let response = store(&mut plane.plan(), &body);
    plane.note();
    response
}

fn store(plan: &mut Plan, body: &[u8]) -> Response {
    if plan.refuse_batches > 0 {
        plan.refuse_batches -= 1;
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    if std::mem::take(&mut plan.forget_streams) {
        plan.cursors.clear();
    }
    let batch: Batch = serde_json::from_slice(body).unwrap();
    let cursor = plan.cursors.entry(batch.stream).or_insert(1);
    if batch.first_seq != *cursor {
        let problem = serde_json::json!({ "title": "another number is expected", "expected_seq": *cursor });
        return (StatusCode::CONFLICT, Json(problem)).into_response();
    }
    *cursor += batch.events.len() as u64;
    let next_seq = *cursor;
    if !batch.follows.is_empty() {
        plan.followed.push((batch.stream, batch.follows));
    }
    plan.events.extend(batch.events.into_iter().map(|event| serde_json::from_value(event).unwrap()));
    if plan.lose_acks > 0 {
        plan.lose_acks -= 1;
        return StatusCode::BAD_GATEWAY.into_response();
    }
    Json(EventsAck { next_seq, next_in_ms: 0 }).into_response()
}

pub(super) async fn status(State(plane): State<Plane>, Json(status): Json<Status>) -> Response {
    let ack = {
        let mut plan = plane.plan();
        if !plan.takes_reports_of_hops && (status.takes_errands || !status.hops.is_empty()) {
            return StatusCode::UNPROCESSABLE_ENTITY.into_response();
        }
        if !plan.passes_over_unknown && (status.draining || status.load.is_some()) {
            return StatusCode::UNPROCESSABLE_ENTITY.into_response();
        }
        plan.statuses.push(status);
        StatusAck {
            next_in_ms: 500,
            live_workers: plan.live_workers,
            takes_reports_of_hops: plan.takes_reports_of_hops,
            passes_over_unknown: plan.passes_over_unknown,
            drain: plan.drain,
        }
    };
    plane.note();
    Json(ack).into_response()
}

pub(super) async fn errand(State(plane): State<Plane>, Query(wait): Query<Wait>) -> Json<NextErrand> {
    plane.plan().errands_fetched += 1;
    let mut changes = plane.changed.subscribe();
    let answer = async {
        loop {
            changes.borrow_and_update();
            if let Some(errand) = plane.plan().errand.take() {
                return Some(errand);
            }
            changes.changed().await.unwrap();
        }
    };
    let patience = std::time::Duration::from_secs(wait.wait);
    Json(NextErrand { errand: tokio::time::timeout(patience, answer).await.unwrap_or_default() })
}

pub(super) async fn errand_done(
    State(plane): State<Plane>,
    Path(id): Path<ids::ErrandId>,
    Json(outcome): Json<Outcome>,
) -> StatusCode {
    plane.plan().answers.push((id, outcome));
    plane.note();
    StatusCode::NO_CONTENT
}

pub(super) async fn pool_keys(State(plane): State<Plane>, Json(request): Json<PoolKeysRequest>) -> Response {
    let (keys, lie) = {
        let mut plan = plane.plan();
        plan.pool_keys_asked += 1;
        (plan.pool_keys.clone(), plan.pool_keys_lie)
    };
    plane.note();
    if keys.is_empty() {
        return StatusCode::NOT_FOUND.into_response();
    }
    let public = HpkePublicKey(URL_SAFE_NO_PAD.decode(&request.public_key).unwrap());
    let pool = if lie == Some(Lie::Pool) { id(7) } else { id(2) };
    let wrap = |key: &PoolKey| {
        let aad = WrappedPoolKey::associated_data(pool, key.version());
        let (EncapsulatedSecret(encapsulated), mut wrapped) =
            DH_KEM_X25519_HKDF_SHA256_AES_256.seal(POOL_KEY_INFO, aad.as_bytes(), key.octets(), &public).unwrap();
        wrapped[0] ^= u8::from(lie == Some(Lie::Bent));
        let (encapsulated, wrapped) = (URL_SAFE_NO_PAD.encode(encapsulated), URL_SAFE_NO_PAD.encode(wrapped));
        WrappedPoolKey { version: key.version(), encapsulated, wrapped }
    };
    let list = PoolKeyList {
        installation: id(1),
        pool,
        worker: id(if lie == Some(Lie::Worker) { 4 } else { 3 }),
        public_key: if lie == Some(Lie::Call) { "another".to_owned() } else { request.public_key.clone() },
        issued_at: Micros::EPOCH,
        keys: keys.iter().map(wrap).collect(),
    };
    let signer = if lie == Some(Lie::Signer) { &plane.key } else { &plane.root };
    let signer = SigningKey::new("root", signer.to_pkcs8_der().unwrap().as_bytes());
    Json(WrappedPoolKeys { keys: signer.seal_pool_keys(&list).unwrap() }).into_response()
}
