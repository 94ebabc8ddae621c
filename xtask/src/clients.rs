//! Client SDKs: made from the checked-in document by pinned generators, compared in CI, and tried by a customer's story.
//!
//! What a generator stumbles over is mended in the document: a warning fails, and so does an operation that is not there.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::{Failure, root, say};

const DOCUMENT: &str = "openapi/control-plane.json";
const PINNED: &str = "clients/requirements.txt";
const SETTINGS: &str = "clients/openapi-python-client.yml";
const PACKAGE: &str = "clients/python/postern_client";
const STORIES: &str = "clients/python";
/// Everything that is made here and not checked in.
const WORKSHOP: &str = "target/clients";

pub(crate) fn run(check: bool, story: bool) -> Result<(), Failure> {
    let python = Python::installed()?;
    if story {
        return python.story();
    }
    let workshop = root::path(WORKSHOP).join("postern_client");
    python.generate(&workshop)?;
    let made = files(&workshop)?;
    every_operation_is_there(&made)?;
    let package = root::path(PACKAGE);
    let there = files(&package)?;
    let differing = differing(&made, &there);
    if differing.is_empty() {
        return Ok(());
    }
    if check {
        let some: Vec<_> = differing.iter().take(10).map(|path| path.display().to_string()).collect();
        let what = "files of the Python client are not what the document says; `cargo xtask clients` writes them";
        return Err(format!("{} {what}\n{}", differing.len(), some.join("\n")).into());
    }
    remove(&package)?;
    for (path, octets) in &made {
        let file = package.join(path);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(file, octets)?;
    }
    say(&format!("wrote {} files of {PACKAGE}, {} of them changed", made.len(), differing.len()));
    Ok(())
}

/// An environment of its own, with what is pinned and nothing else.
struct Python(PathBuf);

impl Python {
    fn installed() -> Result<Self, Failure> {
        let place = root::path(WORKSHOP).join("python");
        let pinned = fs::read_to_string(root::path(PINNED))?;
        let done = place.join("installed.txt");
        if fs::read_to_string(&done).is_ok_and(|installed| installed == pinned) {
            return Ok(Self(place));
        }
        say("installing the generator of the Python client …");
        remove(&place)?;
        succeed(Command::new("python3").args(["-m", "venv"]).arg(&place))?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
        succeed(Command::new(place.join("bin/python")).args(pip).arg(root::path(PINNED)))?;
        fs::write(done, pinned)?;
        Ok(Self(place))
    }

    fn generate(&self, to: &Path) -> Result<(), Failure> {
        remove(to)?;
        // The formatter is looked for on the path; no settings of this machine's are.
        let bin = self.0.join("bin");
        let path = std::env::join_paths([bin.as_path(), Path::new("/usr/bin"), Path::new("/bin")])?;
        let output = Command::new(bin.join("openapi-python-client"))
            .args(["generate", "--fail-on-warning", "--meta", "none", "--path"])
            .arg(root::path(DOCUMENT))
            .arg("--config")
            .arg(root::path(SETTINGS))
            .arg("--output-path")
            .arg(to)
            .env("PATH", path)
            .output()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        if !output.status.success() || said.contains("WARNING") || said.contains("Skipping") {
            return Err(format!("the generator is not content with {DOCUMENT}\n{}", said.trim()).into());
        }
        // PEP 561: without it type checkers of those who install the package look past its types.
        fs::write(to.join("py.typed"), "")?;
        Ok(())
    }

    /// A customer's first day, by typed calls of the client alone, with a real Postern.
    fn story(&self) -> Result<(), Failure> {
        let mut build = Command::new("cargo");
        succeed(build.args(["build", "--quiet", "--locked", "--bin", "postern"]).current_dir(root::path("")))?;
        let python = || Command::new(self.0.join("bin/python"));
        // Its calls are typed: a name that the client does not have is found before it runs.
        let mut types = python();
        types
            .args(["-I", "-m", "mypy", "--strict", "--no-error-summary", "--cache-dir"])
            .arg(root::path(WORKSHOP).join("mypy"));
        succeed(types.arg("story.py").current_dir(root::path(STORIES)))?;
        let story = root::path(STORIES).join("story.py");
        succeed(python().args(["-I", "-B"]).arg(story).arg(root::path("target/debug/postern")))
    }
}

