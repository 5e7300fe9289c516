//! The estate under watch: registries, notices, decisions, and what is told of it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod bench;
mod metrics;
mod notices;
mod registries;
mod running;
mod triage;

pub(crate) use bench::{Bench, each};
