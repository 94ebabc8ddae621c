//! The README's commands, run as they stand there, and its output compared with theirs.
//!
//! `blocks` finds what is marked, `compare` looks past what is different each time, `names` looks for the tests that are
//! named.

mod blocks;
mod compare;
mod names;

use std::{
    fs,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::{Failure, root, say};
use blocks::{Block, Mark};

/// No command of the README takes longer.
const LONGEST: &str = "1800";

pub(crate) fn run(file: &str, write: bool) -> Result<(), Failure> {
    let path = root::path(file);
    let mut text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let found = blocks::find(&text)?;
    let mut last = None;
    let missing = names::missing(&text, &root::path(""))?;
    let mut wrong: Vec<_> = missing.iter().map(|name| format!("{file}: there is no test `{name}`")).collect();
    // Backwards when writing would be simpler, but commands run in the order in which they stand.
    let mut replaced = Vec::new();
    for block in &found {
        match &block.mark {
            Mark::Run(instead) => last = Some(execute(instead.as_deref().unwrap_or(&block.text), block)?),
            Mark::Elsewhere => {}
            Mark::Output => {
                let output =
                    last.as_deref().ok_or_else(|| format!("line {}: no command before this output", block.line))?;
                if write {
                    replaced.push((block.range.clone(), compare::excerpt(&block.text, output)));
                } else {
                    let differences = compare::differences(&block.text, output, block.line);
                    wrong.extend(differences.into_iter().map(|what| format!("{file}:{what}")));
                }
            }
        }
    }
    for (range, output) in replaced.into_iter().rev() {
        text.replace_range(range, &output);
    }
    if write {
        fs::write(&path, text)?;
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!("{file} shows what does not come; `cargo xtask readme --write` puts it in\n{}", wrong.join("\n"))
        .into())
}

/// Runs the commands of a block in one shell, from the repository's root; what they print.
fn execute(commands: &str, block: &Block) -> Result<String, Failure> {
    say(&format!("line {}: {}", block.line, commands.trim().replace('\n', "; ")));
    let since = Instant::now();
    let output = Command::new("timeout")
        .args(["--kill-after=10", LONGEST, "bash", "-euo", "pipefail", "-c", commands])
        .current_dir(root::path(""))
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        return Err(format!("{text}\nline {}: ended with {}", block.line, output.status).into());
    }
    let took: Duration = since.elapsed();
    say(&format!("  good, {} s", took.as_secs()));
    Ok(text)
}
