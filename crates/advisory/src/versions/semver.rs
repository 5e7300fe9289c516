//! `SemVer` 2.0, as strictly as npm reads it in practice, and as loosely as advisories write it.
//!
//! Both readings give the same parts and have one order. The lenient one takes any number of
//! parts (`1`, `1.2.3.4`), and marks that are not set off (`1.21rc2` is `1.21.0-rc2`) or set off
//! by a dot (`1.0.0.rc.alpha` is `1.0.0-rc-alpha`, as RubyGems writes it).
//!
//! Source: <https://semver.org>, <https://github.com/npm/node-semver#functions> (`loose`).

use std::cmp::Ordering;

use super::{Why, digits};

#[derive(Clone, Copy)]
pub(super) struct Version<'v> {
    /// Digits with single dots between them.
    pub(super) numbers: &'v [u8],
    pub(super) prerelease: Option<&'v [u8]>,
    /// The pre-release is set off by a dot: words in it are parted by nothing but numbers.
    dotted: bool,
    pub(super) build: Option<&'v [u8]>,
}

/// What npm takes with `loose`: three numbers, and in front of them `v`, `=` and blanks.
pub(super) fn parse(text: &str) -> Result<Version<'_>, Why> {
    let version = split(text)?;
    let parts = version.numbers.split(|&byte| byte == b'.').count();
    if parts != 3 || version.dotted {
        return Err("it has not three numbers");
    }
    Ok(version)
}

/// Any number of parts, and marks in any of the ways that advisories write them.
pub(super) fn parse_lenient(text: &str) -> Result<Version<'_>, Why> {
    split(text)
}

fn split(text: &str) -> Result<Version<'_>, Why> {
    let text = text.trim().trim_start_matches(['v', 'V', '=', ' ', '\t']).as_bytes();
    let numbers = numbers_at_front(text);
    if numbers.is_empty() {
        return Err("it does not begin with a number");
    }
    let mut rest = text.get(numbers.len()..).unwrap_or_default();
    if !rest.iter().all(|&byte| byte.is_ascii_alphanumeric() || b".-+_~:".contains(&byte)) {
        return Err("it has characters that no version has");
    }
    let mut build = None;
    if let Some(plus) = rest.iter().position(|&byte| byte == b'+') {
        build = rest.get(plus + 1..);
        rest = rest.get(..plus).unwrap_or_default();
    }
    let dotted = rest.first() == Some(&b'.');
    let mut prerelease = rest;
    if matches!(rest.first(), Some(b'-' | b'.' | b'_' | b'~' | b':')) {
        prerelease = rest.get(1..).unwrap_or_default();
    }
    let prerelease = Some(prerelease).filter(|text| !text.is_empty());
    Ok(Version { numbers, prerelease, dotted: dotted && prerelease.is_some(), build })
}

/// The digits, and single dots between them, that a text begins with.
pub(super) fn numbers_at_front(text: &[u8]) -> &[u8] {
    let mut rest = text;
    let mut len = digits::take_number(&mut rest).len();
    if len == 0 {
        return &[];
    }
    while digits::take_byte(&mut rest, b'.') {
        let number = digits::take_number(&mut rest).len();
        if number == 0 {
            break;
        }
        len += 1 + number;
    }
    text.get(..len).unwrap_or_default()
}

/// `SemVer` 2.0 to the letter, but for a leading `v`.
pub(super) fn is_valid(text: &str) -> bool {
    let text = text.trim();
    let text = text.strip_prefix('v').unwrap_or(text);
    let numbers = numbers_at_front(text.as_bytes());
    let rest = text.get(numbers.len()..).unwrap_or_default();
    let (rest, build) = match rest.split_once('+') {
        Some((rest, build)) => (rest, Some(build)),
        None => (rest, None),
    };
    let mut parts = numbers.split(|&byte| byte == b'.');
    parts.clone().count() == 3
        && parts.all(without_leading_zero)
        && (rest.is_empty()
            || rest.strip_prefix('-').is_some_and(|text| identifiers_are_valid(text, true)))
        && build.is_none_or(|text| identifiers_are_valid(text, false))
}

