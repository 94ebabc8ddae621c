//! What the two planes say to each other, and mean by it.
//!
//! No I/O, no clock, no randomness: time and random bytes come in as arguments. The control plane writes these types,
//! the workers read them; neither plane imports the other.

pub mod ambient;
pub mod audit;
pub mod errand;
pub mod events;
pub mod ids;
pub mod mail;
pub mod policy;
pub mod snapshot;
pub mod time;
pub mod worker_api;

pub use ambient::{Clock, Entropy};
pub use ids::Id;
pub use time::Micros;
