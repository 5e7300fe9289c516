//! Rules that hadolint knows, under its ids.
//!
//! <https://github.com/hadolint/hadolint#rules>

super::registry! {
    dl1000
    dl3007
    dl3015
}
