//! Pools: sets of workers with a configuration of their own, and which of them serve a tenant.

mod store;

pub(crate) use store::{Pool, STATEMENTS, all, assigned, departed, effective};
