//! Opening a database: options that make a commit durable, migrations, and the refusal of one that would lie about it.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use sqlx::{
    migrate::{MigrateError, Migrator},
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{Ambient, Db, Pools};

/// The two databases of a control plane. Trace and events have one of their own, so that their writes never hold up a
/// change of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Which {
    Main,
    Trace,
}

/// Where a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file, made if missing.
    Sqlite(PathBuf),
    /// `postgres://user@host/name`; main and trace may share it.
    Postgres(String),
}

/// Why a database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("not the address of a database")]
    Address(#[source] sqlx::Error),
    #[error("cannot connect to the database")]
    Connect(#[source] sqlx::Error),
    #[error("the schema cannot be brought up to date")]
    Migrate(#[from] MigrateError),
    #[error("this PostgreSQL has {setting} = off: what it acknowledges may be lost in a power cut; set {setting} = on")]
    NotDurable { setting: &'static str },
}

/// Readers of one SQLite file at once.
const SQLITE_READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 16;
/// Longer than any transaction of ours; who waits longer is told to come again.
const PATIENCE: Duration = Duration::from_secs(5);

impl Db {
    /// Opens the database, makes it if it is a missing file, and runs the migrations it lacks.
    pub async fn open(place: &Place, which: Which, ambient: Arc<Ambient>) -> Result<Self, OpenError> {
        let pools = match place {
            Place::Sqlite(path) => sqlite(path, which).await?,
            Place::Postgres(url) => postgres(url, which).await?,
        };
        Ok(Self { pools, which, ambient })
    }

    /// Opens the database that is there to look at it: it is not made, and its schema stays as it is.
    pub async fn look(place: &Place, which: Which, ambient: Arc<Ambient>) -> Result<Self, OpenError> {
        let pools = match place {
            Place::Sqlite(path) => {
                let options = SqliteConnectOptions::new().filename(path).busy_timeout(PATIENCE).read_only(true);
                let pool = SqlitePoolOptions::new().acquire_timeout(PATIENCE).connect_with(options).await;
                let pool = pool.map_err(OpenError::Connect)?;
                Pools::Sqlite { readers: pool.clone(), writer: pool }
            }
            Place::Postgres(url) => Pools::Postgres(postgres_pool(url).await?),
        };
        Ok(Self { pools, which, ambient })
    }
}

fn migrations(place: &Place, which: Which) -> Migrator {
    let mut migrator = match (place, which) {
        (Place::Sqlite(_), Which::Main) => sqlx::migrate!("../migrations/sqlite"),
        (Place::Sqlite(_), Which::Trace) => sqlx::migrate!("../migrations/sqlite/trace"),
        (Place::Postgres(_), Which::Main) => sqlx::migrate!("../migrations/postgres"),
        (Place::Postgres(_), Which::Trace) => sqlx::migrate!("../migrations/postgres/trace"),
    };
    // The same PostgreSQL may hold both.
    migrator.dangerous_set_table_name(match which {
        Which::Main => "schema_versions",
        Which::Trace => "trace_schema_versions",
    });
    migrator
}

async fn sqlite(path: &Path, which: Which) -> Result<Pools, OpenError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(PATIENCE)
        .pragma("trusted_schema", "OFF");
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(PATIENCE)
        .connect_with(options.clone())
        .await
        .map_err(OpenError::Connect)?;
    private(path);
    migrations(&Place::Sqlite(path.to_owned()), which).run(&writer).await?;
    let readers = SqlitePoolOptions::new()
        .max_connections(SQLITE_READERS)
        .acquire_timeout(PATIENCE)
        .connect_with(options.read_only(true))
        .await
        .map_err(OpenError::Connect)?;
    Ok(Pools::Sqlite { readers, writer })
}

/// The directory is ours alone already; this is for one that was made by hand.
fn private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    if let Err(error) = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)) {
        tracing::warn!(%error, path = %path.display(), "the database file cannot be made private");
    }
}

async fn postgres_pool(url: &str) -> Result<sqlx::PgPool, OpenError> {
    let options = PgConnectOptions::from_str(url).map_err(OpenError::Address)?.application_name("postern");
    PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(PATIENCE)
        .connect_with(options)
        .await
        .map_err(OpenError::Connect)
}

async fn postgres(url: &str, which: Which) -> Result<Pools, OpenError> {
    let pool = postgres_pool(url).await?;
    for setting in ["fsync", "synchronous_commit"] {
        let (value,): (String,) = sqlx::query_as("SELECT current_setting($1)")
            .bind(setting)
            .fetch_one(&pool)
            .await
            .map_err(OpenError::Connect)?;
        if value == "off" {
            return Err(OpenError::NotDurable { setting });
        }
    }
    migrations(&Place::Postgres(String::new()), which).run(&pool).await?;
    Ok(Pools::Postgres(pool))
}

impl Db {
    /// Has the engine prepare every statement of this database; names those it does not take. What a test asks.
    pub async fn refused_statements(&self) -> Vec<String> {
        use sqlx::{Executor, SqlSafeStr};
        let mut refused = Vec::new();
        for statement in super::statements().into_iter().filter(|statement| statement.which == self.which) {
            let text = statement.on(self.engine()).into_sql_str();
            let prepared = match &self.pools {
                Pools::Sqlite { writer, .. } => writer.prepare(text).await.map(drop),
                Pools::Postgres(pool) => pool.prepare(text).await.map(drop),
            };
            if let Err(error) = prepared {
                refused.push(format!("{}::{}: {error}", statement.module, statement.name));
            }
        }
        refused
    }
}
