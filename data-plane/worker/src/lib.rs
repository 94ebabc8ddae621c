//! A worker: pulls signed snapshots, speaks SMTP, pushes what happened. It owns nothing that must survive it.
//!
//! `control` is the link to the control plane, `index` the configuration as mail needs it, `events` what goes back,
//! `mail` the SMTP side, `http` health and metrics.

pub mod config;
mod control;
pub mod events;
mod http;
pub mod index;
pub mod mail;
mod running;

pub use config::Config;
pub use control::JoinError;
pub use running::{Deps, Running, StartError, start};
