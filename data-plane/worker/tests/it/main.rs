//! The worker against pretend planes and peers, through its public doors only.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod control;
mod coverage;
mod mail;
