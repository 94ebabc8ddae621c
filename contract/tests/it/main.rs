//! What only shows from outside.

mod attacker;
mod snapshots;
