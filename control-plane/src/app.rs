//! What every handler and job has at hand.

use std::{ops::Deref, sync::Arc};

use contract::{Clock, Entropy, Id, ids, snapshot::hash::Hash};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    auth::{password::Hasher, rates::Rates, throttle::Throttle, token::Tokens},
    breach::Breach,
    config::Config,
    db::Db,
    errands::Errands,
    events::Ingest,
    http::{Cursors, idempotency::InProgress},
    metrics::Metrics,
    snapshots::{Heads, Signing},
    vault::Vault,
};

/// Shared by all requests. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AppState(Arc<App>);

#[derive(Debug)]
pub struct App {
    pub config: Config,
    pub clock: Clock,
    pub entropy: Entropy,
    pub dns: checks::Dns,
    /// Configuration, people, audit, outbox.
    pub db: Db,
    /// Events and what is made of them.
    pub trace: Db,
    pub vault: Arc<Vault>,
    pub tokens: Tokens,
    pub hasher: Hasher,
    /// Passwords that were exposed somewhere.
    pub breach: Breach,
    pub throttle: Throttle,
    pub rates: Rates,
    /// What verifies passkeys. None: `public_url` has no host name.
    pub passkeys: Option<webauthn_rs::Webauthn>,
    pub cursors: Cursors,
    pub in_progress: InProgress,
    pub metrics: Metrics,
    /// Keys of snapshots.
    pub signing: Signing,
    /// The newest heads.
    pub heads: Heads,
    /// Where batches of events go.
    pub ingest: Ingest,
    /// What workers are sent to see.
    pub errands: Errands,
    pub installation: Id<ids::Installation>,
    /// This process, as leases name their holder.
    pub replica: Uuid,
    pub tls_spki_sha256: Hash,
    /// The certificate was made here: join tokens carry its key's hash.
    pub tls_self_signed: bool,
    /// Cancelled when a stop is asked for: long polls answer, jobs end.
    pub stopping: CancellationToken,
}

impl AppState {
    pub fn new(app: App) -> Self {
        Self(Arc::new(app))
    }
}

impl Deref for AppState {
    type Target = App;

    fn deref(&self) -> &App {
        &self.0
    }
}
