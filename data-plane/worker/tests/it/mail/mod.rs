//! Mail through a worker: real SMTP on both sides.

mod cut_through;
pub(crate) mod world;
