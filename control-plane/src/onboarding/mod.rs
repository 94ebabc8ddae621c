//! A customer at one stroke: tenant, limits, first administrator and first domain, or nothing of it.

pub mod api;
