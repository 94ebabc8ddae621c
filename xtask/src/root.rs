//! Where the repository is.

use std::path::PathBuf;

/// The workspace's root: this crate stands one below it.
pub(crate) fn path(below: &str) -> PathBuf {
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.pop();
    root.join(below)
}
