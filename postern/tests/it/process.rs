//! The binary as an operator runs it: a configuration file, a directory, a process, signals.

use std::{
    fs,
    net::SocketAddr,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use pretend::postgres::Database;
use serde_json::Value;
use tokio::process::{Child, Command};

pub(crate) const EXE: &str = env!("CARGO_BIN_EXE_postern");
/// How long a process may take until it listens, or ends: a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
const LOOK: Duration = Duration::from_millis(20);

/// A directory with everything of one installation on this machine.
#[derive(Debug)]
pub(crate) struct Place {
    dir: tempfile::TempDir,
}

/// A running process; killed with this value.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    addresses: Value,
    log: PathBuf,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a directory") }
    }

    /// What a second control plane needs of the first: its keys are the installation's.
    pub(crate) fn same_keys(&self, from: &str, to: &str) {
        let (from, to) = (self.path().join(from), self.path().join(to));
        fs::create_dir_all(&to).expect("a directory");
        for name in ["master.key", "tls.crt", "tls.key"] {
            fs::copy(from.join(name), to.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// A file in it.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, text).expect("a file");
        path
    }

    /// Starts a subcommand with this configuration and waits until it listens. `name` is for its files.
    pub(crate) async fn start(&self, subcommand: &str, name: &str, config: &str) -> Process {
        let config = self.write(&format!("{name}.toml"), config);
        let (addresses, log) = (self.path().join(format!("{name}.addresses")), self.path().join(format!("{name}.log")));
        let _ = fs::remove_file(&addresses);
        let to_log = fs::OpenOptions::new().append(true).create(true).open(&log).expect("a log");
        let child = Command::new(EXE)
            .arg(subcommand)
            .arg("--config")
            .arg(&config)
            .arg("--addresses-file")
            .arg(&addresses)
            .env_clear()
            .current_dir(self.path())
            .stdin(Stdio::null())
            .stdout(to_log.try_clone().expect("a second handle"))
            .stderr(to_log)
            .kill_on_drop(true)
            .spawn()
            .expect("the binary starts");
        let mut process = Process { child, addresses: Value::Null, log };
        process.addresses = process.until_listening(&addresses).await;
        process
    }
}

impl Process {
    async fn until_listening(&mut self, file: &Path) -> Value {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            // Written whole, or not there yet.
            if let Some(addresses) = fs::read(file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
                return addresses;
            }
            let ended = self.child.try_wait().expect("its state");
            assert!(ended.is_none(), "it ended with {ended:?}:\n{}", self.log());
            assert!(tokio::time::Instant::now() < deadline, "it does not listen:\n{}", self.log());
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What it wrote, of all its starts.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// An address it wrote down: `api`, `smtp`, `worker_http`.
    pub(crate) fn address(&self, key: &str) -> SocketAddr {
        let value = &self.addresses[key];
        let text = value.as_str().or_else(|| value.get(0)?.as_str());
        text.and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no {key} in {}", self.addresses))
    }

    /// All addresses under a key.
    pub(crate) fn addresses(&self, key: &str) -> Vec<SocketAddr> {
        let texts = self.addresses[key].as_array().map(Vec::as_slice).unwrap_or_default();
        texts.iter().filter_map(|text| text.as_str()?.parse().ok()).collect()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// `kill -9`.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("it was there");
    }

    /// Stops in order: it ends with 0, and has never logged an ERROR.
    pub(crate) async fn end(self) {
        let path = self.log.clone();
        let status = self.stop().await;
        let log = fs::read_to_string(path).unwrap_or_default();
        assert_eq!(status.code(), Some(0), "{log}");
        let errors: Vec<_> = log.lines().filter(|line| line.contains("ERROR") || line.contains("panicked")).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }

    /// SIGTERM, and how it ended.
    async fn stop(mut self) -> ExitStatus {
        let pid = self.child.id().expect("it runs").to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().await.expect("kill");
        assert!(sent.success(), "kill -TERM {pid}");
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let status = ended.unwrap_or_else(|_| panic!("it does not stop:\n{}", self.log())).expect("its status");
        assert_eq!(status.signal(), None, "it was killed:\n{}", self.log());
        status
    }
}

/// Settings for a control plane on free ports (or those given), with this name server.
pub(crate) fn control_plane(data_dir: &Path, listen: SocketAddr, dns: SocketAddr) -> String {
    format!(
        r#"
data_dir = "{data_dir}"
[control_plane]
listen = "{listen}"
allowed_hop_ranges = ["127.0.0.0/8"]
accept_domains_without_proof = true
[control_plane.first_owner]
email = "{OWNER}"
password = "{PASSWORD}"
[control_plane.passwords.compromised]
enabled = false
[control_plane.dns]
servers = ["{dns}"]
"#,
        data_dir = data_dir.display()
    )
}

/// More settings for a control plane: its database, where that is not SQLite.
pub(crate) fn database(database: Option<&Database>) -> String {
    database.map(|database| format!("[control_plane.database]\nurl = \"{}\"\n", database.url)).unwrap_or_default()
}

pub(crate) const OWNER: &str = "owner@provider.example";
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// Settings for a worker.
pub(crate) fn worker(smtp: SocketAddr, dns: SocketAddr) -> String {
    format!(
        r#"
[worker.smtp]
listen = ["{smtp}"]
hostname = "mx.provider.example"
[worker.http]
listen = "127.0.0.1:0"
[worker.dns]
servers = ["{dns}"]
"#
    )
}

/// A worker that joins from elsewhere.
pub(crate) fn joining(name: &str, api: SocketAddr, join_token: &str, smtp: SocketAddr, dns: SocketAddr) -> String {
    let rest = worker(smtp, dns);
    format!("[worker]\nname = \"{name}\"\ncontrol_plane = \"https://{api}\"\njoin_token = \"{join_token}\"\n{rest}")
}

/// Any free port.
pub(crate) fn free() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}
