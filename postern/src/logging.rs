//! Where log lines go: standard error, for people or as JSON.

use serde::Deserialize;
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// `text` for people, `json` for machines.
    pub format: Format,
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,worker=debug`.
    pub level: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    Text,
    Json,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: Format::Text, level: "info".to_owned() }
    }
}

/// Why logging cannot start.
#[derive(Debug, thiserror::Error)]
#[error("log.level: not a filter")]
pub struct Error(#[source] tracing_subscriber::filter::ParseError);

/// A filter that parses, or the reason why not.
pub fn filter(level: &str) -> Result<EnvFilter, Error> {
    EnvFilter::builder().parse(level).map_err(Error)
}

/// Starts logging for the whole process; a second call changes nothing.
pub fn start(log: &Log) -> Result<(), Error> {
    let registry = tracing_subscriber::registry().with(filter(&log.level)?);
    // Fails only when a subscriber is set already: then that one goes on.
    let _ = match log.format {
        Format::Text => registry.with(fmt::layer().with_writer(std::io::stderr).with_target(true)).try_init(),
        Format::Json => registry.with(fmt::layer().json().flatten_event(true).with_writer(std::io::stderr)).try_init(),
    };
    Ok(())
}
