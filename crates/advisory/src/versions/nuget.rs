//! .NET's versions: up to four numbers and a pre-release in which case does not count.
//!
//! Source: <https://learn.microsoft.com/nuget/concepts/package-versioning>.

use std::cmp::Ordering;

use super::{Why, digits, semver};

pub(super) struct Version<'v> {
    numbers: &'v [u8],
    prerelease: Option<&'v [u8]>,
}

pub(super) fn parse(text: &str) -> Result<Version<'_>, Why> {
    let text = text.trim();
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text).as_bytes();
    let numbers = semver::numbers_at_front(text);
    if numbers.is_empty() {
        return Err("it does not begin with a number");
    }
    if numbers.split(|&byte| byte == b'.').count() > 4 {
        return Err("it has more than four numbers");
    }
    let rest = text.get(numbers.len()..).unwrap_or_default();
    let end = rest.iter().position(|&byte| byte == b'+').unwrap_or(rest.len());
    let rest = rest.get(..end).unwrap_or_default();
    let prerelease = match rest.split_first() {
        None => None,
        Some((b'-', prerelease)) if !prerelease.is_empty() => Some(prerelease),
        Some(_) => return Err("something other than a pre-release is behind its numbers"),
    };
    Ok(Version { numbers, prerelease })
}

pub(super) fn compare(a: &Version<'_>, b: &Version<'_>) -> Ordering {
    semver::numbers(a.numbers, b.numbers).then_with(|| match (a.prerelease, b.prerelease) {
        (Some(a), Some(b)) => labels(a, b),
        (a, b) => a.is_none().cmp(&b.is_none()),
    })
}

fn labels(a: &[u8], b: &[u8]) -> Ordering {
    let (mut a, mut b) = (a.split(|&byte| byte == b'.'), b.split(|&byte| byte == b'.'));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (Some(a), Some(b)) => match (digits::is_number(a), digits::is_number(b)) {
                (true, true) => digits::compare(a, b),
                (false, false) => digits::ignoring_case(a, b),
                (a, b) => b.cmp(&a),
            },
            (a, b) => a.is_some().cmp(&b.is_some()),
        };
        if order.is_ne() {
            return order;
        }
    }
}
