//! Versions of Go modules and of Go itself: `v1.2.3`, `v0.0.0-20190308221718-c2843e01d9a2`,
//! `go1.21rc2`.
//!
//! The order is `SemVer`'s, pseudo-versions included; `+incompatible` does not count. Advisories
//! leave the `v` out, so that it is not asked for.
//!
//! Source: <https://pkg.go.dev/golang.org/x/mod/semver>.

use std::cmp::Ordering;

use super::{Why, semver};

pub(super) fn parse(text: &str) -> Result<semver::Version<'_>, Why> {
    let text = text.trim();
    semver::parse_lenient(text.strip_prefix("go").unwrap_or(text))
}

pub(super) fn compare(a: &semver::Version<'_>, b: &semver::Version<'_>) -> Ordering {
    semver::compare(a, b)
}

/// As `semver.IsValid` of Go: `v1` and `v1.2` are short for `v1.0.0` and `v1.2.0`, and may then
/// have no marks.
pub(super) fn is_valid(text: &str) -> bool {
    let Some(text) = text.strip_prefix('v') else { return false };
    let numbers = semver::numbers_at_front(text.as_bytes());
    let mut parts = numbers.split(|&byte| byte == b'.');
    match parts.clone().count() {
        1 | 2 => numbers.len() == text.len() && parts.all(semver::without_leading_zero),
        _ => !text.starts_with('v') && semver::is_valid(text),
    }
}
