//! SMTP as a protocol, server and client, without sockets, clock or waiting (sans-IO).
//!
//! `proxy` reads a balancer's header, `server` is the session with a sender, `data` takes in a message and notes what it is
//! like, `client` speaks to the next hop, `received` writes our trace field, `said` is the closed list of replies. Bytes come
//! in from a driver, steps go out to it; everything a peer sends may be nonsense, in any split.

pub mod client;
mod command;
pub mod data;
mod input;
pub mod proxy;
pub mod received;
pub mod said;
pub mod server;
mod text;

pub use input::Input;
pub use received::{Protocol, Received, TlsFacts};
pub use said::Said;
