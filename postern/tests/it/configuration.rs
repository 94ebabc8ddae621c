//! Configuration that is wrong is named with its line, and the process ends with 2.

use std::process::{Command, Output};

use crate::process::{EXE, Place};

/// A file, variables, and what the complaint must name.
struct Case {
    file: &'static str,
    variables: &'static [(&'static str, &'static str)],
    names: &'static [&'static str],
}

const CASES: &[Case] = &[
    Case { file: "data_dri = \"x\"\n", variables: &[], names: &["line 1", "data_dri"] },
    Case { file: "[worker.smtp]\n\nlisten_on = []\n", variables: &[], names: &["line 3", "listen_on"] },
    Case { file: "\n[control_plane]\nlisten = \"here\"\n", variables: &[], names: &["line 3", "listen"] },
    Case { file: "[log]\nformat = \"xml\"\n", variables: &[], names: &["line 2", "xml"] },
    Case { file: "[log]\nlevel = 7\n", variables: &[], names: &["line 2"] },
    Case { file: "[worker.smtp]\nmax_errors = -1\n", variables: &[], names: &["line 2", "max_errors"] },
    Case { file: "[log\n", variables: &[], names: &["line 1"] },
    Case { file: "data_dir = \"a\"\ndata_dir = \"b\"\n", variables: &[], names: &["line 2", "data_dir"] },
    Case { file: "", variables: &[("POSTERN_LOG__LEVLE", "info")], names: &["POSTERN_LOG__LEVLE"] },
    Case {
        file: "",
        variables: &[("POSTERN_WORKER__SMTP__MAX_ERRORS", "many")],
        names: &["POSTERN_WORKER__SMTP__MAX_ERRORS"],
    },
];

fn run(subcommand: &str, place: &Place, file: &str, variables: &[(&str, &str)]) -> Output {
    let config = place.write("postern.toml", file);
    let mut command = Command::new(EXE);
    command.arg(subcommand).arg("--config").arg(config).env_clear().envs(variables.iter().copied());
    command.current_dir(place.path()).output().expect("the binary runs")
}

#[test]
fn what_is_wrong_is_named_with_its_line_and_nothing_starts() {
    for subcommand in ["check-config", "standalone", "worker", "control-plane"] {
        for Case { file, variables, names } in CASES {
            let place = Place::new();
            let output = run(subcommand, &place, file, variables);
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{subcommand}, {file:?} {variables:?}: {said}");
            for name in *names {
                assert!(said.contains(name), "{subcommand}, {file:?} {variables:?}: no {name} in {said}");
            }
            let left: Vec<_> = std::fs::read_dir(place.path()).expect("a directory").flatten().collect();
            assert_eq!(left.len(), 1, "nothing but the file: {left:?}");
        }
    }
}

#[test]
fn secrets_do_not_stand_in_complaints() {
    let place = Place::new();
    let file = "[control_plane.first_owner]\npassword = [\"hunter2hunter2\"]\n";
    let output = run("check-config", &place, file, &[]);
    assert_eq!(output.status.code(), Some(2));
    let output = run("worker", &place, "[worker]\njoin_token = \"pjt_hunter2hunter2\"\n", &[]);
    assert_ne!(output.status.code(), Some(0));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("join token") && !said.contains("hunter2"), "{said}");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let output = Command::new(EXE).args(["check-config", "--config", "/nowhere/postern.toml"]).env_clear().output();
    let output = output.expect("the binary runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("/nowhere/postern.toml"));
}
