//! The crate through its public doors.

mod commands;
mod content;
mod driver;
mod encoding;
mod hop;
mod hop_replies;
mod message;
mod order;
mod pipelining;
mod received;
mod replies;
mod splits;
