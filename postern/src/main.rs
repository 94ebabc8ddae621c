//! `postern`: arguments → configuration → start. No logic lives here.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let arguments = postern::cli::Arguments::parse();
    postern::run(arguments)
}
