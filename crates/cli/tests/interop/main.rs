//! Signatures between Plimsoll and cosign, in both directions. Each test writes a section of
//! `docs/interop.md` from its run: with `UPDATE_DOCS=1` anew, else it must be there word for word.
//!
//! Skipped where a program is not there: `make sign-peers` fetches cosign and Vault's engine, `make
//! test-tools` the others.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at the first surprise"
)]

mod bench;
mod layouts;
mod page;
mod registry;
mod server;
