//! Python's versions: `[N!]N(.N)*[{a|b|rc}N][.postN][.devN][+local]`, in all the ways to write
//! them that PEP 440 normalises.
//!
//! What is none of these has the order that setuptools had before PEP 440, and comes before all
//! that is.
//!
//! Source: <https://packaging.python.org/specifications/version-specifiers/>.

use std::cmp::Ordering;

use super::{Why, digits, semver};

pub(super) enum Version<'v> {
    Standard(Standard<'v>),
    /// Not PEP 440.
    Legacy(&'v str),
}

/// A version by PEP 440.
#[derive(Clone, Copy)]
pub(super) struct Standard<'v> {
    pub(super) epoch: &'v [u8],
    /// Digits with single dots between them.
    pub(super) release: &'v [u8],
    /// `a`, `b` or `rc`, by place, and its number.
    pub(super) pre: Option<(u8, &'v [u8])>,
    pub(super) post: Option<&'v [u8]>,
    pub(super) dev: Option<&'v [u8]>,
    pub(super) local: Option<&'v [u8]>,
}

/// Longer words first where one is the beginning of another.
const PRE: [(&[u8], u8); 8] = [
    (b"alpha", 0),
    (b"a", 0),
    (b"beta", 1),
    (b"b", 1),
    (b"preview", 2),
    (b"pre", 2),
    (b"c", 2),
    (b"rc", 2),
];
const POST: [(&[u8], u8); 3] = [(b"post", 0), (b"rev", 0), (b"r", 0)];
const DEV: [(&[u8], u8); 1] = [(b"dev", 0)];

pub(super) fn parse(text: &str) -> Result<Version<'_>, Why> {
    let text = text.trim();
    match standard(text) {
        Some(version) => Ok(Version::Standard(version)),
        None if text.is_empty() => Err("it is empty"),
        None => Ok(Version::Legacy(text)),
    }
}

pub(super) fn is_valid(text: &str) -> bool {
    standard(text.trim()).is_some()
}

/// A version by PEP 440, without blanks around it.
pub(super) fn standard(text: &str) -> Option<Standard<'_>> {
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text).as_bytes();
    let mut rest = text;
    let mut epoch = digits::take_number(&mut rest);
    if epoch.is_empty() || !digits::take_byte(&mut rest, b'!') {
        (epoch, rest) = (b"", text);
    }
    let release = semver::numbers_at_front(rest);
    if release.is_empty() {
        return None;
    }
    rest = rest.get(release.len()..).unwrap_or_default();
    let pre = mark(&mut rest, &PRE);
    let post = implicit_post(&mut rest).or_else(|| mark(&mut rest, &POST).map(|(_, n)| n));
    let dev = mark(&mut rest, &DEV).map(|(_, number)| number);
    let mut local = None;
    if digits::take_byte(&mut rest, b'+') {
        let valid = rest
            .split(|&byte| is_separator(byte))
            .all(|part| !part.is_empty() && part.iter().all(u8::is_ascii_alphanumeric));
        if !valid {
            return None;
        }
        local = Some(std::mem::take(&mut rest));
    }
    rest.is_empty().then_some(Standard { epoch, release, pre, post, dev, local })
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b'-' | b'_' | b'.')
}

fn take_separator(text: &mut &[u8]) {
    if text.first().copied().is_some_and(is_separator) {
        *text = text.get(1..).unwrap_or_default();
    }
}

/// Takes off `.rc-1`: the word's place and the number, empty where it has none.
fn mark<'t>(text: &mut &'t [u8], words: &[(&[u8], u8)]) -> Option<(u8, &'t [u8])> {
    let mut rest = *text;
    take_separator(&mut rest);
    let &(word, place) = words.iter().find(|(word, _)| {
        rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
    })?;
    rest = rest.get(word.len()..).unwrap_or_default();
    take_separator(&mut rest);
    *text = rest;
    Some((place, digits::take_number(text)))
}

/// Takes off `-1`.
fn implicit_post<'t>(text: &mut &'t [u8]) -> Option<&'t [u8]> {
    let mut rest = *text;
    let number = digits::take_byte(&mut rest, b'-').then(|| digits::take_number(&mut rest))?;
    if number.is_empty() {
        return None;
    }
    *text = rest;
    Some(number)
}

pub(super) fn compare(a: &Version<'_>, b: &Version<'_>) -> Ordering {
    match (a, b) {
        (Version::Standard(a), Version::Standard(b)) => a.compare(b),
        (Version::Legacy(a), Version::Legacy(b)) => legacy(a).cmp(&legacy(b)),
        (Version::Legacy(_), Version::Standard(_)) => Ordering::Less,
        (Version::Standard(_), Version::Legacy(_)) => Ordering::Greater,
    }
}

