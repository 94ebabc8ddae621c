//! Trying a route: an errand for a worker, which speaks to each next hop up to RCPT.

pub(super) mod api;
mod view;
