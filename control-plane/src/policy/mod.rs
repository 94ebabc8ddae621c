//! Policy, a resource of its own at three levels: the installation, each tenant, each domain. What a level does not set it
//! inherits, and what a level locks holds below it. `levels` finds them and lays them over each other, `view` is the wire,
//! `trial` says what a worker would answer.

pub mod api;
mod levels;
mod store;
pub mod trial;
mod view;

pub(crate) use store::STATEMENTS;
