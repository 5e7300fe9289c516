//! The kinds of documents there are.

mod apparmor;
mod capabilities;
mod falco;
mod filesystem;
mod network;
mod seccomp;

use super::Kind;

/// The registry.
pub const ALL: &[Kind] = &[
    seccomp::KIND,
    falco::KIND,
    network::KIND,
    filesystem::KIND,
    capabilities::KIND,
    apparmor::KIND,
];
