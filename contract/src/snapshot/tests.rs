//! Every refusal of a snapshot, under its own name.

use std::collections::HashMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{SigningKey as Dalek, pkcs8::EncodePrivateKey};

use super::{
    Verified, changes,
    hash::Hash,
    head::{Head, KeyList, SnapshotKey, Totals},
    names,
    object::{
        AliasDomain, AliasDomainHop, Aliases, DomainObject, DomainState, HashKey, Installation, Key, Object,
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
    Object::Tenant(Tenant { id: id(n), parent: None, state: TenantState::Active, policy, list: vec![] })
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

/// What a worker of the version before reads must stay as it was, to the octet, where nothing new is used.
#[test]
fn an_object_without_aliases_has_the_bytes_it_had_before() {
    let json = serde_json::to_string(&domain(1)).unwrap();
    let before = r#"{"kind":"domain","id":"ID","name":"d1.example","tenant":"TENANT","state":"active","recipients":"any","policy":{},"hash_key":"AAAAAAAAAAAAAAAAAAAAAA"}"#;
    let before = before.replace("ID", &id::<crate::ids::Domain>(9).to_string());
    let before = before.replace("TENANT", &id::<crate::ids::Tenant>(3).to_string());
    assert_eq!(json, before);
    let listed = serde_json::to_string(&RecipientRule::Listed { shards: vec![] }).unwrap();
    assert_eq!(listed, r#"{"listed":{"shards":[]}}"#);
}

#[test]
fn an_alias_domain_stands_under_its_name_and_an_alias_shard_under_a_key_of_its_own() {
    let alias = AliasDomain {
        id: id(9),
        name: "second.example".parse().unwrap(),
        tenant: id(3),
        state: DomainState::Active,
        primary: "main.example".parse().unwrap(),
        hop_sees: AliasDomainHop::Primary,
    };
    let object = Object::AliasDomain(alias);
    assert_eq!(object.key().to_string(), "domain/second.example");
    let back: Object = serde_json::from_str(&serde_json::to_string(&object).unwrap()).unwrap();
    assert_eq!(back, object);
    let aliases = Aliases { domain: "main.example".parse().unwrap(), prefix: ShardPrefix::ALL, aliases: vec![] };
    let key = Object::Aliases(aliases).key();
    assert_eq!((key.to_string().as_str(), key.to_string().parse()), ("aliases/main.example/-", Ok(key)));
}

#[test]
fn a_whole_snapshot_opens_and_an_edit_shares_what_did_not_change() {
    let mut publisher = Publisher::new();
    let first = publisher.publish(1, &objects(1_000));
    let (before, all) = publisher.assemble(&first, None).unwrap();
    assert_eq!(before.changes(), 1_002);
    assert!((0..1_000).all(|n| before.get(&format!("domain/d{n}.example")).is_some()));
    let mut edited = objects(1_000);
    let Object::Domain(domain) = &mut edited[500] else { panic!("a domain") };
    domain.policy.max_message_size_bytes = Some(70_000);
    let second = publisher.publish(2, &edited);
    let (after, moved) = publisher.assemble(&second, Some(&before)).unwrap();
    assert_eq!(after.changes(), 1);
    assert!(moved < 20_000 && all > 10 * moved, "{moved} of {all}");
}

/// The subtree under a name, as a control plane gives it.
fn pack(publisher: &Publisher, top: Hash) -> Vec<(Hash, Vec<u8>)> {
    let (mut nodes, mut objects, mut at) = (vec![top], Vec::new(), 0);
    while let Some(name) = nodes.get(at).copied() {
        let names = names(&publisher.stored[&name]).unwrap();
        nodes.extend(names.children);
        objects.extend(names.objects.into_iter().map(|(name, _)| name));
        at += 1;
    }
    nodes.into_iter().chain(objects).map(|name| (name, publisher.stored[&name].clone())).collect()
}

fn opened_by_packs(
    publisher: &Publisher,
    head: &Head,
    give: impl Fn(Vec<(Hash, Vec<u8>)>) -> Vec<(Hash, Vec<u8>)>,
) -> Result<(Verified<Snapshot>, [usize; 2]), Refusal> {
    let mut opening = Opening::new(&publisher.open(head), None)?;
    let mut asked = [0; 2];
    loop {
        let wanted = opening.wanted();
        if wanted.is_empty() {
            return opening.finish().map(|snapshot| (snapshot, asked));
        }
        asked[0] += wanted.packs.len();
        asked[1] += wanted.names.len();
        assert!(asked[0] + asked[1] < 10_000, "it goes on");
        for top in wanted.packs {
            opening.supply_pack(top, give(pack(publisher, top)))?;
        }
        for name in wanted.names {
            opening.supply(name, publisher.stored.get(&name).ok_or(opening.gone())?)?;
        }
    }
}

#[test]
fn a_cold_start_takes_packs_and_comes_to_the_same() {
    let mut publisher = Publisher::new();
    let head = publisher.publish(1, &objects(3_000));
    let (by_parts, _) = publisher.assemble(&head, None).unwrap();
    let (by_packs, asked) = opened_by_packs(&publisher, &head, |pack| pack).unwrap();
    assert_eq!(asked, [16, 1], "packs, and the top");
    by_parts.for_each_key(&mut |key| assert!(by_packs.get(key).is_some(), "{key}"));
    assert_eq!((by_packs.changes(), by_packs.errors().len()), (3_002, 0));
    // What a pack lacks is asked for by name; what it has too much belongs nowhere.
    let stranger = (Hash::of(b"stranger"), b"stranger".to_vec());
    let uneven = |pack: Vec<(Hash, Vec<u8>)>| {
        let rest = pack.into_iter().enumerate().filter(|(n, _)| n % 7 != 3).map(|(_, part)| part);
        [stranger.clone()].into_iter().chain(rest).collect()
    };
    let (uneven, asked) = opened_by_packs(&publisher, &head, uneven).unwrap();
    assert!(asked[1] > 100, "{asked:?}");
    by_parts.for_each_key(&mut |key| assert!(uneven.get(key).is_some(), "{key}"));
    let (nothing, _) = opened_by_packs(&publisher, &head, |_| Vec::new()).unwrap();
    assert_eq!(nothing.changes(), 3_002);
    // And an edit goes on from it.
    let mut edited = objects(3_000);
    edited.pop();
    let second = publisher.publish(2, &edited);
    let (after, _) = publisher.assemble(&second, Some(&by_packs)).unwrap();
    assert_eq!(after.changes(), 1);
    assert!(after.get("domain/d2999.example").is_none() && after.get("domain/d2998.example").is_some());
}

#[test]
fn a_pack_with_changed_octets_is_refused_and_one_with_an_object_that_makes_no_sense_costs_only_that() {
    let mut publisher = Publisher::new();
    let head = publisher.publish(1, &objects(1_000));
    for at in [0, 20] {
        let bent = |mut pack: Vec<(Hash, Vec<u8>)>| {
            if let Some(octet) = pack[at].1.last_mut() {
                *octet ^= 1;
            }
            pack
        };
        assert_eq!(opened_by_packs(&publisher, &head, bent).unwrap_err(), Refusal::HashMismatch);
    }
    let mut entries = Vec::new();
    for object in objects(1_000) {
        let mut piece = piece::encode(&object).unwrap();
        if ["domain/d5.example", "domain/d6.example", "domain/d7.example"].contains(&&*piece.key.to_string()) {
            piece = if piece.key.to_string() == "domain/d5.example" {
                piece::damaged(piece.key).unwrap()
            } else {
                nothing(piece.key)
            };
        }
        entries.push(Entry::new(piece.key.to_string(), piece.hash, u32::try_from(piece.bytes.len()).unwrap()));
        publisher.stored.insert(piece.hash, piece.bytes);
    }
    let head = publisher.head_over(2, entries);
    let (snapshot, _) = opened_by_packs(&publisher, &head, |pack| pack).unwrap();
    // Two of them by the same bytes, as a control plane of before marked what was damaged.
    let damaged = ["domain/d5.example", "domain/d6.example", "domain/d7.example"];
    let (by_parts, _) = publisher.assemble(&head, None).unwrap();
    let before = publisher.publish(3, &objects(1_000));
    let (before, _) = publisher.assemble(&before, None).unwrap();
    let later = Head { version: 4, ..head };
    let (after, _) = publisher.assemble(&later, Some(&before)).unwrap();
    for snapshot in [snapshot, by_parts, after] {
        assert_eq!(snapshot.errors().keys().map(|key| &**key).collect::<Vec<_>>(), damaged);
        assert!(damaged.iter().all(|key| snapshot.names(key) && snapshot.get(key).is_none()));
    }
}

fn nothing(key: Key) -> piece::Piece {
    let bytes = zstd::bulk::compress(b"{}", 3).unwrap();
    piece::Piece { key, hash: Hash::of(&bytes), bytes }
}

#[test]
fn what_changed_makes_the_next_tree_without_a_node_and_lies_about_it_make_none() {
    let mut publisher = Publisher::new();
    let first = publisher.publish(1, &objects(1_000));
    let (before, _) = publisher.assemble(&first, None).unwrap();
    let mut edited = objects(1_000);
    edited.pop();
    let Object::Domain(domain) = &mut edited[500] else { panic!("a domain") };
    domain.policy.max_message_size_bytes = Some(70_000);
    let piece = piece::encode(&edited[500]).unwrap();
    let second = publisher.publish(2, &edited);
    let (key, size) = (piece.key.to_string(), u32::try_from(piece.bytes.len()).unwrap());
    let true_changes =
        Changes::from([(key.as_str().into(), Some((piece.hash, size))), ("domain/d999.example".into(), None)]);
    let head = publisher.open(&second);
    let mut opening = Opening::by_changes(&head, &before, &changes::encode(&true_changes)).unwrap().unwrap();
    assert_eq!(opening.wanted(), Wanted { packs: vec![], names: vec![piece.hash] });
    opening.supply(piece.hash, &piece.bytes).unwrap();
    let after = opening.finish().unwrap();
    assert_eq!((after.changes(), after.get("domain/d999.example").is_none()), (2, true));
    let Some(Part::Domain(domain)) = after.get(&key) else { panic!("a domain") };
    assert_eq!(domain.policy.max_message_size_bytes, Some(70_000));
    let half = Changes::from([(key.as_str().into(), Some((piece.hash, size)))]);
    let other =
        Changes::from([(key.as_str().into(), Some((piece.hash, size + 1))), ("domain/d999.example".into(), None)]);
    for lie in [changes::encode(&half), changes::encode(&other), b"PC".to_vec(), Vec::new()] {
        assert!(Opening::by_changes(&head, &before, &lie).unwrap().is_none());
    }
}

/// The same object, whichever way it is read; and what cannot be read is refused the same way.
#[test]
fn the_quick_way_to_read_an_object_takes_what_the_strict_one_takes() {
    let wrong = r#"{"kind":"tenant","id":"x"}"#;
    let twice = r#"{"kind":"tenant","kind":"tenant","id":"x"}"#;
    for object in objects(3) {
        let piece = piece::encode(&object).unwrap();
        let size = u32::try_from(piece.bytes.len()).unwrap();
        assert_eq!(piece::decode(&piece.key.to_string(), piece.hash, size, &piece.bytes), Ok(object));
    }
    for (json, pointer) in [(wrong, ""), (twice, "")] {
        let bytes = zstd::bulk::compress(json.as_bytes(), 3).unwrap();
        let size = u32::try_from(bytes.len()).unwrap();
        let error = piece::decode("tenant/x", Hash::of(&bytes), size, &bytes).unwrap_err();
        assert_eq!((error.refusal, error.pointer.as_str()), (Refusal::Malformed, pointer), "{json}");
    }
}

#[test]
fn oversize_heads_are_refused() {
    let publisher = Publisher::new();
    assert_eq!(refusal_of(&publisher, &"a".repeat(20_000), None, NOW), Refusal::Oversize);
}

#[test]
fn truncated_heads_are_refused() {
    let mut publisher = Publisher::new();
    let head = publisher.publish(1, &objects(1));
    let jws = publisher.sign(&head);
    for cut in 0..jws.len() {
        let refusal = refusal_of(&publisher, &jws[..cut], None, NOW);
        assert!(matches!(refusal, Refusal::Malformed | Refusal::BadSignature), "{cut}: {refusal}");
    }
}

#[test]
fn a_changed_head_has_a_bad_signature() {
    let mut publisher = Publisher::new();
    let head = publisher.publish(1, &objects(1));
    let other = publisher.sign(&Head { version: 2, ..head.clone() });
    let jws = publisher.sign(&head);
    let (body, _) = other.rsplit_once('.').unwrap();
    let (_, signature) = jws.rsplit_once('.').unwrap();
    assert_eq!(refusal_of(&publisher, &format!("{body}.{signature}"), None, NOW), Refusal::BadSignature);
}

#[test]
fn a_wrong_key_another_algorithm_and_another_type_are_refused() {
    let mut publisher = Publisher::new();
    let head = publisher.publish(1, &objects(1));
    let stranger = Dalek::from_bytes(&[7; 32]);
    let unknown = Publisher::signer(&stranger, "k9").seal_head(&head).unwrap();
    assert_eq!(refusal_of(&publisher, &unknown, None, NOW), Refusal::WrongKey);
    let borrowed = Publisher::signer(&stranger, "k1").seal_head(&head).unwrap();
    assert_eq!(refusal_of(&publisher, &borrowed, None, NOW), Refusal::BadSignature);
    // The root key signs lists of keys, never heads, and a list is no head.
    assert_eq!(refusal_of(&publisher, &publisher.key_list(), None, NOW), Refusal::WrongKey);
    let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
    header.typ = Some(crate::worker_api::HEAD_TYPE.to_owned());
    header.kid = Some("k1".to_owned());
    let secret = jsonwebtoken::EncodingKey::from_secret(publisher.key.verifying_key().as_bytes());
    let confused = jsonwebtoken::encode(&header, &head, &secret).unwrap();
    assert_eq!(refusal_of(&publisher, &confused, None, NOW), Refusal::WrongKey);
}

#[test]
fn another_root_key_than_the_pinned_one_is_refused() {
    let publisher = Publisher::new();
    let root = URL_SAFE_NO_PAD.encode(publisher.root.verifying_key().to_bytes());
    let refused = TrustedKeys::open(Hash::of(b"another"), &root, &publisher.key_list()).unwrap_err();
    assert_eq!(refused, Refusal::WrongKey);
}

#[test]
fn a_head_for_another_audience_is_refused() {
    let mut publisher = Publisher::new();
    let head = publisher.publish(1, &objects(1));
    let others = [
        Head { installation: id(8), ..head.clone() },
        Head { pool: id(8), ..head.clone() },
        Head { ring: Ring::Canary, ..head.clone() },
    ];
    for other in others {
        assert_eq!(refusal_of(&publisher, &publisher.sign(&other), None, NOW), Refusal::WrongAudience);
    }
}

#[test]
fn an_expired_head_and_an_unknown_schema_are_refused() {
    let mut publisher = Publisher::new();
    let head = publisher.publish(1, &objects(1));
    let jws = publisher.sign(&head);
    assert_eq!(refusal_of(&publisher, &jws, None, head.expires_at), Refusal::Expired);
    let newer = publisher.sign(&Head { schema: SCHEMAS[0] + 1, ..head });
    assert_eq!(refusal_of(&publisher, &newer, None, NOW), Refusal::UnknownSchema);
}

#[test]
fn rolled_back_and_forked_heads_are_refused_and_renewals_and_raised_epochs_taken() {
    let mut publisher = Publisher::new();
    let head = publisher.publish(5, &objects(1));
    let held = Held::from(&head);
    let open = |head: &Head| open_head(&publisher.sign(head), &publisher.keys(), &audience(), After::Held(&held), NOW);
    assert_eq!(open(&Head { version: 4, ..head.clone() }).unwrap_err(), Refusal::RolledBack);
    assert_eq!(open(&Head { epoch: 0, version: 9, ..head.clone() }).unwrap_err(), Refusal::RolledBack);
    assert_eq!(open(&Head { root: Hash::of(b"x"), ..head.clone() }).unwrap_err(), Refusal::Forked);
    let earlier = Micros::from_secs(NOW.as_secs() - 1);
    assert_eq!(open(&Head { issued_at: earlier, ..head.clone() }).unwrap_err(), Refusal::RolledBack);
    let later = Micros::from_secs(NOW.as_secs() + 60);
    assert!(open(&Head { issued_at: later, ..head.clone() }).is_ok());
    assert!(open(&Head { epoch: 2, version: 1, ..head.clone() }).is_ok());
}

#[test]
fn a_shrunk_head_is_refused_unless_deletions_explain_it() {
    let publisher = Publisher::new();
    let totals = |domains| Totals { tenants: 1, domains };
    let mut with = Publisher::new();
    let head = with.publish(1, &objects(1));
    let held = |domains| Held { totals: totals(domains), ..Held::from(&head) };
    let open = |before, after, lowest| {
        let next = Head { version: 2, totals: totals(after), lowest_totals: lowest, ..head.clone() };
        open_head(&publisher.sign(&next), &publisher.keys(), &audience(), After::Held(&held(before)), NOW).err()
    };
    assert_eq!(open(100, 89, None), Some(Refusal::Shrunk));
    assert_eq!(open(100, 90, None), None);
    assert_eq!(open(20, 0, None), None);
    assert_eq!(open(21, 0, None), Some(Refusal::Shrunk));
    assert_eq!(open(100, 50, Some(totals(50))), None);
    assert_eq!(open(100, 49, Some(totals(50))), Some(Refusal::Shrunk));
}

#[test]
fn bytes_that_are_not_what_was_named_are_refused_and_the_snapshot_with_them() {
    let mut publisher = Publisher::new();
    let head = publisher.publish(1, &objects(3));
    let names: Vec<_> = publisher.stored.keys().copied().collect();
    for name in names {
        let good = publisher.stored[&name].clone();
        let mut bent = good.clone();
        *bent.last_mut().unwrap() ^= 1;
        publisher.stored.insert(name, bent);
        assert_eq!(publisher.assemble(&head, None).unwrap_err(), Refusal::HashMismatch);
        publisher.stored.insert(name, good[..good.len() - 1].to_vec());
        let cut = publisher.assemble(&head, None).unwrap_err();
        assert!(matches!(cut, Refusal::Truncated | Refusal::HashMismatch), "{cut}");
        publisher.stored.insert(name, good.iter().copied().chain(std::iter::repeat_n(0, 40_000)).collect());
        assert_eq!(publisher.assemble(&head, None).unwrap_err(), Refusal::Oversize);
        publisher.stored.remove(&name);
        assert_eq!(publisher.assemble(&head, None).unwrap_err(), Refusal::Dangling);
        publisher.stored.insert(name, good);
    }
    assert!(publisher.assemble(&head, None).is_ok());
}

#[test]
fn a_zip_bomb_costs_only_the_domain_that_it_stands_for() {
    let mut publisher = Publisher::new();
    let bomb = zstd::bulk::compress(&vec![b' '; 64 * 1024 * 1024], 3).unwrap();
    let mut entries = Vec::new();
    for object in objects(2) {
        let piece = piece::encode(&object).unwrap();
        let bytes = if piece.key.to_string() == "domain/d1.example" { bomb.clone() } else { piece.bytes };
        let hash = Hash::of(&bytes);
        entries.push(Entry::new(piece.key.to_string(), hash, u32::try_from(bytes.len()).unwrap()));
        publisher.stored.insert(hash, bytes);
    }
    let head = publisher.head_over(1, entries);
    let (snapshot, _) = publisher.assemble(&head, None).unwrap();
    assert!(snapshot.errors()["domain/d1.example"].message.contains("zip_bomb"));
    assert!(snapshot.get("domain/d1.example").is_none() && snapshot.get("domain/d0.example").is_some());
}

#[test]
fn a_bad_field_of_a_tenant_is_named_and_a_bad_installation_rejects_the_whole() {
    let mut publisher = Publisher::new();
    let stored = |publisher: &mut Publisher, key: &str, json: &str| {
        let bytes = zstd::bulk::compress(json.as_bytes(), 3).unwrap();
        let hash = Hash::of(&bytes);
        publisher.stored.insert(hash, bytes.clone());
        Entry::new(key.to_owned(), hash, u32::try_from(bytes.len()).unwrap())
    };
    let whole = piece::encode(&installation()).unwrap();
    publisher.stored.insert(whole.hash, whole.bytes.clone());
    let good = Entry::new("installation", whole.hash, u32::try_from(whole.bytes.len()).unwrap());
    let tenant = Id::<ids::Tenant>::new(NOW, [3; 10]);
    let json = format!(r#"{{"kind":"tenant","id":"{tenant}","state":"active","policy":{{"max_line_octets":"x"}}}}"#);
    let bad = stored(&mut publisher, &format!("tenant/{tenant}"), &json);
    let head = publisher.head_over(1, vec![good, bad.clone()]);
    let (snapshot, _) = publisher.assemble(&head, None).unwrap();
    let error = &snapshot.errors()[&*format!("tenant/{tenant}")];
    assert!(error.message.starts_with("malformed"), "{error:?}");
    let bad_whole = stored(&mut publisher, "installation", r#"{"kind":"installation","id":7}"#);
    let head = publisher.head_over(1, vec![bad_whole, bad]);
    assert_eq!(publisher.assemble(&head, None).unwrap_err(), Refusal::Malformed);
}

#[test]
fn an_object_under_anothers_key_is_not_taken() {
    let mut publisher = Publisher::new();
    let mut entries = Vec::new();
    for (key, object) in [("installation", installation()), ("domain/d5.example", domain(6))] {
        let piece = piece::encode(&object).unwrap();
        entries.push(Entry::new(key, piece.hash, u32::try_from(piece.bytes.len()).unwrap()));
        publisher.stored.insert(piece.hash, piece.bytes);
    }
    let head = publisher.head_over(1, entries);
    let (snapshot, _) = publisher.assemble(&head, None).unwrap();
    assert!(snapshot.errors()["domain/d5.example"].message.contains("wrong_object_key"));
}

#[test]
fn wrong_totals_are_refused() {
    let mut publisher = Publisher::new();
    let head = publisher.publish(1, &objects(3));
    let totals = Totals { domains: 4, ..head.totals };
    assert_eq!(publisher.assemble(&Head { totals, ..head }, None).unwrap_err(), Refusal::WrongTotals);
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_the_readers_panic(bytes: Vec<u8>, text: String) {
        let _ = super::node::parse(&bytes);
        let _ = piece::decode(&text, Hash::of(&bytes), u32::try_from(bytes.len()).unwrap(), &bytes);
        let publisher = Publisher::new();
        let _ = open_head(&text, &publisher.keys(), &audience(), After::Nothing, NOW);
        let _ = text.parse::<super::object::Key>();
    }
}

#[test]
fn a_worker_without_memory_takes_only_what_was_signed_for_its_question() {
    let mut publisher = Publisher::new();
    let head = publisher.publish(1, &objects(1));
    let with = |nonce: Option<&str>| Head { nonce: nonce.map(str::to_owned), ..head.clone() };
    let open = |head: &Head| {
        open_head(&publisher.sign(head), &publisher.keys(), &audience(), After::Nonce("mine-of-this-start"), NOW)
    };
    assert!(open(&with(Some("mine-of-this-start"))).is_ok());
    for other in [None, Some("mine-of-before"), Some("")] {
        assert_eq!(open(&with(other)).unwrap_err(), Refusal::NotFresh, "{other:?}");
    }
    // A renewal that another worker asked for is as good as any.
    let held = Held::from(&head);
    let renewed = publisher.sign(&with(Some("another's")));
    assert!(open_head(&renewed, &publisher.keys(), &audience(), After::Held(&held), NOW).is_ok());
}
