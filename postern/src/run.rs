//! From arguments to a running process and its exit code: 0 after an orderly stop, 1 when something failed, 2 when the
//! configuration is wrong.

use std::{
    fs,
    io::{IsTerminal, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    process::ExitCode,
    time::Duration,
};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    ambient, audit,
    cli::{Arguments, BreachList, CheckConfig, Command, Plane, RecoverOwner},
    config::{self, Config},
    demo, logging,
};

type Failure = Box<dyn std::error::Error + Send + Sync>;

const WRONG_CONFIGURATION: u8 = 2;
/// How long the token lasts with which the worker of `standalone` joins. It is made anew at each start.
const OWN_TOKEN: Duration = Duration::from_hours(366 * 24);

pub fn run(arguments: Arguments) -> ExitCode {
    let (plane, what) = match arguments.command {
        Command::Standalone(plane) => (plane, What::Standalone),
        Command::ControlPlane(plane) => (plane, What::ControlPlane),
        Command::Worker(plane) => (plane, What::Worker),
        Command::CheckConfig(CheckConfig { plane, database }) => (plane, What::Check { database }),
        Command::Demo(demo) => return demo::run(&demo),
        Command::RecoverOwner(recover) => return recover_owner(&recover),
        Command::Audit(command) => return audit::run(&command),
        Command::BreachList(BreachList::Build { from, to }) => return build_breach_list(&from, &to),
    };
    let loaded = config::load(plane.config.as_deref(), variables()).map_err(Failure::from);
    let config = match loaded.and_then(|config| logging::start(&config.log).map(|()| config).map_err(Failure::from)) {
        Ok(config) => config,
        Err(error) => return failed(&*error, WRONG_CONFIGURATION),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error, 1),
    };
    let outcome = runtime.block_on(async {
        match what {
            What::Check { database } => {
                if database {
                    control_plane::check(&settings(&config), &ambient::clock(), &ambient::entropy()).await?;
                }
                say("the configuration is good");
                Ok(())
            }
            What::Standalone => standalone(config, &plane).await,
            What::ControlPlane => control_plane_only(config, &plane).await,
            What::Worker => worker_only(config, &plane).await,
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&*error, 1),
    }
}

/// The environment, without what is not text: no setting of ours could be in it.
fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

fn build_breach_list(from: &Path, to: &Path) -> ExitCode {
    match control_plane::breach::filter::build(from, to) {
        Ok(built) => {
            say(&format!(
                "{} hashes in {} octets; of {} passwords that are not in the list one is taken for one that is",
                built.hashes, built.octets, built.one_in
            ));
            ExitCode::SUCCESS
        }
        Err(error) => failed(&error, 1),
    }
}

fn recover_owner(arguments: &RecoverOwner) -> ExitCode {
    let loaded = config::load(arguments.config.as_deref(), variables()).map_err(Failure::from);
    let config = match loaded.and_then(|config| logging::start(&config.log).map(|()| config).map_err(Failure::from)) {
        Ok(config) => config,
        Err(error) => return failed(&*error, WRONG_CONFIGURATION),
    };
    let recovered =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::from).and_then(|runtime| {
            let settings = settings(&config);
            let (clock, entropy) = (ambient::clock(), ambient::entropy());
            let wanted = control_plane::recover::Wanted {
                email: arguments.email.as_deref(),
                clear_factors: arguments.clear_factors,
            };
            Ok(runtime.block_on(control_plane::recover::owner(&settings, &clock, &entropy, &wanted))?)
        });
    match recovered.and_then(|recovered| tell(&recovered, &config.data_dir.join("recovered-owner.txt"))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&*error, 1),
    }
}

fn tell(recovered: &control_plane::recover::Recovered, path: &Path) -> Result<(), Failure> {
    show(&recovered.sign_in, "The owner", path)?;
    say(&format!("API keys that were ended: {}", recovered.api_keys_ended));
    say(&format!("Second factors that were cleared: {}", recovered.factors_cleared));
    if recovered.factors_left > 0 {
        say(&format!(
            "Second factors that still stand: {}. Where they are lost, run it again with --clear-factors.",
            recovered.factors_left
        ));
    }
    Ok(())
}

