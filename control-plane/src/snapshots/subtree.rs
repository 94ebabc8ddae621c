//! What a worker would otherwise ask for piece by piece: a whole subtree, or what changed from one tree to another. Any replica
//! answers from the database alone.

use std::collections::HashMap;

use contract::{
    Id, ids,
    snapshot::{
        changes::{MAX_BYTES, encode, parse},
        hash::Hash,
        names,
        tree::Changes,
    },
    worker_api::{MAX_OBJECTS_BYTES, MAX_PACK_BYTES, Ring},
};

use super::store;
use crate::db::{Read, StoreError};

/// Names looked up by one statement.
const CHUNK: usize = 1_000;
/// The longest way between two trees, in versions.
const MAX_STEPS: i64 = 64;
/// Nodes below each other: each level has a nibble of a SHA-256.
const MAX_LEVELS: usize = 65;

/// 32 bytes of hash, 4 of length (big-endian), the bytes.
pub(super) fn frame(answer: &mut Vec<u8>, name: &[u8; 32], bytes: &[u8]) {
    answer.extend(name);
    answer.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    answer.extend(bytes);
}

/// Is there room for this one in the answer? Whoever asked reads no more than an answer may have.
pub(super) const fn fits(answer: &[u8], bytes: &[u8]) -> bool {
    answer.len() + 36 + bytes.len() <= MAX_OBJECTS_BYTES
}

/// Nodes, the upper ones first, then objects. None for what is not kept (not all of it), is no node, or is too large.
pub(super) async fn pack(read: &mut Read, pool: Id<ids::Pool>, top: Hash) -> Result<Option<Vec<u8>>, StoreError> {
    let (mut answer, mut objects, mut level) = (Vec::new(), Vec::new(), vec![top]);
    for depth in 0..MAX_LEVELS {
        let mut below = Vec::new();
        for some in level.chunks(CHUNK) {
            let found = by_name(read, pool, some).await?;
            for name in some {
                // A node's own word on what is below it need not be believed: what was added up here is.
                let Some(bytes) = found.get(&name.as_bytes()[..]) else { return Ok(None) };
                let Ok(names) = names(bytes) else { return Ok(None) };
                if depth == 0 && names.bytes > MAX_PACK_BYTES {
                    return Ok(None);
                }
                frame(&mut answer, name.as_bytes(), bytes);
                objects.extend(names.objects.into_iter().map(|(name, _)| name));
                below.extend(names.children);
            }
            if answer.len() > MAX_OBJECTS_BYTES {
                return Ok(None);
            }
        }
        level = below;
        if level.is_empty() {
            break;
        }
    }
    for some in objects.chunks(CHUNK) {
        let found = by_name(read, pool, some).await?;
        for name in some {
            let Some(bytes) = found.get(&name.as_bytes()[..]) else { return Ok(None) };
            frame(&mut answer, name.as_bytes(), bytes);
        }
        if answer.len() > MAX_OBJECTS_BYTES {
            return Ok(None);
        }
    }
    Ok(Some(answer))
}

/// What changed, with its length before it, and objects after it. None where no way is known.
pub(super) async fn changes(
    read: &mut Read,
    (pool, ring): (Id<ids::Pool>, Ring),
    from: Hash,
    to: Hash,
) -> Result<Option<Vec<u8>>, StoreError> {
    let steps = store::steps(read, pool, ring, MAX_STEPS).await?;
    let Some(way) = way(&steps, from, to) else { return Ok(None) };
    let Some(first) = way.last() else { return Ok(None) };
    let newest = way.first().map_or((0, 0), |step| (step.epoch, step.version));
    let mut merged = Changes::new();
    for (epoch, version, encoded) in store::changes_since(read, pool, ring, first, MAX_STEPS).await? {
        if (epoch, version) <= newest {
            // What came later is what holds.
            let Ok(changes) = parse(&encoded) else { return Ok(None) };
            merged.extend(changes);
        }
    }
    let encoded = encode(&merged);
    if encoded.len() > MAX_BYTES {
        return Ok(None);
    }
    let mut answer = u32::try_from(encoded.len()).unwrap_or(u32::MAX).to_be_bytes().to_vec();
    answer.extend(encoded);
    let objects: Vec<Hash> = merged.into_values().flatten().map(|(name, _)| name).collect();
    for some in objects.chunks(CHUNK) {
        let found = by_name(read, pool, some).await?;
        // What is missing is asked for by name, and then it is said that it is not kept.
        for (name, bytes) in some.iter().filter_map(|name| Some((name, found.get(&name.as_bytes()[..])?))) {
            if !fits(&answer, bytes) {
                return Ok(Some(answer));
            }
            frame(&mut answer, name.as_bytes(), bytes);
        }
    }
    Ok(Some(answer))
}

/// The steps from `from` to `to`, the newest first. A tree may come back: of several ways the shortest back is taken.
fn way(steps: &[store::Step], from: Hash, to: Hash) -> Option<&[store::Step]> {
    let start = steps.iter().position(|step| step.root_after == to.as_bytes())?;
    let steps = steps.get(start..)?;
    let (mut at, mut size) = (to.as_bytes().to_vec(), 0);
    for (n, step) in steps.iter().enumerate() {
        size += usize::try_from(step.size).ok()?;
        if step.root_after != at || size > MAX_BYTES {
            return None;
        }
        if step.root_before == from.as_bytes() {
            return steps.get(..=n);
        }
        at.clone_from(&step.root_before);
    }
    None
}

async fn by_name(
    read: &mut Read,
    pool: Id<ids::Pool>,
    names: &[Hash],
) -> Result<HashMap<Vec<u8>, Vec<u8>>, StoreError> {
    Ok(store::objects(read, pool, names).await?.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(version: i64, before: u8, after: u8) -> store::Step {
        let root = |n: u8| Hash::of(&[n]).as_bytes().to_vec();
        store::Step { epoch: 1, version, root_before: root(before), root_after: root(after), size: 1_000 }
    }

    fn found(steps: &[store::Step], from: u8, to: u8) -> Option<Vec<i64>> {
        way(steps, Hash::of(&[from]), Hash::of(&[to])).map(|way| way.iter().map(|step| step.version).collect())
    }

    #[test]
    fn a_way_goes_back_step_by_step_and_over_no_hole() {
        // 1 → 2 → 3, nothing known of 3 → 4, 4 → 5 → 1: the first tree again.
        let steps = [step(6, 5, 1), step(5, 4, 5), step(3, 2, 3), step(2, 1, 2)];
        assert_eq!(found(&steps, 1, 3), Some(vec![3, 2]));
        assert_eq!(found(&steps, 4, 1), Some(vec![6, 5]));
        assert_eq!(found(&steps, 2, 1), None, "over the hole");
        assert_eq!(found(&steps, 3, 1), None);
        assert_eq!(found(&steps, 9, 3), None);
        assert_eq!(found(&steps, 1, 9), None);
        assert_eq!(found(&[], 1, 2), None);
        let chain = |n: u8| (1..=n).rev().map(|n| step(i64::from(n), n - 1, n)).collect::<Vec<_>>();
        assert_eq!(found(&chain(200), 0, 200).map(|way| way.len()), Some(200));
        let mut long = chain(200);
        long[100].size = i64::try_from(MAX_BYTES).unwrap();
        assert_eq!(found(&long, 0, 200), None, "longer than one answer");
    }
}
