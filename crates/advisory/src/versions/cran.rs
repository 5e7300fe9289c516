//! R's and Haskell's versions: numbers, and more of them are newer.
//!
//! Source: R's `package_version`, <https://pvp.haskell.org>.

use std::cmp::Ordering;

use super::{Why, digits};

pub(super) struct Version<'v>(&'v [u8]);

/// R parts numbers by `.` or `-`.
pub(super) fn parse(text: &str) -> Result<Version<'_>, Why> {
    numbers(text, b".-")
}

/// Haskell parts numbers by `.` alone.
pub(super) fn parse_hackage(text: &str) -> Result<Version<'_>, Why> {
    numbers(text, b".")
}

fn numbers<'v>(text: &'v str, marks: &[u8]) -> Result<Version<'v>, Why> {
    let text = text.trim().as_bytes();
    if text.split(|byte| marks.contains(byte)).all(digits::is_number) {
        Ok(Version(text))
    } else {
        Err("it is not made of numbers")
    }
}

pub(super) fn compare(a: &Version<'_>, b: &Version<'_>) -> Ordering {
    let (mut a, mut b) = (a.0, b.0);
    while !a.is_empty() && !b.is_empty() {
        let order = digits::compare(digits::take_number(&mut a), digits::take_number(&mut b));
        if order.is_ne() {
            return order;
        }
        a = a.get(1..).unwrap_or_default();
        b = b.get(1..).unwrap_or_default();
    }
    a.len().min(1).cmp(&b.len().min(1))
}
