//! rpm's versions: `[epoch:]version[-release]`, compared by `rpmvercmp`.
//!
//! Runs of letters and of digits are compared by turns, everything between them only parts
//! them; `~` sorts before the end and `^` just behind it.
//!
//! Source: <https://github.com/rpm-software-management/rpm/blob/master/rpmio/rpmvercmp.c>.

use std::cmp::Ordering;

use super::{Why, digits};

pub(super) struct Version<'v> {
    epoch: Option<&'v [u8]>,
    upstream: &'v [u8],
    release: Option<&'v [u8]>,
}

pub(super) fn parse(text: &str) -> Result<Version<'_>, Why> {
    let text = text.trim();
    if text.is_empty() {
        return Err("it is empty");
    }
    let (epoch, rest) = match text.split_once(':') {
        Some((epoch, rest)) => (Some(epoch.as_bytes()), rest),
        None => (None, text),
    };
    let (version, release) = match rest.rsplit_once('-') {
        Some((version, release)) => (version, Some(release.as_bytes())),
        None => (rest, None),
    };
    Ok(Version { epoch, upstream: version.as_bytes(), release })
}

pub(super) fn compare(a: &Version<'_>, b: &Version<'_>) -> Ordering {
    segments(a.epoch.unwrap_or(b"0"), b.epoch.unwrap_or(b"0"))
        .then_with(|| segments(a.upstream, b.upstream))
        .then_with(|| release(a, b, segments))
}

/// The order that constraints of feeds go by: an epoch counts where both state one, and zeros
/// that only one side has at the end of a part do not count.
pub(super) fn compare_loose(a: &Version<'_>, b: &Version<'_>) -> Ordering {
    let epochs = match (a.epoch, b.epoch) {
        (Some(a), Some(b)) => segments(a, b),
        _ => Ordering::Equal,
    };
    let trimmed = |a: &[u8], b: &[u8]| segments(without_zero_segments(a), without_zero_segments(b));
    epochs.then_with(|| trimmed(a.upstream, b.upstream)).then_with(|| release(a, b, trimmed))
}

/// A version without a release is older than any with one.
fn release(
    a: &Version<'_>,
    b: &Version<'_>,
    compare: impl Fn(&[u8], &[u8]) -> Ordering,
) -> Ordering {
    match (a.release, b.release) {
        (Some(a), Some(b)) => compare(a, b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

/// Compares `name-[epoch:]version-release.arch`, in that order of parts.
pub fn compare_nevra(a: &str, b: &str) -> Ordering {
    let (a, b) = (Nevra::parse(a), Nevra::parse(b));
    a.name
        .cmp(b.name)
        .then_with(|| segments(a.epoch.as_bytes(), b.epoch.as_bytes()))
        .then_with(|| segments(a.version.as_bytes(), b.version.as_bytes()))
        .then_with(|| segments(a.release.as_bytes(), b.release.as_bytes()))
        .then_with(|| a.arch.cmp(b.arch))
}

struct Nevra<'n> {
    name: &'n str,
    epoch: &'n str,
    version: &'n str,
    release: &'n str,
    arch: &'n str,
}

impl<'n> Nevra<'n> {
    fn parse(text: &'n str) -> Self {
        let (rest, release) = text.rsplit_once('-').unwrap_or((text, ""));
        let (release, arch) = release.rsplit_once('.').unwrap_or((release, ""));
        let (name, version) = rest.rsplit_once('-').unwrap_or(("", rest));
        let (epoch, version) = version.split_once(':').unwrap_or(("0", version));
        Self { name, epoch, version, release, arch }
    }
}

/// `rpmvercmp`.
fn segments(mut a: &[u8], mut b: &[u8]) -> Ordering {
    if a == b {
        return Ordering::Equal;
    }
    loop {
        separators(&mut a);
        separators(&mut b);
        match (a.split_first(), b.split_first()) {
            (Some((b'~', x)), Some((b'~', y))) | (Some((b'^', x)), Some((b'^', y))) => {
                (a, b) = (x, y);
                continue;
            }
            // A caret is newer than the end, older than anything else.
            (Some((b'~', _)), _) | (None, Some((b'^', _))) => return Ordering::Less,
            (_, Some((b'~', _))) | (Some((b'^', _)), None) => return Ordering::Greater,
            (Some((b'^', _)), Some(_)) => return Ordering::Less,
            (Some(_), Some((b'^', _))) => return Ordering::Greater,
            (x, y) if x.is_none() || y.is_none() => return x.is_some().cmp(&y.is_some()),
            _ => {}
        }
        let number = |text: &[u8]| text.first().is_some_and(u8::is_ascii_digit);
        let order = match (number(a), number(b)) {
            (true, true) => {
                digits::compare(digits::take_number(&mut a), digits::take_number(&mut b))
            }
            (false, false) => {
                let letter = |byte: u8| byte.is_ascii_alphabetic();
                digits::take(&mut a, letter).cmp(digits::take(&mut b, letter))
            }
            // A number is newer than a word.
            (number, _) => number.cmp(&!number),
        };
        if order.is_ne() {
            return order;
        }
    }
}

fn separators(text: &mut &[u8]) {
    digits::take(text, |byte| !byte.is_ascii_alphanumeric() && byte != b'~' && byte != b'^');
}

/// `5.el8.0.0` without its last two segments.
fn without_zero_segments(mut text: &[u8]) -> &[u8] {
    while let Some((rest, last)) =
        text.iter().rposition(|&byte| byte == b'.').and_then(|dot| text.split_at_checked(dot))
    {
        if !last
            .get(1..)
            .is_some_and(|zeros| !zeros.is_empty() && digits::without_zeros(zeros).is_empty())
        {
            break;
        }
        text = rest;
    }
    text
}
