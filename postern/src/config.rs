//! One TOML file, overlaid by environment variables. Every key has a default; unknown keys are refused by name and line.
//!
//! A variable is `POSTERN_` and the key's path in upper case, with two underscores for each dot:
//! `POSTERN_CONTROL_PLANE__LISTEN=127.0.0.1:8443` sets `control_plane.listen`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::logging::{self, Log};

/// All of Postern's settings. A process uses the parts of the planes it runs.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where database, keys and files live. Made with mode 0700 if missing.
    pub data_dir: PathBuf,
    /// The address people and programs use for the API: links, cookies, JWT issuer and `WebAuthn` hang on it.
    pub public_url: url::Url,
    pub log: Log,
    pub control_plane: control_plane::Config,
    pub worker: worker::Config,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("data"),
            public_url: url::Url::parse("https://localhost:8443").expect("a constant that parses"),
            log: Log::default(),
            control_plane: control_plane::Config::default(),
            worker: worker::Config::default(),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{}: cannot be read", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    /// The message of the TOML reader names line, column and key.
    #[error("{}: {message}", path.display())]
    File { path: PathBuf, message: String },
    #[error("environment variable {name}: {message}")]
    Variable { name: String, message: String },
    #[error("{message}")]
    Value { message: String },
}

const PREFIX: &str = "POSTERN_";

/// Reads the file, lays the variables over it, checks the whole.
pub fn load(file: Option<&Path>, variables: impl Iterator<Item = (String, String)>) -> Result<Config, Error> {
    let mut table = match file {
        Some(path) => read(path)?,
        None => toml::Table::new(),
    };
    let mut names: Vec<_> = variables.filter(|(name, _)| name.starts_with(PREFIX)).collect();
    // A fixed order, so that the same mistake is always reported first.
    names.sort();
    let mut config: Config = deserialize(&table)?;
    for (name, value) in names {
        let failed = |message: String| Error::Variable { name: name.clone(), message };
        // One at a time, so that the variable at fault is the one that is named.
        config = overlay(&mut table, &name[PREFIX.len()..], &value).map_err(failed)?;
    }
    logging::filter(&config.log.level).map_err(|error| Error::Value { message: error.to_string() })?;
    Ok(config)
}

fn read(path: &Path) -> Result<toml::Table, Error> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_path_buf(), source })?;
    let failed = |error: toml::de::Error| Error::File {
        path: path.to_path_buf(),
        message: error.to_string().trim_end().to_owned(),
    };
    // Typed first: only this reading knows the line of a wrong key or value.
    toml::from_str::<Config>(&text).map_err(failed)?;
    toml::from_str(&text).map_err(failed)
}

fn deserialize(table: &toml::Table) -> Result<Config, Error> {
    table.clone().try_into().map_err(|error: toml::de::Error| Error::Value { message: error.message().to_owned() })
}

/// Lays one variable over the table. A value is taken as TOML (`8`, `true`, `["a"]`) where that fits the setting, else as
/// text: a password of digits is a password.
fn overlay(table: &mut toml::Table, path: &str, value: &str) -> Result<Config, String> {
    let mut failure = None;
    let as_text = toml::Value::String(value.to_owned());
    for value in value.parse::<toml::Value>().ok().into_iter().chain([as_text]) {
        let mut tried = table.clone();
        set(&mut tried, path, value)?;
        match deserialize(&tried) {
            Ok(config) => {
                *table = tried;
                return Ok(config);
            }
            Err(error) => failure = failure.or(Some(error.to_string())),
        }
    }
    Err(failure.unwrap_or_default())
}

fn set(table: &mut toml::Table, path: &str, value: toml::Value) -> Result<(), String> {
    let path = path.to_ascii_lowercase();
    let mut keys: Vec<&str> = path.split("__").collect();
    let last = keys.pop().filter(|last| !last.is_empty()).ok_or("names no key")?;
    let mut at = table;
    for key in keys {
        let entry = at.entry(key).or_insert_with(|| toml::Value::Table(toml::Table::new()));
        at = entry.as_table_mut().ok_or_else(|| format!("{key} is not a section"))?;
    }
    at.insert(last.to_owned(), value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_file(text: &str) -> Result<Config, Error> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("postern.toml");
        std::fs::write(&path, text).unwrap();
        load(Some(&path), std::iter::empty())
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line() {
        let error = with_file("data_dir = \"x\"\n\n[log]\nlevl = \"info\"\n").unwrap_err().to_string();
        assert!(error.contains("line 4") && error.contains("levl"), "{error}");
    }

    #[test]
    fn a_bad_value_is_named_with_its_line() {
        let error = with_file("[log]\nformat = \"xml\"\n").unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains("xml"), "{error}");
    }

    #[test]
    fn a_variable_lies_over_the_file_and_a_wrong_one_is_named() {
        let variable = |name: &str, value: &str| std::iter::once((name.to_owned(), value.to_owned()));
        let config = load(None, variable("POSTERN_LOG__FORMAT", "json")).unwrap();
        assert_eq!(config.log.format, logging::Format::Json);
        let error = load(None, variable("POSTERN_LOG__FORM", "json")).unwrap_err().to_string();
        assert!(error.contains("POSTERN_LOG__FORM") && error.contains("form"), "{error}");
        let error = load(None, variable("POSTERN_LOG__LEVEL", "in=fo=x")).unwrap_err().to_string();
        assert!(error.contains("log.level"), "{error}");
    }

    #[test]
    fn other_programs_variables_are_left_alone() {
        let variables = [("PATH".to_owned(), "/bin".to_owned()), ("POSTERNX".to_owned(), "1".to_owned())];
        assert!(load(None, variables.into_iter()).is_ok());
    }
}
