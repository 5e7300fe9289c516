//! `docs/drop-in.md`, whose tables are those of `plimsoll as --coverage`.

use std::collections::{BTreeMap, BTreeSet};
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

/// What a program says with these words.
fn said(program: &Path, words: &[&str]) -> String {
    let output = Command::new(program).args(words).env("HOME", "/nonexistent").output().unwrap();
    // cosign's help goes to stderr.
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

/// The long flags that a help lists, but for those that every program has.
fn flags(help: &str) -> BTreeSet<String> {
    let of = |line: &str| -> Option<String> {
        let line = line.strip_prefix([' ', '\t'])?.trim_start();
        let mut words = line.split_whitespace();
        let first = words.next()?;
        let long = if first.len() == 3 && first.ends_with(',') { words.next()? } else { first };
        let name = long.strip_prefix("--")?.split(['=', ':', '[']).next()?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
        (!name.is_empty() && name.chars().all(is_name)).then(|| name.to_owned())
    };
    let all = help.lines().filter_map(of);
    all.filter(|name| name != "help" && name != "version").collect()
}

/// The rows of the tables: command, flags, and whether they are here.
fn rows(tables: &str) -> Vec<[&str; 3]> {
    let rows = tables.lines().filter(|row| row.starts_with("| "));
    rows.filter_map(|row| {
        let mut cells = row.trim_start_matches("| ").split(" | ");
        Some([cells.next()?, cells.next()?, cells.next()?])
    })
    .collect()
}

const PEERS: [&str; 5] = ["trivy", "syft", "grype", "cosign", "slsa-verifier"];

/// The part of the tables that is about a tool.
fn table<'t>(tables: &'t str, tool: &str) -> &'t str {
    let at = tables.find(&format!("## `{tool}` ")).unwrap();
    let rest = &tables[at..];
    rest.find("\n## ").map_or(rest, |end| &rest[..end])
}

/// All commands of a real program with their helps, but for those that are not here.
fn helps(tool: &str, program: &Path, table: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut left: Vec<Vec<String>> = vec![Vec::new()];
    while let Some(words) = left.pop() {
        let path = [&[tool.to_owned()], words.as_slice()].concat().join(" ");
        if table.contains(&format!("| `{path}` | all | no |")) {
            continue;
        }
        let mut asked: Vec<&str> = words.iter().map(String::as_str).collect();
        asked.push("--help");
        let help = said(program, &asked);
        if words.len() < 3 {
            for name in listed(&help) {
                left.push([words.as_slice(), &[name]].concat());
            }
        }
        all.push((path, help));
    }
    all
}

#[test]
fn every_command_and_flag_of_the_real_tools_has_a_row() {
    let tables = Machine::new().run("as --coverage").ended(0).out;
    let (mut asked, mut missing) = (0, Vec::new());
    for tool in PEERS {
        let Some(program) = peer(tool) else { continue };
        let table = table(&tables, tool);
        let rows = rows(table);
        let names = listed(&said(&program, &["--help"]));
        assert!(names.len() >= 5, "{tool}: {names:?}");
        for name in names {
            let row = |end: &str| table.contains(&format!("| `{tool} {name}{end}"));
            // `version` has no flags, and so no row of its own.
            assert!(row("`") || row(" ") || name == "version", "{tool} {name} has no row");
        }
        for (path, help) in helps(tool, &program, table) {
            let command = format!("`{path}`");
            let root = format!("`{tool}`");
            let places = [command.as_str(), &root, "all", "all others"];
            for flag in flags(&help) {
                let names = [format!("`--{flag}`"), format!("`--{flag}=false`")];
                let is_row = |[place, flags, _]: &[&str; 3]| {
                    places.contains(place) && names.iter().any(|name| flags.contains(name.as_str()))
                };
                if !rows.iter().any(is_row) {
                    missing.push(format!("{path} --{flag}"));
                }
                asked += 1;
            }
        }
    }
    assert!(missing.is_empty(), "without a row:\n{}", missing.join("\n"));
    println!("{asked} flags");
}

/// Deprecated flags stand in no help, so that the tool is asked for each.
#[test]
fn a_flag_that_is_the_same_or_near_is_one_of_the_real_tool_and_one_of_ours_is_none() {
    let tables = Machine::new().run("as --coverage").ended(0).out;
    let (mut asked, mut wrong) = (0, Vec::new());
    for tool in PEERS {
        let Some(program) = peer(tool) else { continue };
        // By command, and by whether the tool is to know them.
        let mut groups: BTreeMap<(&str, bool), Vec<String>> = BTreeMap::new();
        for [place, names, here] in rows(table(&tables, tool)) {
            if place.starts_with(&format!("`{tool}")) && ["same", "near", "ours"].contains(&here) {
                let names = names.split(", ").map(|name| name.trim_matches('`'));
                let longs = names.filter(|name| name.starts_with("--"));
                let group = groups.entry((place, here != "ours")).or_default();
                group.extend(longs.map(|name| format!("{name}=1")));
            }
        }
        for ((place, is_theirs), flags) in groups {
            let words: Vec<&str> = place.trim_matches('`').split_whitespace().skip(1).collect();
            let is_known = |flags: &[String], alone: bool| {
                let mut all: Vec<&str> = words.clone();
                all.extend(flags.iter().map(String::as_str));
                all.push("--help");
                let said = said(&program, &all);
                !said.contains("unknown flag") && (alone || !said.contains("invalid argument"))
            };
            asked += flags.len();
            // All at once is quicker; the first that is unknown or has no such value ends it.
            if is_theirs && is_known(&flags, false) {
                continue;
            }
            for flag in flags {
                if is_known(std::slice::from_ref(&flag), true) != is_theirs {
                    wrong.push(format!("{place} {flag}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "not so:\n{}", wrong.join("\n"));
    println!("{asked} flags");
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
