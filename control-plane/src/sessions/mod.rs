//! Signing in and out, and one's own account.

pub mod api;
mod store;

pub(crate) use store::{STATEMENTS, sweep};
