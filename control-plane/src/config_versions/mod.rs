//! Acknowledged means applied: which head holds a configuration write, and which workers run it.

pub mod api;
