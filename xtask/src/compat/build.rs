//! Both versions' `postern`. The other one is built from a working tree of its own into the same target folder: what
//! neither changed, all dependencies as a rule, is built once.

use std::{fs, io, path::Path, process::Command};

use crate::{Failure, root};

/// In short; none where the repository does not know it, or there is none.
pub(super) fn commit(name: &str) -> Option<String> {
    let asked = git(&["rev-parse", "--short", "--verify", "--quiet", &format!("{name}^{{commit}}")]).ok()?;
    (!asked.is_empty()).then_some(asked)
}

pub(super) fn this(to: &Path) -> Result<(), Failure> {
    cargo(&root::path(""), to)
}

pub(super) fn that(commit: &str, tree: &Path, to: &Path) -> Result<(), Failure> {
    remove(tree)?;
    let path = tree.display().to_string();
    git(&["worktree", "add", "--force", "--detach", &path, commit])?;
    let built = cargo(tree, to);
    remove(tree)?;
    built
}

/// Also what a run left behind that was stopped in the middle.
fn remove(tree: &Path) -> Result<(), Failure> {
    match fs::remove_dir_all(tree) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    git(&["worktree", "prune"]).map(drop)
}

fn cargo(workspace: &Path, to: &Path) -> Result<(), Failure> {
    let built = Command::new("cargo")
        .args(["build", "--quiet", "--locked", "-p", "postern", "--bin", "postern", "--target-dir"])
        .arg(root::path("target"))
        .current_dir(workspace)
        .status()?;
    if !built.success() {
        return Err(format!("cargo ended with {built}").into());
    }
    // Not in place: an older run's may be running still.
    match fs::remove_file(to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    fs::copy(root::path("target/debug/postern"), to)?;
    Ok(())
}

fn git(arguments: &[&str]) -> Result<String, Failure> {
    let done = Command::new("git").args(arguments).current_dir(root::path("")).output()?;
    if !done.status.success() {
        return Err(format!("git {}: {}", arguments.join(" "), String::from_utf8_lossy(&done.stderr).trim()).into());
    }
    Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned())
}
