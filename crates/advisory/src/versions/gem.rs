//! RubyGems' versions: runs of letters and of digits, with anything else between them.
//!
//! A word makes a pre-release; a hyphen stands for `.pre.`; zeros at the end, and in front of
//! the first word, do not count. A platform behind the version (`1.19.3-aarch64-linux-musl`, as
//! lockfiles write it) is not part of it.
//!
//! Source: <https://docs.ruby-lang.org/en/master/Gem/Version.html>.

use std::cmp::Ordering;

use super::{Why, digits};

pub(super) struct Version<'v>(&'v [u8]);

/// What a platform begins with, from `Gem::Platform`.
const PLATFORMS: [&str; 16] = [
    "aarch64",
    "arm",
    "dalvik",
    "darwin",
    "java",
    "jruby",
    "linux",
    "mingw",
    "mswin",
    "powerpc",
    "ppc",
    "s390x",
    "sparc",
    "universal",
    "x64",
    "x86",
];

pub(super) fn parse(text: &str) -> Result<Version<'_>, Why> {
    let text = without_platform(text.trim());
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b".-+_".contains(&byte);
    if !text.bytes().all(known) {
        return Err("it has characters that no version has");
    }
    if !text.is_empty() && !text.starts_with(|first: char| first.is_ascii_digit()) {
        return Err("it does not begin with a number");
    }
    // A build mark is CocoaPods' own, and counts for nothing.
    Ok(Version(text.split('+').next().unwrap_or_default().as_bytes()))
}

fn without_platform(text: &str) -> &str {
    let hyphens = text.match_indices('-').find(|(at, _)| {
        let rest = text.get(at + 1..).unwrap_or_default();
        PLATFORMS.iter().any(|platform| rest.starts_with(platform))
    });
    hyphens.and_then(|(at, _)| text.get(..at)).unwrap_or(text)
}

/// `Gem::Version::ANCHORED_VERSION_PATTERN`.
pub(super) fn is_valid(text: &str) -> bool {
    let text = text.trim();
    let (version, prerelease) = match text.split_once('-') {
        Some((version, prerelease)) => (version, Some(prerelease)),
        None => (text, None),
    };
    let mut parts = version.split('.');
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric());
    let hyphenated = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    text.is_empty()
        || (parts.next().is_some_and(|first| digits::is_number(first.as_bytes()))
            && parts.all(plain)
            && prerelease.is_none_or(|text| text.split('.').all(hyphenated)))
}

pub(super) fn compare(a: &Version<'_>, b: &Version<'_>) -> Ordering {
    let (mut a, mut b) = (Segments::of(a), Segments::of(b));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (x, y) => {
                let (x, y) = (x.unwrap_or(Segment::ZERO), y.unwrap_or(Segment::ZERO));
                match (x, y) {
                    (Segment::Number(x), Segment::Number(y)) => digits::compare(x, y),
                    (Segment::Word(x), Segment::Word(y)) => x.cmp(y),
                    (Segment::Word(_), Segment::Number(_)) => Ordering::Less,
                    (Segment::Number(_), Segment::Word(_)) => Ordering::Greater,
                }
            }
        };
        if order.is_ne() {
            return order;
        }
    }
}

#[derive(Clone, Copy)]
enum Segment<'v> {
    Word(&'v [u8]),
    Number(&'v [u8]),
}

impl Segment<'_> {
    const ZERO: Self = Self::Number(b"");
}

/// The segments that count.
struct Segments<'v> {
    rest: &'v [u8],
    /// Zeros that are still to be given out before the rest.
    zeros: usize,
    word_seen: bool,
}

impl<'v> Segments<'v> {
    fn of(version: &Version<'v>) -> Self {
        Self { rest: version.0, zeros: 0, word_seen: false }
    }

    fn next(&mut self) -> Option<Segment<'v>> {
        if let Some(left) = self.zeros.checked_sub(1) {
            self.zeros = left;
            return Some(Segment::ZERO);
        }
        let mut zeros: usize = 0;
        loop {
            let before = self.rest;
            match segment(&mut self.rest)? {
                Segment::Number(number) if digits::without_zeros(number).is_empty() => zeros += 1,
                first_word @ Segment::Word(_) if !self.word_seen => {
                    self.word_seen = true;
                    return Some(first_word);
                }
                segment => {
                    let Some(left) = zeros.checked_sub(1) else { return Some(segment) };
                    (self.zeros, self.rest) = (left, before);
                    return Some(Segment::ZERO);
                }
            }
        }
    }
}

fn segment<'v>(text: &mut &'v [u8]) -> Option<Segment<'v>> {
    loop {
        match text.first()? {
            b'-' => {
                digits::take_byte(text, b'-');
                return Some(Segment::Word(b"pre"));
            }
            b'0'..=b'9' => return Some(Segment::Number(digits::take_number(text))),
            first if first.is_ascii_alphabetic() => {
                return Some(Segment::Word(digits::take(text, |byte| byte.is_ascii_alphabetic())));
            }
            _ => *text = text.get(1..).unwrap_or_default(),
        }
    }
}
