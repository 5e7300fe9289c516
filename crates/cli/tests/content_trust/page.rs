//! `docs/interop-trust.md`, a table a test.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Mutex;

/// Tests run at the same time and write the same file.
static FILE: Mutex<()> = Mutex::new(());

const HEAD: &str = "# Interoperation with notary
The programs of Notary v1 sign, serve and look up; Plimsoll judges the same repositories. These
tables are written by a run of `crates/cli/tests/content_trust/` with `notary` and `notary-server`
0.7.0.";

/// A row: what was tried, notary's verdict and ours.
pub(crate) type Row = (String, bool, bool);

/// Puts the table into the page, or checks that it is there.
pub(crate) fn publish(heading: &str, intro: &str, rows: &[Row]) {
    let mut section =
        format!("## {heading}\n{intro}\n\n| what | notary | Plimsoll |\n| --- | --- | --- |\n");
    let word = |verdict: bool| if verdict { "verified" } else { "refused" };
    for (what, theirs, ours) in rows {
        let _ = writeln!(section, "| {what} | {} | {} |", word(*theirs), word(*ours));
    }
    let _only = FILE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/interop-trust.md");
    let page = fs::read_to_string(&path).unwrap_or_default();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let others = page.split("\n## ").skip(1).map(|it| format!("## {}", it.trim_end()));
        let head = format!("## {heading}\n");
        let mut parts: Vec<String> = others.filter(|it| !it.starts_with(&head)).collect();
        parts.push(section.trim_end().to_owned());
        parts.sort();
        parts.insert(0, HEAD.to_owned());
        fs::write(&path, format!("{}\n", parts.join("\n\n"))).unwrap();
    }
    let page = fs::read_to_string(path).unwrap_or_default();
    assert!(page.contains(section.trim_end()), "run with `UPDATE_DOCS=1`: {section}");
}
