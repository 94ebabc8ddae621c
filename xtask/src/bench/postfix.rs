//! Postfix as a peer: its own configuration and queue in a directory for temporary files, its queue on, everything else
//! as it comes.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use tempfile::TempDir;

use crate::Failure;

/// How long it may take to come up.
const START: Duration = Duration::from_secs(20);

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
pub(super) fn missing() -> Option<&'static str> {
    if Command::new("postconf").args(["-h", "mail_version"]).output().is_err() {
        return Some("not installed");
    }
    let who = Command::new("id").arg("-u").output().ok();
    if who.is_none_or(|who| who.stdout.trim_ascii() != b"0") {
        return Some("it can only be started by root");
    }
    None
}

impl Postfix {
    /// Starts one that relays everything to `hop`.
    pub(super) async fn start(hop: SocketAddr) -> Result<Self, Failure> {
        let dir = tempfile::Builder::new().prefix("postern-postfix-").tempdir()?;
        // Its processes run as another user and look into it.
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755))?;
        let address = free_port()?;
        let conf = dir.path().join("conf");
        for folder in ["conf", "queue", "data"] {
            fs::create_dir(dir.path().join(folder))?;
        }
        chown(dir.path().join("data"), Some(number_of("postfix")?), None)?;
        fs::write(conf.join("main.cf"), main_cf(dir.path(), hop))?;
        fs::write(conf.join("master.cf"), master_cf(address))?;
        let version = postconf("mail_version")?;
        postfix(&conf, "start")?;
        // From here on it is stopped, whatever happens.
        let mut running = Self { address, master: 0, version, dir };
        let pid_file = running.dir.path().join("queue/pid/master.pid");
        let up = async {
            while tokio::net::TcpStream::connect(address).await.is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(START, up).await.map_err(|_| format!("Postfix does not listen\n{}", running.log()))?;
        running.master = fs::read_to_string(&pid_file)?.trim().parse()?;
        Ok(running)
    }

    /// The end of its log.
    pub(super) fn log(&self) -> String {
        let text = fs::read_to_string(self.dir.path().join("postfix.log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(10)..].join("\n")
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

fn free_port() -> Result<SocketAddr, Failure> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}

fn main_cf(dir: &Path, hop: SocketAddr) -> String {
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
default_destination_concurrency_limit = 50
message_size_limit = 0
mailbox_size_limit = 0
",
        queue = queue.display(),
        data = data.display(),
        log = log.display(),
        dir = dir.display(),
        host = hop.ip(),
        port = hop.port(),
    )
}

fn master_cf(address: SocketAddr) -> String {
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
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
";
    format!("{address} inet n - n - - smtpd{services}")
}
