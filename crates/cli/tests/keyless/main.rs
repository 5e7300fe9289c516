//! Signing without a key, whole and on this machine: identity providers, a certificate authority,
//! transparency logs of both versions and a timestamp authority, all of them the real programs.
//!
//! Skipped where one of them is not there: `make sign-peers` fetches them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::too_many_lines,
    reason = "a test stops at the first surprise"
)]

mod guide;
mod login;
mod programs;
mod rekor_v1;
mod tiles;
