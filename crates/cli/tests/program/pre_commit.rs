//! The hooks of `.pre-commit-hooks.yaml`, run by the real pre-commit.

use std::env;
use std::path::Path;
use std::process::{Command, Output};

use crate::machine::Machine;

const FAULTY: &str = "FROM alpine:3.20\nADD app.py /x\nCOPY 1.py /\n";

/// Runs a program in a folder of the machine, with `plimsoll` on its path.
fn run(machine: &Machine, folder: &str, program: &str, arguments: &[&str]) -> Option<Output> {
    let ours = Path::new(env!("CARGO_BIN_EXE_plimsoll")).parent()?.to_owned();
    let path = env::var_os("PATH")?;
    let path = env::join_paths(std::iter::once(ours).chain(env::split_paths(&path))).ok()?;
    let output = Command::new(program)
        .args(arguments)
        .current_dir(machine.path(folder))
        .env("PATH", path)
        .env("HOME", machine.path(""))
        .env("PRE_COMMIT_HOME", machine.path("pre-commit"))
        .envs([("GIT_AUTHOR_NAME", "a"), ("GIT_AUTHOR_EMAIL", "a@example.com")])
        .envs([("GIT_COMMITTER_NAME", "a"), ("GIT_COMMITTER_EMAIL", "a@example.com")])
        .output();
    output.ok()
}

#[test]
fn the_hooks_judge_and_mend_what_is_committed() {
    let machine = Machine::new();
    let version = run(&machine, "", "pre-commit", &["--version"]);
    if !version.is_some_and(|output| output.status.success()) {
        println!("skipped: there is no pre-commit");
        return;
    }
    let hooks = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.pre-commit-hooks.yaml");
    machine.write("hooks/.pre-commit-hooks.yaml", std::fs::read(hooks).unwrap());
    machine.write("project/Dockerfile", FAULTY);
    machine.write("project/notes.md", "FROM nothing\n");
    for folder in ["hooks", "project"] {
        for arguments in [&["init", "-q"][..], &["add", "-A"], &["commit", "-qm", "a"]] {
            assert!(run(&machine, folder, "git", arguments).unwrap().status.success());
        }
    }
    let revision = run(&machine, "hooks", "git", &["rev-parse", "HEAD"]).unwrap();
    let revision = String::from_utf8(revision.stdout).unwrap();
    let config = format!(
        "repos:\n- repo: {}\n  rev: {}\n  hooks:\n  - id: plimsoll-lint\n  - id: plimsoll-lint-fix\n",
        machine.path("hooks").display(),
        revision.trim(),
    );
    machine.write("project/.pre-commit-config.yaml", config);
    run(&machine, "project", "git", &["add", "-A"]).unwrap();
    let said = |hook: &str| {
        let output = run(&machine, "project", "pre-commit", &["run", hook, "--all-files"]).unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };

    let (passed, text) = said("plimsoll-lint");
    assert!(!passed && text.contains("DL3020") && text.contains("Dockerfile:2:1"), "{text}");
    assert!(!text.contains("notes.md"), "{text}");
    assert_eq!(machine.read("project/Dockerfile"), FAULTY);
    let (passed, text) = said("plimsoll-lint-fix");
    assert!(!passed && text.contains("files were modified by this hook"), "{text}");
    assert!(machine.read("project/Dockerfile").contains("COPY app.py /x"));
    let (_, text) = said("plimsoll-lint");
    assert!(!text.contains("DL3020"), "{text}");
}
