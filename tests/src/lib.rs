//! The whole system in one process: a control plane, workers, and a pretend outside world. Tests talk to it only through
//! public doors: REST, SMTP, DNS.

mod rest;
mod system;

pub use rest::{Answer, Rest};
pub use system::{Acme, Options, System};
