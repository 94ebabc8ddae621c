//! A control plane that says what a test wants: real signatures, real objects, and lies on demand.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::{
    Id, Micros,
    errand::{Errand, NextErrand, Outcome},
    events::{Batch, Event},
    ids,
    policy::Settings,
    snapshot::{
        self,
        hash::Hash,
        head::{Head, KeyList, SnapshotKey, Totals},
        object::{
            DomainObject, DomainState, HashKey, Installation, Object, RecipientRule, SCHEMAS, Tenant, TenantState,
        },
        piece,
        pool_key::PoolKey,
        seal::SigningKey,
        tree::{Entry, Tree},
    },
    worker_api::{
        self, Enrol, Enrolled, EventsAck, JoinToken, ObjectsRequest, POOL_KEY_INFO, PoolKeyList, PoolKeysRequest, Ring,
        Status, StatusAck, TokenGrant, WrappedPoolKey, WrappedPoolKeys,
    },
};
use ed25519_dalek::{SigningKey as Dalek, pkcs8::EncodePrivateKey};
use rustls::crypto::{
    aws_lc_rs::hpke::DH_KEM_X25519_HKDF_SHA256_AES_256,
    hpke::{EncapsulatedSecret, Hpke, HpkePublicKey},
};
use tokio::sync::watch;
use uuid::Uuid;

pub(crate) fn id<T: ids::Kind>(n: u8) -> Id<T> {
    Id::new(Micros::from_secs(1_790_000_000), [n; 10])
}

/// What a test sets and reads.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub stored: HashMap<Hash, Vec<u8>>,
    pub head: String,
    pub etag: u64,
    /// One octet of every object is another.
    pub bend_objects: bool,
    /// It gives packs; one of before has none.
    pub gives_packs: bool,
    /// What changed between two trees, as it says; one of before says nothing.
    pub changes: HashMap<(Hash, Hash), Vec<u8>>,
    pub packs_asked: u32,
    pub changes_asked: u32,
    /// Nodes and objects asked for by name.
    pub names_asked: usize,
    /// Answers to batches that are lost on the way back, though the batch was stored.
    pub lose_acks: u32,
    /// Answers 503 to batches before they are looked at.
    pub refuse_batches: u32,
    /// Forget the streams, as a restored backup would.
    pub forget_streams: bool,
    pub cursors: HashMap<Uuid, u64>,
    pub events: Vec<Event>,
    /// Streams that began by naming others.
    pub followed: Vec<(Uuid, Vec<Uuid>)>,
    pub statuses: Vec<Status>,
    pub enrolments: u32,
    /// It knows of errands, and of how hops fare; one of before refuses to hear of either.
    pub takes_reports_of_hops: bool,
    /// It passes over what it does not know in a report; one of before refuses all of it.
    pub passes_over_unknown: bool,
    pub drain: bool,
    /// One of before, which refuses to hear of nonces.
    pub knows_no_nonces: bool,
    /// It answers every question with the head it has.
    pub replays: bool,
    pub live_workers: Option<u32>,
    pub errand: Option<Errand>,
    pub errands_fetched: u32,
    pub answers: Vec<(ids::ErrandId, Outcome)>,
    /// Keys of the pool; none of them: it knows of no such thing, as one of before.
    pub pool_keys: Vec<PoolKey>,
    /// The next answers with pool keys are lies of this kind.
    pub pool_keys_lie: Option<Lie>,
    pub pool_keys_asked: u32,
}

/// What is wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lie {
    /// Signed by the key of heads, not by the root.
    Signer,
    /// Another worker's.
    Worker,
    /// To another call.
    Call,
    /// Of another pool.
    Pool,
    /// One octet of a wrapped key is another.
    Bent,
}

#[derive(Clone)]
pub(crate) struct Plane {
    pub address: SocketAddr,
    root: Arc<Dalek>,
    key: Arc<Dalek>,
    plan: Arc<Mutex<Plan>>,
    changed: Arc<watch::Sender<u64>>,
}

