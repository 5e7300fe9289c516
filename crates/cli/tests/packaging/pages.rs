//! Every block of commands in the documentation is run and prints what it says, or tells why it is not run; and
//! the table of contents names every page.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::blocks::{Mark, Setting, Shown, all_fit, blocks, sessions};
use crate::{at, beside};

/// Pages whose blocks another test writes or checks, with that test.
const CHECKED_ELSEWHERE: [(&str, &str); 1] = [("cli-reference.md", "program/reference.rs")];
/// How many pages are run at a time: they wait for servers more than they work.
const AT_A_TIME: usize = 4;

/// The pages right in `docs`.
fn pages() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        fs::read_dir(at("docs")).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.extension().is_some_and(|end| end == "md"));
    found.sort();
    found
}

/// A page's commands that run together.
#[derive(Debug)]
struct Session<'p> {
    page: &'p str,
    setting: Setting<'p>,
    commands: Vec<Shown>,
}

impl Session<'_> {
    /// What prints something else; `Err` where it cannot be run here.
    fn wrong(&self) -> Result<String, String> {
        let mut wrong = String::new();
        for (shown, printed) in
            self.commands.iter().zip(beside::run(&self.setting, &self.commands)?)
        {
            let lines: Vec<&str> = printed.lines().map(str::trim_end).collect();
            if !all_fit(&lines, &shown.printed) {
                let _ =
                    writeln!(wrong, "{}:{}: $ {}\n{printed}", self.page, shown.line, shown.command);
            }
        }
        Ok(wrong)
    }
}

fn name_of(page: &Path) -> String {
    page.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[test]
fn what_is_marked_runs_and_prints_what_it_says() {
    let pages: Vec<(String, String)> =
        pages().iter().map(|page| (name_of(page), fs::read_to_string(page).unwrap())).collect();
    let mut all = Vec::new();
    for (page, text) in &pages {
        for (setting, commands) in sessions(text).unwrap_or_else(|why| panic!("{page}: {why}")) {
            all.push(Session { page, setting, commands });
        }
    }
    // Those that wait for a server begin first.
    all.sort_by_key(|session| session.setting.beside.is_empty());
    let ran: usize = all.iter().map(|session| session.commands.len()).sum();
    assert!(ran > 250, "only {ran} commands are marked");
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(String::new()));
    let work = || {
        while let Some(session) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
            match session.wrong() {
                Ok(said) => wrong.lock().unwrap().push_str(&said),
                Err(why) => eprintln!("skipped {}: {why}", session.page),
            }
        }
    };
    std::thread::scope(|scope| (0..AT_A_TIME).for_each(|_| drop(scope.spawn(work))));
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "these print something else:\n{wrong}");
}

#[test]
fn every_block_of_commands_is_run_or_says_why_not() {
    let mut missing = String::new();
    let mut samples: BTreeSet<String> = BTreeSet::new();
    for page in pages() {
        let name = name_of(&page);
        let text = fs::read_to_string(&page).unwrap();
        let elsewhere = CHECKED_ELSEWHERE.iter().find(|(page, _)| *page == name);
        if let Some((_, test)) = elsewhere {
            let source = fs::read_to_string(at("crates/cli/tests").join(test)).unwrap();
            assert!(source.contains(&name), "{name} is not in that test");
            continue;
        }
        for block in blocks(&text).unwrap_or_else(|why| panic!("{name}: {why}")) {
            match &block.mark {
                Some(Mark::Runs(setting)) => {
                    samples.insert(setting.sample.to_owned());
                }
                Some(Mark::NotRun(_)) => {}
                None => {
                    let _ = writeln!(missing, "docs/{name}:{}", block.line);
                }
            }
        }
    }
    assert!(
        missing.is_empty(),
        "neither `<!-- runs -->` nor `<!-- not run: REASON -->`:\n{missing}"
    );
    let there: BTreeSet<String> = fs::read_dir(at("docs/samples"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(samples, there, "samples that blocks run in, and those that are there");
}

/// Every page, for the table of contents: the written part, then what is generated from folders.
#[test]
fn the_table_of_contents_names_every_page() {
    const MARK: &str = "<!-- The rest is written by the tests: UPDATE_DOCS=1. -->\n";
    const FOLDERS: [(&str, &str, bool); 6] = [
        ("Rules on Dockerfiles", "rules", true),
        ("Rules on manifests", "kube-rules", true),
        ("Checks of network policies", "netpol-rules", true),
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
            let name = name_of(&page);
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
        let name = name_of(&page);
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
