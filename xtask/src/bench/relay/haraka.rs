//! Haraka as a peer: installed by npm below target/, its own configuration in a directory for temporary files. It hands each
//! message to the next hop before it answers (`queue/smtp_forward`), as Postern does.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use pretend::ca::Certificate;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::{free_port, tail, until_listening};
use crate::{Failure, root, say};

/// The version that is measured.
pub(super) const VERSION: &str = "3.3.4";
const START: Duration = Duration::from_secs(30);
/// RFC 7919, ffdhe2048. Without a group of its own Haraka would make one while it is measured.
const GROUP: &str = include_str!("ffdhe2048.pem");

/// A running Haraka; killed when dropped.
#[derive(Debug)]
pub(super) struct Haraka {
    pub address: SocketAddr,
    process: Child,
    dir: TempDir,
}

/// Why it is not measured.
pub(super) fn missing() -> Option<String> {
    let there = |program: &str| std::process::Command::new(program).arg("--version").output().is_ok();
    if !there("npm") || !there("node") {
        return Some("npm is not installed".to_owned());
    }
    let home = home();
    if home.join("installed").exists() {
        return None;
    }
    say(&format!("installing Haraka {VERSION} below target/ …"));
    let package = format!(r#"{{ "private": true, "dependencies": {{ "Haraka": "{VERSION}" }} }}"#);
    let installed =
        fs::create_dir_all(&home).and_then(|()| fs::write(home.join("package.json"), package)).and_then(|()| {
            let npm = ["install", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
            std::process::Command::new("npm").args(npm).current_dir(&home).output()
        });
    match installed {
        Ok(output) if output.status.success() => {
            fs::write(home.join("installed"), VERSION).err().map(|e| e.to_string())
        }
        Ok(output) => Some(format!("npm ended with {}", output.status)),
        Err(error) => Some(format!("npm: {error}")),
    }
}

fn home() -> PathBuf {
    root::path("target/bench").join(format!("haraka-{VERSION}"))
}

impl Haraka {
    /// Starts one that relays everything for the customer's domain to `hop`.
    pub(super) async fn start(hop: SocketAddr, certificate: Option<&Certificate>) -> Result<Self, Failure> {
        let dir = tempfile::Builder::new().prefix("postern-haraka-").tempdir()?;
        let address = free_port()?;
        let package = home().join("node_modules/Haraka");
        configure(&package.join("config"), &dir.path().join("config"), address, hop, certificate)?;
        let log = fs::File::create(dir.path().join("log"))?;
        let process = Command::new("node")
            .arg(package.join("bin/haraka"))
            .arg("-c")
            .arg(dir.path())
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        let running = Self { address, process, dir };
        until_listening(address, START).await.map_err(|_| format!("Haraka does not listen\n{}", running.log()))?;
        Ok(running)
    }

    /// Of the process above all others of its.
    pub(super) fn pid(&self) -> Result<u32, Failure> {
        self.process.id().ok_or_else(|| format!("Haraka has ended\n{}", self.log()).into())
    }

    pub(super) fn log(&self) -> String {
        tail(&self.dir.path().join("log"))
    }
}

/// What it comes with, all of it: without its `connection.ini` it ends at its first connection. Over that, what the bench
/// needs.
fn configure(
    defaults: &Path,
    config: &Path,
    address: SocketAddr,
    hop: SocketAddr,
    certificate: Option<&Certificate>,
) -> Result<(), Failure> {
    fs::create_dir(config)?;
    for entry in fs::read_dir(defaults)? {
        let from = entry?.path();
        if let Some(name) = from.file_name().filter(|_| from.is_file()) {
            fs::copy(&from, config.join(name))?;
        }
    }
    let (host, port) = (hop.ip(), hop.port());
    let tls = certificate.is_some();
    let plugins = if tls {
        "tls\nrcpt_to.in_host_list\nqueue/smtp_forward\n"
    } else {
        "rcpt_to.in_host_list\nqueue/smtp_forward\n"
    };
    let mut files = vec![
        ("me", "haraka.pretend\n".to_owned()),
        ("smtp.ini", format!("listen={address}\nnodes=1\n")),
        ("host_list", format!("{}\n", super::Customer::DOMAIN)),
        ("plugins", plugins.to_owned()),
        ("smtp_forward.ini", format!("host={host}\nport={port}\nenable_tls={tls}\n[tls]\nrejectUnauthorized=false\n")),
        ("log.ini", "[main]\nlevel=warn\n".to_owned()),
        ("dhparams.pem", GROUP.to_owned()),
    ];
    if let Some(certificate) = certificate {
        files.push(("tls_cert.pem", certificate.pem().to_owned()));
        files.push(("tls_key.pem", certificate.key_pem().to_owned()));
    }
    for (name, text) in files {
        fs::write(config.join(name), text)?;
    }
    Ok(())
}