impl Standard<'_> {
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        digits::compare(self.epoch, other.epoch)
            .then_with(|| semver::numbers(self.release, other.release))
            .then_with(|| {
                let (a, b) = (self.stage(), other.stage());
                a.0.cmp(&b.0).then_with(|| digits::compare(a.1, b.1))
            })
            .then_with(|| optional(self.post, other.post, Ordering::Less))
            .then_with(|| optional(self.dev, other.dev, Ordering::Greater))
            .then_with(|| match (self.local, other.local) {
                (Some(a), Some(b)) => local(a, b),
                (a, b) => a.is_some().cmp(&b.is_some()),
            })
    }

    /// A developers' version of a release comes before its pre-releases.
    fn stage(&self) -> (u8, &[u8]) {
        match self.pre {
            Some((place, number)) => (place + 1, number),
            None if self.post.is_none() && self.dev.is_some() => (0, b""),
            None => (u8::MAX, b""),
        }
    }

    pub(super) fn is_prerelease(&self) -> bool {
        self.pre.is_some() || self.dev.is_some()
    }

    /// Same epoch and release.
    pub(super) fn has_base_of(&self, other: &Self) -> bool {
        digits::compare(self.epoch, other.epoch).is_eq()
            && semver::numbers(self.release, other.release).is_eq()
    }

    /// Same epoch, and all numbers of a release at the beginning of this one.
    pub(super) fn begins_with(&self, epoch: &[u8], mut release: &[u8]) -> bool {
        let mut mine = self.release;
        if digits::compare(self.epoch, epoch).is_ne() {
            return false;
        }
        loop {
            let (a, b) = (digits::take_number(&mut mine), digits::take_number(&mut release));
            if digits::compare(a, b).is_ne() {
                return false;
            }
            digits::take_byte(&mut mine, b'.');
            if !digits::take_byte(&mut release, b'.') {
                return true;
            }
        }
    }
}

/// Compares numbers that may be missing; `missing` is how a missing one compares to any other.
fn optional(a: Option<&[u8]>, b: Option<&[u8]>, missing: Ordering) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => digits::compare(a, b),
        (None, None) => Ordering::Equal,
        (None, Some(_)) => missing,
        (Some(_), None) => missing.reverse(),
    }
}

/// In a local version a number is newer than a word.
fn local(a: &[u8], b: &[u8]) -> Ordering {
    let (mut a, mut b) = (a.split(|&byte| is_separator(byte)), b.split(|&byte| is_separator(byte)));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (Some(a), Some(b)) => match (digits::is_number(a), digits::is_number(b)) {
                (true, true) => digits::compare(a, b),
                (false, false) => digits::ignoring_case(a, b),
                (a, b) => a.cmp(&b),
            },
            (a, b) => a.is_some().cmp(&b.is_some()),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// A part of a version before PEP 440; the order of the variants counts.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum LegacyPart {
    Word(String),
    /// Its length without zeros, and its digits.
    Number(usize, String),
}

/// The key of setuptools' `parse_version`.
fn legacy(text: &str) -> Vec<LegacyPart> {
    let text = text.to_ascii_lowercase();
    let mut rest = text.as_bytes();
    let mut parts: Vec<LegacyPart> = Vec::new();
    while let Some(&first) = rest.first() {
        let kind = legacy_kind(first);
        let part = if matches!(first, b'.' | b'-') {
            digits::take_byte(&mut rest, first);
            if first == b'.' {
                continue;
            }
            "final-".to_owned()
        } else {
            let run = digits::take(&mut rest, |byte| legacy_kind(byte) == kind);
            String::from_utf8_lossy(run).into_owned()
        };
        if kind == b'0' {
            let len = digits::without_zeros(part.as_bytes()).len();
            let digits = part.get(part.len() - len..).unwrap_or_default().to_owned();
            parts.push(LegacyPart::Number(len, digits));
            continue;
        }
        let part = match part.as_str() {
            "pre" | "preview" | "rc" => "c".to_owned(),
            "dev" => "@".to_owned(),
            _ => part,
        };
        push_word(&mut parts, part);
    }
    push_word(&mut parts, "final".to_owned());
    parts
}

/// Digits, letters, the two marks, and all the rest.
fn legacy_kind(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => b'0',
        b'a'..=b'z' => b'a',
        b'.' | b'-' => byte,
        _ => b'*',
    }
}

fn push_word(parts: &mut Vec<LegacyPart>, word: String) {
    if word.as_str() < "final" {
        while matches!(parts.last(), Some(LegacyPart::Word(last)) if last == "final-") {
            parts.pop();
        }
    }
    while matches!(parts.last(), Some(LegacyPart::Number(0, _))) {
        parts.pop();
    }
    parts.push(LegacyPart::Word(word));
}
