//! `start`: from settings to a control plane that listens, and the handle that stops it.

use std::{net::SocketAddr, os::unix::fs::DirBuilderExt, path::PathBuf, sync::Arc};

use contract::{Clock, Entropy, Id, ids, snapshot::hash::Hash};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    app::{App, AppState},
    auth::{password::Hasher, rates::Rates, throttle::Throttle, token::Tokens},
    bootstrap::{self, FirstSignIn},
    breach::{self, Breach},
    config::Config,
    db::{self, Ambient, Db, Place, Which},
    factors,
    http::{Cursors, listener, tls},
    installation, jobs, keys,
    metrics::Metrics,
    router,
    snapshots::Signing,
    vault::{self, Purpose, Vault},
    workers,
};

/// What the world outside has to give.
#[derive(Debug, Clone)]
pub struct Deps {
    pub clock: Clock,
    pub entropy: Entropy,
    pub dns: checks::Dns,
}

/// Why a control plane does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{}: cannot be made", path.display())]
    DataDir { path: PathBuf, source: std::io::Error },
    #[error("master key")]
    MasterKey(#[from] vault::MasterKeyError),
    #[error("database")]
    Database(#[from] db::OpenError),
    #[error("database")]
    Store(#[from] db::StoreError),
    #[error("installation")]
    Installation(#[from] installation::OpenError),
    #[error("first owner")]
    Bootstrap(#[from] bootstrap::Error),
    #[error("tls")]
    Tls(#[from] tls::Error),
    #[error("compromised passwords")]
    Breach(#[from] breach::OpenError),
    #[error("public_url has no host")]
    PublicUrl,
    #[error(transparent)]
    VoidPasskeys(#[from] factors::void::Voided),
    #[error("cannot listen on {address}")]
    Listen { address: SocketAddr, source: std::io::Error },
}

/// A control plane that listens.
#[derive(Debug)]
pub struct Running {
    /// Where the API is: what `listen` came to.
    pub address: SocketAddr,
    /// SHA-256 of the `SubjectPublicKeyInfo` it shows.
    pub tls_spki_sha256: Hash,
    /// The certificate was made here.
    pub tls_self_signed: bool,
    pub installation: Id<ids::Installation>,
    /// Set at the first start, if the password was made up: show it once, to a terminal or a file of mode 0600.
    pub first_sign_in: Option<FirstSignIn>,
    app: AppState,
    tasks: TaskTracker,
}

/// Starts everything; returns once the API listens.
pub async fn start(config: Config, deps: Deps) -> Result<Running, StartError> {
    let Deps { clock, entropy, dns } = deps;
    let data_dir = config.data_dir.clone();
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&data_dir)
        .map_err(|source| StartError::DataDir { path: data_dir.clone(), source })?;
    let host = config.public_url.host_str().ok_or(StartError::PublicUrl)?.to_owned();
    let breach = Breach::open(&config.passwords.compromised)?;
    let identity = tls::load_or_make(&config.tls, &data_dir, &host)?;
    let master_key = match &config.master_key {
        Some(given) => vault::parse(&given.0)?,
        None => vault::load_or_make(&data_dir.join("master.key"), &entropy)?,
    };
    let vault = Arc::new(Vault::new(&master_key, entropy.clone()));
    let ambient = Arc::new(Ambient::new(clock.clone(), entropy.clone()));
    let (main, trace) = places(&config);
    let db = Db::open(&main, Which::Main, Arc::clone(&ambient)).await?;
    let trace = Db::open(&trace, Which::Trace, ambient).await?;
    let installation = installation::open(
        &db,
        &vault,
        &installation::Configured {
            allowed_hop_ranges: config.allowed_hop_ranges.clone(),
            postmaster: config.postmaster.clone(),
        },
    )
    .await?;
    let hasher = Hasher::new(config.passwords.argon2, entropy.clone());
    let first_sign_in = bootstrap::run(&db, &hasher, &entropy, &config.first_owner).await?;
    let access = keys::load_or_make(&db, &vault, keys::Use::Access).await?;
    workers::make_default_pool(&db).await?;
    factors::void::check(&db, &host, &config.accept_void_passkeys_of).await??;
    let epoch = installation::epoch(&db).await?;
    let signing = Signing::open(&db, &vault, installation, epoch, clock.now()).await?;
    let issuer = config.public_url.as_str().trim_end_matches('/').to_owned();

    // Last: whoever can connect is served at once.
    let failed = |source| StartError::Listen { address: config.listen, source };
    let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let app = AppState::new(App {
        tokens: Tokens::new(issuer, &access.current, &access.previous),
        passkeys: crate::factors::relying_party(&config.public_url),
        throttle: Throttle::new(&vault),
        rates: Rates::default(),
        cursors: Cursors::new(&vault.derive(Purpose::Cursor, b"")),
        replica: uuid::Builder::from_random_bytes(entropy.bytes()).into_uuid(),
        config,
        clock,
        entropy,
        dns,
        db,
        trace,
        vault,
        hasher,
        breach,
        in_progress: idempotency_slots(),
        metrics: Metrics::default(),
        signing,
        heads: crate::snapshots::Heads::default(),
        ingest: crate::events::Ingest::default(),
        errands: crate::errands::Errands::default(),
        installation,
        tls_spki_sha256: identity.spki_sha256,
        tls_self_signed: identity.self_signed,
        stopping: CancellationToken::new(),
    });
    let tasks = TaskTracker::new();
    tasks.spawn(listener::serve(
        listener,
        TlsAcceptor::from(identity.server),
        router::router(app.clone()),
        app.config.max_connections,
        app.stopping.clone(),
    ));
    jobs::spawn(&app, &tasks);
    tasks.close();
    tracing::info!(%address, installation = %app.installation, "control plane listens");
    Ok(Running {
        address,
        tls_spki_sha256: app.tls_spki_sha256,
        tls_self_signed: app.tls_self_signed,
        installation,
        first_sign_in,
        app,
        tasks,
    })
}

/// What a start with these settings would find in the database that is there; nothing is changed, and nothing made.
pub async fn check(config: &Config, clock: &Clock, entropy: &Entropy) -> Result<(), StartError> {
    let host = config.public_url.host_str().ok_or(StartError::PublicUrl)?;
    let (place, _) = places(config);
    if let Place::Sqlite(path) = &place
        && !path.exists()
    {
        return Ok(());
    }
    let db = Db::look(&place, Which::Main, Arc::new(Ambient::new(clock.clone(), entropy.clone()))).await?;
    let found = factors::void::check(&db, host, &config.accept_void_passkeys_of).await;
    db.close().await;
    Ok(found??)
}

fn idempotency_slots() -> crate::http::idempotency::InProgress {
    crate::http::idempotency::InProgress::default()
}

pub(crate) fn places(config: &Config) -> (Place, Place) {
    let main = match &config.database.url {
        Some(url) => Place::Postgres(url.0.clone()),
        None => Place::Sqlite(config.data_dir.join("postern.db")),
    };
    let trace = match (&config.trace.url, &main) {
        (Some(url), _) => Place::Postgres(url.0.clone()),
        (None, Place::Postgres(url)) => Place::Postgres(url.clone()),
        (None, Place::Sqlite(_)) => Place::Sqlite(config.data_dir.join("trace.db")),
    };
    (main, trace)
}

impl Running {
    /// A join token for the default pool, made by the process itself: how `standalone` lets its own worker in.
    pub async fn join_token(
        &self,
        name: &str,
        uses: u32,
        lifetime: std::time::Duration,
    ) -> Result<String, db::StoreError> {
        let system = db::System::task("start");
        let mut tx = self.app.db.begin(&system).await?;
        let pool = workers::default_pool(&mut tx).await?.ok_or(db::StoreError::Stale)?;
        let terms = crate::join_tokens::Terms {
            pool,
            name: name.to_owned(),
            uses,
            lifetime,
            address_ranges: Vec::new(),
            pin_tls: true,
        };
        let (_, token) = crate::join_tokens::make(&mut tx, &self.app, &terms).await?;
        tx.commit().await?;
        Ok(token)
    }

    /// Runs every job once and waits for its end, for tests whose clock has moved.
    pub async fn run_jobs(&self) -> Result<(), db::StoreError> {
        jobs::run_all(&self.app).await
    }

    /// Dropped without it, everything ends all the same, but nobody waits for it.
    ///
    /// No new connections; requests that run come to their end; then the databases are closed.
    pub async fn stop(self) {
        self.app.stopping.cancel();
        self.tasks.wait().await;
        self.app.db.close().await;
        self.app.trace.close().await;
        tracing::info!("control plane stopped");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.app.stopping.cancel();
    }
}
