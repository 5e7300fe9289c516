//! Matching against another scanner's own test corpora: all their findings, and no other one.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod trivy_advisories;
mod trivy_distributions;
mod trivy_repositories;

use std::path::PathBuf;

/// The folder of shared test data, or `None` with a line that says so.
fn corpus(of: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("PLIMSOLL_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let folder = shared.join("data/matching").join(of);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: `{}` is not there", folder.display());
    None
}
