//! Docker Content Trust: the program on repositories that are made here, and beside notary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test stops at the first surprise"
)]

mod bench;
mod broken;
mod page;
mod program;
#[path = "../../../supply/tests/content_trust/publisher.rs"]
#[allow(dead_code, reason = "the tests of the library use the rest")]
mod publisher;
mod signed;
