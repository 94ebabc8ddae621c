//! Passwords that are known to have been exposed somewhere: asked of a range service, of which no more is told than five
//! hex digits of a hash, or looked up in a file of one's own. Never inside a transaction.
//!
//! `range` speaks with the service, `list` reads the published file, `filter` a smaller one made from it.

mod config;
pub mod filter;
mod list;
mod range;

use crate::{
    auth::password::Password,
    http::{ApiError, Code},
    metrics::Metrics,
};

pub use config::{Config, OnHit, ServiceUrl, TimeoutMs};
pub use list::ListError;

/// What is told with a hit. Nobody was hacked by it, and nobody should think so.
pub const EXPLANATION: &str = "Someone, somewhere, used this password and it was exposed. That does not mean that this \
    account was hacked. Choose a password that nobody has used: a few random words, or what a password manager makes.";

/// Why passwords cannot be looked up as the settings say.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("control_plane.passwords.compromised.list")]
    List(#[source] ListError),
}

/// Looks passwords up.
#[derive(Debug)]
pub struct Breach {
    source: Source,
    on_hit: OnHit,
}

#[derive(Debug)]
enum Source {
    Off,
    Service(range::Client),
    List(list::List),
}

/// What is known of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// Nobody looks: the settings say so.
    NotAsked,
    NotExposed,
    Exposed,
    /// Could not be found out.
    Unavailable,
}

impl Finding {
    /// Whether it was exposed; none where that is not known.
    pub const fn exposed(self) -> Option<bool> {
        match self {
            Self::Exposed => Some(true),
            Self::NotExposed => Some(false),
            Self::NotAsked | Self::Unavailable => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::NotAsked => "not_asked",
            Self::NotExposed => "not_exposed",
            Self::Exposed => "exposed",
            Self::Unavailable => "unavailable",
        }
    }
}

impl Breach {
    pub fn open(config: &Config) -> Result<Self, OpenError> {
        let source = match &config.list {
            _ if !config.enabled => Source::Off,
            Some(path) => Source::List(list::List::open(path).map_err(OpenError::List)?),
            None => Source::Service(range::Client::new(config.url.url(), config.timeout_ms.duration())),
        };
        Ok(Self { source, on_hit: config.on_hit })
    }

    /// Waits for the service or the disk: not for a transaction's inside, nor for the pool that hashes.
    pub async fn look_up(&self, password: &Password, metrics: &Metrics) -> Finding {
        let found = match &self.source {
            Source::Off => return Finding::NotAsked,
            Source::Service(client) => client.knows(&password.sha1()).await.map_err(|error| log(&error)),
            Source::List(list) => list.knows(&password.sha1()).await.map_err(|error| log(&error)),
        };
        let finding = match found {
            Ok(true) => Finding::Exposed,
            Ok(false) => Finding::NotExposed,
            Err(()) => Finding::Unavailable,
        };
        metrics.with(|| {
            metrics::counter!("postern_password_checks_total", "outcome" => finding.name()).increment(1);
        });
        finding
    }

    /// May it become somebody's password? One that would have to be changed at the next sign-in may not either.
    pub fn permit_new(&self, finding: Finding, pointer: &str) -> Result<(), ApiError> {
        match (finding, self.on_hit) {
            (Finding::Exposed, OnHit::Refuse | OnHit::ForceChange) => {
                Err(ApiError::new(Code::PasswordCompromised).at(pointer).detail(EXPLANATION))
            }
            (Finding::Exposed, OnHit::Warn) | (Finding::NotAsked | Finding::NotExposed | Finding::Unavailable, _) => {
                Ok(())
            }
        }
    }

    /// Must whoever signed in with it change it first? Nobody is locked out.
    pub fn must_change(&self, finding: Finding) -> bool {
        finding == Finding::Exposed && self.on_hit != OnHit::Warn
    }
}

fn log(error: &(dyn std::error::Error + 'static)) {
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    tracing::warn!(%error, cause, "a password could not be looked up among those that were exposed");
}
