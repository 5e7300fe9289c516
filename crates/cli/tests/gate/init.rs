//! `plimsoll init`: which files it writes for which repository, and what it leaves alone.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::machine::Machine;
use crate::{GOOD, POD};

/// A repository with something of everything.
fn repository() -> Machine {
    let machine = Machine::new();
    machine.write(".git/config", "[core]\n\tbare = false\n[remote \"origin\"]\n\turl = git@github.com:org/app.git\n\tfetch = x\n");
    machine.write("Dockerfile", GOOD);
    machine.write("package-lock.json", "{\"lockfileVersion\": 3, \"packages\": {}}");
    machine.write("deploy/web.yaml", POD);
    machine.write("charts/shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 0.1.0\n");
    machine.write(
        "falco/own.yaml",
        "- rule: a\n  desc: b\n  condition: evt.type = open\n  output: c\n  priority: ERROR\n",
    );
    machine.write(
        "keys/cosign.pub",
        "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n",
    );
    machine.write("node_modules/x/Dockerfile", GOOD);
    machine
}

fn files(machine: &Machine) -> Vec<String> {
    fn walk(folder: &Path, prefix: &str, found: &mut Vec<String>) {
        let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(Result::unwrap).collect();
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type().unwrap().is_dir() {
                walk(&entry.path(), &format!("{name}/"), found);
            } else {
                found.push(name);
            }
        }
    }
    let mut found = Vec::new();
    walk(&machine.path(""), "", &mut found);
    found
}

/// Runs a real program where it is installed.
fn real(machine: &Machine, program: &str, arguments: &[&str]) -> Option<Output> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(machine.path("")).env("HOME", machine.path(""));
    match command.output() {
        Ok(output) => Some(output),
        Err(why) => {
            println!("skipped: there is no {program}: {why}");
            None
        }
    }
}

#[test]
fn a_repository_gets_a_policy_a_workflow_and_an_ignore_file() {
    let machine = repository();
    let before = files(&machine);
    let ran = machine.run("init").ended(0);
    let mut new = files(&machine);
    new.retain(|file| !before.contains(file));
    assert_eq!(new, [".dockerignore", ".github/workflows/plimsoll.yml", "plimsoll.toml"]);
    insta::assert_snapshot!(ran.err);
    insta::assert_snapshot!(machine.read("plimsoll.toml"));
    insta::assert_snapshot!(machine.read(".github/workflows/plimsoll.yml"));
    insta::assert_snapshot!(machine.read(".dockerignore"));
}

#[test]
fn the_policy_that_is_written_is_one_that_the_gate_reads() {
    let machine = repository();
    machine.run("init --ci none").ended(0);
    let list = machine.run("gate --list-rules").ended(0);
    assert_eq!(list.err, "");
    let ran = machine.run("gate --only dockerfile,detection -o json .").json();
    assert_eq!(ran["policy"]["file"], "plimsoll.toml");
    assert_eq!(ran["totals"]["unknown"], 0, "{ran:#}");
}

#[test]
fn a_file_that_is_there_stays_and_what_it_would_say_is_shown() {
    let machine = repository();
    machine.write("plimsoll.toml", "[lint]\nignored = []\n");
    machine.write(".dockerignore", "mine\n");
    let ran = machine.run("init").ended(0);
    assert_eq!(machine.read("plimsoll.toml"), "[lint]\nignored = []\n");
    assert_eq!(machine.read(".dockerignore"), "mine\n");
    assert!(ran.err.contains("`plimsoll.toml` is there and stays as it is"), "{}", ran.err);
    assert!(
        ran.out.contains("--- a/plimsoll.toml") && ran.out.contains("+[gate.rules]"),
        "{}",
        ran.out
    );
    assert!(!ran.out.contains(".dockerignore"), "{}", ran.out);
    let again = machine.run("init").ended(0);
    assert!(
        again.err.contains("`.github/workflows/plimsoll.yml` is as it would be written"),
        "{}",
        again.err
    );
}

