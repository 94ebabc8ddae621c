//! Mail through a worker: real SMTP on both sides.

mod after_dot;
mod cut_through;
mod form;
mod hops;
mod limits;
mod memory;
mod mx;
mod pool;
mod routes;
mod several;
mod snapshot;
mod tls;
mod trace;
pub(crate) mod world;
