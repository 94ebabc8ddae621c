//! The pretend world against itself: an oracle is worth something only when it is right.

mod balancer;
mod ca;
mod client;
#[cfg(feature = "dns")]
mod dns;
mod hop;
mod load;
mod proxy;
