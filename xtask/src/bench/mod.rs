//! `cargo xtask bench`: loopback only, bounded in time and number, ends by itself. docs/benchmarks.md says what each measures.
//!
//! `relay`, `api`, `events` and `config` measure; `installation` fills a database, `engines` starts one, `process` reads /proc.

mod api;
mod config;
mod engines;
mod events;
mod figures;
mod installation;
mod process;
mod relay;

use std::process::Command;

use clap::Subcommand;

use crate::{Failure, root, say};

#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// Mail through one worker to a next hop, and through Postfix and Haraka doing the same where they can be had.
    Relay(relay::Relay),
    /// The common calls of the REST API over a generated installation, on both databases.
    Api(api::Bench),
    /// Events into one control plane, on both databases.
    Events(events::Bench),
    /// A worker's cold start and edits under mail load, over a generated installation.
    Config(config::Bench),
}

pub(crate) fn run(bench: Bench) -> Result<(), Failure> {
    // Who sends and who receives share the machine with who is measured: they are built as well as that.
    if cfg!(debug_assertions) {
        build()?;
        let arguments = std::env::args_os().skip(1);
        let status = Command::new(root::path("target/release/xtask")).args(arguments).status()?;
        return if status.success() { Ok(()) } else { Err(format!("the bench ended with {status}").into()) };
    }
    let exe = root::path("target/release/postern");
    if !exe.exists() {
        build()?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match bench {
            Bench::Relay(relay) => relay::run(&relay, exe).await,
            Bench::Api(bench) => api::run(&bench, exe).await,
            Bench::Events(bench) => events::run(&bench, exe).await,
            Bench::Config(bench) => config::run(&bench, exe).await,
        }
    })
}

fn build() -> Result<(), Failure> {
    say("building for release …");
    let cargo = Command::new("cargo")
        .args(["build", "--quiet", "--release", "--locked", "-p", "postern", "-p", "xtask"])
        .current_dir(root::path(""))
        .status()?;
    if cargo.success() { Ok(()) } else { Err(format!("the build ended with {cargo}").into()) }
}
