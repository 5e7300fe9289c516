//! `docs/drop-in.md`, whose tables are those of `plimsoll as --coverage`.

use std::fs;
use std::path::Path;

use crate::machine::Machine;

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
