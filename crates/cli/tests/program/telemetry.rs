//! What Tetragon, Tracee, Linux's audit and Falco tell is judged by the same rules as a capture.
//!
//! `auditd.log` was written by auditd 3.0.9; the other logs are made by hand after the sensors' sources.

use std::fs;
use std::path::Path;

use crate::machine::Machine;

const EVERYTHING: &str = "- rule: Everything
  desc: Every event
  condition: evt.type exists
  output: >
    %evt.type %evt.args | %proc.name %proc.exepath %proc.args | %proc.pname %user.uid %proc.cwd |
    fd=%fd.name %fd.type | %container.id %container.name
    %container.image.repository:%container.image.tag %k8s.ns.name/%k8s.pod.name
  priority: INFO
";

fn log(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/program/telemetry");
    fs::read_to_string(folder.join(name)).unwrap()
}

fn machine(name: &str, rules: &str) -> Machine {
    let machine = Machine::new();
    fs::write(machine.path("rules.yaml"), rules).unwrap();
    fs::write(machine.path(name), log(name)).unwrap();
    machine
}

/// Every event with what is known of it, without parameters that none of the logs tells.
fn shown(name: &str) -> String {
    let ran =
        machine(name, EVERYTHING).run(&format!("watch -r rules.yaml --replay {name}")).ended(0);
    let lines = ran.out.lines().map(|line| {
        let (_, line) = line.split_once("Informational ").unwrap_or(("", line));
        let words =
            line.split(' ').filter(|word| !word.ends_with("=<NA>") && !word.ends_with("=NULL"));
        words.collect::<Vec<_>>().join(" ") + "\n"
    });
    lines.collect()
}

#[test]
fn events_of_tetragon_are_system_calls() {
    insta::assert_snapshot!(shown("tetragon.jsonl"));
}

#[test]
fn events_of_tracee_are_system_calls() {
    insta::assert_snapshot!(shown("tracee.jsonl"));
}

#[test]
fn records_of_the_audit_are_system_calls() {
    insta::assert_snapshot!(shown("auditd.log"));
}

#[test]
fn a_log_is_recorded_as_a_capture_that_raises_the_same_alerts() {
    for name in ["tetragon.jsonl", "tracee.jsonl", "auditd.log"] {
        let machine = machine(name, EVERYTHING);
        let first =
            machine.run(&format!("watch -r rules.yaml --replay {name} --write x.scap")).ended(0);
        let again = machine.run("watch -r rules.yaml --replay x.scap").ended(0);
        assert!(!first.out.is_empty());
        assert_eq!(first.out, again.out, "{name}");
    }
}

#[test]
fn what_is_recorded_of_a_log_keeps_images_and_pods_and_is_read_by_sysdig() {
    let rules = EVERYTHING.replace("evt.type exists", "evt.type in (execve, openat, connect)");
    let machine = machine("tetragon.jsonl", &rules);
    let first = machine.run("watch -r rules.yaml --replay tetragon.jsonl --write x.scap").ended(0);
    assert!(first.out.contains("shop/"), "{}", first.out);
    let again = machine.run("watch -r rules.yaml --replay x.scap").ended(0);
    assert_eq!(first.out, again.out);
    let sysdig = std::process::Command::new("sysdig")
        .args([
            "-r",
            "x.scap",
            "-p",
            "%evt.type %proc.name",
            "evt.type in (execve, openat, connect)",
        ])
        .current_dir(machine.path("."))
        .output();
    let Ok(sysdig) = sysdig else {
        println!("skipped: sysdig is not installed");
        return;
    };
    let shown = String::from_utf8_lossy(&sysdig.stdout).into_owned();
    let told = String::from_utf8_lossy(&sysdig.stderr).into_owned();
    assert!(sysdig.status.success(), "{told}");
    assert_eq!(shown.lines().count(), first.out.lines().count(), "{shown}{told}");
}

#[test]
fn alerts_that_falco_wrote_are_judged_by_other_rules() {
    const RULES: &str = "- rule: Shadow of a pod
  desc: A pod reads the shadow file
  condition: evt.type in (open, openat) and fd.name = /etc/shadow and k8s.ns.name = shop
  output: Shadow read in %k8s.ns.name by %proc.name
  priority: ERROR
";
    let machine = Machine::new();
    fs::write(machine.path("rules.yaml"), EVERYTHING).unwrap();
    fs::write(machine.path("second.yaml"), RULES).unwrap();
    fs::write(machine.path("tetragon.jsonl"), log("tetragon.jsonl")).unwrap();
    let alerts = machine.run("watch -r rules.yaml --replay tetragon.jsonl -o json").ended(0).out;
    fs::write(machine.path("falco.jsonl"), alerts).unwrap();
    let ran = machine.run("watch -r second.yaml --replay falco.jsonl").ended(0);
    assert_eq!(ran.out.lines().count(), 1, "{}", ran.out);
    assert!(ran.out.ends_with("Error Shadow read in shop by cat\n"), "{}", ran.out);
}

#[test]
fn what_is_no_record_is_named_with_its_line() {
    let machine = Machine::new();
    fs::write(machine.path("rules.yaml"), EVERYTHING).unwrap();
    let mut text = log("auditd.log");
    text.insert_str(0, "type=DAEMON_START msg=audit(1700000000.000:1): op=start\n");
    text.push_str("what is this\n");
    let lines = text.lines().count();
    fs::write(machine.path("audit.log"), &text).unwrap();
    let ran = machine.run("watch -r rules.yaml --replay audit.log").ended(0);
    let told = format!("warning: audit.log: line {lines}: no record of an audit log");
    assert!(ran.err.contains(&told), "{}", ran.err);
}
