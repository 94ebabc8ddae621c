//! What changed between two trees, as it is stored and sent: a worker that holds the one makes the other of it, and the root's
//! hash says whether it is the right one. So an edit moves no nodes.
//!
//! `PC 01` · for each key, sorted: key length u16, key, `=` hash 32 size u32, or `-` where it is gone. Numbers are
//! big-endian.

use std::sync::Arc;

use super::{hash::Hash, node::NotCanonical, tree::Changes};

/// The longest encoding that is stored or sent, in octets.
pub const MAX_BYTES: usize = 256 * 1024;
const MAGIC: [u8; 3] = [b'P', b'C', 1];

pub fn encode(changes: &Changes) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    for (key, value) in changes {
        // As in a node: keys are far shorter.
        out.extend(u16::try_from(key.len()).unwrap_or(u16::MAX).to_be_bytes());
        out.extend(key.as_bytes());
        match value {
            Some((hash, size)) => {
                out.push(b'=');
                out.extend(hash.as_bytes());
                out.extend(size.to_be_bytes());
            }
            None => out.push(b'-'),
        }
    }
    out
}

/// Reads what [`encode`] wrote; nothing else.
pub fn parse(bytes: &[u8]) -> Result<Changes, NotCanonical> {
    let mut rest = bytes.strip_prefix(&MAGIC).filter(|_| bytes.len() <= MAX_BYTES).ok_or(NotCanonical)?;
    let mut changes = Changes::new();
    while !rest.is_empty() {
        let len = usize::from(u16::from_be_bytes(array(&mut rest)?));
        let (key, after) = rest.split_at_checked(len).ok_or(NotCanonical)?;
        rest = after;
        let key: Arc<str> = std::str::from_utf8(key).map_err(|_| NotCanonical)?.into();
        let value = match array(&mut rest)? {
            [b'='] => Some((Hash::from_bytes(array(&mut rest)?), u32::from_be_bytes(array(&mut rest)?))),
            [b'-'] => None,
            _ => return Err(NotCanonical),
        };
        let sorted = changes.last_key_value().is_none_or(|(last, _)| *last < key);
        if key.is_empty() || !sorted {
            return Err(NotCanonical);
        }
        changes.insert(key, value);
    }
    Ok(changes)
}

fn array<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], NotCanonical> {
    let (taken, after) = rest.split_first_chunk::<N>().ok_or(NotCanonical)?;
    *rest = after;
    Ok(*taken)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_written_is_read_and_nothing_else_is(
            all in proptest::collection::btree_map("[a-z/]{1,40}", proptest::option::of(any::<u32>()), 0..40),
            at in any::<prop::sample::Index>(),
        ) {
            let changes: Changes = all
                .into_iter()
                .map(|(key, value)| (key.into(), value.map(|size| (Hash::of(&size.to_be_bytes()), size))))
                .collect();
            let written = encode(&changes);
            prop_assert_eq!(parse(&written), Ok(changes));
            // Cut anywhere, it is no other whole: a key that was cut off with all of its own is missing, and no more.
            let cut = written.get(..at.index(written.len())).unwrap_or_default();
            if let Ok(less) = parse(cut) {
                prop_assert_eq!(encode(&less), cut);
            }
            prop_assert!(parse(&[&written[..], &[0]].concat()).is_err());
        }
    }

    #[test]
    fn one_set_of_changes_has_one_encoding() {
        let twice = [&MAGIC[..], b"\0\x01a-\0\x01a-"].concat();
        let unsorted = [&MAGIC[..], b"\0\x01b-\0\x01a-"].concat();
        let nameless = [&MAGIC[..], b"\0\0-"].concat();
        let neither = [&MAGIC[..], b"\0\x01a?"].concat();
        let long = [&MAGIC[..], &b"\0\x01a-".repeat(MAX_BYTES)].concat();
        for wrong in [twice, unsorted, nameless, neither, long] {
            assert_eq!(parse(&wrong), Err(NotCanonical));
        }
        assert_eq!(parse(&[&MAGIC[..], b"\0\x01a-\0\x01b-"].concat()).map(|changes| changes.len()), Ok(2));
    }
}
