//! Speaking to the next hop: strict about what it says, careful about what it is told.
//!
//! `Handshake` brings a fresh connection to `Idle`. From there a transaction is `Idle::sole` (one recipient: MAIL, RCPT,
//! DATA in one burst) or `Live` (recipients one by one, whose answers go back at once). Both lead over `Opening` to
//! `Sending`, `Awaiting` and `Idle` again; what goes wrong is a `Failure` and ends the connection.

mod capabilities;
mod cleanup;
mod encode;
mod handshake;
mod live;
mod opening;
mod parameters;
mod passed_on;
mod reply;
mod sending;
mod wire;

pub use capabilities::Capabilities;
pub use cleanup::{Cleanup, CleanupStep};
pub use encode::{BareNewline, Encoder, Newlines, Segments};
pub use handshake::{Handshake, HandshakeStep, Tls, TlsUpgrade};
pub use live::{Live, LiveStep};
pub use opening::{Opening, OpeningStep};
pub use parameters::{Lacking, MailParameters, Needs};
pub use passed_on::{Heard, hear};
pub use reply::{HopReply, ReplyFault, ReplyReader};
pub use sending::{Awaiting, Sending, Verdict};
pub use wire::{Failure, Idle, Line, Stage, Wire};
