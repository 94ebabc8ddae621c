//! Scenarios that need processes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod command_line;
mod configuration;
mod control_plane_killed;
mod customer;
mod kill_nine;
mod process;
mod slow_senders;
mod standalone;
mod two_control_planes;
