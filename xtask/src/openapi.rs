//! The files that are made from the code: `openapi/*.json` and `docs/errors.md`.

use std::fs;

use crate::{Failure, root, say};

/// Path and text of each.
fn generated() -> Result<Vec<(&'static str, String)>, Failure> {
    let (rest, worker) = control_plane::documents();
    let pretty = |document: &serde_json::Value| serde_json::to_string_pretty(document).map(|text| text + "\n");
    Ok(vec![
        ("openapi/control-plane.json", pretty(&rest)?),
        ("openapi/worker.json", pretty(&worker)?),
        ("docs/errors.md", errors()),
    ])
}

/// The table of problem codes.
fn errors() -> String {
    let mut codes = control_plane::problem_codes();
    codes.sort_unstable();
    let rows = codes.iter().map(|(status, code, title)| format!("| {status} | `{code}` | {title} |\n"));
    std::iter::once(ERRORS.to_owned()).chain(rows).collect()
}

const ERRORS: &str = "# What the API answers when it does not do what was asked

Written by `cargo xtask openapi` from the code.

Every error is an RFC 9457 problem (`application/problem+json`) with a `code` that never changes its meaning; more may come. `detail` says more about the case, `errors` has a
JSON pointer for each bad field (`?name` for a parameter of the query). 429 and 503 carry `Retry-After`; what is answered with 404 may exist and not be yours to know.

| status | code | what it means |
|---|---|---|
";

pub(crate) fn run(check: bool) -> Result<(), Failure> {
    let mut differing = Vec::new();
    for (path, text) in generated()? {
        let file = root::path(path);
        // A file that is not there differs.
        if fs::read_to_string(&file).is_ok_and(|present| present == text) {
            continue;
        }
        if check {
            differing.push(path);
            continue;
        }
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&file, text)?;
        say(&format!("wrote {path}"));
    }
    if differing.is_empty() {
        return Ok(());
    }
    Err(format!("not what the code says: {}; `cargo xtask openapi` writes them", differing.join(", ")).into())
}