/// Whether identifiers with dots between them are what `SemVer` allows.
pub(super) fn identifiers_are_valid(text: &str, ordered: bool) -> bool {
    text.split('.').map(str::as_bytes).all(|identifier| {
        !identifier.is_empty()
            && identifier.iter().all(|&byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !(ordered && digits::is_number(identifier) && !without_leading_zero(identifier))
    })
}

/// Whether a number is written as `SemVer` asks.
pub(super) fn without_leading_zero(number: &[u8]) -> bool {
    number.len() == 1 || number.first().is_some_and(|&byte| byte != b'0')
}

pub(super) fn compare(a: &Version<'_>, b: &Version<'_>) -> Ordering {
    numbers(a.numbers, b.numbers).then_with(|| prereleases(a, b))
}

/// Compares numbers with dots between them; missing ones are zero.
pub(super) fn numbers(mut a: &[u8], mut b: &[u8]) -> Ordering {
    loop {
        let order = digits::compare(digits::take_number(&mut a), digits::take_number(&mut b));
        if order.is_ne() || (a.is_empty() && b.is_empty()) {
            return order;
        }
        digits::take_byte(&mut a, b'.');
        digits::take_byte(&mut b, b'.');
    }
}

/// A version is newer than its pre-releases.
pub(super) fn prereleases(a: &Version<'_>, b: &Version<'_>) -> Ordering {
    match (a.prerelease, b.prerelease) {
        (Some(x), Some(y)) => Identifiers { rest: Some(x), dotted: a.dotted }
            .compare(Identifiers { rest: Some(y), dotted: b.dotted }),
        (x, y) => x.is_none().cmp(&y.is_none()),
    }
}

/// Compares identifiers with dots between them: numbers by value and before words.
pub(super) fn identifiers(a: &[u8], b: &[u8]) -> Ordering {
    Identifiers { rest: Some(a), dotted: false }
        .compare(Identifiers { rest: Some(b), dotted: false })
}

struct Identifiers<'v> {
    rest: Option<&'v [u8]>,
    dotted: bool,
}

impl<'v> Identifiers<'v> {
    fn compare(mut self, mut other: Self) -> Ordering {
        loop {
            let order = match (self.next(), other.next()) {
                (None, None) => return Ordering::Equal,
                (Some(a), Some(b)) => match (digits::is_number(a), digits::is_number(b)) {
                    (true, true) => digits::compare(a, b),
                    (false, false) => {
                        let plain = |&byte: &u8| if byte == b'.' { b'-' } else { byte };
                        a.iter().map(plain).cmp(b.iter().map(plain))
                    }
                    (a, b) => b.cmp(&a),
                },
                (a, b) => a.is_some().cmp(&b.is_some()),
            };
            if order.is_ne() {
                return order;
            }
        }
    }

    fn next(&mut self) -> Option<&'v [u8]> {
        let rest = self.rest?;
        let mut from = 0;
        loop {
            let dot = rest.iter().skip(from).position(|&byte| byte == b'.').map(|at| at + from);
            let Some(dot) = dot else {
                self.rest = None;
                return Some(rest);
            };
            if self.dotted && rest.get(dot + 1).is_some_and(u8::is_ascii_alphabetic) {
                from = dot + 1;
                continue;
            }
            self.rest = rest.get(dot + 1..);
            return rest.get(..dot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lenient(a: &str, b: &str) -> Ordering {
        compare(&parse_lenient(a).unwrap(), &parse_lenient(b).unwrap())
    }

    #[test]
    fn marks_count_however_they_are_set_off() {
        assert_eq!(lenient("1.21rc2", "v1.21.0-rc2"), Ordering::Equal);
        assert_eq!(lenient("1.0.0.rc.alpha", "1.0.0-rc-alpha"), Ordering::Equal);
        assert_eq!(lenient("1.0.0.rc.1", "1.0.0-rc.1"), Ordering::Equal);
        assert_eq!(lenient("1.2.3.4", "1.2.3"), Ordering::Greater);
    }

    #[test]
    fn only_the_strict_reading_wants_three_numbers() {
        assert!(parse("1.2").is_err() && parse("1.2.3.4").is_err());
        assert!(parse_lenient("1.2").is_ok());
        assert!(parse_lenient("1.2.*").is_err() && parse_lenient("latest").is_err());
        assert!(is_valid("1.2.3-rc.1+5") && !is_valid("1.2.3-01") && !is_valid("1.02.3"));
    }
}
