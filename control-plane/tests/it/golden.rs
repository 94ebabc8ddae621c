//! Files that say how it is, and fail when it changes. `UPDATE_GOLDEN=1 cargo test -p control-plane` writes them anew.

use std::path::Path;

#[track_caller]
pub(crate) fn check(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden").join(name);
    #[expect(clippy::disallowed_methods, reason = "the environment of a test run")]
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    if update {
        return std::fs::write(&path, found).expect("the golden file");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    let missing: Vec<_> = expected.lines().filter(|line| !found.lines().any(|other| other == *line)).collect();
    let added: Vec<_> = found.lines().filter(|line| !expected.lines().any(|other| other == *line)).collect();
    assert!(
        expected == found,
        "{name} differs; if that is meant, UPDATE_GOLDEN=1\n  gone:\n    {}\n  new:\n    {}",
        missing.join("\n    "),
        added.join("\n    ")
    );
}
