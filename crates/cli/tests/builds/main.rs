//! Dockerfiles before and after their repair, and proposals, built and run by a real daemon.
//!
//! It takes minutes and the package registries of the ecosystems, so `make test-all` runs it and
//! `make test` does not. No registry of images is asked: the bases are stand-ins that are made
//! here from Debian and from the toolchains of this machine, under the names that the Dockerfiles
//! use, so that what is built in them is built for real. What has no stand-in is not claimed:
//! there is no Alpine with its `apk`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test stops at the first surprise and says what it measured"
)]

mod builder;
mod guide;
mod proposals;
mod repairs;
mod stand_ins;

use std::panic::{AssertUnwindSafe, catch_unwind};

use self::builder::Builder;

type Case = (&'static str, fn(&Builder));

const CASES: &[Case] = &[
    ("repairs: packages of Debian", repairs::packages_of_debian),
    ("repairs: packages of Python", repairs::packages_of_python),
    ("repairs: packages of Node.js", repairs::packages_of_node),
    ("guide", guide::the_files_of_the_guide_before_and_after_their_repair),
    ("proposals: Python", proposals::a_program_of_python),
    ("proposals: Node.js, built", proposals::a_program_of_node_that_is_built),
    ("proposals: Node.js, installed", proposals::a_program_of_node_that_is_only_installed),
    ("proposals: Go", proposals::a_go_program),
    ("proposals: Rust", proposals::a_rust_program),
    ("proposals: Java", proposals::a_java_archive),
];

/// One test, so that all share a daemon that ends with it; `BUILDS=Go` picks cases by a part of
/// their names.
#[test]
#[ignore = "builds images for minutes: make test-all"]
fn repaired_and_proposed_files_build_what_the_written_ones_do() {
    let builder = match Builder::start() {
        Ok(builder) => builder,
        Err(why) => return println!("skipped: {why}"),
    };
    let wanted = std::env::var("BUILDS").unwrap_or_default();
    let mut failed = Vec::new();
    for (name, case) in CASES.iter().filter(|(name, _)| name.contains(&wanted)) {
        println!("== {name}");
        if catch_unwind(AssertUnwindSafe(|| case(&builder))).is_err() {
            failed.push(*name);
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}