impl Plane {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let plane = Self {
            address: listener.local_addr().unwrap(),
            root: Arc::new(Dalek::from_bytes(&[1; 32])),
            key: Arc::new(Dalek::from_bytes(&[2; 32])),
            plan: Arc::default(),
            changed: Arc::new(watch::Sender::new(0)),
        };
        let router = Router::new()
            .route("/worker/v1/enrol", post(enrol))
            .route("/worker/v1/token", post(token))
            .route("/worker/v1/head", get(head))
            .route("/worker/v1/objects", post(objects))
            .route("/worker/v1/packs/{top}", get(pack))
            .route("/worker/v1/changes", get(changes))
            .route("/worker/v1/events", post(events))
            .route("/worker/v1/status", post(status))
            .route("/worker/v1/errands", get(errand))
            .route("/worker/v1/pool-keys", post(pool_keys))
            .route("/worker/v1/errands/{id}", post(errand_done))
            .layer(axum::extract::DefaultBodyLimit::max(16 * 1024 * 1024))
            .with_state(plane.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        plane
    }

    pub(crate) fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap()
    }

    /// Waits until the plan shows what the test wants to see.
    pub(crate) async fn until<T>(&self, what: &str, mut look: impl FnMut(&Plan) -> Option<T>) -> T {
        let mut changes = self.changed.subscribe();
        let seen = async {
            loop {
                changes.borrow_and_update();
                if let Some(found) = look(&self.plan()) {
                    return found;
                }
                changes.changed().await.unwrap();
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(30), seen)
            .await
            .unwrap_or_else(|_| panic!("never came: {what}; last status {:?}", self.plan().statuses.last()))
    }

    fn note(&self) {
        self.changed.send_modify(|n| *n += 1);
    }

    pub(crate) fn join_token(&self) -> String {
        let token = JoinToken {
            id: id(5),
            secret: "not-looked-at-here".to_owned(),
            root_sha256: Hash::of(&self.root.verifying_key().to_bytes()),
            tls_spki_sha256: None,
        };
        format!("pjt_{}", URL_SAFE_NO_PAD.encode(serde_json::to_vec(&token).unwrap()))
    }

    pub(crate) fn sign(&self, head: &Head) -> String {
        SigningKey::new("k1", self.key.to_pkcs8_der().unwrap().as_bytes()).seal_head(head).unwrap()
    }

    /// The same head for a nonce; none for what was not signed here.
    fn signed_for(&self, nonce: &str, jws: &str) -> Option<String> {
        let claims = URL_SAFE_NO_PAD.decode(jws.split('.').nth(1)?).ok()?;
        let head: Head = serde_json::from_slice(&claims).ok()?;
        (self.sign(&head) == jws).then(|| self.sign(&Head { nonce: Some(nonce.to_owned()), ..head }))
    }

    fn key_list(&self) -> String {
        let list = KeyList {
            installation: id(1),
            epoch: 1,
            issued_at: Micros::EPOCH,
            keys: vec![SnapshotKey {
                kid: "k1".to_owned(),
                public_key: URL_SAFE_NO_PAD.encode(self.key.verifying_key().to_bytes()),
            }],
        };
        SigningKey::new("root", self.root.to_pkcs8_der().unwrap().as_bytes()).seal_keys(&list).unwrap()
    }

    /// Stores the objects and offers a head over them.
    pub(crate) fn publish(&self, version: u64, objects: &[Object], now: Micros) -> Head {
        self.publish_raw(version, encoded(objects), now)
    }

    pub(crate) fn publish_raw(&self, version: u64, objects: Vec<(String, Vec<u8>)>, now: Micros) -> Head {
        let head = self.store(version, objects, now);
        self.offer(self.sign(&head));
        head
    }

    /// As [`publish`](Self::publish), and says what changed since `before`, true or not.
    pub(crate) fn publish_after(&self, before: &Head, version: u64, objects: &[Object], changes: Vec<u8>) -> Head {
        let head = self.store(version, encoded(objects), before.issued_at);
        self.plan().changes.insert((before.root, head.root), changes);
        self.offer(self.sign(&head));
        head
    }

    fn store(&self, version: u64, objects: Vec<(String, Vec<u8>)>, now: Micros) -> Head {
        let mut plan = self.plan();
        let mut entries = Vec::new();
        for (key, bytes) in objects {
            let hash = Hash::of(&bytes);
            entries.push(Entry::new(key, hash, u32::try_from(bytes.len()).unwrap()));
            plan.stored.insert(hash, bytes);
        }
        let count = |prefix: &str| u32::try_from(entries.iter().filter(|e| e.key.starts_with(prefix)).count()).unwrap();
        let totals = Totals { tenants: count("tenant/"), domains: count("domain/") };
        let (tree, nodes) = Tree::build(entries);
        plan.stored.extend(nodes);
        drop(plan);
        Head {
            installation: id(1),
            pool: id(2),
            ring: Ring::Stable,
            epoch: 1,
            version,
            issued_at: now,
            expires_at: now + std::time::Duration::from_mins(15),
            schema: SCHEMAS[0],
            root: tree.hash(),
            totals,
            lowest_totals: None,
            nonce: None,
        }
    }

    /// Hands an errand to whoever fetches one, and waits for its answer.
    pub(crate) async fn send_on_errand(&self, task: serde_json::Value, within_ms: u32) -> Outcome {
        let id = Id::new(Micros::EPOCH, [u8::try_from(self.plan().answers.len()).unwrap(); 10]);
        self.plan().errand = Some(Errand { id, within_ms, task });
        self.note();
        let answer = |plan: &Plan| plan.answers.iter().find(|(answered, _)| *answered == id).cloned();
        self.until("an answer to an errand", answer).await.1
    }

    /// What the next poll gets.
    pub(crate) fn offer(&self, jws: String) {
        let mut plan = self.plan();
        plan.head = jws;
        plan.etag += 1;
        drop(plan);
        self.note();
    }
}

