//! The trace: who sent what to whom, what was decided by which rule, and what the next hop said.

pub mod api;
mod store;
mod view;

pub(crate) use store::STATEMENTS;
