//! `docs/drop-in.md`, whose tables are those of `plimsoll as --coverage`.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::machine::Machine;
use crate::peers::peer;

const MARK: &str = "<!-- below: written by the tests (UPDATE_DOCS=1) -->\n\n";

#[test]
fn the_page_has_the_tables_of_the_program() {
    let tables = Machine::new().run("as --coverage").ended(0).out;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/drop-in.md");
    let page = fs::read_to_string(&path).unwrap();
    let (head, written) = page.split_once(MARK).unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, format!("{head}{MARK}{tables}")).unwrap();
        return;
    }
    assert!(written == tables, "run with `UPDATE_DOCS=1`");
}

/// The commands that a program's help lists.
fn listed(help: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut is_list = false;
    for line in help.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line.trim_end_matches(':').ends_with("Commands") {
            is_list = true;
        } else if line.ends_with(':') {
            is_list = false;
        } else if let (true, Some((name, _))) = (is_list, line.split_once(' ')) {
            names.push(name.to_owned());
        }
    }
    names
}

#[test]
fn every_command_of_the_real_tools_has_a_row() {
    let tables = Machine::new().run("as --coverage").ended(0).out;
    let mut asked = 0;
    for tool in ["trivy", "syft", "grype", "cosign", "slsa-verifier"] {
        let Some(program) = peer(tool) else { continue };
        let help = Command::new(program).arg("--help").output().unwrap();
        // cosign's goes to stderr.
        let help = [help.stdout, help.stderr].concat();
        let names = listed(&String::from_utf8_lossy(&help));
        assert!(names.len() >= 5, "{tool}: {names:?}");
        for name in names {
            let row = |end: &str| tables.contains(&format!("| `{tool} {name}{end}"));
            // `version` has no flags, and so no row of its own.
            assert!(row("`") || row(" ") || name == "version", "{tool} {name} has no row");
            asked += 1;
        }
    }
    println!("{asked} commands");
}

#[test]
fn a_command_that_is_not_here_is_one_line_with_our_own_way() {
    let machine = Machine::new();
    let tables = machine.run("as --coverage").ended(0).out;
    let mut tried = 0;
    for row in tables.lines().filter(|row| row.contains("` | all | no | ")) {
        let words = row.trim_start_matches("| `").split('`').next().unwrap();
        let ran = machine.run(&format!("as {words}"));
        assert!(ran.code == 1 || ran.code == 2, "{words}: {}", ran.said());
        assert!(ran.err.contains("is not here: "), "{words}: {}", ran.err);
        assert_eq!(ran.err.lines().count(), 1, "{words}: {}", ran.err);
        tried += 1;
    }
    assert!(tried >= 40, "{tried}");
}
