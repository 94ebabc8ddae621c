//! Scenarios that need processes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod command_line;
mod kill_nine;
