//! One object as it is stored and fetched: JSON under zstd, named by the hash of the compressed bytes.

use std::cell::RefCell;

use super::{
    hash::Hash,
    object::{Key, Object},
    open::Refusal,
};

/// The largest object as stored.
pub const MAX_STORED_BYTES: usize = 1024 * 1024;
/// The largest object as JSON: what would grow beyond is a bomb.
pub const MAX_JSON_BYTES: usize = 4 * 1024 * 1024;
/// The longest key: a shard of a domain's recipients, with the longest name and the deepest prefix.
pub const MAX_KEY_BYTES: usize = 11 + 253 + 1 + 48;
const LEVEL: i32 = 3;

/// An object's bytes and their name.
#[derive(Debug, Clone)]
pub struct Piece {
    pub key: Key,
    pub hash: Hash,
    pub bytes: Vec<u8>,
}

/// Why an object could not be written.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    #[error("the object {0} is larger than an object may be")]
    TooLarge(Key),
    #[error("the key {0} is longer than a key may be")]
    KeyTooLong(Key),
    #[error("the object cannot be written")]
    Json(#[from] serde_json::Error),
    #[error("the object cannot be compressed")]
    Zstd(#[from] std::io::Error),
}

/// Why an object could not be read: a refusal's name, and where in the object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    pub refusal: Refusal,
    /// JSON pointer as far as the reader tells; empty for the whole.
    pub pointer: String,
    pub message: String,
}

pub fn encode(object: &Object) -> Result<Piece, EncodeError> {
    let key = object.key();
    if key.to_string().len() > MAX_KEY_BYTES {
        return Err(EncodeError::KeyTooLong(key));
    }
    let json = serde_json::to_vec(object)?;
    if json.len() > MAX_JSON_BYTES {
        return Err(EncodeError::TooLarge(key));
    }
    let bytes = compress(&json)?;
    if bytes.len() > MAX_STORED_BYTES {
        return Err(EncodeError::TooLarge(key));
    }
    Ok(Piece { key, hash: Hash::of(&bytes), bytes })
}

fn compress(json: &[u8]) -> std::io::Result<Vec<u8>> {
    // Making a context costs more than what it does for most objects.
    thread_local! {
        static CONTEXT: RefCell<Option<zstd::bulk::Compressor<'static>>> = const { RefCell::new(None) };
    }
    CONTEXT.with_borrow_mut(|context| {
        let context = match context {
            Some(context) => context,
            None => context.insert(zstd::bulk::Compressor::new(LEVEL)?),
        };
        context.compress(json)
    })
}

