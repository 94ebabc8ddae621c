//! Snapshots from a publisher with keys of its own. `heads` and `parts`: every refusal, under its own name. `moving`: what is
//! asked for, and what comes of it. `objects`: what one says.

mod heads;
mod moving;
mod objects;
mod parts;

use std::collections::HashMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{SigningKey as Dalek, pkcs8::EncodePrivateKey};

use super::{
    Verified, changes,
    hash::Hash,
    head::{Head, KeyList, SnapshotKey, Totals},
    names,
    object::{
        AliasDomain, AliasDomainHop, Aliases, DomainObject, DomainState, HashKey, Installation, Key, Limits, Object,
        RecipientRule, SCHEMAS, ShardPrefix, Tenant, TenantState,
    },
    open::{After, Audience, Held, Opening, Part, Refusal, Snapshot, TrustedKeys, Wanted, open_head},
    piece,
    seal::SigningKey,
    tree::{Changes, Entry, Tree},
};
use crate::{Id, Micros, ids, policy::Settings, worker_api::Ring};

const NOW: Micros = Micros::from_secs(1_790_000_000);

fn id<T: ids::Kind>(n: u8) -> Id<T> {
    Id::new(NOW, [n; 10])
}

/// A publisher with keys of its own, and what it stored.
struct Publisher {
    root: Dalek,
    key: Dalek,
    stored: HashMap<Hash, Vec<u8>>,
}

impl Publisher {
    fn new() -> Self {
        Self { root: Dalek::from_bytes(&[1; 32]), key: Dalek::from_bytes(&[2; 32]), stored: HashMap::new() }
    }

    fn signer(key: &Dalek, kid: &str) -> SigningKey {
        SigningKey::new(kid, key.to_pkcs8_der().unwrap().as_bytes())
    }

    fn keys(&self) -> TrustedKeys {
        let root = self.root.verifying_key().to_bytes();
        TrustedKeys::open(Hash::of(&root), &URL_SAFE_NO_PAD.encode(root), &self.key_list()).unwrap()
    }

    fn key_list(&self) -> String {
        let list = KeyList {
            installation: id(1),
            epoch: 1,
            issued_at: NOW,
            keys: vec![SnapshotKey {
                kid: "k1".to_owned(),
                public_key: URL_SAFE_NO_PAD.encode(self.key.verifying_key().to_bytes()),
            }],
        };
        Self::signer(&self.root, "root").seal_keys(&list).unwrap()
    }

    /// Stores the objects and gives a head over them.
    fn publish(&mut self, version: u64, objects: &[Object]) -> Head {
        let mut entries = Vec::new();
        for object in objects {
            let piece = piece::encode(object).unwrap();
            let size = u32::try_from(piece.bytes.len()).unwrap();
            entries.push(Entry::new(piece.key.to_string(), piece.hash, size));
            self.stored.insert(piece.hash, piece.bytes);
        }
        self.head_over(version, entries)
    }

    fn head_over(&mut self, version: u64, entries: Vec<Entry>) -> Head {
        let count = |prefix: &str| u32::try_from(entries.iter().filter(|e| e.key.starts_with(prefix)).count()).unwrap();
        let totals = Totals { tenants: count("tenant/"), domains: count("domain/") };
        let (tree, nodes) = Tree::build(entries);
        self.stored.extend(nodes);
        Head {
            installation: id(1),
            pool: id(2),
            ring: Ring::Stable,
            epoch: 1,
            version,
            issued_at: NOW,
            expires_at: Micros::from_secs(NOW.as_secs() + 900),
            schema: SCHEMAS[0],
            root: tree.hash(),
            totals,
            lowest_totals: None,
            nonce: None,
        }
    }

    fn sign(&self, head: &Head) -> String {
        Self::signer(&self.key, "k1").seal_head(head).unwrap()
    }

    fn open(&self, head: &Head) -> Verified<Head> {
        open_head(&self.sign(head), &self.keys(), &audience(), After::Nothing, NOW).unwrap()
    }

    fn assemble(
        &self,
        head: &Head,
        before: Option<&Verified<Snapshot>>,
    ) -> Result<(Verified<Snapshot>, usize), Refusal> {
        let mut opening = Opening::new(&self.open(head), before)?;
        let mut fetched = 0;
        while let [name, ..] = by_parts(&mut opening).names[..] {
            let bytes = self.stored.get(&name).ok_or(opening.gone())?;
            fetched += bytes.len();
            opening.supply(name, bytes)?;
        }
        opening.finish().map(|snapshot| (snapshot, fetched))
    }
}

fn by_parts(opening: &mut Opening) -> Wanted {
    opening.without_packs();
    opening.wanted()
}

fn audience() -> Audience {
    Audience { installation: id(1), pool: id(2), ring: Ring::Stable }
}

fn installation() -> Object {
    let policy = Settings::default();
    Object::Installation(Installation { id: id(1), policy, allowed_hop_ranges: vec![], postmaster: None, list: vec![] })
}

fn tenant(n: u8) -> Object {
    let policy = Settings::default();
    let (state, limits) = (TenantState::Active, Limits::default());
    Object::Tenant(Tenant { id: id(n), parent: None, state, refuse_from: None, limits, policy, list: vec![] })
}

fn domain(n: u32) -> Object {
    Object::Domain(Box::new(DomainObject {
        id: id(9),
        name: format!("d{n}.example").parse().unwrap(),
        tenant: id(3),
        state: DomainState::Active,
        recipients: RecipientRule::Any,
        route: None,
        route_id: None,
        policy: Settings::default(),
        list: vec![],
        aliases: vec![],
        hash_key: HashKey([0; 16]),
    }))
}

fn objects(domains: u32) -> Vec<Object> {
    [installation(), tenant(3)].into_iter().chain((0..domains).map(domain)).collect()
}

fn refusal_of(publisher: &Publisher, jws: &str, held: Option<&Held>, now: Micros) -> Refusal {
    let after = held.map_or(After::Nothing, After::Held);
    open_head(jws, &publisher.keys(), &audience(), after, now).unwrap_err()
}
