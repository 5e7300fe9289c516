//! Bitnami's versions: `SemVer` with the number of a packaging, `2.3.1-4`.
//!
//! That number says nothing of the software, so that it does not count.
//!
//! Source: <https://github.com/bitnami/go-version>.

use std::cmp::Ordering;

use super::{Why, digits, semver};

pub(super) fn parse(text: &str) -> Result<semver::Version<'_>, Why> {
    let mut version = semver::parse_lenient(text)?;
    if let Some(prerelease) = version.prerelease {
        let start = prerelease.iter().rposition(|&byte| byte == b'-').map_or(0, |at| at + 1);
        if prerelease.get(start..).is_some_and(digits::is_number) {
            version.prerelease =
                prerelease.get(..start.saturating_sub(1)).filter(|text| !text.is_empty());
        }
    }
    Ok(version)
}

pub(super) fn compare(a: &semver::Version<'_>, b: &semver::Version<'_>) -> Ordering {
    semver::compare(a, b)
}
