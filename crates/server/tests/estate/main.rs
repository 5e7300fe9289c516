//! The estate under watch: registries, notices, decisions, and what is told of it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod bench;
mod clair_notifier;
mod concerns;
mod lists;
mod metrics;
mod notices;
mod registries;
mod repeats;
mod running;
mod secrets;
mod triage;

pub(crate) use bench::{Bench, each};
