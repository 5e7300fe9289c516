//! Blocks of the documentation marked `<!-- runs -->` are run, in `docs/samples/shop` or the sample that
//! `<!-- runs in NAME -->` names, and print what they say.
//!
//! A line `…` stands for any lines, and `…` in a line for any text.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::machine::{Machine, NOW};
use crate::{at, copy, path};

/// One command of a block, and what it prints.
#[derive(Debug)]
struct Shown {
    line: usize,
    command: String,
    printed: Vec<String>,
}

/// The commands of a page's marked blocks, with the sample that they run in.
fn marked(page: &str) -> Option<(String, Vec<Shown>)> {
    let mut sample = None;
    let mut found: Vec<Shown> = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((_, line)) = lines.next() {
        let Some(mark) = line.strip_prefix("<!-- runs").and_then(|it| it.strip_suffix("-->"))
        else {
            continue;
        };
        let named = mark.trim().strip_prefix("in ").unwrap_or("shop").to_owned();
        assert!(sample.as_ref().is_none_or(|it| *it == named), "one sample a page: {named}");
        sample = Some(named);
        let fence = lines.next().map(|(_, line)| line);
        assert_eq!(fence, Some("```console"), "a mark stands right above a block");
        let mut goes_on = false;
        for (number, line) in lines.by_ref() {
            if line == "```" {
                break;
            }
            let command = line.strip_prefix("$ ");
            match (found.last_mut(), command) {
                (Some(last), None) if goes_on => {
                    last.command.push('\n');
                    last.command.push_str(line);
                }
                (_, Some(command)) => found.push(Shown {
                    line: number + 1,
                    command: command.to_owned(),
                    printed: Vec::new(),
                }),
                (Some(last), None) => last.printed.push(line.trim_end().to_owned()),
                (None, None) => panic!("line {}: output of no command", number + 1),
            }
            let is_command = goes_on || command.is_some();
            goes_on = is_command && line.ends_with('\\');
        }
    }
    sample.map(|sample| (sample, found))
}

/// Whether a text is as shown, where `…` is any text.
fn fits(text: &str, shown: &str) -> bool {
    let Some((head, rest)) = shown.split_once('…') else { return text == shown };
    let Some(text) = text.strip_prefix(head) else { return false };
    let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    ends.into_iter().any(|at| text.get(at..).is_some_and(|text| fits(text, rest)))
}

/// Whether lines are as shown, where a line `…` is any lines.
fn all_fit(lines: &[&str], shown: &[String]) -> bool {
    match shown.split_first() {
        None => lines.is_empty(),
        Some((first, rest)) if first == "…" => {
            (0..=lines.len()).any(|skipped| all_fit(&lines[skipped..], rest))
        }
        Some((first, rest)) => lines
            .split_first()
            .is_some_and(|(line, lines)| fits(line, first) && all_fit(lines, rest)),
    }
}

/// Runs a page's commands one after the other in one shell; what they printed.
fn run(sample: &str, commands: &[Shown]) -> Vec<String> {
    let machine = Machine::new();
    let folder = machine.path("work");
    copy(&at("docs/samples").join(sample), &folder);
    let mut script = String::from("(exit 0)\n");
    for (number, shown) in commands.iter().enumerate() {
        let command = &shown.command;
        let to = machine.path(&format!("printed-{number}"));
        let to = to.display();
        // The next command sees how this one ended.
        let _ = writeln!(script, "{{ {command}\n}} >'{to}' 2>&1");
    }
    let ran = Command::new("bash")
        .args(["-c", &script])
        .current_dir(&folder)
        .env_clear()
        .env("PATH", path())
        .env("HOME", machine.path("home"))
        .env("PLIMSOLL_CACHE_DIR", machine.path("cache"))
        .env("SOURCE_DATE_EPOCH", NOW)
        .output();
    ran.unwrap();
    (0..commands.len())
        .map(|number| fs::read_to_string(machine.path(&format!("printed-{number}"))).unwrap())
        .collect()
}

/// The pages right in `docs`.
fn pages() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        fs::read_dir(at("docs")).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.extension().is_some_and(|end| end == "md"));
    found.sort();
    found
}

#[test]
fn what_is_marked_runs_and_prints_what_it_says() {
    let mut wrong = String::new();
    let mut ran = 0;
    for page in pages() {
        let Some((sample, commands)) = marked(&fs::read_to_string(&page).unwrap()) else {
            continue;
        };
        for (shown, printed) in commands.iter().zip(run(&sample, &commands)) {
            ran += 1;
            let lines: Vec<&str> = printed.lines().map(str::trim_end).collect();
            if !all_fit(&lines, &shown.printed) {
                let name = page.file_name().unwrap_or_default().display();
                let _ = writeln!(wrong, "{name}:{}: $ {}\n{printed}", shown.line, shown.command);
            }
        }
    }
    assert!(ran > 25, "only {ran} commands are marked");
    assert!(wrong.is_empty(), "these print something else:\n{wrong}");
}

#[test]
fn a_shown_text_may_leave_out_lines_and_parts_of_them() {
    let shown = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert!(all_fit(&["a", "b", "c"], &shown("a\n…\nc")));
    assert!(all_fit(&["a", "c"], &shown("a\n…\nc")));
    assert!(!all_fit(&["a", "b"], &shown("a")));
    assert!(all_fit(&["key sha256:12 x"], &shown("key sha256:… x")));
    assert!(!all_fit(&["key sha256:12 y"], &shown("key sha256:… x")));
    assert!(all_fit(&[], &shown("…")));
}

/// Every page, for the table of contents: the written part, then what is generated from folders.
#[test]
fn the_table_of_contents_names_every_page() {
    const MARK: &str = "<!-- The rest is written by the tests: UPDATE_DOCS=1. -->\n";
    const FOLDERS: [(&str, &str, bool); 5] = [
        ("Rules on Dockerfiles", "rules", true),
        ("Rules on manifests", "kube-rules", true),
        ("Fields of events", "fields", true),
        ("Decisions", "decisions", false),
        ("Types of builds", "buildtypes", false),
    ];
    let file = at("docs/SUMMARY.md");
    let text = fs::read_to_string(&file).unwrap();
    let written = text.split_once(MARK).map_or(text.as_str(), |(written, _)| written);
    let mut wanted = format!("{written}{MARK}");
    for (title, folder, has_index) in FOLDERS {
        let _ = writeln!(wanted, "\n# {title}");
        if has_index {
            let _ = writeln!(wanted, "- [All of them]({folder}/README.md)");
        }
        for page in in_folder(&at("docs").join(folder)) {
            let name = page.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name == "README.md" {
                continue;
            }
            let indent = if has_index { "  " } else { "" };
            let _ = writeln!(wanted, "{indent}- [{}]({folder}/{name})", title_of(&page));
        }
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&file, &wanted).unwrap();
    }
    assert!(fs::read_to_string(&file).unwrap() == wanted, "run with `UPDATE_DOCS=1`");
    for page in pages() {
        let name = page.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_there = name == "SUMMARY.md" || written.contains(&format!("({name})"));
        assert!(is_there, "docs/SUMMARY.md does not name {name}");
    }
}

fn in_folder(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.extension().is_some_and(|end| end == "md"));
    found.sort();
    found
}

/// The first heading, without what a table of contents would take for marks.
fn title_of(page: &Path) -> String {
    let text = fs::read_to_string(page).unwrap();
    let first = text.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or_default();
    first.replace(['[', ']'], "")
}
