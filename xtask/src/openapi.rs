//! The files that are made from the code: `openapi/*.json`, and the table of our SMTP replies.

use std::fs;

use crate::{Failure, root, say};

/// Path and text of each.
fn generated() -> Result<Vec<(&'static str, String)>, Failure> {
    let (rest, worker) = control_plane::documents();
    let pretty = |document: &serde_json::Value| serde_json::to_string_pretty(document).map(|text| text + "\n");
    Ok(vec![("openapi/control-plane.json", pretty(&rest)?), ("openapi/worker.json", pretty(&worker)?)])
}

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
