//! What goes back to the control plane: transactions, counters, and what is known to be missing.
//!
//! [`Sink`] takes events and never waits; `pusher` sends them, batch by batch, each exactly as it was frozen.

mod pusher;
mod sink;

pub(crate) use pusher::{Pushed, Refusal, Uplink, push};
pub use sink::{Sink, Totals};
