//! Somebody who can sign heads and puts whatever they like below them. Shared with the fuzz target `open_snapshot`.
//!
//! Input: totals (two octets), then pieces: a kind, a length of two octets, the octets. Kind 1 is compressed first. Where
//! 31 times 0xee and an octet n stand, the name of piece n is written; where 0xee stands four times behind that, its
//! size: nobody finds SHA-256 by chance. The last piece is the tree's top.

use std::collections::HashMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::{
    Id, Micros, ids,
    snapshot::{
        Verified,
        hash::Hash,
        head::{Head, KeyList, SnapshotKey, Totals},
        object::SCHEMAS,
        open::{After, Audience, Opening, Refusal, Snapshot, TrustedKeys, open_head},
        seal::SigningKey,
    },
    worker_api::Ring,
};
use ed25519_dalek::{SigningKey as Dalek, pkcs8::EncodePrivateKey};

const NOW: Micros = Micros::from_secs(1_790_000_000);
/// Stands for a name.
const BLANK: [u8; 31] = [0xee; 31];

/// The pieces by name, and the head over them.
pub(crate) struct Written {
    pieces: HashMap<Hash, Vec<u8>>,
    head: Head,
}

fn id<T: ids::Kind>(n: u8) -> Id<T> {
    Id::new(NOW, [n; 10])
}

fn audience() -> Audience {
    Audience { installation: id(1), pool: id(2), ring: Ring::Stable }
}

fn signer(key: &Dalek, kid: &str) -> SigningKey {
    let pkcs8 = key.to_pkcs8_der().expect("an Ed25519 key can be written");
    SigningKey::new(kid, pkcs8.as_bytes())
}

/// The key that signs heads, and who trusts it.
fn keys() -> (SigningKey, TrustedKeys) {
    let (root, key) = (Dalek::from_bytes(&[1; 32]), Dalek::from_bytes(&[2; 32]));
    let public = |key: &Dalek| URL_SAFE_NO_PAD.encode(key.verifying_key().to_bytes());
    let list = KeyList {
        installation: id(1),
        epoch: 1,
        issued_at: NOW,
        keys: vec![SnapshotKey { kid: "k1".to_owned(), public_key: public(&key) }],
    };
    let list = signer(&root, "root").seal_keys(&list).expect("a list can be signed");
    let pinned = Hash::of(&root.verifying_key().to_bytes());
    let trusted = TrustedKeys::open(pinned, &public(&root), &list).expect("its own list");
    (signer(&key, "k1"), trusted)
}

pub(crate) fn read(data: &[u8]) -> Written {
    let (totals, mut rest) = data.split_at(data.len().min(2));
    let total = |at: usize| u32::from(totals.get(at).copied().unwrap_or(0));
    let (mut pieces, mut names) = (HashMap::new(), Vec::new());
    while let Some((&[kind, high, low], after)) = rest.split_first_chunk::<3>() {
        let len = usize::from(u16::from_be_bytes([high, low])).min(after.len());
        let (piece, after) = after.split_at(len);
        let mut piece = filled_in(piece, &names);
        if kind == 1 {
            piece = zstd::bulk::compress(&piece, 1).expect("memory can be compressed");
        }
        let size = u32::try_from(piece.len()).expect("64 KiB and a frame");
        let name = Hash::of(&piece);
        names.push((name, size));
        pieces.insert(name, piece);
        rest = after;
    }
    let head = Head {
        installation: id(1),
        pool: id(2),
        ring: Ring::Stable,
        epoch: 1,
        version: 1,
        issued_at: NOW,
        expires_at: Micros::from_secs(NOW.as_secs() + 900),
        schema: SCHEMAS[0],
        root: names.last().map_or_else(|| Hash::of(b""), |(name, _)| *name),
        totals: Totals { tenants: total(0), domains: total(1) },
        lowest_totals: None,
        nonce: None,
    };
    Written { pieces, head }
}

fn filled_in(piece: &[u8], names: &[(Hash, u32)]) -> Vec<u8> {
    let mut out = piece.to_vec();
    let mut at = 0;
    while at + 32 <= out.len() {
        let blank = out[at..].starts_with(&BLANK);
        let Some((name, size)) = names.get(usize::from(out[at + 31])).filter(|_| blank) else {
            at += 1;
            continue;
        };
        out[at..at + 32].copy_from_slice(name.as_bytes());
        at += 32;
        if out[at..].starts_with(&[0xee; 4]) {
            out[at..at + 4].copy_from_slice(&size.to_be_bytes());
            at += 4;
        }
    }
    out
}

impl Written {
    /// What a worker makes of it that holds `before`, and how many pieces it asked for.
    fn opened(
        &self,
        version: u64,
        before: Option<&Verified<Snapshot>>,
    ) -> (Result<Verified<Snapshot>, Refusal>, usize) {
        let (signer, trusted) = keys();
        let jws = signer.seal_head(&Head { version, ..self.head.clone() }).expect("a head can be signed");
        let mut asked = 0;
        let opened = open_head(&jws, &trusted, &audience(), After::Nothing, NOW).and_then(|head| {
            let mut opening = Opening::new(&head, before)?;
            opening.without_packs();
            while let [name, ..] = opening.wanted().names[..] {
                asked += 1;
                let bytes = self.pieces.get(&name).ok_or(opening.gone())?;
                opening.supply(name, bytes)?;
            }
            opening.finish()
        });
        (opened, asked)
    }

    /// Opens it, and holds what came of it against what must be true of any snapshot.
    pub(crate) fn check(&self) -> Result<Verified<Snapshot>, Refusal> {
        let (opened, asked) = self.opened(1, None);
        assert!(asked <= 2 * self.pieces.len() + 1, "a piece is asked for once as a node and once as an object");
        let snapshot = opened?;
        snapshot.for_each_key(&mut |key| {
            let unread = snapshot.errors().contains_key(key);
            assert!(snapshot.get(key).is_some() != unread, "{key} is read or is not");
        });
        let count = |prefix: &str| {
            let mut count = 0;
            snapshot.for_each_key(&mut |key| count += u32::from(key.starts_with(prefix)));
            count
        };
        let totals = Totals { tenants: count("tenant/"), domains: count("domain/") };
        assert_eq!(totals, self.head.totals, "as many as the head says");
        // The same once more, upon itself: nothing changed, and what could be read is not asked for again.
        let (again, _) = self.opened(2, Some(&snapshot));
        let again = again.expect("it was taken before");
        again.for_each_changed(&mut |key| assert!(snapshot.errors().contains_key(key), "{key}"));
        Ok(snapshot)
    }
}

/// Anything at all as a head.
pub(crate) fn check_head(jws: &str) {
    let (_, trusted) = keys();
    assert!(open_head(jws, &trusted, &audience(), After::Nothing, NOW).is_err(), "nobody signs by chance");
}
