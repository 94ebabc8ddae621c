//! The whole system, one scenario a file, public doors only.

mod bad_input;
mod control_plane_away;
mod corpus;
mod edits;
mod fail_static;
mod gaps;
mod hop_down;
mod hop_extensions;
mod hop_out_of_step;
mod hop_tls;
mod isolation;
mod lists;
mod loops;
mod ownership;
mod port;
mod postmaster;
mod restart;
mod routes;
mod several_workers;
mod slow_senders;
mod smuggling;
mod tampered_snapshots;
mod trace;
mod worker_life;
