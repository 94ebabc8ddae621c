//! The way to the next hop: which one, over which connection, and what its answers mean.
//!
//! `order` says in which order hops are tried, `tries` goes over them, `hops` knows every next hop (`places`, `breaker`, idle
//! connections, `health`), `connect` makes a connection, `connection` is one. `transaction` delivers: one recipient in a
//! burst, several by `live`, then `content`; `outcome` says what came of it. `question` only asks about a recipient, `probe`
//! tries a route without a message.

mod breaker;
mod connect;
mod connection;
mod content;
mod health;
mod hops;
mod live;
mod order;
mod outcome;
mod places;
mod probe;
mod question;
mod transaction;
mod tries;

pub(crate) use connect::Outside;
pub(crate) use hops::Hops;
pub(crate) use live::{LiveHop, LiveRcpt};
pub(crate) use outcome::Outcome;
pub(crate) use probe::{Trial, try_route};
pub(crate) use question::Asked;
pub(crate) use transaction::{Deliverer, Message, Way};

use contract::policy::Reason;
use smtp::{Said, client::Failure};

/// Why a next hop could not be used, before the dot. Another may be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("the route names no next hop")]
    NoHop,
    #[error("its name does not resolve: {0}")]
    Dns(String),
    #[error("every address is forbidden as a next hop ({0})")]
    Forbidden(String),
    #[error("it is this worker itself")]
    Own,
    #[error("no connection: {0}")]
    Connect(String),
    #[error("TLS: {0}")]
    Tls(String),
    #[error("{0}")]
    Protocol(#[from] Failure),
    #[error("the connection broke: {0}")]
    Broken(String),
    #[error("time is up")]
    Timeout,
    #[error("no free connection")]
    Busy,
    #[error("it failed several times and rests")]
    Resting,
}

impl Unusable {
    pub(crate) fn reason(&self) -> Reason {
        match self {
            Self::NoHop | Self::Dns(_) | Self::Connect(_) | Self::Broken(_) | Self::Resting => Reason::HopUnreachable,
            Self::Forbidden(_) | Self::Own => Reason::HopAddressForbidden,
            Self::Tls(_) => Reason::HopTls,
            Self::Protocol(failure) => match failure.said() {
                Said::HopTls => Reason::HopTls,
                _ => Reason::HopProtocol,
            },
            Self::Timeout => Reason::HopTimeout,
            Self::Busy => Reason::HopBusy,
        }
    }

    pub(crate) fn said(&self) -> Said {
        match self {
            Self::NoHop | Self::Dns(_) | Self::Connect(_) | Self::Broken(_) | Self::Resting => Said::HopUnreachable,
            Self::Forbidden(_) | Self::Own => Said::HopAddressForbidden,
            Self::Tls(_) => Said::HopTls,
            Self::Protocol(failure) => failure.said(),
            Self::Timeout => Said::HopTimeout,
            Self::Busy => Said::HopBusy,
        }
    }
}