/// A module for each operation of the document, by its name.
fn every_operation_is_there(files: &BTreeMap<PathBuf, Vec<u8>>) -> Result<(), Failure> {
    let document: Value = serde_json::from_str(&fs::read_to_string(root::path(DOCUMENT))?)?;
    let missing: Vec<_> = operations(&document)
        .into_iter()
        .filter(|(tag, name)| !files.contains_key(&Path::new("api").join(tag).join(format!("{name}.py"))))
        .map(|(tag, name)| format!("{tag}/{name}"))
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("the client lacks {}", missing.join(", ")).into()) }
}

/// Tag and name of each.
fn operations(document: &Value) -> Vec<(String, String)> {
    let items = document["paths"].as_object().into_iter().flat_map(serde_json::Map::values);
    let all = items.filter_map(Value::as_object).flat_map(serde_json::Map::values);
    let text = |value: &Value| value.as_str().unwrap_or_default().replace('-', "_");
    all.map(|operation| (text(&operation["tags"][0]), text(&operation["operationId"]))).collect()
}

/// Paths that are in one and not in the other, or not the same.
fn differing<'a>(these: &'a BTreeMap<PathBuf, Vec<u8>>, those: &'a BTreeMap<PathBuf, Vec<u8>>) -> Vec<&'a PathBuf> {
    let changed = these.iter().filter(|(path, octets)| those.get(*path) != Some(octets)).map(|(path, _)| path);
    changed.chain(those.keys().filter(|path| !these.contains_key(*path))).collect()
}

/// Every file below a folder, by its path from there; none where the folder is missing. What Python and the formatter keep
/// for themselves is left out.
fn files(folder: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>, Failure> {
    let mut found = BTreeMap::new();
    let mut to_see = vec![folder.to_path_buf()];
    while let Some(place) = to_see.pop() {
        let entries = match fs::read_dir(&place) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default();
            if name == "__pycache__" || name == ".ruff_cache" {
                continue;
            }
            if path.is_dir() {
                to_see.push(path);
            } else {
                let octets = fs::read(&path)?;
                found.insert(path.strip_prefix(folder)?.to_path_buf(), octets);
            }
        }
    }
    Ok(found)
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

fn succeed(command: &mut Command) -> Result<(), Failure> {
    let status = command.status().map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    let program = command.get_program().display();
    if status.success() { Ok(()) } else { Err(format!("{program} ended with {status}").into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_came_or_went_differs() {
        let tree = |files: &[(&str, &str)]| -> BTreeMap<PathBuf, Vec<u8>> {
            files.iter().map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec())).collect()
        };
        let made = tree(&[("same.py", "x"), ("changed.py", "new"), ("came.py", "x")]);
        let there = tree(&[("same.py", "x"), ("changed.py", "old"), ("went.py", "x")]);
        let names: Vec<_> = differing(&made, &there).iter().map(|path| path.display().to_string()).collect();
        assert_eq!(names, ["came.py", "changed.py", "went.py"]);
        assert!(differing(&made, &made).is_empty());
    }

    #[test]
    fn every_operation_of_the_document_is_looked_for() {
        let document = serde_json::json!({ "paths": {
            "/v1/a": { "get": { "operationId": "list_a", "tags": ["join-tokens"] } },
            "/v1/b": { "post": { "operationId": "create_b", "tags": ["b"] } },
        } });
        let found = [("join_tokens", "list_a"), ("b", "create_b")].map(|(tag, name)| (tag.to_owned(), name.to_owned()));
        assert_eq!(operations(&document), found);
        assert!(every_operation_is_there(&BTreeMap::new()).unwrap_err().to_string().contains("tenants/create_tenant"));
    }
}
