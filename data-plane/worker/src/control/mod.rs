//! The link to the control plane: `trust` says whom to believe, `client` carries the calls, `identity` enrols and gets
//! tokens, `sync` takes snapshots, `status` reports, `errands` does what only a worker can see.

mod client;
mod errands;
mod fetch;
mod identity;
mod status;
mod sync;
mod trust;

pub(crate) use client::Client;
pub(crate) use errands::errands;
pub(crate) use identity::{Identity, Joining};
pub(crate) use status::{Report, Told, report};
pub(crate) use sync::sync;
pub use trust::JoinError;
pub(crate) use trust::{read_join_token, spki_sha256};
