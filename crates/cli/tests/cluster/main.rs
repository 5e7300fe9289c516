//! A real API server: the same verdicts as its own admission, our webhook registered there, and a
//! scan of all that is in it.
//!
//! `make kube-peers` builds `kube-apiserver`; `etcd` is Debian's. Where either is missing, the tests
//! say so and pass.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::print_stdout,
    reason = "a test stops at the first surprise and says what it measured"
)]

mod chart;
mod deployed;
mod images;
mod live;
mod login;
mod operator;
mod operator_advisories;
mod pages;
mod policies;
mod scan;
mod server;
mod standards;
mod webhook;
