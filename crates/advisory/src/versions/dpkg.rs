//! Debian's versions: `[epoch:]upstream[-revision]`.
//!
//! `~` sorts before everything, even the end; letters before other marks. The revision begins
//! at the last hyphen.
//!
//! Source: <https://www.debian.org/doc/debian-policy/ch-controlfields.html#version>.

use std::cmp::Ordering;

use super::{Why, digits};

pub(super) struct Version<'v> {
    epoch: &'v [u8],
    upstream: &'v [u8],
    revision: &'v [u8],
}

pub(super) fn parse(text: &str) -> Result<Version<'_>, Why> {
    let text = text.trim();
    let (epoch, rest) = text.split_once(':').unwrap_or(("", text));
    if rest.is_empty() {
        return Err("it is empty");
    }
    if rest.len() != text.len() && !digits::is_number(epoch.as_bytes()) {
        return Err("its epoch is no number");
    }
    let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
    Ok(Version {
        epoch: epoch.as_bytes(),
        upstream: upstream.as_bytes(),
        revision: revision.as_bytes(),
    })
}

/// Stricter than [`parse`]: the characters and the beginning that Debian's policy asks for.
pub(super) fn is_valid(text: &str) -> bool {
    parse(text).is_ok_and(|version| {
        let known = |byte: &u8| byte.is_ascii_alphanumeric() || b".+-~:".contains(byte);
        version.upstream.first().is_some_and(u8::is_ascii_digit)
            && version.upstream.iter().all(known)
            && version.revision.iter().all(|byte| known(byte) && !b"-:".contains(byte))
    })
}

pub(super) fn compare(a: &Version<'_>, b: &Version<'_>) -> Ordering {
    digits::compare(a.epoch, b.epoch)
        .then_with(|| part(a.upstream, b.upstream))
        .then_with(|| part(a.revision, b.revision))
}

/// Compares words and numbers by turns.
fn part(mut a: &[u8], mut b: &[u8]) -> Ordering {
    while !a.is_empty() || !b.is_empty() {
        let order = word(&mut a, &mut b).then_with(|| {
            digits::compare(digits::take_number(&mut a), digits::take_number(&mut b))
        });
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

fn word(a: &mut &[u8], b: &mut &[u8]) -> Ordering {
    loop {
        let (left, right) = (weight(a.first()), weight(b.first()));
        if left != right {
            return left.cmp(&right);
        }
        if left == 0 {
            return Ordering::Equal;
        }
        *a = a.get(1..).unwrap_or_default();
        *b = b.get(1..).unwrap_or_default();
    }
}

/// A digit ends a word as the end of the text does.
fn weight(byte: Option<&u8>) -> i32 {
    match byte {
        Some(b'~') => -1,
        None | Some(b'0'..=b'9') => 0,
        Some(&letter) if letter.is_ascii_alphabetic() => i32::from(letter),
        Some(&other) => i32::from(other) + 256,
    }
}
