//! A stage: a control plane and workers as processes of their own on free ports, and a pretend name server before which
//! everything plays. The demo plays on it for people, the benches for numbers.
//!
//! `process` starts programs, `rest` speaks with the API, `customer` sets up whom the mail is for.

mod customer;
mod process;
mod rest;

use std::{
    collections::HashSet,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use pretend::dns::Dns;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::Instant;
use toml::toml;

pub use customer::{Customer, NextHop};
pub use process::Process;
pub use rest::{Answer, Api};

use process::Program;

/// Why the play stops.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{what}")]
    File { what: String, source: std::io::Error },
    #[error("{name} {what}\n  {last}")]
    Process { name: String, what: String, last: String },
    #[error("{call} fails")]
    Call { call: String, source: reqwest::Error },
    #[error("{what}\n  {body}")]
    Answer { what: String, body: String },
    #[error("waited {waited:?} for {what}; last: {last}")]
    TimedOut { what: String, waited: Duration, last: String },
    #[error("{what}")]
    Smtp { what: String, source: std::io::Error },
}

/// Who hears of what is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    Loud,
    Silent,
}

impl Voice {
    pub fn say(self, text: &str) {
        use std::io::Write;
        if self == Self::Loud {
            // Whoever listens may have left; the play goes on to its end all the same.
            let _ = writeln!(std::io::stdout(), "{text}");
        }
    }
}

/// How to set the stage.
#[derive(Debug, Clone)]
pub struct Options {
    /// The `postern` that is started.
    pub exe: PathBuf,
    /// What the processes log.
    pub log_level: String,
    pub voice: Voice,
    /// `postgres://…` of an empty database; without it SQLite.
    pub database: Option<String>,
    /// A sign-in lasts for hours and makes as many requests as it likes, for who plays or measures longer than ten minutes. A
    /// control plane from before does not know the settings.
    pub long_sessions: bool,
}

/// The stage. Dropped, its processes are killed and its files removed.
#[derive(Debug)]
pub struct Stage {
    // Processes first: they end before their files go.
    control_plane: Process,
    workers: Vec<Process>,
    options: Options,
    /// Of the control plane.
    config: toml::Table,
    sign_in: Value,
    api: Api,
    dns: Dns,
    dir: TempDir,
}

/// The control plane's files.
const DATA: &str = "data";
/// Who owns the installation of the play.
const OWNER: &str = "owner@provider.example";
/// How long things that take part of a second may take.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(100);

impl Stage {
    /// Starts name server and control plane, and signs the owner in.
    pub async fn open(options: Options) -> Result<Self, Error> {
        let dir = tempfile::Builder::new().prefix("postern-").tempdir();
        let dir = dir.map_err(|source| Error::File { what: "a directory for temporary files".to_owned(), source })?;
        let dns = Dns::start().await;
        let password = password();
        let sign_in = json!({ "email": OWNER, "password": password });
        // What is shown keeps the password out of sight, here and in the shell's history.
        let sign_in_file = dir.path().join("sign-in.json");
        process::private(&sign_in_file, &sign_in.to_string())
            .map_err(|source| Error::File { what: sign_in_file.display().to_string(), source })?;

        let data_dir = dir.path().join(DATA);
        let mut config = common(&data_dir, &options);
        let dns_server = dns.address().to_string();
        config.insert(
            "control_plane".to_owned(),
            toml::Value::Table(toml! {
                listen = "127.0.0.1:0"
                allowed_hop_ranges = ["127.0.0.0/8"]
                [first_owner]
                email = OWNER
                password = password
                [dns]
                servers = [dns_server]
            }),
        );
        if let (Some(url), Some(settings)) = (options.database.as_deref(), config["control_plane"].as_table_mut()) {
            settings.insert("database".to_owned(), toml::Value::Table(toml! { url = url }));
        }
        // The play reaches no network. Another version's control plane may not know what could be asked there.
        let offline = toml! {
            [control_plane.passwords.compromised]
            enabled = false
        };
        if process::takes(&options.exe, dir.path(), &offline).await?
            && let (Some(passwords), Some(settings)) =
                (offline["control_plane"].get("passwords"), config["control_plane"].as_table_mut())
        {
            settings.insert("passwords".to_owned(), passwords.clone());
        }
        if let (true, Some(settings)) = (options.long_sessions, config["control_plane"].as_table_mut()) {
            let lasts = toml! { access_lifetime_s = 43_200 };
            settings.insert("sessions".to_owned(), toml::Value::Table(lasts));
        }
        // A bench asks as fast as it can.
        let unlimited = toml! {
            [control_plane.rates]
            requests_per_minute = 0
            anonymous_requests_per_minute = 0
        };
        if options.long_sessions
            && process::takes(&options.exe, dir.path(), &unlimited).await?
            && let (Some(rates), Some(settings)) =
                (unlimited["control_plane"].get("rates"), config["control_plane"].as_table_mut())
        {
            settings.insert("rates".to_owned(), rates.clone());
        }
        let (control_plane, api) = start_control_plane(&options, dir.path(), &config).await?;
        let voice = options.voice;
        voice.say(&format!("  $ export API={} CURL_CA_BUNDLE={}", api.base(), certificate(dir.path()).display()));
        voice.say(&format!(
            "  $ export TOKEN=$(curl -sS $API/v1/sessions --json @{} | jq -r .access_token)",
            sign_in_file.display()
        ));
        let api = signed_in(&api, &sign_in).await?;
        Ok(Self { control_plane, workers: Vec::new(), options, config, sign_in, api, dns, dir })
    }

