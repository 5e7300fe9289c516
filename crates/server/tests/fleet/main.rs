//! Several servers that share PostgreSQL, NATS and S3, each a process of its own, the real services
//! beside them; and what happens to them when something is killed, full, lost or wrong.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod advisories;
mod alerts;
mod blobs;
mod dice;
mod estate;
mod faults;
mod kills;
mod process;
mod speed;

pub(crate) use dice::Dice;
pub(crate) use estate::{Estate, image};
pub(crate) use process::{Process, Start, ask, until};
