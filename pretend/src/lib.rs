//! A pretend outside world: next hops, SMTP clients, a name server, a certification authority, a clock, load.
//!
//! Tests, `postern demo` and the benches stand on it. It knows nothing of our own SMTP code, so that it can contradict
//! it.

pub mod balancer;
pub mod ca;
pub mod client;
pub mod clock;
pub mod corpus;
#[cfg(feature = "dns")]
pub mod dns;
pub mod gate;
pub mod hop;
pub mod load;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod proxy;
pub mod range_service;
pub mod relay;
#[cfg(feature = "postgres")]
pub mod scratch;
mod stream;
pub mod wait;
