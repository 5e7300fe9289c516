//! Go modules: `v1.2.3`, `v0.0.0-20190311183353-d8887717615a`, and advisories' `1.2.3`.
//!
//! Source: <https://pkg.go.dev/golang.org/x/mod/semver>.

use std::cmp::Ordering;

use super::{Why, semver};

pub(super) use semver::Version;

pub(super) fn parse(text: &str) -> Result<Version<'_>, Why> {
    semver::parse(text.strip_prefix("go").unwrap_or(text))
}

pub(super) fn compare(a: &Version<'_>, b: &Version<'_>) -> Ordering {
    semver::compare(a, b)
}

/// `v1` and `v1.2` are short for `v1.0.0` and `v1.2.0`; only whole ones have more behind them.
pub(super) fn is_valid(text: &str) -> bool {
    let Some(version) = text.strip_prefix('v') else { return false };
    match version.matches('.').count() {
        _ if version.contains(['-', '+']) => semver::is_valid(version),
        0 => semver::is_valid(&format!("{version}.0.0")),
        1 => semver::is_valid(&format!("{version}.0")),
        _ => semver::is_valid(version),
    }
}