    /// `kill -9` of the control plane, and another over the same data. It has an address of its own: workers of before do
    /// not find it.
    pub async fn replace_control_plane(&mut self) -> Result<(), Error> {
        self.control_plane.kill().await?;
        let (control_plane, api) = start_control_plane(&self.options, self.dir.path(), &self.config).await?;
        self.control_plane = control_plane;
        self.api = signed_in(&api, &self.sign_in).await?;
        Ok(())
    }

    /// What the owner signs in with: the body of `POST /v1/sessions`.
    pub const fn credentials(&self) -> &Value {
        &self.sign_in
    }

    /// Where the SQLite file of this name is, `postern.db` or `trace.db`.
    pub fn database_file(&self, name: &str) -> PathBuf {
        self.dir.path().join(DATA).join(name)
    }

    pub const fn api(&self) -> &Api {
        &self.api
    }

    pub const fn dns(&self) -> &Dns {
        &self.dns
    }

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub const fn control_plane(&self) -> &Process {
        &self.control_plane
    }

    pub fn workers(&self) -> &[Process] {
        &self.workers
    }

    /// A token that workers join with, as the API gives it out.
    pub async fn join_token(&self) -> Result<String, Error> {
        let made = self.api.post("/v1/join-tokens", json!({ "name": "this machine", "uses": 100 })).await?;
        made.text("/token")
    }

    /// Starts one more worker and waits until it takes mail. `control_plane` is where it is told to look for that.
    pub async fn start_worker(&mut self, name: &str, control_plane: &str, join_token: &str) -> Result<(), Error> {
        let exe = self.options.exe.clone();
        self.start_worker_of(&exe, name, control_plane, join_token).await
    }

    /// The same, from another `postern`: another version's, say.
    pub async fn start_worker_of(
        &mut self,
        exe: &Path,
        name: &str,
        control_plane: &str,
        join_token: &str,
    ) -> Result<(), Error> {
        let process = self.worker(exe, name, control_plane, join_token).await?;
        self.workers.push(process);
        Ok(())
    }

    /// `kill -9` of a worker.
    pub async fn kill_worker(&mut self, at: usize) -> Result<(), Error> {
        match self.workers.get_mut(at) {
            Some(worker) => worker.kill().await,
            None => Ok(()),
        }
    }

    /// A new worker in the place of one that was killed. It has the name and nothing else of it.
    pub async fn replace_worker(&mut self, at: usize, join_token: &str) -> Result<(), Error> {
        let name = self.workers[at].name().to_owned();
        self.workers[at] = self.worker(&self.options.exe, &name, self.api.base(), join_token).await?;
        Ok(())
    }

    async fn worker(&self, exe: &Path, name: &str, control_plane: &str, join_token: &str) -> Result<Process, Error> {
        let mut config = common(&self.dir.path().join(name), &self.options);
        let dns_server = self.dns.address().to_string();
        config.insert(
            "worker".to_owned(),
            toml::Value::Table(toml! {
                name = name
                control_plane = control_plane
                join_token = join_token
                [smtp]
                listen = ["127.0.0.1:0"]
                hostname = "gateway.provider.example"
                [http]
                listen = "127.0.0.1:0"
                [dns]
                servers = [dns_server]
            }),
        );
        let program = Program { exe, command: "worker", name, dir: self.dir.path(), config: &config };
        Process::start(program).await
    }

