//! Plain numbers, as R (`1.2-3`) and Haskell (`1.2.3`) have them.
//!
//! Where one version is the beginning of the other, the longer one is newer: `1.0` < `1.0.0`.
//!
//! Source: <https://stat.ethz.ch/R-manual/R-devel/library/base/html/numeric_version.html>,
//! <https://hackage.haskell.org/package/base/docs/Data-Version.html>.

use std::cmp::Ordering;

use super::{Why, digits};

pub(super) struct Version<'v>(&'v [u8]);

pub(super) fn parse(text: &str) -> Result<Version<'_>, Why> {
    numbers(text, b".-")
}

pub(super) fn parse_hackage(text: &str) -> Result<Version<'_>, Why> {
    numbers(text, b".")
}

fn numbers<'v>(text: &'v str, marks: &[u8]) -> Result<Version<'v>, Why> {
    let text = text.trim().as_bytes();
    if text.split(|byte| marks.contains(byte)).all(digits::is_number) {
        Ok(Version(text))
    } else {
        Err("it has something other than numbers")
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
    a.is_empty().cmp(&b.is_empty()).reverse()
}
