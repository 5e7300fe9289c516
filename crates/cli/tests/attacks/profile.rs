//! A profile of an observed run, in the kernel's hands: the same run passes, another does not.

use std::fs;
use std::path::Path;
use std::process::Command;

use plimsoll_sensor::Selection;
use serde_json::{Value, json};

use crate::machine::{Docker, Watching};

/// Makes, reads, changes and removes files, and becomes somebody else.
const WORK: &str = "mkdir /tmp/d && echo hi > /tmp/d/f && cat /tmp/d/f && chmod 600 /tmp/d/f && \
                    rm -r /tmp/d && setpriv --reuid 1000 --regid 1000 --clear-groups id -u";

/// What is not the runtime's doing while it prepares the container.
const OF_THE_PROGRAM: &str =
    r#"not (proc.name startswith "runc:[" or proc.exepath startswith "memfd:runc_cloned")"#;

/// The document of a kind for what is observed where a condition holds.
fn document(capture: &Path, condition: &str, kind: &str) -> String {
    let made = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
        .arg("profile")
        .arg(capture)
        .args(["--where", condition, "--name", "work", "--kind", kind])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&made.stderr);
    assert_eq!(made.status.code(), Some(0), "{kind}: {told}");
    String::from_utf8(made.stdout).unwrap()
}

/// The calls that a seccomp profile permits.
fn permitted(profile: &str) -> Vec<String> {
    let parsed: Value = serde_json::from_str(profile).unwrap();
    serde_json::from_value(parsed["syscalls"][0]["names"].clone()).unwrap()
}

/// A filter that forbids what is watched and not permitted. What has no event is in no recording of ours:
/// nothing follows from it.
fn filter(calls: &[String]) -> String {
    let forbidden: Vec<&str> = Selection::everything()
        .names()
        .filter(|name| !calls.iter().any(|call| call == name))
        .collect();
    json!({
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": forbidden, "action": "SCMP_ACT_ERRNO"}],
    })
    .to_string()
}

/// Runs in a container that may do what calls and capabilities permit.
fn run(
    docker: &Docker,
    calls: &[String],
    capabilities: &[String],
    what: &str,
) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let seccomp = folder.path().join("seccomp.json");
    fs::write(&seccomp, filter(calls)).unwrap();
    let filter = format!("seccomp={}", seccomp.display());
    let mut command = vec!["run", "--rm", "--network=none", "--security-opt", &filter];
    command.push("--cap-drop=ALL");
    let added: Vec<String> = capabilities.iter().map(|it| format!("--cap-add={it}")).collect();
    command.extend(added.iter().map(String::as_str));
    command.extend(["target:1", "bash", "-c", what]);
    docker.run(&command)
}

#[test]
#[ignore = "runs real containers: make test-sensor"]
fn a_profile_lets_the_same_run_pass_and_stops_others() {
    let docker = match Docker::start() {
        Ok(docker) => docker,
        Err(why) => return println!("skipped: {why}"),
    };
    if let Err(why) = docker.target() {
        return println!("skipped: {why}");
    }
    let folder = tempfile::tempdir().unwrap();
    let created =
        docker.run(&["create", "--network=none", "target:1", "bash", "-c", WORK]).unwrap();
    let container = created[..12].to_owned();
    let rules = folder.path().join("rules.yaml");
    let rule = format!(
        "- rule: All\n  desc: All that the container does\n  condition: container.id = {container}\n  \
         output: \"%evt.type\"\n  priority: INFO\n"
    );
    fs::write(&rules, rule).unwrap();
    let capture = folder.path().join("work.scap");
    let (rules, recorded) = (rules.display().to_string(), capture.display().to_string());
    let watching = match Watching::telling(&["--rules", &rules, "--write", &recorded]) {
        Ok(watching) => watching,
        Err(why) => return println!("skipped: {why}"),
    };
    let first = docker.run(&["start", "--attach", &created]).unwrap();
    watching.end();
    assert_eq!(first, "hi\n1000");

    // The runtime, too, makes calls when the filter is in place.
    let whole = format!("container.id = {container}");
    let own = format!("{whole} and {OF_THE_PROGRAM}");
    let calls = permitted(&document(&capture, &whole, "seccomp"));
    let own_calls = permitted(&document(&capture, &own, "seccomp"));
    let granted: Vec<String> = document(&capture, &own, "capabilities")
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- "))
        .map(|line| line.split([' ', '#']).next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(granted, ["SETGID", "SETUID"]);
    println!("{} calls, {} of the program itself", calls.len(), own_calls.len());
    assert!(own_calls.len() > 15 && own_calls.len() < calls.len() && calls.len() < 100);
    assert_eq!(run(&docker, &calls, &granted, WORK), Ok("hi\n1000".to_owned()));

    // What was not observed is not permitted.
    for other in ["mv /etc/hostname /etc/x", "ln /etc/passwd /tmp/link", "unshare --uts true"] {
        let stopped = run(&docker, &calls, &granted, other).unwrap_err();
        assert!(stopped.contains("not permitted"), "{other}: {stopped}");
    }
    // Nothing is granted without need: each of these is needed by the kernel's word too.
    let changes = ["mkdir", "mkdirat", "setresuid", "unlinkat", "fchmodat"];
    for call in changes.into_iter().filter(|call| own_calls.iter().any(|own| own == call)) {
        let less: Vec<String> = calls.iter().filter(|it| *it != call).cloned().collect();
        let stopped = run(&docker, &less, &granted, WORK);
        assert!(stopped.is_err(), "{call} was not needed: {stopped:?}");
    }
    for capability in &granted {
        let less: Vec<String> = granted.iter().filter(|it| *it != capability).cloned().collect();
        let stopped = run(&docker, &calls, &less, WORK);
        assert!(stopped.is_err(), "{capability} was not needed: {stopped:?}");
    }
}
