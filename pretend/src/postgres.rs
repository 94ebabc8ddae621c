//! A PostgreSQL for tests: the server that `POSTERN_TEST_POSTGRES` names, else one started from the machine's own
//! programs, else none. One server a process, a template made once, a clone of it for each database.
//!
//! `POSTERN_TEST_DATABASE` says on which database a run is.

use std::{
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::scratch;

/// A database that a run of tests may be on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// The one that `POSTERN_TEST_DATABASE` chooses; none where each test does as it thinks best.
///
/// # Panics
/// When it says neither `sqlite` nor `postgres`.
pub fn chosen() -> Option<Engine> {
    match environment("POSTERN_TEST_DATABASE").as_deref() {
        None | Some("") => None,
        Some("sqlite") => Some(Engine::Sqlite),
        Some("postgres") => Some(Engine::Postgres),
        Some(other) => panic!("POSTERN_TEST_DATABASE={other}: expected sqlite or postgres"),
    }
}

/// Is there a PostgreSQL for tests?
///
/// # Panics
/// When the run is to be on one and there is none.
pub async fn available() -> bool {
    Server::shared().await.is_some()
}

/// A database of one test. On a named server it is dropped with this value; one of our own goes as a whole.
#[derive(Debug)]
pub struct Database {
    pub url: String,
    name: String,
    server: &'static Server,
}

/// A fresh database with what `migrate` made in the template: it gets the template's URL and closes all it opened. None
/// where there is no PostgreSQL. `migrations` is the folder that the template depends on.
///
/// # Panics
/// When there is a PostgreSQL and it makes no database; when the run is to be on one and there is none.
pub async fn database(migrations: &Path, migrate: impl AsyncFnOnce(String)) -> Option<Database> {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let server = Server::shared().await?;
    let template = server.template(migrations, migrate).await;
    let name = format!("postern_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let mut connection = server.connect().await;
    run(&mut connection, format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
    let _ = connection.close().await;
    Some(Database { url: server.url_of(&name), name, server })
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.server.keeper.is_some() {
            return;
        }
        let (url, name) = (self.server.url.clone(), self.name.clone());
        // A runtime of its own: this one may be ending, and a drop cannot wait on it.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
            runtime.block_on(async {
                let mut connection = PgConnection::connect(&url).await.ok()?;
                let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                connection.execute(AssertSqlSafe(drop)).await.ok()
            })
        });
        let _ = dropped.join();
    }
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    /// Of the maintenance database.
    url: String,
    /// None: it was there before us.
    keeper: Option<Keeper>,
    template: tokio::sync::OnceCell<String>,
}

/// Stops the server and takes its files away once its input ends: with this value, or with this process.
#[derive(Debug)]
struct Keeper {
    input: Option<ChildStdin>,
    process: Child,
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.process.wait();
    }
}

/// Starts the server, waits for the end of its input, stops the server and takes the files away. What is spared is only
/// that `initdb` waits for the disk: commits are as durable as anywhere.
const KEEPER: &str = r#"
bin=$1 dir=$2; shift 2
"$bin/initdb" -D "$dir/data" -U postgres --auth=trust --no-sync -E UTF8 --locale=C >"$dir/log" 2>&1 || exit 1
"$bin/postgres" -D "$dir/data" -k "$dir" -h "" -c max_connections=400 "$@" >>"$dir/log" 2>&1 </dev/null &
server=$!
read _
kill -INT $server
wait $server
rm -rf "$dir"
"#;

