//! `docs/interop.md`, a section a test.

use std::fs;
use std::path::Path;
use std::sync::Mutex;

use super::bench::Outcome;

/// Tests run at the same time and write the same file.
static FILE: Mutex<()> = Mutex::new(());

/// What was tried: what it is, who signs, and the outcome by column.
pub(crate) struct Row {
    pub(crate) what: &'static str,
    pub(crate) who: &'static str,
    pub(crate) cells: Vec<Outcome>,
}

/// A case: what it is, who signs, and the run with one key.
pub(crate) type Case<B> = (&'static str, &'static str, fn(&B, &str) -> Outcome);

/// The row of every case, with a cell for each key.
pub(crate) fn rows<B>(cases: &[Case<B>], bench: &B, keys: &[&str]) -> Vec<Row> {
    let row = |(what, who, run): &Case<B>| {
        let cells = keys.iter().map(|key| run(bench, key)).collect();
        Row { what, who, cells }
    };
    cases.iter().map(row).collect()
}

/// Puts the table into the page, or checks that it is there; every refusal must be one that `is_known`.
pub(crate) fn publish(
    heading: &str,
    intro: &str,
    columns: &[&str],
    rows: &[Row],
    notes: &str,
    is_known: impl Fn(&str, &str, &str) -> bool,
) {
    let mut section = format!("## {heading}\n{intro}\n\n");
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let head = ["what", "signed or made by"].iter().chain(columns).map(|it| (*it).to_owned());
    section.push_str(&line(&head.collect::<Vec<_>>()));
    section.push_str(&line(&vec!["---".to_owned(); columns.len() + 2]));
    let mut unknown = Vec::new();
    for row in rows {
        let mut cells = vec![row.what.to_owned(), row.who.to_owned()];
        for (column, outcome) in columns.iter().zip(&row.cells) {
            if let Err(why) = outcome {
                println!("{}, by {}, {column}: {why}", row.what, row.who);
                if !is_known(row.what, row.who, column) {
                    unknown.push(format!("{}, by {}, {column}: {why}", row.what, row.who));
                }
            }
            let word = match outcome {
                Ok(()) => "yes",
                Err(why) if why.starts_with("not made") => "–",
                Err(_) => "no",
            };
            cells.push(word.to_owned());
        }
        section.push_str(&line(&cells));
    }
    section.extend(["\n", notes, "\n"]);
    let _only = FILE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/interop.md");
    let page = fs::read_to_string(&path).unwrap_or_default();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, with(&page, heading, &section)).unwrap();
    }
    assert!(unknown.is_empty(), "{}", unknown.join("\n"));
    let page = fs::read_to_string(path).unwrap_or_default();
    assert!(page.contains(&section), "run with `UPDATE_DOCS=1`: {section}");
}

/// The page with the section in place of the one with its heading, or at the end.
fn with(page: &str, heading: &str, section: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    for line in page.split_inclusive('\n') {
        match parts.last_mut().filter(|_| !line.starts_with("## ")) {
            Some(part) => part.push_str(line),
            None => parts.push(line.to_owned()),
        }
    }
    let head = format!("## {heading}\n");
    parts.retain(|part| !part.starts_with(&head));
    parts.push(section.to_owned());
    // What stands before the first heading has no heading, and stays first.
    parts.sort_by_key(|part| part.strip_prefix("## ").map(str::to_owned));
    let parts: Vec<&str> = parts.iter().map(|part| part.trim_end()).collect();
    format!("{}\n", parts.join("\n\n"))
}
