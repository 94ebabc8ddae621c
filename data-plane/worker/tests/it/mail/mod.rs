//! Mail through a worker: real SMTP on both sides.

mod after_dot;
mod aliases;
mod call_out;
mod certificates;
mod chunking;
mod cut_through;
mod drain;
mod form;
mod hops;
mod ipv6;
mod limits;
mod memory;
mod mx;
mod policy;
mod pool;
mod proxy;
mod routes;
mod several;
mod snapshot;
mod tarpit;
mod tls;
mod trace;
pub(crate) mod world;
