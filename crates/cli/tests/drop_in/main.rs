//! Other tools' command lines as their users type them: results, layouts, exit codes.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test stops at the first surprise"
)]
#![allow(
    dead_code,
    reason = "machines and feeds are those of the other tests, which use more of them"
)]

#[path = "../program/feeds.rs"]
mod feeds;
#[path = "../program/machine.rs"]
mod machine;
#[path = "../program/sample.rs"]
mod sample;
#[path = "../matching/trivy_advisories.rs"]
mod trivy_advisories;

mod clair_scanner;
mod consumers;
mod cosign;
mod coverage;
mod dockle;
mod falco;
mod falco_runs;
mod golden;
mod grype;
mod guide;
mod guide_table;
mod hadolint;
mod install;
mod peers;
mod serving;
mod slsa_verifier;
mod snyk;
mod syft;
mod trivy;
mod trivy_reports;
