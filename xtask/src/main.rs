//! What CI runs is what you run: generated files, the README's commands, benches.

mod bench;
mod clients;
mod compat;
mod openapi;
mod readme;
mod root;

use std::{io::Write, process::ExitCode};

use clap::{Parser, Subcommand};

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Writes what is generated from the code.
    Openapi {
        /// Write nothing; fail if a file differs from what would be written.
        #[arg(long)]
        check: bool,
    },
    /// Makes the client SDKs from the documents. Needs python3, and a package index the first time.
    Clients {
        /// Write nothing; fail if a file differs from what would be written.
        #[arg(long)]
        check: bool,
        /// Make nothing; set up a customer with the client that is there, on a real Postern.
        #[arg(long, conflicts_with = "check")]
        story: bool,
    },
    /// Runs the commands of README.md that are marked for it, and compares their output with what it shows.
    Readme {
        /// Another file, from the repository's root.
        #[arg(default_value = "README.md")]
        file: String,
        /// Put the output of this run into README.md instead of comparing.
        #[arg(long)]
        write: bool,
    },
    /// Runs this version beside another: its workers with our control plane, and the reverse.
    Compat {
        /// The other version.
        #[arg(long = "with", value_name = "GIT REF", default_value = "HEAD~1")]
        other: String,
    },
    /// Measures, on this machine and over loopback only.
    Bench {
        #[command(subcommand)]
        bench: bench::Bench,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Openapi { check } => openapi::run(check),
        Task::Clients { check, story } => clients::run(check, story),
        Task::Readme { file, write } => readme::run(&file, write),
        Task::Compat { other } => compat::run(&other),
        Task::Bench { bench } => bench::run(bench),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut text = error.to_string();
            let mut source = error.source();
            while let Some(cause) = source {
                text.push_str(": ");
                text.push_str(&cause.to_string());
                source = cause.source();
            }
            let _ = writeln!(std::io::stderr(), "xtask: {text}");
            ExitCode::FAILURE
        }
    }
}

/// A line for whoever watches; whether they still do changes nothing.
fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}
