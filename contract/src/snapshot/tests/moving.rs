//! Trees node by node, by packs, and by what changed.

use super::*;

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
