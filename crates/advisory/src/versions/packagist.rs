//! PHP's versions, by `version_compare`: words and numbers by turns.
//!
//! `dev < alpha < beta < RC < nothing < number < patch`; a word that is none of these comes
//! before all, and so is `BETA` in capitals. A longer version is newer: `1.0` < `1.0.0`. Unlike
//! PHP, and like Composer, a leading `v` does not count.
//!
//! Source: <https://www.php.net/version_compare>.

use std::cmp::Ordering;

use super::{Why, digits};

pub(super) struct Version<'v>(&'v [u8]);

pub(super) fn parse(text: &str) -> Result<Version<'_>, Why> {
    let text = text.trim();
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
    if text.is_empty() { Err("it is empty") } else { Ok(Version(text.as_bytes())) }
}

pub(super) fn compare(a: &Version<'_>, b: &Version<'_>) -> Ordering {
    let (mut a, mut b) = (a.0, b.0);
    loop {
        let (x, y) = (part(&mut a), part(&mut b));
        let order = x.rank.cmp(&y.rank).then_with(|| digits::compare(x.number, y.number));
        if order.is_ne() || x.rank == END {
            return order;
        }
    }
}

struct Part<'v> {
    rank: u8,
    /// Empty for words.
    number: &'v [u8],
}

const UNKNOWN: u8 = 0;
const END: u8 = 5;
const NUMBER: u8 = 6;
/// What words begin with; PHP looks no further.
const WORDS: [(&[u8], u8); 6] =
    [(b"dev", 1), (b"a", 2), (b"b", 3), (b"rc", 4), (b"RC", 4), (b"p", 7)];

fn part<'v>(text: &mut &'v [u8]) -> Part<'v> {
    loop {
        digits::take(text, is_mark);
        let number = digits::take_number(text);
        if !number.is_empty() {
            return Part { rank: NUMBER, number };
        }
        let word = digits::take(text, |byte| !is_mark(byte) && !byte.is_ascii_digit());
        // `#` stands for any number, and so for nothing.
        if word.first() == Some(&b'#') {
            continue;
        }
        let rank = match WORDS.iter().find(|(known, _)| word.starts_with(known)) {
            _ if word.is_empty() => END,
            Some(&(_, rank)) => rank,
            None => UNKNOWN,
        };
        return Part { rank, number };
    }
}

fn is_mark(byte: u8) -> bool {
    b".-_+".contains(&byte)
}