impl Server {
    /// The server of this process; none where there is no PostgreSQL.
    async fn shared() -> Option<&'static Self> {
        static SERVER: OnceLock<Option<Server>> = OnceLock::new();
        let found = tokio::task::spawn_blocking(|| {
            SERVER.get_or_init(|| match environment("POSTERN_TEST_POSTGRES") {
                Some(url) => Some(Self { url, keeper: None, template: tokio::sync::OnceCell::new() }),
                None => Self::start_in(scratch::dir().ok()?, &[]),
            })
        });
        let server = found.await.expect("a server starts or is not there").as_ref();
        assert!(
            server.is_some() || chosen() != Some(Engine::Postgres),
            "the run is to be on PostgreSQL: there is none"
        );
        server
    }

    /// One of its own, with these settings (`fsync=off`); none where the machine has no programs for it.
    ///
    /// # Panics
    /// When the programs are there and it does not start.
    pub fn start(settings: &[&str]) -> Option<Self> {
        Self::start_in(tempfile::Builder::new().prefix("postern-pg-").tempdir().ok()?, settings)
    }

    /// The directory is the keeper's to take away: this process may end before the server.
    fn start_in(dir: tempfile::TempDir, settings: &[&str]) -> Option<Self> {
        let bin = programs()?;
        let dir = dir.keep();
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "keeper"]).arg(&bin).arg(&dir).stdin(Stdio::piped());
        for setting in settings {
            keeper.args(["-c", setting]);
        }
        // PostgreSQL refuses to run as root.
        if let Some((uid, gid)) = unprivileged(&dir) {
            std::os::unix::fs::chown(&dir, Some(uid), Some(gid)).ok()?;
            keeper.uid(uid).gid(gid).current_dir("/");
        }
        let mut process = keeper.spawn().ok()?;
        let mut keeper = Keeper { input: process.stdin.take(), process };
        let (socket, began) = (dir.join(".s.PGSQL.5432"), Instant::now());
        while !socket.exists() {
            let ended = keeper.process.try_wait().ok().flatten();
            assert!(
                ended.is_none() && began.elapsed() < Duration::from_mins(1),
                "PostgreSQL does not start: {}",
                std::fs::read_to_string(dir.join("log")).unwrap_or_default()
            );
            std::thread::yield_now();
        }
        let url = format!("postgres://postgres@localhost/postgres?host={}", dir.display());
        Some(Self { url, keeper: Some(keeper), template: tokio::sync::OnceCell::new() })
    }

    /// Of its maintenance database, once it takes connections.
    pub async fn url(&self) -> &str {
        let _ = self.connect().await.close().await;
        &self.url
    }

    async fn connect(&self) -> PgConnection {
        let began = Instant::now();
        loop {
            match PgConnection::connect(&self.url).await {
                Ok(connection) => return connection,
                // The socket stands a moment before the server takes connections.
                Err(error) if began.elapsed() < Duration::from_secs(30) => drop(error),
                Err(error) => panic!("PostgreSQL takes no connection: {error}"),
            }
            tokio::task::yield_now().await;
        }
    }

    /// Name of the template, made if it is not there. It is named by what it depends on: on a named server it outlives
    /// the run, and another process may make it at the same moment.
    async fn template(&self, migrations: &Path, migrate: impl AsyncFnOnce(String)) -> &str {
        const LOCK: i64 = 8_101_999;
        self.template
            .get_or_init(|| async move {
                let name = format!("postern_template_{}", fingerprint(migrations));
                let mut connection = self.connect().await;
                run(&mut connection, format!("SELECT pg_advisory_lock({LOCK})")).await;
                let there: Option<(i32,)> = sqlx::query_as("SELECT 1 FROM pg_database WHERE datname = $1")
                    .bind(&name)
                    .fetch_optional(&mut connection)
                    .await
                    .expect("a list of databases");
                if there.is_none() {
                    // Its name it gets when it is whole.
                    let unfinished = format!("{name}_unfinished");
                    run(&mut connection, format!("DROP DATABASE IF EXISTS {unfinished} WITH (FORCE)")).await;
                    run(&mut connection, format!("CREATE DATABASE {unfinished}")).await;
                    migrate(self.url_of(&unfinished)).await;
                    run(&mut connection, format!("ALTER DATABASE {unfinished} RENAME TO {name}")).await;
                }
                let _ = connection.close().await;
                name
            })
            .await
    }

    fn url_of(&self, database: &str) -> String {
        let mut url = url::Url::parse(&self.url).expect("the URL of a server");
        url.set_path(database);
        url.to_string()
    }
}

async fn run(connection: &mut PgConnection, statement: String) {
    if let Err(error) = connection.execute(AssertSqlSafe(statement.clone())).await {
        panic!("{statement}: {error}");
    }
}

/// Over names and contents of all files below a folder.
fn fingerprint(folder: &Path) -> String {
    fn digest(folder: &Path, hash: &mut Sha256) {
        let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                digest(&path, hash);
            } else {
                hash.update(path.file_name().map(std::ffi::OsStr::as_encoded_bytes).unwrap_or_default());
                hash.update(std::fs::read(&path).unwrap_or_default());
            }
        }
    }
    let mut hash = Sha256::new();
    digest(folder, &mut hash);
    let [first, second, third, fourth, ..] = <[u8; 32]>::from(hash.finalize());
    format!("{:08x}", u32::from_be_bytes([first, second, third, fourth]))
}

fn environment(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the environment of a test run")]
    std::env::var(name).ok()
}

fn programs() -> Option<PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(Result::ok)
        .map(|entry| entry.path().join("bin"))
        .collect();
    found.sort();
    found.into_iter().rev().find(|bin| bin.join("initdb").exists() && bin.join("postgres").exists())
}

/// Somebody else's ids if we are root.
fn unprivileged(dir: &Path) -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt;
    if std::fs::metadata(dir).ok()?.uid() != 0 {
        return None;
    }
    let passwd = std::fs::read_to_string("/etc/passwd").ok()?;
    let ids = |name: &str| {
        let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    ids("postgres").or_else(|| ids("nobody"))
}
