//! The command line. Options override the configuration file and the environment only where they say so.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::audit::Audit;

/// Postern, an e-mail security gateway for managed service providers.
#[derive(Debug, Parser)]
#[command(name = "postern", version, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Control plane and worker in one process, on SQLite and local files. The default way to run.
    Standalone(Plane),
    /// The REST API and everything it owns.
    ControlPlane(Plane),
    /// A stateless SMTP worker.
    Worker(Plane),
    /// Shows a gateway at work on free ports of this machine, with a pretend customer and a pretend next hop.
    Demo(Demo),
    /// Reads the configuration as a start would, and says what is wrong with it.
    CheckConfig(CheckConfig),
    /// The last way in: gives an owner a made-up password, which must be changed at the next sign-in, and ends their sessions and
    /// API keys. On the server, with its configuration; a control plane may be running.
    RecoverOwner(RecoverOwner),
    /// The list of exposed passwords, for sites that ask no service.
    #[command(subcommand)]
    BreachList(BreachList),
    /// The audit log, as it was exported.
    #[command(subcommand)]
    Audit(Audit),
}

#[derive(Debug, Args)]
pub struct Plane {
    /// The TOML file; every key has a default, so it may be left out. Environment variables (POSTERN_…) lie over it.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Write the addresses that were bound, as JSON, to this file once everything listens. For port 0.
    #[arg(long, value_name = "FILE")]
    pub addresses_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct CheckConfig {
    #[command(flatten)]
    pub plane: Plane,
    /// Also looks in the database whether a start would go on with it: how many passkeys it would void, and whose.
    #[arg(long)]
    pub database: bool,
}

#[derive(Debug, Args)]
pub struct RecoverOwner {
    /// The TOML file that the control plane is started with.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Which owner, where there are several.
    #[arg(long)]
    pub email: Option<String>,
    /// Clear their second factors as well, where these are lost. Without it they are asked for as before.
    #[arg(long)]
    pub clear_factors: bool,
}

#[derive(Debug, Subcommand)]
pub enum BreachList {
    /// Makes a small filter of the published list (lines `HASH:COUNT`, SHA-1, sorted by hash). The setting
    /// `control_plane.passwords.compromised.list` takes either.
    Build {
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
}

#[derive(Debug, Args)]
pub struct Demo {
    /// End after the acts; the exit code is 0 only if each went as it says.
    #[arg(long)]
    pub once: bool,
}