#[test]
fn a_dry_run_shows_a_patch_and_writes_nothing() {
    let machine = repository();
    let before = files(&machine);
    let ran = machine.run("init --dry-run --ci github,gitlab,jenkins,tekton,pre-commit").ended(0);
    assert_eq!(files(&machine), before);
    machine.write("shown.patch", &ran.out);
    if let Some(output) = real(&machine, "git", &["apply", "--stat", "shown.patch"]) {
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && said.contains("8 files changed"), "{said}");
    }
}

#[test]
fn each_ci_gets_its_files_and_the_ones_of_others_are_only_spoken_of() {
    let machine = repository();
    machine.write(".gitlab-ci.yml", "stages: [test]\n");
    machine.write("Jenkinsfile", "pipeline { agent any }\n");
    machine.write(".pre-commit-config.yaml", "repos: []\n");
    let ran = machine.run("init --ci gitlab,jenkins,tekton,pre-commit").ended(0);
    assert_eq!(machine.read(".gitlab-ci.yml"), "stages: [test]\n");
    assert_eq!(machine.read("Jenkinsfile"), "pipeline { agent any }\n");
    for part in ["- local: .gitlab/plimsoll.yml", "stage('Gate')", "- id: plimsoll-gate"] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    machine.write(".gitlab-ci.yml", "include:\n  - local: .gitlab/plimsoll.yml\n");
    let again = machine.run("init --ci gitlab").ended(0);
    assert!(again.err.contains("`.gitlab-ci.yml` is as it would be written"), "{}", again.err);
    let unknown = machine.run("init --ci travis").ended(2);
    assert!(
        unknown.err.contains("unknown CI `travis`: expected github, gitlab"),
        "{}",
        unknown.err
    );
    machine.run("init --ci none,github").ended(2);
}

#[test]
fn the_ci_is_known_by_what_the_repository_has() {
    for (mark, text, file) in [
        (".gitlab-ci.yml", "a: b\n", ".gitlab/plimsoll.yml"),
        (".tekton/run.yaml", "a: b\n", ".tekton/plimsoll-gate.yaml"),
        (".github/workflows/ci.yml", "on: push\n", ".github/workflows/plimsoll.yml"),
    ] {
        let machine = Machine::new();
        machine.write(mark, text);
        machine.run("init").ended(0);
        assert!(machine.path(file).is_file(), "{mark}: {:?}", files(&machine));
    }
    let machine = Machine::new();
    let ran = machine.run("init").ended(0);
    assert!(ran.err.contains("no CI was recognised"), "{}", ran.err);
    assert_eq!(files(&machine), ["plimsoll.toml"]);
}

#[test]
fn actionlint_and_pre_commit_take_what_is_written() {
    let machine = repository();
    machine.run("init --ci github,pre-commit").ended(0);
    let workflow = ".github/workflows/plimsoll.yml";
    if let Some(output) = real(&machine, "actionlint", &["-no-color", workflow]) {
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}");
    }
    let config = ".pre-commit-config.yaml";
    if let Some(output) = real(&machine, "pre-commit", &["validate-config", config]) {
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}");
    }
}

#[test]
fn names_that_mean_something_to_a_shell_or_a_parser_are_not_written_as_they_are() {
    let machine = Machine::new();
    machine.write("$(touch pwned)/Dockerfile", GOOD);
    machine.write("a\"b\\/web.yaml", POD);
    machine.run("init --ci github,gitlab,jenkins").ended(0);
    for file in [".github/workflows/plimsoll.yml", ".gitlab/plimsoll.yml", "Jenkinsfile"] {
        assert!(!machine.read(file).contains("pwned"), "{file}: {}", machine.read(file));
    }
    machine.run("gate --list-rules").ended(0);
}

#[test]
fn what_is_no_folder_is_refused_and_a_link_is_not_written_through() {
    let machine = Machine::new();
    machine.write("file", "");
    let ran = machine.run("init file").ended(2);
    assert!(ran.err.contains("`file` is no folder"), "{}", ran.err);
    machine.run("init missing").ended(2);
    std::os::unix::fs::symlink(machine.path("elsewhere"), machine.path("plimsoll.toml")).unwrap();
    machine.run("init --ci none").ended(0);
    assert!(!machine.path("elsewhere").exists());
}
