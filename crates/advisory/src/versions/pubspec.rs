//! Dart's versions: `SemVer`, but what stands behind the `+` counts.
//!
//! Source: <https://pub.dev/documentation/pub_semver/latest/pub_semver/Version-class.html>.

use std::cmp::Ordering;

use super::{Why, semver};

pub(super) fn parse(text: &str) -> Result<semver::Version<'_>, Why> {
    semver::parse(text)
}

pub(super) fn compare(a: &semver::Version<'_>, b: &semver::Version<'_>) -> Ordering {
    semver::compare(a, b).then_with(|| match (a.build.is_empty(), b.build.is_empty()) {
        (false, false) => semver::identifiers(a.build, b.build),
        (a, b) => b.cmp(&a),
    })
}
