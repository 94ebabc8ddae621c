//! The whole system in one process: a control plane, workers, and a pretend outside world. Tests talk to it only through
//! public doors: REST, SMTP, DNS. A system that was started is ended: that is where it is looked whether all is well.

pub mod database;
mod logs;
mod proxied;
mod rest;
mod system;

pub use rest::{Answer, Rest};
pub use system::{Acme, Options, System};
