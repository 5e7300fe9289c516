//! PHP's versions, as `version_compare` orders them.
//!
//! Marks and the seams between digits and letters part a version; a word is older or newer than a
//! number by what it means: dev, alpha, beta, rc, a number, a patch.
//!
//! Source: <https://www.php.net/version_compare>, <https://getcomposer.org/doc/articles/versions.md>.

use std::cmp::Ordering;

use super::{Why, digits};

pub(super) struct Version<'v>(&'v [u8]);

pub(super) fn parse(text: &str) -> Result<Version<'_>, Why> {
    let text = text.trim();
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
    if text.is_empty() { Err("it is empty") } else { Ok(Version(text.as_bytes())) }
}

fn part<'v>(rest: &mut &'v [u8]) -> Option<&'v [u8]> {
    digits::take(rest, |byte| b".-_+".contains(&byte));
    let first = *rest.first()?;
    Some(if first.is_ascii_digit() {
        digits::take_number(rest)
    } else {
        digits::take(rest, |byte| !byte.is_ascii_digit() && !b".-_+".contains(&byte))
    })
}

const NUMBER: i8 = 4;

/// The place of a word; unknown ones are older than all, and PHP knows `ALPHA` for none.
fn place(part: &[u8]) -> i8 {
    const WORDS: [(&[u8], i8); 10] = [
        (b"dev", 0),
        (b"alpha", 1),
        (b"a", 1),
        (b"beta", 2),
        (b"b", 2),
        (b"RC", 3),
        (b"rc", 3),
        (b"#", NUMBER),
        (b"pl", 5),
        (b"p", 5),
    ];
    if part.first().is_some_and(u8::is_ascii_digit) {
        return NUMBER;
    }
    WORDS.iter().find(|(word, _)| part.starts_with(word)).map_or(-1, |(_, place)| *place)
}

pub(super) fn compare(a: &Version<'_>, b: &Version<'_>) -> Ordering {
    let (mut a, mut b) = (a.0, b.0);
    loop {
        let order = match (part(&mut a), part(&mut b)) {
            (None, None) => return Ordering::Equal,
            (Some(x), Some(y)) => match (place(x), place(y)) {
                (NUMBER, NUMBER) => digits::compare(x, y),
                (x, y) => x.cmp(&y),
            },
            // One more number is newer; one more word is what it means beside a release.
            (Some(x), None) => beside_release(x),
            (None, Some(y)) => beside_release(y).reverse(),
        };
        if order.is_ne() {
            return order;
        }
    }
}

fn beside_release(part: &[u8]) -> Ordering {
    if part.first().is_some_and(u8::is_ascii_digit) {
        return Ordering::Greater;
    }
    place(part).cmp(&NUMBER)
}
