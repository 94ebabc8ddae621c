//! `cargo xtask compat`: an upgrade has workers and control planes of two versions side by side, control plane first. One
//! scenario, both ways, with processes of both.
//!
//! `build` makes the two programs, `scenario` is what they must do together.

mod build;
mod scenario;

use std::path::Path;

use crate::{Failure, root, say};

pub(crate) fn run(other: &str) -> Result<(), Failure> {
    let Some(commit) = build::commit(other) else {
        say(&format!("skipped: there is no {other} here"));
        return Ok(());
    };
    let folder = root::path("target/compat");
    std::fs::create_dir_all(&folder)?;
    let (this, that) = (folder.join("this"), folder.join("that"));
    build::this(&this)?;
    let built = build::that(&commit, &folder.join("tree"), &that);
    // Building the other one put it where this one's stood.
    build::this(&this)?;
    if let Err(why) = built {
        say(&format!("skipped: {other} ({commit}) cannot be built: {why}"));
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let play = |what: &str, control_plane: &Path, worker: &Path| -> Result<(), Failure> {
        runtime.block_on(scenario::play(control_plane, worker)).map_err(|error| format!("{what}: {error}"))?;
        say(&format!("{what}: onboarded, delivered, edited, refused, traced"));
        Ok(())
    };
    play(&format!("this control plane, a worker of {other} ({commit})"), &this, &that)?;
    play(&format!("a control plane of {other} ({commit}), this worker"), &that, &this)
}
