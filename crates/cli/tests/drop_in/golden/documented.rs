//! The differences that the page of a tool lists: nothing else may differ, and what is listed has to.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::differences::{Class, Differences};

/// A row of the table: where, where an empty `[]` stands for every kind, and how.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    path: String,
    how: String,
}

impl Row {
    fn is_of(&self, class: &Class) -> bool {
        self.how == class.how.to_string() && is_path(&self.path, &class.path)
    }
}

/// Whether a path is the listed one.
fn is_path(listed: &str, path: &str) -> bool {
    let (mut listed, mut path) = (listed, path);
    loop {
        let Some((front, rest)) = listed.split_once("[]") else { return listed == path };
        let Some(behind) = path.strip_prefix(front).and_then(|rest| rest.strip_prefix('[')) else {
            return false;
        };
        let Some((_, behind)) = behind.split_once(']') else { return false };
        (listed, path) = (rest, behind);
    }
}

/// The rows below a heading of a page: `| path | how | why |`.
fn rows(page: &str, heading: &str) -> Vec<Row> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(page);
    let text = fs::read_to_string(&file).unwrap();
    let start = text.find(&format!("\n{heading}\n")).unwrap_or_else(|| {
        panic!("`{page}` has no `{heading}`");
    });
    let below = &text[start + heading.len() + 2..];
    let end = below.find("\n## ").unwrap_or(below.len());
    let lines = below[..end].lines().filter(|line| line.starts_with("| `"));
    lines
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            assert!(cells.len() == 3 && !cells[2].is_empty(), "{page}: where, how and why: {line}");
            Row { path: cells[0].trim_matches('`').to_owned(), how: cells[1].to_owned() }
        })
        .collect()
}

impl Differences {
    /// Fails where something differs that the page does not list, or does no longer that it lists. What was not
    /// compared for want of an input makes no row outdated.
    pub(super) fn are_those_of(&self, page: &str, heading: &str, compared_all: bool) {
        let rows = rows(page, heading);
        let mut met = BTreeSet::new();
        let mut wrong = String::new();
        for (class, example) in &self.0 {
            let of: Vec<&Row> = rows.iter().filter(|row| row.is_of(class)).collect();
            if of.is_empty() {
                writeln!(wrong, "| `{}` | {} | ? |    <- {example}", class.path, class.how)
                    .unwrap();
            }
            met.extend(of);
        }
        for row in rows.iter().filter(|row| compared_all && !met.contains(row)) {
            writeln!(wrong, "no longer so: | `{}` | {} |", row.path, row.how).unwrap();
        }
        assert!(wrong.is_empty(), "docs/{page}, `{heading}`, is not what was found:\n{wrong}");
    }
}

#[test]
fn a_path_without_kinds_stands_for_all_kinds() {
    for (listed, path, is) in [
        ("a[].b", "a[deb].b", true),
        ("a[].b", "a[].b", true),
        ("a[deb].b[]", "a[deb].b[x y]", true),
        ("a[deb].b", "a[npm].b", false),
        ("a[].b", "a[deb].c", false),
        ("a", "a[deb]", false),
    ] {
        assert_eq!(is_path(listed, path), is, "{listed} {path}");
    }
}
