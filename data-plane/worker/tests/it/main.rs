//! The worker against pretend planes and peers, through its public doors only.

mod control;
mod mail;