async fn standalone(config: Config, plane: &Plane) -> Result<(), Failure> {
    let mut stop = Stop::listen()?;
    let control_plane = start_control_plane(&config).await?;
    let mut settings = config.worker.clone();
    settings.control_plane = format!("https://{}", reachable(control_plane.address)).parse()?;
    settings.join_token = Some(control_plane.join_token("standalone", 1_000_000, OWN_TOKEN).await?);
    let worker = start_worker(settings).await?;
    tokio::select! {
        smtp = worker.smtp_addresses() => {
            let addresses = json!({
                "api": control_plane.address,
                "smtp": smtp,
                "worker_http": worker.http_address(),
            });
            listening(plane, &addresses)?;
            say(&format!("API  https://{}", control_plane.address));
            for address in &smtp {
                say(&format!("SMTP {address}"));
            }
            stop.asked().await;
        }
        () = stop.asked() => {}
    }
    tracing::info!("stopping; a second signal ends at once");
    let orderly = async {
        worker.stop().await;
        control_plane.stop().await;
    };
    stop.or_at_once(orderly).await;
    Ok(())
}

async fn control_plane_only(config: Config, plane: &Plane) -> Result<(), Failure> {
    let mut stop = Stop::listen()?;
    let running = start_control_plane(&config).await?;
    listening(plane, &json!({ "api": running.address }))?;
    say(&format!("API  https://{}", running.address));
    stop.asked().await;
    tracing::info!("stopping; a second signal ends at once");
    stop.or_at_once(running.stop()).await;
    Ok(())
}

async fn worker_only(config: Config, plane: &Plane) -> Result<(), Failure> {
    let mut stop = Stop::listen()?;
    let running = start_worker(config.worker).await?;
    tokio::select! {
        smtp = running.smtp_addresses() => {
            listening(plane, &json!({ "smtp": smtp, "worker_http": running.http_address() }))?;
            for address in &smtp {
                say(&format!("SMTP {address}"));
            }
            stop.asked().await;
        }
        () = stop.asked() => {}
    }
    tracing::info!("stopping; a second signal ends at once");
    stop.or_at_once(running.stop()).await;
    Ok(())
}

/// The control plane's settings, with those that stand above both planes.
fn settings(config: &Config) -> control_plane::Config {
    control_plane::Config {
        data_dir: config.data_dir.clone(),
        public_url: config.public_url.clone(),
        ..config.control_plane.clone()
    }
}

async fn start_control_plane(config: &Config) -> Result<control_plane::Running, Failure> {
    let settings = settings(config);
    let clock = ambient::clock();
    let dns = checks::Dns::new(&settings.dns, clock.clone())?;
    let deps = control_plane::Deps { clock, entropy: ambient::entropy(), dns };
    let running = control_plane::start(settings, deps).await?;
    if let Some(first) = &running.first_sign_in {
        show(first, "The first owner", &config.data_dir.join("first-owner.txt"))?;
    }
    Ok(running)
}

async fn start_worker(settings: worker::Config) -> Result<worker::Running, Failure> {
    let deps = worker::Deps { clock: ambient::clock(), entropy: ambient::entropy(), metrics: Some(recorder()?) };
    Ok(worker::start(settings, deps).await?)
}

/// The recorder of this process: the worker's numbers.
fn recorder() -> Result<PrometheusHandle, Failure> {
    Ok(PrometheusBuilder::new().install_recorder()?)
}

/// The made-up password goes to a terminal, or to a file that only its owner may read: never into a log.
fn show(first: &control_plane::FirstSignIn, who: &str, path: &Path) -> Result<(), Failure> {
    if std::io::stdout().is_terminal() {
        say(&format!("{who} is {}, password {}", first.email, first.password));
        say("It is shown this once, and must be changed at the first sign-in.");
        return Ok(());
    }
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    writeln!(file, "{}\n{}", first.email, first.password)?;
    say(&format!("{who}'s password is in {}", path.display()));
    Ok(())
}

/// Where a process of this machine reaches an address that was bound.
fn reachable(bound: SocketAddr) -> SocketAddr {
    let ip = match bound.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, bound.port())
}

/// Writes the addresses whole or not at all: whoever waits for the file may read it as soon as it is there.
fn listening(plane: &Plane, addresses: &Value) -> Result<(), Failure> {
    if let Some(path) = &plane.addresses_file {
        let beside = path.with_extension("new");
        fs::write(&beside, addresses.to_string())?;
        fs::rename(&beside, path)?;
    }
    Ok(())
}

/// SIGINT and SIGTERM: the first asks, the second insists.
struct Stop {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Stop {
    fn listen() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    async fn or_at_once(&mut self, orderly: impl Future<Output = ()>) {
        tokio::select! {
            () = orderly => {}
            () = self.asked() => {}
        }
    }
}

enum What {
    Standalone,
    ControlPlane,
    Worker,
    Check { database: bool },
}

pub(crate) fn failed(error: &(dyn std::error::Error + 'static), code: u8) -> ExitCode {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Some libraries show their cause in their own text already.
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    let _ = writeln!(std::io::stderr(), "postern: {text}");
    ExitCode::from(code)
}

pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}
