//! A PostgreSQL for the tests: the one named by `POSTERN_TEST_POSTGRES`, else one started from the machine's own
//! binaries, else none. One cluster for the whole run, a database a test.

use std::{
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
    time::{Duration, Instant},
};

use crate::harness::unique;

/// Starts the server, waits for the end of its input (this process), stops the server and takes the files away.
const KEEPER: &str = r#"
"$1/initdb" -D "$2/data" -U postgres --auth=trust --no-sync -E UTF8 --locale=C >"$2/log" 2>&1 || exit 1
"$1/postgres" -D "$2/data" -k "$2" -h "" -c max_connections=400 >>"$2/log" 2>&1 </dev/null &
server=$!
read _
kill -INT $server
wait $server
rm -rf "$2"
"#;

/// URL of a server's maintenance database; none where there is no PostgreSQL.
fn server() -> Option<&'static str> {
    static SERVER: OnceLock<Option<String>> = OnceLock::new();
    SERVER
        .get_or_init(|| {
            given()
                .or_else(|| start().map(|dir| format!("postgres://postgres@localhost/postgres?host={}", dir.display())))
        })
        .as_deref()
}

fn given() -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the environment of a test run")]
    std::env::var("POSTERN_TEST_POSTGRES").ok()
}

fn binaries() -> Option<PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(Result::ok)
        .map(|entry| entry.path().join("bin"))
        .collect();
    found.sort();
    found.into_iter().rev().find(|bin| bin.join("initdb").exists() && bin.join("postgres").exists())
}

fn start() -> Option<PathBuf> {
    let bin = binaries()?;
    let dir = tempfile::Builder::new().prefix("postern-pg-").tempdir().ok()?.keep();
    let mut keeper = Command::new("sh");
    keeper.args(["-c", KEEPER, "keeper"]).arg(&bin).arg(&dir).stdin(Stdio::piped());
    // PostgreSQL refuses to run as root.
    if let Some((uid, gid)) = unprivileged(&dir) {
        std::os::unix::fs::chown(&dir, Some(uid), Some(gid)).ok()?;
        keeper.uid(uid).gid(gid).current_dir("/");
    }
    let mut child = keeper.spawn().ok()?;
    // Held for as long as this process lives.
    std::mem::forget(child.stdin.take());
    let socket = dir.join(".s.PGSQL.5432");
    let began = Instant::now();
    while !socket.exists() {
        let ended = child.try_wait().ok().flatten();
        assert!(
            ended.is_none() && began.elapsed() < Duration::from_mins(1),
            "PostgreSQL does not start: {}",
            std::fs::read_to_string(dir.join("log")).unwrap_or_default()
        );
        std::thread::yield_now();
    }
    Some(dir)
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

/// URL of a fresh database; none where there is no PostgreSQL.
pub(crate) async fn database() -> Option<String> {
    let server = tokio::task::spawn_blocking(server).await.expect("the server")?;
    let name = format!("t{}_{}", std::process::id(), unique());
    let began = Instant::now();
    loop {
        match create(server, &name).await {
            Ok(()) => break,
            // The socket stands a moment before the server takes connections.
            Err(error) if began.elapsed() < Duration::from_secs(30) => drop(error),
            Err(error) => panic!("no database: {error}"),
        }
        tokio::task::yield_now().await;
    }
    Some(replace_database(server, &name))
}

async fn create(server: &str, name: &str) -> Result<(), sqlx::Error> {
    use sqlx::{AssertSqlSafe, Connection, Executor};
    let mut connection = sqlx::PgConnection::connect(server).await?;
    connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await?;
    connection.close().await
}

fn replace_database(server: &str, name: &str) -> String {
    let mut url = url::Url::parse(server).expect("a URL");
    url.set_path(name);
    url.to_string()
}
