//! .NET's versions: up to four numbers, a pre-release without regard to case, a build that does
//! not count.
//!
//! Source: <https://learn.microsoft.com/nuget/concepts/package-versioning#where-nugetversion-diverges-from-semantic-versioning>.

use std::cmp::Ordering;

use super::{Why, digits, semver};

pub(super) fn parse(text: &str) -> Result<semver::Version<'_>, Why> {
    semver::parse(text)
}

pub(super) fn compare(a: &semver::Version<'_>, b: &semver::Version<'_>) -> Ordering {
    semver::numbers(a.numbers, b.numbers).then_with(|| {
        match (a.prerelease.is_empty(), b.prerelease.is_empty()) {
            (false, false) => identifiers(a.prerelease, b.prerelease),
            (a, b) => a.cmp(&b),
        }
    })
}

fn identifiers(a: &[u8], b: &[u8]) -> Ordering {
    let mut left = a.split(|&byte| byte == b'.');
    let mut right = b.split(|&byte| byte == b'.');
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(x), Some(y)) => match (digits::is_number(x), digits::is_number(y)) {
                (true, true) => digits::compare(x, y),
                (false, false) => {
                    let lower = |text: &[u8]| text.to_ascii_lowercase();
                    lower(x).cmp(&lower(y))
                }
                (x, y) => y.cmp(&x),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}
