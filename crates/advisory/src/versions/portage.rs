//! Gentoo's versions: `1.2.3b_alpha1_p2-r3`.
//!
//! A number behind the first dot that begins with a zero is a fraction: `1.01` < `1.1`.
//!
//! Source: <https://projects.gentoo.org/pms/8/pms.html#x1-270003.3>.

use std::cmp::Ordering;

use super::{Why, digits, semver};

pub(super) struct Version<'v> {
    numbers: &'v [u8],
    letter: Option<u8>,
    /// `_alpha1_p2`.
    suffixes: &'v [u8],
    revision: &'v [u8],
}

/// The place of a version without a suffix in [`SUFFIXES`].
const NO_SUFFIX: usize = 4;
const SUFFIXES: [&[u8]; 6] = [b"alpha", b"beta", b"pre", b"rc", b"", b"p"];

pub(super) fn parse(text: &str) -> Result<Version<'_>, Why> {
    let text = text.trim().as_bytes();
    let numbers = semver::numbers_at_front(text);
    if numbers.is_empty() {
        return Err("it does not begin with a number");
    }
    let mut rest = text.get(numbers.len()..).unwrap_or_default();
    let letter = rest.first().copied().filter(u8::is_ascii_lowercase);
    if letter.is_some() {
        rest = rest.get(1..).unwrap_or_default();
    }
    let before = rest;
    while suffix(&mut rest).is_some() {}
    let suffixes = before.get(..before.len() - rest.len()).unwrap_or_default();
    let mut revision: &[u8] = b"";
    if let Some(mut after) = rest.strip_prefix(b"-r") {
        revision = digits::take_number(&mut after);
        if revision.is_empty() {
            return Err("its revision is no number");
        }
        rest = after;
    }
    if rest.is_empty() {
        Ok(Version { numbers, letter, suffixes, revision })
    } else {
        Err("something unknown is at its end")
    }
}

pub(super) fn is_valid(text: &str) -> bool {
    parse(text).is_ok()
}

/// Takes off `_rc1`: its place in the order and its number.
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
        .then_with(|| digits::compare(a.revision, b.revision))
}

fn numbers(mut a: &[u8], mut b: &[u8]) -> Ordering {
    let first = digits::compare(digits::take_number(&mut a), digits::take_number(&mut b));
    if first.is_ne() {
        return first;
    }
    while digits::take_byte(&mut a, b'.') & digits::take_byte(&mut b, b'.') {
        let (x, y) = (digits::take_number(&mut a), digits::take_number(&mut b));
        let order = if x.starts_with(b"0") || y.starts_with(b"0") {
            fraction(x).cmp(fraction(y))
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
    a.is_empty().cmp(&b.is_empty()).reverse()
}

/// Without zeros at the end.
fn fraction(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().rev().take_while(|&&byte| byte == b'0').count();
    digits.get(..digits.len() - zeros).unwrap_or_default()
}

fn suffixes(mut a: &[u8], mut b: &[u8]) -> Ordering {
    loop {
        let (x, y) = (suffix(&mut a), suffix(&mut b));
        if x.is_none() && y.is_none() {
            return Ordering::Equal;
        }
        let (x, y) = (x.unwrap_or((NO_SUFFIX, b"")), y.unwrap_or((NO_SUFFIX, b"")));
        let order = x.0.cmp(&y.0).then_with(|| digits::compare(x.1, y.1));
        if order.is_ne() {
            return order;
        }
    }
}