    /// Where a worker takes mail.
    pub fn smtp(&self, worker: usize) -> Result<SocketAddr, Error> {
        self.workers[worker].address("smtp")
    }

    /// Where a worker shows health and metrics.
    pub fn worker_http(&self, worker: usize) -> Result<SocketAddr, Error> {
        self.workers[worker].address("worker_http")
    }

    /// Waits until all workers run a configuration version; how long that took.
    pub async fn until_applied(&self, version: &str) -> Result<Duration, Error> {
        let since = Instant::now();
        let path = format!("/v1/config/versions/{version}?wait=10");
        self.until("the configuration to be applied", async || {
            let answer = self.api.quietly().get(&path).await?;
            Ok(if answer.body["state"] == "applied" { Ok(()) } else { Err(answer.body.to_string()) })
        })
        .await?;
        Ok(since.elapsed())
    }

    /// Waits until a worker has nothing left to tell the control plane.
    pub async fn until_events_are_told(&self, worker: usize) -> Result<(), Error> {
        let url = format!("http://{}/metrics", self.worker_http(worker)?);
        self.until("all events to be told", async || {
            let metrics = self.api.plain(&url).await?;
            let waiting = metrics.lines().find(|line| line.starts_with("postern_events_waiting_bytes"));
            let told =
                waiting.and_then(|line| line.rsplit(' ').next()?.parse().ok()).is_some_and(|bytes: f64| bytes < 1.0);
            Ok(if told { Ok(()) } else { Err(waiting.unwrap_or("no such metric").to_owned()) })
        })
        .await
    }

    /// What the trace says about a message of this sender; not one of those that were `seen` before.
    pub async fn traced(&self, sender: &str, seen: &HashSet<String>) -> Result<Value, Error> {
        let path = format!("/v1/messages?sender={sender}");
        let api = self.api.quietly();
        self.until(&format!("the trace of {sender}"), async || {
            let found = api.get(&path).await?;
            let found = found.body["data"].as_array().map(Vec::as_slice).unwrap_or_default();
            let new = found.iter().find(|message| message["id"].as_str().is_some_and(|id| !seen.contains(id)));
            Ok(new.cloned().ok_or_else(|| format!("{} messages, each seen before", found.len())))
        })
        .await
    }

    /// Asks again and again until a condition holds; its inner error is how things stand.
    pub async fn until<T>(
        &self,
        what: &str,
        mut check: impl AsyncFnMut() -> Result<Result<T, String>, Error>,
    ) -> Result<T, Error> {
        let since = Instant::now();
        loop {
            let last = match check().await? {
                Ok(value) => return Ok(value),
                Err(last) => last,
            };
            if since.elapsed() > PATIENCE {
                return Err(Error::TimedOut { what: what.to_owned(), waited: PATIENCE, last });
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Kills everything, and leaves the files where they are: for whoever wants to know why.
    pub fn keep_files(self) -> PathBuf {
        self.dir.keep()
    }
}

async fn start_control_plane(options: &Options, dir: &Path, config: &toml::Table) -> Result<(Process, Api), Error> {
    let program = Program { exe: &options.exe, command: "control-plane", name: "control-plane", dir, config };
    let process = Process::start(program).await?;
    let api = Api::new(format!("https://{}", process.address("api")?), &certificate(dir), options.voice)?;
    Ok((process, api))
}

async fn signed_in(api: &Api, sign_in: &Value) -> Result<Api, Error> {
    let session = api.quietly().post("/v1/sessions", sign_in.clone()).await?;
    Ok(api.clone().signed_in(session.text("/access_token")?))
}

fn certificate(dir: &Path) -> PathBuf {
    dir.join(DATA).join("tls.crt")
}

fn common(data_dir: &Path, options: &Options) -> toml::Table {
    let (data_dir, level) = (data_dir.display().to_string(), options.log_level.as_str());
    toml! {
        data_dir = data_dir
        [log]
        level = level
    }
}

/// 128 bits, as text.
fn password() -> String {
    format!("{:032x}", u128::from_ne_bytes(pretend::clock::entropy().bytes()))
}
