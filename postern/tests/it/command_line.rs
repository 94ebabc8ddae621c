//! What an operator meets first: a configuration that is wrong, and an orderly stop.

use std::process::{Command, Output};

fn postern(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_postern"));
    command.args(arguments).env_clear().envs(variables.iter().copied());
    command.output().unwrap()
}

#[test]
fn an_unknown_key_and_a_bad_value_are_named_with_their_line_and_end_with_2() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("postern.toml");
    for (text, words) in [
        ("[worker.smtp]\n\nlistne = [\"127.0.0.1:1\"]\n", ["line 3", "listne"]),
        ("[control_plane]\nlisten = \"nowhere\"\n", ["line 2", "listen"]),
        ("data_dir = 7\n", ["line 1", "data_dir"]),
        ("[log\n", ["line 1", "log"]),
    ] {
        std::fs::write(&path, text).unwrap();
        let output = postern(&["check-config", "--config", path.to_str().unwrap()], &[]);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(words.iter().all(|word| error.contains(word)), "{text}: {error}");
    }
}

#[test]
fn a_wrong_variable_is_named_and_no_secret_is_shown() {
    let name = "POSTERN_CONTROL_PLANE__FIRST_OWNER__PASWORD";
    let output = postern(&["check-config"], &[(name, "very-secret-indeed")]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains(name) && !error.contains("very-secret-indeed"), "{error}");
}

#[test]
fn a_good_configuration_is_told_so() {
    let output = postern(&["check-config"], &[("POSTERN_LOG__FORMAT", "json")]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "the configuration is good\n");
}

#[test]
fn a_worker_without_a_join_token_says_what_is_missing() {
    let output = postern(&["worker"], &[]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(error.contains("join_token"), "{error}");
}
