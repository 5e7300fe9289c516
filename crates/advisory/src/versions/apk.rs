//! apk's versions: `1.2.3a_rc1_p2~c0ffee-r4`.
//!
//! What stands behind the part that can be read makes a version invalid but not incomparable:
//! `1.2_blah` is older than `1.2`. Numbers behind the first dot are text where one of them
//! begins with a zero, as Gentoo does it.
//!
//! Source: <https://gitlab.alpinelinux.org/alpine/apk-tools/-/blob/master/doc/apk-package.5.scd>.

use std::cmp::Ordering;

use super::{Why, digits};

pub(super) struct Version<'v> {
    /// Digits with single dots between them.
    numbers: &'v [u8],
    letter: Option<u8>,
    /// `_rc1_p2`, only known ones.
    suffixes: &'v [u8],
    hash: Option<&'v [u8]>,
    revision: Option<&'v [u8]>,
    rest: Rest<'v>,
}

/// What follows the part that is a version.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Rest<'v> {
    /// Something behind a hyphen; nothing more is known of its order.
    Dashed,
    /// Something else.
    Text(&'v [u8]),
    /// Nothing: the version is valid as far as this goes, and newer than an invalid one.
    Nothing,
}

const NO_SUFFIX: usize = 4;
const SUFFIXES: [&[u8]; 10] =
    [b"alpha", b"beta", b"pre", b"rc", b"", b"cvs", b"svn", b"git", b"hg", b"p"];

pub(super) fn parse(text: &str) -> Result<Version<'_>, Why> {
    let text = text.trim().as_bytes();
    if text.is_empty() {
        return Err("it is empty");
    }
    let mut rest = text;
    digits::take_number(&mut rest);
    while let Some((b'.', mut after)) = rest.split_first()
        && rest.len() < text.len()
        && !digits::take_number(&mut after).is_empty()
    {
        rest = after;
    }
    let numbers = text.get(..text.len() - rest.len()).unwrap_or_default();
    let letter = rest.first().copied().filter(u8::is_ascii_lowercase);
    if letter.is_some() {
        rest = rest.get(1..).unwrap_or_default();
    }
    let before = rest;
    while suffix(&mut rest).is_some() {}
    let suffixes = before.get(..before.len() - rest.len()).unwrap_or_default();
    let mut hash = None;
    if let Some((b'~', mut after)) = rest.split_first() {
        let hex = digits::take(&mut after, |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !hex.is_empty() {
            (hash, rest) = (Some(hex), after);
        }
    }
    let mut revision = None;
    if let Some(mut after) = rest.strip_prefix(b"-r") {
        let number = digits::take_number(&mut after);
        if !number.is_empty() || after.first().is_none_or(|&byte| byte == b'-') {
            (revision, rest) = (Some(number), after);
        }
    }
    let rest = match rest.first() {
        None => Rest::Nothing,
        Some(b'-') => Rest::Dashed,
        Some(_) if revision.is_some() => Rest::Dashed,
        Some(_) => Rest::Text(rest),
    };
    Ok(Version { numbers, letter, suffixes, hash, revision, rest })
}

pub(super) fn is_valid(text: &str) -> bool {
    parse(text).is_ok_and(|version| {
        !version.numbers.is_empty()
            && version.rest == Rest::Nothing
            && version.revision.is_none_or(|number| !number.is_empty())
    })
}

/// Takes off `_rc1`: its place in the order and its number, empty where it has none.
fn suffix<'t>(text: &mut &'t [u8]) -> Option<(usize, &'t [u8])> {
    let (b'_', mut after) = text.split_first()? else { return None };
    let name = digits::take(&mut after, |byte| byte.is_ascii_lowercase());
    let place = SUFFIXES.iter().position(|known| *known == name).filter(|&p| p != NO_SUFFIX)?;
    *text = after;
    Some((place, digits::take_number(text)))
}

pub(super) fn compare(a: &Version<'_>, b: &Version<'_>) -> Ordering {
    numbers(a.numbers, b.numbers)
        .then_with(|| a.letter.cmp(&b.letter))
        .then_with(|| suffixes(a.suffixes, b.suffixes))
        .then_with(|| a.hash.cmp(&b.hash))
        .then_with(|| match (a.revision, b.revision) {
            (Some(a), Some(b)) => digits::compare(a, b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        })
        .then_with(|| a.rest.cmp_natural(&b.rest))
}

impl Rest<'_> {
    fn cmp_natural(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => digits::natural(a, b).then_with(|| a.cmp(b)),
            _ => self.cmp(other),
        }
    }
}

fn numbers(mut a: &[u8], mut b: &[u8]) -> Ordering {
    if a.is_empty() || b.is_empty() {
        return a.len().cmp(&b.len());
    }
    let first = digits::compare(digits::take_number(&mut a), digits::take_number(&mut b));
    if first.is_ne() {
        return first;
    }
    while digits::take_byte(&mut a, b'.') & digits::take_byte(&mut b, b'.') {
        let (x, y) = (digits::take_number(&mut a), digits::take_number(&mut b));
        let order = if x.starts_with(b"0") || y.starts_with(b"0") {
            x.cmp(y)
        } else {
            digits::compare(x, y)
        };
        if order.is_ne() {
            return order;
        }
        if a.is_empty() || b.is_empty() {
            break;
        }
    }
    // More numbers make a version newer.
    a.len().min(1).cmp(&b.len().min(1))
}

fn suffixes(mut a: &[u8], mut b: &[u8]) -> Ordering {
    loop {
        let (x, y) = (suffix(&mut a), suffix(&mut b));
        if x.is_none() && y.is_none() {
            return Ordering::Equal;
        }
        let (x, y) = (x.unwrap_or((NO_SUFFIX, b"")), y.unwrap_or((NO_SUFFIX, b"")));
        let order = x.0.cmp(&y.0).then_with(|| digits::compare(x.1, y.1)).then_with(|| {
            // `_p` is older than `_p0`.
            x.1.is_empty().cmp(&y.1.is_empty()).reverse()
        });
        if order.is_ne() {
            return order;
        }
    }
}

/// apk's `~`: the version begins with all that the constraint states.
pub(super) fn begins_with(version: &Version<'_>, start: &Version<'_>) -> bool {
    if start.revision.is_some() {
        return compare(version, start).is_eq();
    }
    if start.letter.is_none() && start.suffixes.is_empty() && start.hash.is_none() {
        return leading(version.numbers, start.numbers);
    }
    numbers(version.numbers, start.numbers).is_eq()
        && version.letter == start.letter
        && version.suffixes.starts_with(start.suffixes)
        && (start.hash.is_none() || version.hash == start.hash)
}

fn leading(mut version: &[u8], mut start: &[u8]) -> bool {
    loop {
        if digits::compare(digits::take_number(&mut version), digits::take_number(&mut start))
            .is_ne()
        {
            return false;
        }
        if !digits::take_byte(&mut start, b'.') {
            return true;
        }
        if !digits::take_byte(&mut version, b'.') {
            return false;
        }
    }
}
