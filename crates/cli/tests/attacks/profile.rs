//! A profile of an observed run, in the kernel's hands: the same run passes, another does not.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::machine::{Docker, Watching};

/// Makes, reads, changes and removes files, and becomes somebody else.
const WORK: &str = "mkdir /tmp/d && echo hi > /tmp/d/f && cat /tmp/d/f && chmod 600 /tmp/d/f && \
                    rm -r /tmp/d && setpriv --reuid 1000 --regid 1000 --clear-groups id -u";

/// The document of a kind for what a container did.
fn document(capture: &Path, container: &str, kind: &str) -> String {
    let made = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
        .arg("profile")
        .arg(capture)
        .args(["--where", &format!("container.id = {container}"), "--name", "work", "--kind", kind])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&made.stderr);
    assert_eq!(made.status.code(), Some(0), "{kind}: {told}");
    String::from_utf8(made.stdout).unwrap()
}

/// Runs in a container that may do what a filter and capabilities permit.
fn run(
    docker: &Docker,
    seccomp: &Path,
    capabilities: &[String],
    what: &str,
) -> Result<String, String> {
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

    let filter = folder.path().join("seccomp.json");
    fs::write(&filter, document(&capture, &container, "seccomp")).unwrap();
    let granted = document(&capture, &container, "capabilities");
    let granted: Vec<String> = granted
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- "))
        .map(|line| line.split([' ', '#']).next().unwrap_or_default().to_owned())
        .filter(|name| name != "ALL" && name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
        .collect();
    assert!(granted.iter().any(|name| name == "SETUID"), "{granted:?}");
    assert_eq!(run(&docker, &filter, &granted, WORK), Ok("hi\n1000".to_owned()));

    // What was not observed is not permitted.
    for other in ["mkfifo /tmp/pipe", "ln -s a /tmp/link", "unshare --uts true"] {
        let stopped = run(&docker, &filter, &granted, other).unwrap_err();
        assert!(stopped.contains("ermitted"), "{other}: {stopped}");
    }
    let text = fs::read_to_string(&filter).unwrap();
    let parsed: serde_json::Value = serde_json::from_str(&text).unwrap();
    let calls: Vec<&str> = parsed["syscalls"][0]["names"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(serde_json::Value::as_str)
        .collect();
    println!("{} calls and {} capabilities are granted", calls.len(), granted.len());
    assert!(calls.len() > 20 && calls.len() < 150);
    // Nothing is granted without need: each of these is needed by the kernel's word too.
    for call in ["mkdir", "mkdirat", "setuid", "setresuid", "unlinkat", "fchmodat"] {
        if !calls.contains(&call) {
            continue;
        }
        let less = text.replace(&format!("\"{call}\""), "\"idle\"");
        let less_filter = folder.path().join("less.json");
        fs::write(&less_filter, less).unwrap();
        let stopped = run(&docker, &less_filter, &granted, WORK);
        assert!(stopped.is_err(), "{call} was not needed: {stopped:?}");
    }
    let without: Vec<String> = granted.iter().filter(|it| *it != "SETUID").cloned().collect();
    assert!(run(&docker, &filter, &without, WORK).is_err());
}
