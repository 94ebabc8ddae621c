//! Nodes and objects that are not what was named, or make no sense.

use super::*;

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
        let _ = crate::snapshot::node::parse(&bytes);
        let _ = piece::decode(&text, Hash::of(&bytes), u32::try_from(bytes.len()).unwrap(), &bytes);
        let publisher = Publisher::new();
        let _ = open_head(&text, &publisher.keys(), &audience(), After::Nothing, NOW);
        let _ = text.parse::<crate::snapshot::object::Key>();
    }
}
