//! The program as a person meets it: what it prints, which files it leaves, how it ends.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod alpine_roots;
mod base;
mod db_accidents;
mod explain;
mod feeds;
mod lint;
mod lint_bases;
mod lint_context;
mod lint_settings;
mod machine;
mod reference;
mod sample;
mod scan;
