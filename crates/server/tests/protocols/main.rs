//! Clients of other tools' protocols, the real ones where they are there.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod bombs;
mod clair;
mod clair_scanner;
mod clair_v1;
mod dependency_track;
mod harbor;
mod hostile;
mod inside;
mod notifications;
mod running;
mod runtime;
mod trivy;

pub(crate) use running::{Running, body, get, post};
