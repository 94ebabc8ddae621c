//! Signed configuration snapshots: head → tree → objects.
//!
//! `object` is what one piece says; `tree` names all pieces by hash; `head` is the one thing that is signed; `seal`
//! makes them, `open` checks them; `pool_key` hides what only the workers of a pool may read. Only `open` can make a `Verified` value, and only a `Verified` snapshot reaches the
//! mail pipeline.

pub mod changes;
pub mod hash;
pub mod head;
mod node;
pub mod object;
pub mod open;
pub mod piece;
pub mod pool_key;
pub mod seal;
pub mod shard;
#[cfg(test)]
mod tests;
pub mod tree;
mod verified;

pub use node::{Names, NotCanonical, names};
pub use verified::Verified;
