//! Snapshots that were signed and make no sense: refused, never a panic. The fuzz target `open_snapshot` goes further.

use contract::snapshot::open::Refusal;
use proptest::prelude::*;

use crate::attacker::{check_head, read};

/// As in the fuzz corpus: an installation and a tenant under one leaf.
const SEED: &[u8] = include_bytes!("../../../fuzz/corpus/open_snapshot/one_leaf");

#[test]
fn what_is_whole_is_taken() {
    let snapshot = read(SEED).check().expect("it is whole");
    assert_eq!((snapshot.changes(), snapshot.errors().len()), (2, 0));
}

#[test]
fn other_totals_than_the_trees_are_refused() {
    let mut data = SEED.to_vec();
    data[0] += 1;
    assert_eq!(read(&data).check().err(), Some(Refusal::WrongTotals));
}

#[test]
fn nothing_at_all_is_dangling() {
    assert_eq!(read(b"").check().err(), Some(Refusal::Dangling));
}

proptest! {
    #[test]
    fn octets_changed_anywhere_make_no_panic(changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6)) {
        let mut data = SEED.to_vec();
        for (at, octet) in changes {
            let at = at.index(data.len());
            data[at] = octet;
        }
        let _ = read(&data).check();
    }

    #[test]
    fn octets_of_any_kind_make_no_panic(data: Vec<u8>, jws: String) {
        let _ = read(&data).check();
        check_head(&jws);
    }

    #[test]
    fn a_cut_or_doubled_part_makes_no_panic(from in any::<proptest::sample::Index>(), to in any::<proptest::sample::Index>(), doubled: bool) {
        let (a, b) = (from.index(SEED.len()), to.index(SEED.len()));
        let (a, b) = (a.min(b), a.max(b));
        let middle = if doubled { [&SEED[a..b], &SEED[a..b]].concat() } else { Vec::new() };
        let _ = read(&[&SEED[..a], &middle, &SEED[b..]].concat()).check();
    }
}
