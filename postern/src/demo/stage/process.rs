//! One Postern process: its configuration, its log, the addresses it bound.

use std::{
    fs,
    io::Write,
    net::SocketAddr,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use serde_json::Value;
use tokio::process::{Child, Command};

use super::Error;

/// How long a process may take until it listens: a debug build on a busy machine, with all migrations before it.
const START: Duration = Duration::from_mins(1);
const LOOK: Duration = Duration::from_millis(20);

/// A child process; it dies with this value.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
    addresses: Value,
}

/// What to start.
#[derive(Debug)]
pub(super) struct Program<'a> {
    pub exe: &'a Path,
    /// `control-plane` or `worker`.
    pub command: &'a str,
    /// Names the files in `dir`.
    pub name: &'a str,
    pub dir: &'a Path,
    pub config: &'a toml::Table,
}

impl Process {
    /// Starts the program and waits until it has written down its addresses.
    pub(super) async fn start(program: Program<'_>) -> Result<Self, Error> {
        let Program { exe, command, name, dir, config } = program;
        let file = |ending: &str| dir.join(format!("{name}.{ending}"));
        let (config_file, log, addresses_file) = (file("toml"), file("log"), file("addresses.json"));
        let failed = |source| Error::File { what: format!("the files of {name}"), source };
        // It may hold a password or a join token.
        private(&config_file, &config.to_string()).map_err(failed)?;
        match fs::remove_file(&addresses_file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let to_log = fs::OpenOptions::new().append(true).create(true).mode(0o600).open(&log).map_err(failed)?;
        let child = Command::new(exe)
            .arg(command)
            .arg("--config")
            .arg(&config_file)
            .arg("--addresses-file")
            .arg(&addresses_file)
            .current_dir(dir)
            // Settings of this machine's own Postern are none of ours.
            .env_clear()
            .stdin(Stdio::null())
            .stdout(to_log.try_clone().map_err(failed)?)
            .stderr(to_log)
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| Error::File { what: exe.display().to_string(), source })?;
        let mut process = Self { name: name.to_owned(), child, log, addresses: Value::Null };
        process.addresses = process.until_listening(&addresses_file).await?;
        Ok(process)
    }

    async fn until_listening(&mut self, addresses_file: &Path) -> Result<Value, Error> {
        let listening = async {
            loop {
                // Written whole, or not there yet.
                if let Some(addresses) =
                    fs::read(addresses_file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok())
                {
                    return Ok(addresses);
                }
                if let Ok(Some(status)) = self.child.try_wait() {
                    return Err(self.died(&format!("ended with {status}")));
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        match tokio::time::timeout(START, listening).await {
            Ok(outcome) => outcome,
            Err(_) => Err(self.died("does not listen")),
        }
    }

    fn died(&self, what: &str) -> Error {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let last = lines[lines.len().saturating_sub(12)..].join("\n  ");
        Error::Process { name: self.name.clone(), what: what.to_owned(), last }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// None once it has ended.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// An address it wrote down: a text, or the first of a list.
    pub(super) fn address(&self, key: &str) -> Result<SocketAddr, Error> {
        let value = &self.addresses[key];
        let text = value.as_str().or_else(|| value.get(0)?.as_str());
        text.and_then(|text| text.parse().ok()).ok_or_else(|| self.died(&format!("wrote down no address for {key}")))
    }

    /// `kill -9`, and the end of it.
    pub async fn kill(&mut self) -> Result<(), Error> {
        let killed = self.child.kill().await;
        killed.map_err(|source| Error::File { what: format!("kill -9 of {}", self.name), source })
    }
}

/// Does the program know these settings?
pub(super) async fn takes(exe: &Path, dir: &Path, config: &toml::Table) -> Result<bool, Error> {
    let failed = |source| Error::File { what: exe.display().to_string(), source };
    let file = dir.join("asked.toml");
    private(&file, &config.to_string()).map_err(failed)?;
    let mut command = Command::new(exe);
    command.arg("check-config").arg("--config").arg(&file).env_clear().stdin(Stdio::null());
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).status();
    Ok(status.await.map_err(failed)?.success())
}

/// Writes a file that only its owner may read.
pub(super) fn private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}
