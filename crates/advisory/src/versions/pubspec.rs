//! Dart's versions: `SemVer`, but a build counts: `1.2.3+1` is newer than `1.2.3`.
//!
//! Source: <https://github.com/dart-lang/tools/tree/main/pkgs/pub_semver>.

use std::cmp::Ordering;

use super::{Why, semver};

pub(super) fn parse(text: &str) -> Result<semver::Version<'_>, Why> {
    semver::parse_lenient(text)
}

pub(super) fn compare(a: &semver::Version<'_>, b: &semver::Version<'_>) -> Ordering {
    semver::compare(a, b).then_with(|| match (a.build, b.build) {
        (Some(a), Some(b)) => semver::identifiers(a, b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    })
}
