//! The whole command line as one page, `docs/cli-reference.md`: no flag changes unseen.
//!
//! `UPDATE_DOCS=1 cargo test -p plimsoll-cli` writes it anew.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::machine::Machine;

const HEAD: &str = "\
# Command line

Every command and flag, as `--help` prints them. This page is written by the tests
(`UPDATE_DOCS=1 cargo test -p plimsoll-cli`), which fail where it says something else.
";

#[test]
fn the_page_says_what_the_program_says() {
    let mut page = HEAD.to_owned();
    add(&Machine::new(), &[], &mut page);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cli-reference.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    let differs = page.lines().zip(written.lines()).find(|(is, was)| is != was);
    assert!(page == written, "run with `UPDATE_DOCS=1`; first difference: {differs:?}");
}

/// Writes a command's section, then those of its commands.
fn add(machine: &Machine, command: &[&str], page: &mut String) {
    let help = machine.run(&format!("{} --help", command.join(" "))).ended(0);
    assert_eq!(help.err, "");
    let name = [&["plimsoll"], command].concat().join(" ");
    let text: Vec<&str> = help.out.lines().map(str::trim_end).collect();
    let text = text.join("\n");
    let _ = write!(page, "\n## `{name}`\n\n```text\n{}\n```\n", text.trim_end());
    for sub in commands(&help.out) {
        add(machine, &[command, &[sub]].concat(), page);
    }
}

/// The names under `Commands:`.
fn commands(help: &str) -> Vec<&str> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = lines.take_while(|line| line.starts_with("  "));
    names
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect()
}
