//! Who may what: the API as it is asked, with every role, team and kind of credential.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

#[path = "../again/mod.rs"]
mod again;
mod backup;
mod bench;
mod first;
mod hostile;
mod keys;
mod matrix;
mod oidc;
mod sessions;
mod teams;
mod tls;

/// What does not depend on the store is left out.
#[test]
fn all_of_it_holds_on_postgresql() {
    again::on_postgresql(&["backup::", "oidc::", "tls::", "on_postgresql"]);
}
