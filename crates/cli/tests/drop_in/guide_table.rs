//! Every line of the guide that is typed has a row in `docs/guide.md`: as it is written, or what stands for it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use plimsoll_testkit::shared;

use crate::machine::Machine;

/// What lines begin with that are typed into a shell; `sudo` stands before some.
const PROGRAMS: [&str; 22] = [
    "trivy",
    "snyk",
    "cosign",
    "syft",
    "slsa-verifier",
    "falco",
    "hadolint",
    "grype",
    "clair-scanner",
    "dockle",
    "brew",
    "docker",
    "npm",
    "go",
    "curl",
    "echo",
    "apt-get",
    "systemctl",
    "helm",
    "kubectl",
    "pip",
    "wget",
];

/// The guide's lines for a shell, with continued lines joined.
fn typed(text: &str) -> Vec<String> {
    let joined = text.replace("\\\n", " ");
    let lines = joined.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let is_typed = |words: &Vec<&str>| {
        let first = words.iter().find(|word| **word != "sudo");
        first.is_some_and(|word| PROGRAMS.contains(word))
    };
    lines.filter(is_typed).map(|words| words.join(" ")).collect()
}

fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// The rows of the page: what is typed elsewhere, and what stands for it.
fn rows() -> BTreeMap<String, String> {
    let page = fs::read_to_string(at("docs/guide.md")).unwrap();
    let (_, below) = page.split_once("\n## Lines of other tools\n").unwrap();
    let rows = below.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |"));
    let cells = rows.map(|row| row.replace("\\|", "\u{1}"));
    let pair = |row: String| {
        let (line, here) = row.split_once("` | ").unwrap_or_else(|| panic!("{row}"));
        (line.replace('\u{1}', "|"), here.replace('\u{1}', "|"))
    };
    cells.map(pair).collect()
}

#[test]
fn every_line_of_the_guide_has_a_row_and_no_row_is_without_a_line() {
    let Some(guide) = shared("../guide") else { return };
    let text = fs::read_to_string(guide.join("container-security-guide.txt")).unwrap();
    let mut rows = rows();
    let lines = typed(&text);
    assert!(lines.len() >= 32, "{lines:#?}");
    for line in &lines {
        assert!(rows.remove(line).is_some(), "docs/guide.md has no row of `{line}`");
    }
    assert!(rows.is_empty(), "not in the guide: {rows:#?}");
}

#[test]
fn what_stands_for_a_line_is_there() {
    let machine = Machine::new();
    let mut commands = 0;
    for (line, here) in rows() {
        // What is written in backticks behind words is the command.
        for command in here.split('`').skip(1).step_by(2) {
            let words: Vec<&str> = command.split(' ').collect();
            match words.as_slice() {
                // Flags before it are judged before it is obeyed.
                ["plimsoll", "serve"] => {}
                ["plimsoll", "as", "--install", ..] => {
                    let ran = machine.run(command.trim_start_matches("plimsoll "));
                    assert_eq!(ran.code, 0, "{line}: {command}: {}", ran.said());
                }
                ["plimsoll", rest @ ..] => {
                    let ran = machine.run(&format!("{} --help", rest.join(" ")));
                    assert_eq!(ran.code, 0, "{line}: {command}: {}", ran.said());
                }
                ["systemctl", _, unit] => {
                    let unit = at("deploy/systemd").join(format!("{unit}.service"));
                    assert!(unit.is_file(), "{line}: {}", unit.display());
                }
                ["helm", "install", _, chart, ..] => {
                    assert!(at(chart).join("Chart.yaml").is_file(), "{line}: {chart}");
                }
                [path] => assert!(at(path).exists(), "{line}: {path}"),
                ["dpkg", "-i", package] => assert!(package.starts_with("plimsoll_"), "{package}"),
                other => panic!("{line}: nobody checks `{other:?}`"),
            }
            commands += 1;
        }
    }
    assert!(commands >= 10, "{commands}");
}
