//! Heads that are refused, and those that are not.

use super::*;

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
