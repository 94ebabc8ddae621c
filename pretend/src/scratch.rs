//! Where the databases of tests lie. In memory where the machine has room there: hundreds of databases are made in a run, and
//! what a test waits for is an answer, not a disk. What Postern asks of a database stays as it is anywhere: commits are
//! synced, and no test pulls the plug of the machine.

use std::{process::Command, sync::OnceLock};

use tempfile::{Builder, TempDir};

const MEMORY: &str = "/dev/shm";
/// A run leaves some 2 GiB there until it ends.
const ROOM_KIB: u64 = 6 * 1024 * 1024;

/// A directory for a database; gone with the value.
///
/// # Errors
/// When it cannot be made.
pub fn dir() -> std::io::Result<TempDir> {
    let mut builder = Builder::new();
    builder.prefix("postern-test-");
    if has_room() { builder.tempdir_in(MEMORY) } else { builder.tempdir() }
}

fn has_room() -> bool {
    static HAS_ROOM: OnceLock<bool> = OnceLock::new();
    *HAS_ROOM.get_or_init(|| {
        let Ok(asked) = Command::new("df").args(["-Pk", MEMORY]).output() else { return false };
        let text = String::from_utf8_lossy(&asked.stdout);
        let fields: Vec<_> = text.lines().nth(1).unwrap_or_default().split_whitespace().collect();
        let [_, _, _, available, ..] = fields[..] else { return false };
        available.parse::<u64>().is_ok_and(|available| available >= ROOM_KIB)
    })
}
