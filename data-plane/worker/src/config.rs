//! A worker's settings. Every key has a default that works on one machine.

use std::{net::SocketAddr, path::PathBuf};

use serde::Deserialize;

use crate::mail::config::{Delivery, Smtp};

#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the control plane is: `https://host:port`.
    pub control_plane: url::Url,
    /// What an administrator made for this worker; it says which pool, and whose keys to trust.
    pub join_token: Option<String>,
    /// A file that holds the join token, so that it stands in no environment and no process list.
    pub join_token_file: Option<PathBuf>,
    /// For people. The host's name in SMTP where it is set, else `worker`.
    pub name: Option<String>,
    pub smtp: Smtp,
    pub delivery: Delivery,
    pub dns: checks::dns::Config,
    /// Health, readiness and metrics, plain HTTP. For this machine or a monitoring network only.
    pub http: Http,
    pub events: Events,
    pub snapshot: Snapshot,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// Port 0 takes a free one.
    pub listen: SocketAddr,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Events {
    /// Memory for events that wait for the control plane, in bytes; what does not fit is counted and reported as a gap.
    pub buffer_bytes: usize,
    /// How often counters are sent, in milliseconds.
    pub counters_ms: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Snapshot {
    /// Age of the head, in seconds, from which mail gets 451: nobody has confirmed this configuration for too long.
    pub too_old_s: u64,
    /// How long one poll for a new head waits at the control plane, in seconds; 1 to 50.
    pub poll_s: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            control_plane: url::Url::parse("https://127.0.0.1:8443").expect("a constant that parses"),
            join_token: None,
            join_token_file: None,
            name: None,
            smtp: Smtp::default(),
            delivery: Delivery::default(),
            dns: checks::dns::Config::default(),
            http: Http::default(),
            events: Events::default(),
            snapshot: Snapshot::default(),
        }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 9464)) }
    }
}

impl Default for Events {
    fn default() -> Self {
        Self { buffer_bytes: 64 * 1024 * 1024, counters_ms: 10_000 }
    }
}

impl Default for Snapshot {
    fn default() -> Self {
        Self { too_old_s: 7 * 24 * 3600, poll_s: 50 }
    }
}
