//! The crate through its public doors.
#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test")]

mod chunking;
mod commands;
mod content;
mod driver;
mod encoding;
mod hop;
mod hop_replies;
mod message;
mod order;
mod pipelining;
mod proxy;
mod received;
mod replies;
mod splits;
