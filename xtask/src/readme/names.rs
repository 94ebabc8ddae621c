//! The tests that the table of what works names: each must be there.

use std::{fs, io, path::Path};

/// Names in the last column that are no test of this workspace.
pub(super) fn missing(text: &str, root: &Path) -> io::Result<Vec<String>> {
    let mut code = String::new();
    read(root, &mut code)?;
    Ok(named(text).filter(|name| !code.contains(&format!("fn {name}("))).map(str::to_owned).collect())
}

/// What stands in backticks in the last column and is a name, no path and no command.
fn named(text: &str) -> impl Iterator<Item = &str> {
    let rows = text
        .lines()
        .filter(|line| line.starts_with('|'))
        .filter_map(|row| row.trim_end_matches('|').rsplit('|').next());
    rows.flat_map(|cell| cell.split('`').skip(1).step_by(2)).filter(|word| {
        word.contains('_') && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    })
}

fn read(dir: &Path, code: &mut String) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "target" && !name.starts_with('.') {
                read(&path, code)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            code.push_str(&fs::read_to_string(&path)?);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_column_names_tests() {
        let text =
            "`not_here`\n| a `setting_of` | yes | `a_test_of_it`, `tests/it`, `cargo xtask x_y` |\n| b | no | |\n";
        assert_eq!(named(text).collect::<Vec<_>>(), ["a_test_of_it"]);
    }
}
