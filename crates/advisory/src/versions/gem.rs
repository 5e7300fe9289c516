//! Ruby's versions: numbers and words by turns; a word makes a pre-release.
//!
//! `1.2.0-x86_64-linux` is 1.2.0 built for a platform. A hyphen of another kind is `.pre.`.
//!
//! Source: <https://github.com/ruby/rubygems/blob/master/lib/rubygems/version.rb>.

use std::cmp::Ordering;

use super::{Why, digits};

pub(super) struct Version<'v>(&'v [u8]);

/// How platforms begin, behind the hyphen.
///
/// Source: <https://github.com/ruby/rubygems/blob/master/lib/rubygems/platform.rb>.
const PLATFORMS: [&str; 20] = [
    "x86",
    "x64",
    "i386",
    "i486",
    "i586",
    "i686",
    "aarch64",
    "arm",
    "universal",
    "powerpc",
    "ppc",
    "s390",
    "sparc",
    "riscv",
    "mips",
    "java",
    "jruby",
    "mswin",
    "mingw",
    "dalvik",
];

pub(super) fn parse(text: &str) -> Result<Version<'_>, Why> {
    let text = text.trim();
    let platform = text.match_indices('-').find(|(at, _)| {
        let behind = text.get(at + 1..).unwrap_or_default();
        PLATFORMS.iter().any(|name| behind.starts_with(name))
    });
    let text = platform.and_then(|(at, _)| text.get(..at)).unwrap_or(text).as_bytes();
    if text.iter().any(|byte| !byte.is_ascii_alphanumeric() && !b".-_+".contains(byte)) {
        return Err("it has a character that no version has");
    }
    Ok(Version(text))
}

/// As `Gem::Version::VERSION_PATTERN` says; an empty one is 0.
pub(super) fn is_valid(text: &str) -> bool {
    let text = text.trim();
    if text.is_empty() {
        return true;
    }
    let (version, rest) = text.split_once('-').map_or((text, None), |(v, rest)| (v, Some(rest)));
    let word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric());
    let mut parts = version.split('.');
    parts.next().is_some_and(|first| digits::is_number(first.as_bytes()))
        && parts.all(word)
        && rest.is_none_or(|rest| rest.split('.').all(|part| word(&part.replace('-', "0"))))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Segment<'v> {
    Word(&'v [u8]),
    Number(&'v [u8]),
}

impl Segment<'_> {
    fn is_zero(self) -> bool {
        matches!(self, Self::Number(number) if digits::without_zeros(number).is_empty())
    }

    fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Word(a), Self::Word(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => digits::compare(a, b),
            (Self::Word(_), Self::Number(_)) => Ordering::Less,
            (Self::Number(_), Self::Word(_)) => Ordering::Greater,
        }
    }
}

/// Segments without the zeros that end the numbers before the first word, and all of them.
struct Segments<'v> {
    rest: &'v [u8],
    /// A hyphen was passed and `pre` is owed.
    owed: bool,
    seen_word: bool,
    /// Zeros that were passed over and count if something other than a zero follows.
    zeros: usize,
    held: Option<Segment<'v>>,
}

impl<'v> Segments<'v> {
    fn new(text: &'v [u8]) -> Self {
        Self { rest: text, owed: false, seen_word: false, zeros: 0, held: None }
    }

    fn raw(&mut self) -> Option<Segment<'v>> {
        loop {
            if std::mem::take(&mut self.owed) {
                return Some(Segment::Word(b"pre"));
            }
            let first = *self.rest.first()?;
            if first.is_ascii_digit() {
                return Some(Segment::Number(digits::take_number(&mut self.rest)));
            }
            if first.is_ascii_alphabetic() {
                let word = digits::take(&mut self.rest, |byte| byte.is_ascii_alphabetic());
                return Some(Segment::Word(word));
            }
            self.owed = first == b'-';
            self.rest = self.rest.get(1..).unwrap_or_default();
        }
    }
}

impl<'v> Iterator for Segments<'v> {
    type Item = Segment<'v>;

    fn next(&mut self) -> Option<Segment<'v>> {
        if self.zeros > 0 && self.held.is_some() {
            self.zeros -= 1;
            return Some(Segment::Number(b"0"));
        }
        if let Some(held) = self.held.take() {
            return Some(held);
        }
        loop {
            let segment = self.raw()?;
            if segment.is_zero() {
                self.zeros += 1;
                continue;
            }
            if matches!(segment, Segment::Word(_)) && !self.seen_word {
                self.seen_word = true;
                self.zeros = 0;
            }
            if self.zeros == 0 {
                return Some(segment);
            }
            self.held = Some(segment);
            return self.next();
        }
    }
}

pub(super) fn compare(a: &Version<'_>, b: &Version<'_>) -> Ordering {
    let (mut left, mut right) = (Segments::new(a.0), Segments::new(b.0));
    let zero = Segment::Number(b"0");
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (x, y) => x.unwrap_or(zero).compare(y.unwrap_or(zero)),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// `~> 1.2.3` ends before 1.3: the bound is the version without its last number, one higher.
pub(super) fn bump(version: &str) -> String {
    let numbers: Vec<&str> =
        version.split(['.', '-']).take_while(|part| digits::is_number(part.as_bytes())).collect();
    let kept = numbers.len().saturating_sub(1).max(1);
    let mut bumped: Vec<String> =
        numbers.iter().take(kept).map(|part| (*part).to_owned()).collect();
    if let Some(last) = bumped.last_mut() {
        *last = digits::next(last);
    }
    bumped.join(".")
}
