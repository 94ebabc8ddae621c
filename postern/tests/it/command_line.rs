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

#[test]
fn a_list_of_exposed_passwords_is_made_smaller_or_its_wrong_line_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let [list, to] = ["list.txt", "list.filter"].map(|name| dir.path().join(name).display().to_string());
    let build = || postern(&["breach-list", "build", "--from", &list, "--to", &to], &[]);
    std::fs::write(
        &list,
        "000000005AD76BD555C1D6D771DE417A4B87E4B4:10\r\n00000000A8DAE4228F821FB418F59826079BF368:4\r\n",
    )
    .unwrap();
    let output = build();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.starts_with("2 hashes in ") && said.contains("of 2251799813685248 passwords"), "{said}");
    let made = std::fs::read(&to).unwrap();

    std::fs::write(&list, "000000005AD76BD555C1D6D771DE417A4B87E4B4:10\r\nhunter2\r\n").unwrap();
    let output = build();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(error.contains("list.txt: line 2 is not"), "{error}");
    assert_eq!(std::fs::read(&to).unwrap(), made, "what was there is left");
}

#[test]
fn what_is_no_export_of_the_audit_log_does_not_verify() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("audit.jsonl").display().to_string();
    std::fs::write(&file, "{\"rows\":0}\n").unwrap();
    let output = postern(&["audit", "verify", "--from", &file], &[]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(error.contains("line 1 is not one of an export"), "{error}");
}

#[test]
fn nobody_is_let_in_where_there_is_no_installation() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data").display().to_string();
    let output = postern(&["recover-owner"], &[("POSTERN_DATA_DIR", &data)]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(error.contains("there is no installation here"), "{error}");
    assert!(!dir.path().join("data").exists(), "nothing is made");
}