/// What stands for an object that cannot be written: workers find that it makes no sense, keep the last good chain of its
/// domain whole, or answer 451. Leaving the key out would mean that the domain is not served, and 550.
pub fn damaged(key: Key) -> Result<Piece, EncodeError> {
    // With the key in it: what is damaged is not one object under many keys.
    let bytes = compress(format!(r#"{{"damaged":"{key}"}}"#).as_bytes())?;
    Ok(Piece { key, hash: Hash::of(&bytes), bytes })
}

/// Reads objects. One reader for many of them: its buffers are made once.
#[derive(Default)]
pub struct Reader {
    context: Option<zstd::bulk::Decompressor<'static>>,
    json: Vec<u8>,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

impl Reader {
    /// Reads what was fetched under a name. Size and hash are looked at before a byte is decompressed.
    pub fn decode(&mut self, key: &str, hash: Hash, size: u32, bytes: &[u8]) -> Result<Object, DecodeError> {
        let refuse = |refusal, message: String| DecodeError { refusal, pointer: String::new(), message };
        check(hash, size, bytes)
            .map_err(|refusal| refuse(refusal, "the bytes are not what their name says".to_owned()))?;
        self.decompress(bytes).map_err(|refusal| refuse(refusal, "cannot be decompressed".to_owned()))?;
        let object = match quickly(&mut self.json) {
            Some(object) => object,
            None => strictly(&self.json)?,
        };
        if object.key().to_string() == key {
            Ok(object)
        } else {
            Err(refuse(Refusal::WrongKeyOfObject, format!("says that it is {}", object.key())))
        }
    }

    /// Into `json`: at once where the frame says how long it is, as every one of ours does.
    fn decompress(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        self.json.clear();
        self.json.shrink_to(KEPT_BYTES);
        if let Ok(Some(size)) = zstd::zstd_safe::get_frame_content_size(bytes)
            && let Ok(size) = usize::try_from(size)
            && size <= MAX_JSON_BYTES
        {
            if self.context.is_none() {
                self.context = zstd::bulk::Decompressor::new().ok();
            }
            self.json.reserve(size);
            if let Some(context) = &mut self.context
                && context.decompress_to_buffer(bytes, &mut self.json).is_ok()
                && self.json.len() <= MAX_JSON_BYTES
            {
                return Ok(());
            }
        }
        self.json = decompress(bytes)?;
        Ok(())
    }
}

/// Octets of a buffer that is kept from one object to the next.
const KEPT_BYTES: usize = 256 * 1024;

/// Reads what was fetched under a name; see [`Reader::decode`].
pub fn decode(key: &str, hash: Hash, size: u32, bytes: &[u8]) -> Result<Object, DecodeError> {
    Reader::default().decode(key, hash, size, bytes)
}

/// Serde keeps all of a tagged object aside until it has seen the tag. Ours stands first: without it the rest is the object
/// itself, and is read at once. Whatever cannot be read so is as it was, for [`strictly`].
fn quickly(json: &mut [u8]) -> Option<Object> {
    fn rest<T: serde::de::DeserializeOwned>(json: &mut [u8], tag: &str) -> Option<T> {
        let comma = tag.len() - 1;
        if !json.starts_with(tag.as_bytes()) {
            return None;
        }
        *json.get_mut(comma)? = b'{';
        let read = serde_json::from_slice(json.get(comma..)?).ok();
        *json.get_mut(comma)? = b',';
        read
    }
    rest(json, r#"{"kind":"list","#)
        .map(Object::List)
        .or_else(|| rest(json, r#"{"kind":"recipients","#).map(Object::Recipients))
        .or_else(|| rest(json, r#"{"kind":"domain","#).map(Object::Domain))
        .or_else(|| rest(json, r#"{"kind":"tenant","#).map(Object::Tenant))
}

/// Reads any object, and says where what cannot be read is.
fn strictly(json: &[u8]) -> Result<Object, DecodeError> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let object: Object = serde_path_to_error::deserialize(&mut reader).map_err(|error| DecodeError {
        refusal: Refusal::Malformed,
        pointer: pointer(error.path()),
        message: error.inner().to_string(),
    })?;
    reader.end().map_err(|error| DecodeError {
        refusal: Refusal::Malformed,
        pointer: String::new(),
        message: error.to_string(),
    })?;
    Ok(object)
}

pub(super) fn check(hash: Hash, size: u32, bytes: &[u8]) -> Result<(), Refusal> {
    if bytes.len() > MAX_STORED_BYTES {
        return Err(Refusal::Oversize);
    }
    if bytes.len() < usize::try_from(size).unwrap_or(usize::MAX) {
        return Err(Refusal::Truncated);
    }
    if bytes.len() > usize::try_from(size).unwrap_or(0) {
        return Err(Refusal::Oversize);
    }
    if Hash::of(bytes) == hash { Ok(()) } else { Err(Refusal::HashMismatch) }
}

/// Never more than [`MAX_JSON_BYTES`] of memory, whatever the frame promises.
fn decompress(bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
    use std::io::Read;
    let mut decoder = zstd::stream::read::Decoder::new(bytes).map_err(|_| Refusal::Malformed)?;
    // 8 MiB of window: more than any of our own frames needs.
    decoder.window_log_max(23).map_err(|_| Refusal::Malformed)?;
    let mut json = Vec::new();
    let limit = MAX_JSON_BYTES as u64 + 1;
    decoder.by_ref().take(limit).read_to_end(&mut json).map_err(|_| Refusal::Malformed)?;
    if json.len() > MAX_JSON_BYTES { Err(Refusal::ZipBomb) } else { Ok(json) }
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        pointer.push('/');
        match segment {
            Segment::Seq { index } => pointer.push_str(&index.to_string()),
            Segment::Map { key } => pointer.push_str(&key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { variant } => pointer.push_str(variant),
            Segment::Unknown => pointer.push('?'),
        }
    }
    if pointer == "/?" { String::new() } else { pointer }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        Id, Micros, ids,
        policy::{
            Settings,
            lists::{Entry, ListKind, Subject},
        },
        snapshot::object::{
            AliasDomain, AliasDomainHop, DomainObject, DomainState, HashKey, HashSet, Limits, List, ListScope,
            RecipientHash, RecipientRule, Recipients, ShardPrefix, Tenant, TenantState,
        },
    };

    fn id<T: ids::Kind>() -> Id<T> {
        Id::new(Micros::from_secs(1_790_000_000), [7; 10])
    }

    /// One of each kind that is read quickly, and one that is not.
    fn samples() -> [Object; 5] {
        let domain = DomainObject {
            id: id(),
            name: "acme.example".parse().unwrap(),
            tenant: id(),
            state: DomainState::Active,
            recipients: RecipientRule::Listed { shards: vec![ShardPrefix::ALL] },
            route: None,
            route_id: Some(id()),
            policy: Settings { max_line_octets: Some(998), ..Settings::default() },
            list: vec![ShardPrefix::ALL],
            aliases: vec![],
            hash_key: HashKey([7; 16]),
        };
        let entry = Entry {
            id: id(),
            kind: ListKind::Block,
            subject: Subject::Sender("x@bad.example".parse().unwrap()),
            recipient: Some(RecipientHash([1; 16])),
            expires_at: Some(Micros::from_secs(1)),
        };
        let alias = AliasDomain {
            id: id(),
            name: "other.example".parse().unwrap(),
            tenant: id(),
            state: DomainState::Active,
            primary: domain.name.clone(),
            hop_sees: AliasDomainHop::Primary,
        };
        let (policy, list) = (Settings::default(), vec![]);
        let hashes = HashSet::new(vec![RecipientHash([1; 16]), RecipientHash([2; 16])]);
        [
            Object::Recipients(Recipients { domain: domain.name.clone(), prefix: ShardPrefix::ALL, hashes }),
            Object::List(List { scope: ListScope::Installation, prefix: ShardPrefix::ALL, entries: vec![entry] }),
            Object::Tenant(Tenant {
                id: id(),
                parent: None,
                state: TenantState::Suspended,
                refuse_from: Some(Micros::from_secs(1)),
                limits: Limits { max_messages_per_hour: Some(1), max_message_size_bytes: Some(65_536) },
                policy,
                list,
            }),
            Object::Domain(Box::new(domain)),
            Object::AliasDomain(alias),
        ]
    }

    #[test]
    fn what_is_most_of_a_configuration_is_read_quickly() {
        let quick = samples().map(|object| quickly(&mut serde_json::to_vec(&object).unwrap()) == Some(object));
        assert_eq!(quick, [true, true, true, true, false]);
    }

    proptest! {
        /// Both ways read the same, and what one changes on its way is as it was for the other.
        #[test]
        fn the_quick_way_takes_nothing_that_the_strict_one_does_not(
            which in 0..5usize,
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
            cut in any::<prop::sample::Index>(),
            again: bool,
        ) {
            let mut json = serde_json::to_vec(&samples()[which]).unwrap();
            for (at, octet) in changes {
                let at = at.index(json.len());
                json[at] = octet;
            }
            if again {
                json.truncate(cut.index(json.len()));
                json.extend_from_slice(br#","kind":"list"}"#);
            }
            let before = json.clone();
            let quick = quickly(&mut json);
            prop_assert_eq!(&json, &before);
            if let Some(object) = quick {
                prop_assert_eq!(strictly(&json), Ok(object));
            }
        }
    }
}
