//! What an operator meets first: the command line and its answers. `configuration` has what is wrong in a file.

use std::process::{Command, Output};

fn postern(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_postern"));
    command.args(arguments).env_clear().envs(variables.iter().copied());
    command.output().unwrap()
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
