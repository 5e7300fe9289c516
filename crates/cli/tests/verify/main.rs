//! `plimsoll verify` of images: several signers, policies, pins, hostile registries and what is
//! kept from before.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at the first surprise"
)]

mod admitted;
mod folder;
mod kept;
mod pins;
mod policies;
mod quorums;
mod registries;
