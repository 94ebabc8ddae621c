//! The whole system, one scenario a file, public doors only.

mod control_plane_away;
mod corpus;
mod edits;
mod isolation;
mod several_workers;
mod slow_senders;
mod smuggling;
