//! A control plane that says what a test wants: real signatures, real objects, and lies on demand.

mod doors;

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Router,
    http::StatusCode,
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::{
    Id, Micros,
    errand::{Errand, Outcome},
    events::Event,
    ids,
    policy::Settings,
    snapshot::{
        hash::Hash,
        head::{Head, KeyList, SnapshotKey, Totals},
        object::{
            DomainObject, DomainState, HashKey, Installation, Limits, Object, RecipientRule, SCHEMAS, Tenant,
            TenantState,
        },
        piece,
        pool_key::PoolKey,
        seal::SigningKey,
        tree::{Entry, Tree},
    },
    worker_api::{JoinToken, Ring, Status},
};
use ed25519_dalek::{SigningKey as Dalek, pkcs8::EncodePrivateKey};
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
    /// It answers with objects that nobody asked for.
    pub gives_others: bool,
    pub heads_asked: u32,
    /// It gives packs; one of before has none.
    pub gives_packs: bool,
    /// What changed between two trees, as it says; one of before says nothing.
    pub changes: HashMap<(Hash, Hash), Vec<u8>>,
    /// What packs and changes are answered with, by whatever stands before it.
    pub no_way_to_packs_or_changes: Option<StatusCode>,
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
            .route("/worker/v1/enrol", post(doors::enrol))
            .route("/worker/v1/token", post(doors::token))
            .route("/worker/v1/head", get(doors::head))
            .route("/worker/v1/objects", post(doors::objects))
            .route("/worker/v1/packs/{top}", get(doors::pack))
            .route("/worker/v1/changes", get(doors::changes))
            .route("/worker/v1/events", post(doors::events))
            .route("/worker/v1/status", post(doors::status))
            .route("/worker/v1/errands", get(doors::errand))
            .route("/worker/v1/pool-keys", post(doors::pool_keys))
            .route("/worker/v1/errands/{id}", post(doors::errand_done))
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
    Tenant {
        id: id(n),
        parent: parent.map(id),
        state: TenantState::Active,
        refuse_from: None,
        limits: Limits::default(),
        policy: Settings::default(),
        list: vec![],
    }
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
