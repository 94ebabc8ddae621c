//! `docs/rfc-coverage.md` names tests; they must be there.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() && name != "target" && !name.to_string_lossy().starts_with('.') {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_test_that_the_coverage_names_exists() {
    let mut files = Vec::new();
    sources(&root(), &mut files);
    let mut functions = HashSet::new();
    for file in files {
        let text = std::fs::read_to_string(file).unwrap();
        let names = text.split("fn ").skip(1).filter_map(|rest| rest.split(['(', '<']).next());
        functions.extend(names.map(str::to_owned));
    }
    let document = std::fs::read_to_string(root().join("docs/rfc-coverage.md")).unwrap();
    let named: Vec<_> = document
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|code| {
            code.matches('_').count() > 2 && code.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
        })
        .chain(["mailboxes_by_table", "domains_by_table"])
        .collect();
    assert!(named.len() > 60, "{} names were found", named.len());
    let missing: Vec<_> = named.iter().filter(|name| !functions.contains(**name)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}