fn encoded(objects: &[Object]) -> Vec<(String, Vec<u8>)> {
    let pieces = objects.iter().map(|object| piece::encode(object).unwrap());
    pieces.map(|piece| (piece.key.to_string(), piece.bytes)).collect()
}

pub(crate) fn installation() -> Object {
    Object::Installation(Installation {
        id: id(1),
        policy: Settings::default(),
        allowed_hop_ranges: vec![],
        postmaster: None,
        list: vec![],
    })
}

pub(crate) fn tenant(n: u8, parent: Option<u8>) -> Tenant {
    Tenant { id: id(n), parent: parent.map(id), state: TenantState::Active, policy: Settings::default(), list: vec![] }
}

pub(crate) fn domain(name: &str, tenant: u8) -> DomainObject {
    DomainObject {
        id: id(9),
        name: name.parse().unwrap(),
        tenant: id(tenant),
        state: DomainState::Active,
        recipients: RecipientRule::Any,
        route: None,
        route_id: None,
        policy: Settings::default(),
        list: vec![],
        aliases: vec![],
        hash_key: HashKey([7; 16]),
    }
}

async fn enrol(State(plane): State<Plane>, Json(_): Json<Enrol>) -> Json<Enrolled> {
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

async fn token(State(plane): State<Plane>) -> Json<TokenGrant> {
    Json(TokenGrant {
        access_token: "pwt_test".to_owned(),
        expires_in_s: 600,
        keys: plane.key_list(),
        now: Micros::EPOCH,
    })
}

#[derive(serde::Deserialize)]
struct Wait {
    wait: u64,
    nonce: Option<String>,
}

async fn head(State(plane): State<Plane>, Query(wait): Query<Wait>, headers: HeaderMap) -> Response {
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

async fn objects(State(plane): State<Plane>, Json(request): Json<ObjectsRequest>) -> Response {
    let mut plan = plane.plan();
    plan.names_asked += request.names.len();
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

async fn pack(State(plane): State<Plane>, Path(top): Path<Hash>) -> Response {
    let mut plan = plane.plan();
    plan.packs_asked += 1;
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

async fn changes(State(plane): State<Plane>, Query(query): Query<HashMap<String, Hash>>) -> Response {
    let mut plan = plane.plan();
    plan.changes_asked += 1;
    match plan.changes.get(&(query["from"], query["to"])) {
        // Objects are asked for by name: an answer need not have them all.
        Some(changes) => [&u32::try_from(changes.len()).unwrap().to_be_bytes(), &changes[..]].concat().into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn events(State(plane): State<Plane>, body: Bytes) -> Response {
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

async fn status(State(plane): State<Plane>, Json(status): Json<Status>) -> Response {
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

async fn errand(State(plane): State<Plane>, Query(wait): Query<Wait>) -> Json<NextErrand> {
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

async fn errand_done(
    State(plane): State<Plane>,
    Path(id): Path<ids::ErrandId>,
    Json(outcome): Json<Outcome>,
) -> StatusCode {
    plane.plan().answers.push((id, outcome));
    plane.note();
    StatusCode::NO_CONTENT
}

async fn pool_keys(State(plane): State<Plane>, Json(request): Json<PoolKeysRequest>) -> Response {
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
