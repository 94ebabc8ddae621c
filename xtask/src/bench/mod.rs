//! `cargo xtask bench`: loopback only, bounded in time and messages, ends by itself.
//!
//! `relay` runs it, `postfix` is the peer, `process` reads /proc, `report` shows.

mod postfix;
mod process;
mod relay;
mod report;

use std::process::Command;

use clap::{Args, Subcommand};

use crate::{Failure, root, say};

#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// Mail through one worker to a next hop, and through Postfix doing the same where it is installed.
    Relay(Relay),
}

#[derive(Debug, Args)]
pub(crate) struct Relay {
    #[arg(long, default_value_t = 20_000)]
    messages: usize,
    #[arg(long, default_value_t = 50)]
    sessions: usize,
    #[arg(long, default_value_t = 4096)]
    size_bytes: usize,
    /// Messages in one session.
    #[arg(long, default_value_t = 100)]
    per_session: usize,
    /// Measure Postern alone.
    #[arg(long)]
    no_peers: bool,
    /// One JSON object on the last line.
    #[arg(long)]
    json: bool,
}

impl Relay {
    fn arguments(&self) -> Vec<String> {
        let mut out: Vec<String> = ["bench", "relay"].map(str::to_owned).into();
        for (name, value) in [
            ("messages", self.messages),
            ("sessions", self.sessions),
            ("size-bytes", self.size_bytes),
            ("per-session", self.per_session),
        ] {
            out.extend([format!("--{name}"), value.to_string()]);
        }
        out.extend(self.no_peers.then(|| "--no-peers".to_owned()));
        out.extend(self.json.then(|| "--json".to_owned()));
        out
    }
}

pub(crate) fn run(bench: Bench) -> Result<(), Failure> {
    let Bench::Relay(relay) = bench;
    // Who sends and who receives share the machine with who is measured: they are built as well as that.
    if cfg!(debug_assertions) {
        build()?;
        let status = Command::new(root::path("target/release/xtask")).args(relay.arguments()).status()?;
        return if status.success() { Ok(()) } else { Err(format!("the bench ended with {status}").into()) };
    }
    let exe = root::path("target/release/postern");
    if !exe.exists() {
        build()?;
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(relay::run(&relay, exe))
}

fn build() -> Result<(), Failure> {
    say("building for release …");
    let cargo = Command::new("cargo")
        .args(["build", "--quiet", "--release", "--locked", "-p", "postern", "-p", "xtask"])
        .current_dir(root::path(""))
        .status()?;
    if cargo.success() { Ok(()) } else { Err(format!("the build ended with {cargo}").into()) }
}
