//! `SemVer`: `1.2.3-rc.1+build`, and the looser writing that advisories and package managers use.
//!
//! Numbers may be missing (they are 0) or more than three; a pre-release may follow without a
//! hyphen (`1.21rc2`, `1.0.0.rc.1`); a leading `v` or `=` does not count. What `SemVer` itself
//! accepts is ordered exactly as it says.
//!
//! Source: <https://semver.org/spec/v2.0.0.html#spec-item-11>.

use std::cmp::Ordering;

use super::{Why, digits};

#[derive(Debug, Clone, Copy)]
pub(super) struct Version<'v> {
    /// Digits with single dots between them.
    pub(super) numbers: &'v [u8],
    /// Empty where there is none.
    pub(super) prerelease: &'v [u8],
    /// Behind the `+`; empty where there is none.
    pub(super) build: &'v [u8],
}

pub(super) fn parse(text: &str) -> Result<Version<'_>, Why> {
    let text = text.trim().trim_start_matches(['=', 'v', 'V', ' ']).as_bytes();
    let plus = text.iter().position(|&byte| byte == b'+').unwrap_or(text.len());
    let (text, build) = text.split_at_checked(plus).unwrap_or((text, b""));
    let mut rest = text;
    if digits::take_number(&mut rest).is_empty() {
        return Err("it does not begin with a number");
    }
    while let Some((b'.', mut after)) = rest.split_first()
        && !digits::take_number(&mut after).is_empty()
    {
        rest = after;
    }
    let numbers = text.get(..text.len() - rest.len()).unwrap_or_default();
    let prerelease = rest.strip_prefix(b"-").or_else(|| rest.strip_prefix(b".")).unwrap_or(rest);
    Ok(Version { numbers, prerelease, build: build.get(1..).unwrap_or_default() })
}

pub(super) fn compare(a: &Version<'_>, b: &Version<'_>) -> Ordering {
    numbers(a.numbers, b.numbers).then_with(|| prerelease(a.prerelease, b.prerelease))
}

/// Where the writing is loose, `rc-1` and `rc.1` are the same.
pub(super) fn compare_lenient(a: &Version<'_>, b: &Version<'_>) -> Ordering {
    numbers(a.numbers, b.numbers).then_with(|| {
        match (a.prerelease.is_empty(), b.prerelease.is_empty()) {
            (false, false) => identifiers_by(a.prerelease, b.prerelease, b".-"),
            (a, b) => a.cmp(&b),
        }
    })
}

/// Missing numbers are zero.
pub(super) fn numbers(mut a: &[u8], mut b: &[u8]) -> Ordering {
    while !a.is_empty() || !b.is_empty() {
        let order = digits::compare(digits::take_number(&mut a), digits::take_number(&mut b));
        if order.is_ne() {
            return order;
        }
        digits::take_byte(&mut a, b'.');
        digits::take_byte(&mut b, b'.');
    }
    Ordering::Equal
}

/// A pre-release is older than the release.
pub(super) fn prerelease(a: &[u8], b: &[u8]) -> Ordering {
    match (a.is_empty(), b.is_empty()) {
        (false, false) => identifiers(a, b),
        (a, b) => a.cmp(&b),
    }
}

/// Numbers are older than words; of equal ones the longer list is newer.
pub(super) fn identifiers(a: &[u8], b: &[u8]) -> Ordering {
    identifiers_by(a, b, b".")
}

fn identifiers_by(a: &[u8], b: &[u8], marks: &[u8]) -> Ordering {
    let mut left = a.split(|byte| marks.contains(byte));
    let mut right = b.split(|byte| marks.contains(byte));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(x), Some(y)) => match (digits::is_number(x), digits::is_number(y)) {
                (true, true) => digits::compare(x, y),
                (true, false) => Ordering::Less,
                (false, true) => Ordering::Greater,
                (false, false) => x.cmp(y),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// What `SemVer` accepts: three numbers without leading zeros, identifiers that are not empty.
pub(super) fn is_valid(text: &str) -> bool {
    let (text, build) = text.split_once('+').map_or((text, None), |(text, b)| (text, Some(b)));
    let (numbers, prerelease) =
        text.split_once('-').map_or((text, None), |(text, p)| (text, Some(p)));
    let plain =
        |part: &str| digits::is_number(part.as_bytes()) && (part == "0" || !part.starts_with('0'));
    let word = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    numbers.split('.').count() == 3
        && numbers.split('.').all(plain)
        && prerelease.is_none_or(|text| {
            text.split('.')
                .all(|part| word(part) && (plain(part) || !digits::is_number(part.as_bytes())))
        })
        && build.is_none_or(|text| text.split('.').all(word))
}
