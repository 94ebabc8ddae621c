//! Load with book-keeping: a client that writes down each 250 it hears, a sink that writes down each message it gets,
//! and a ledger that compares the two. Who measures time is the caller.

mod client;
mod ledger;
mod sink;

pub use client::{Plan, Slow, run};
pub use ledger::{Comparison, Ledger};
pub use sink::Sink;
