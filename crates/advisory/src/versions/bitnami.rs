//! Bitnami's versions: `SemVer`, and a revision of the packaging (`2.3.1-4`) that does not count.
//!
//! Source: <https://github.com/bitnami/vulndb>.

use std::cmp::Ordering;

use super::{Why, digits, semver};

pub(super) fn parse(text: &str) -> Result<semver::Version<'_>, Why> {
    let (version, revision) = text.rsplit_once('-').unwrap_or((text, ""));
    semver::parse(if digits::is_number(revision.as_bytes()) { version } else { text })
}

pub(super) fn compare(a: &semver::Version<'_>, b: &semver::Version<'_>) -> Ordering {
    semver::compare(a, b)
}
