//! Postfix as a peer: its own configuration and queue in a directory for temporary files. With its queue, as most run it, or
//! as a proxy before the next hop (`smtpd_proxy_filter`), which has no queue either. Everything else as it comes.

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use pretend::ca::Certificate;
use tempfile::TempDir;

use super::{free_port, tail, until_listening};
use crate::Failure;

/// How long it may take to come up.
const START: Duration = Duration::from_secs(20);

/// How it passes mail on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Stored, answered, delivered.
    Queue,
    /// Delivered, answered.
    Proxy,
}

impl Mode {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Proxy => "proxy",
        }
    }
}

/// A running Postfix; stopped when dropped.
#[derive(Debug)]
pub(super) struct Postfix {
    pub address: SocketAddr,
    /// Of its master process, above all others.
    pub master: u32,
    pub version: String,
    dir: TempDir,
}

/// Why it is not measured.
pub(super) fn missing() -> Option<String> {
    if Command::new("postconf").args(["-h", "mail_version"]).output().is_err() {
        return Some("not installed".to_owned());
    }
    let who = Command::new("id").arg("-u").output().ok();
    if who.is_none_or(|who| who.stdout.trim_ascii() != b"0") {
        return Some("it can only be started by root".to_owned());
    }
    None
}

impl Postfix {
    /// Starts one that relays everything to `hop`; with a certificate it offers TLS and asks it of the hop.
    pub(super) async fn start(
        hop: SocketAddr,
        mode: Mode,
        sessions: usize,
        certificate: Option<&Certificate>,
    ) -> Result<Self, Failure> {
        let dir = tempfile::Builder::new().prefix("postern-postfix-").tempdir()?;
        // Its processes run as another user and look into it.
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755))?;
        let address = free_port()?;
        let conf = dir.path().join("conf");
        for folder in ["conf", "queue", "data"] {
            fs::create_dir(dir.path().join(folder))?;
        }
        chown(dir.path().join("data"), Some(number_of("postfix")?), None)?;
        let mut main = main_cf(dir.path(), hop, sessions);
        if let Some(certificate) = certificate {
            let pem = dir.path().join("tls.pem");
            fs::write(&pem, certificate.key_pem().to_owned() + certificate.pem())?;
            fs::set_permissions(&pem, fs::Permissions::from_mode(0o600))?;
            main.push_str(&tls(&pem));
        }
        fs::write(conf.join("main.cf"), main)?;
        fs::write(conf.join("master.cf"), master_cf(address, mode, hop))?;
        let version = postconf("mail_version")?;
        postfix(&conf, "start")?;
        // From here on it is stopped, whatever happens.
        let mut running = Self { address, master: 0, version, dir };
        let pid_file = running.dir.path().join("queue/pid/master.pid");
        until_listening(address, START).await.map_err(|_| format!("Postfix does not listen\n{}", running.log()))?;
        running.master = fs::read_to_string(&pid_file)?.trim().parse()?;
        Ok(running)
    }

    /// The end of its log.
    pub(super) fn log(&self) -> String {
        tail(&self.dir.path().join("postfix.log"))
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        let _ = postfix(&self.dir.path().join("conf"), "stop");
    }
}

fn postfix(conf: &Path, command: &str) -> Result<(), Failure> {
    let output = Command::new("postfix").arg("-c").arg(conf).arg(command).output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("postfix {command}: {}", String::from_utf8_lossy(&output.stderr).trim()).into())
}

fn postconf(name: &str) -> Result<String, Failure> {
    let output = Command::new("postconf").args(["-dh", name]).output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn number_of(user: &str) -> Result<u32, Failure> {
    let output = Command::new("id").args(["-u", user]).output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().parse()?)
}

/// Connections to the hop are kept open under TLS too, which Postfix does by itself only in plain.
fn tls(pem: &Path) -> String {
    let pem = pem.display();
    format!(
        "smtpd_tls_chain_files = {pem}
smtpd_tls_security_level = may
smtp_tls_security_level = encrypt
smtp_tls_connection_reuse = yes
"
    )
}

fn main_cf(dir: &Path, hop: SocketAddr, sessions: usize) -> String {
    let path = |below: &str| -> PathBuf { dir.join(below) };
    let (queue, data, log) = (path("queue"), path("data"), path("postfix.log"));
    format!(
        "compatibility_level = 3.6
queue_directory = {queue}
data_directory = {data}
maillog_file = {log}
maillog_file_prefixes = {dir}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = postfix.pretend
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
relayhost = [{host}]:{port}
smtp_dns_support_level = disabled
smtpd_client_connection_count_limit = 0
default_process_limit = {processes}
default_destination_concurrency_limit = 50
message_size_limit = 0
mailbox_size_limit = 0
",
        // One for each session; 100 by itself, and the others would wait for minutes.
        processes = sessions.max(100),
        queue = queue.display(),
        data = data.display(),
        log = log.display(),
        dir = dir.display(),
        host = hop.ip(),
        port = hop.port(),
    )
}

fn master_cf(address: SocketAddr, mode: Mode, hop: SocketAddr) -> String {
    let services = "
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
tlsproxy unix - - n - 0 tlsproxy
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
";
    let proxy = match mode {
        Mode::Queue => String::new(),
        Mode::Proxy => format!("\n  -o smtpd_proxy_filter={hop}"),
    };
    format!("{address} inet n - n - - smtpd{proxy}{services}")
}
