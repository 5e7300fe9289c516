//! Links of tools' names.

use std::process::Command;

use crate::machine::Machine;

#[test]
fn a_link_of_a_tools_name_is_that_tool() {
    let machine = Machine::new();
    let ran = machine.run("as --install bin").ended(0);
    assert_eq!(ran.err.lines().count(), 10, "{}", ran.err);
    machine.write("Dockerfile", "FROM debian:latest\n");
    let output = Command::new(machine.path("bin/hadolint"))
        .current_dir(machine.path("."))
        .arg("Dockerfile")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stdout).unwrap().contains("DL3007"));
    let output = Command::new(machine.path("bin/trivy")).arg("--version").output().unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().starts_with("trivy 0.74.0 (Plimsoll"));
    machine.run("as --install bin").ended(0);
}

#[test]
fn what_is_there_already_is_never_replaced() {
    let machine = Machine::new();
    machine.write("bin/trivy", "the real one");
    let ran = machine.run("as --install bin trivy").ended(2);
    assert!(ran.err.contains("no link to this program"), "{}", ran.err);
    assert_eq!(machine.read("bin/trivy"), "the real one");
    machine.run("as --install bin nosuch").ended(2);
    let ran = machine.run("as nosuch x").ended(2);
    assert!(ran.err.contains("it is one of trivy, hadolint"), "{}", ran.err);
}
