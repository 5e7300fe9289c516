//! Corpora that lie beside the checkout, where they are.

use std::path::PathBuf;

use serde_json::Value;

/// A folder or file of the shared test data: below `PLIMSOLL_SHARED`, else below `shared` beside
/// the checkout. `None`, with a line that says so, where it is not there.
#[allow(clippy::print_stdout, reason = "a test says what it skips")]
pub fn shared(of: &str) -> Option<PathBuf> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let shared = std::env::var_os("PLIMSOLL_SHARED").map_or_else(|| default.into(), PathBuf::from);
    let path = shared.join("data").join(of);
    if path.exists() {
        return std::fs::canonicalize(path).ok();
    }
    println!("skipped: `{}` is not there", path.display());
    None
}

/// The records of a file of the shared test data, one JSON value a line; none where it is not
/// there.
pub fn shared_records(of: &str) -> Vec<Value> {
    let Some(path) = shared(of) else { return Vec::new() };
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
