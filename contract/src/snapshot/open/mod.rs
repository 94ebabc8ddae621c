//! Opening a snapshot: is this head ours and newer, are these bytes what it names, do they make sense?
//!
//! `refusal` names every way to be refused; `keys` and `head` check signatures; `assembly` puts tree and objects
//! together from bytes that somebody else fetched. Nothing here waits or asks.

mod assembly;
mod head;
mod keys;
mod part;
mod refusal;
mod shared_map;
mod snapshot;

pub use assembly::{Opening, Wanted};
pub use head::{After, Audience, Held, open_head};
pub use keys::{TrustedKeys, open_pool_keys};
pub use part::{Members, Part};
pub use refusal::Refusal;
pub use shared_map::SharedMap;
pub use snapshot::Snapshot;
