//! npm's ranges: `^1.2.3 || ~2.0 || 1.x || 1 - 3`.
//!
//! Each alternative is taken down to comparisons with whole versions. A pre-release fulfils one
//! only where it names a pre-release of the same three numbers, so that `^1.0.0` does not let
//! `2.0.0-beta` or `1.5.0-beta` in; [`Prereleases::All`] drops that rule.
//!
//! Source: <https://github.com/npm/node-semver#ranges>.

use std::cmp::Ordering;

use super::{Scheme, VersionError, digits, semver};

/// Whether pre-releases fulfil a range that does not name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Prereleases {
    /// Only where the range names one of the same three numbers, as npm does it.
    #[default]
    WhereNamed,
    /// Always, by their place in the order.
    All,
}

/// A version of a range, of which the last numbers may be open.
#[derive(Debug, Clone, Default)]
struct Partial {
    major: Option<String>,
    minor: Option<String>,
    patch: Option<String>,
    prerelease: String,
}

/// A comparison with a whole version.
#[derive(Debug, Clone)]
struct Comparator {
    operator: Operator,
    version: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
}

pub(super) fn satisfies(
    version: &str,
    range: &str,
    prereleases: Prereleases,
) -> Result<bool, VersionError> {
    let error = |text: &str, why| Scheme::Npm.error(text, why);
    let installed = semver::parse(version).map_err(|why| error(version, why))?;
    let mut undecided = None;
    for alternative in range.split("||") {
        let Some(comparators) = comparators(alternative.trim(), prereleases) else {
            undecided = Some(error(range, "it is no range"));
            continue;
        };
        if all_hold(&installed, &comparators, prereleases) {
            return Ok(true);
        }
    }
    undecided.map_or(Ok(false), Err)
}

fn all_hold(
    installed: &semver::Version<'_>,
    comparators: &[Comparator],
    prereleases: Prereleases,
) -> bool {
    let mut named = installed.prerelease.is_empty() || prereleases == Prereleases::All;
    for comparator in comparators {
        let Ok(bound) = semver::parse(&comparator.version) else { return false };
        let order = semver::compare(installed, &bound);
        let holds = match comparator.operator {
            Operator::Less => order.is_lt(),
            Operator::LessOrEqual => order.is_le(),
            Operator::Greater => order.is_gt(),
            Operator::GreaterOrEqual => order.is_ge(),
            Operator::Equal => order.is_eq(),
        };
        if !holds {
            return false;
        }
        named |= !bound.prerelease.is_empty()
            && semver::numbers(installed.numbers, bound.numbers) == Ordering::Equal;
    }
    named
}

/// The comparisons of one alternative; `None` where it is no range.
fn comparators(text: &str, prereleases: Prereleases) -> Option<Vec<Comparator>> {
    if let Some((low, high)) = text.split_once(" - ") {
        return hyphen(&partial(low.trim())?, &partial(high.trim())?, prereleases);
    }
    let mut all = Vec::new();
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        let operator = word.len() - word.trim_start_matches(['<', '>', '=', '~', '^']).len();
        let (sign, rest) = word.split_at_checked(operator)?;
        // An operator may stand apart from its version.
        let rest = if rest.is_empty() && !sign.is_empty() { words.next()? } else { rest };
        let rest = if rest == "v" || rest == "=" { words.next()? } else { rest };
        comparison(sign, &partial(rest)?, prereleases, &mut all)?;
    }
    Some(all)
}

fn partial(text: &str) -> Option<Partial> {
    let text = text.trim_start_matches(['=', 'v', ' ']);
    let text = text.split_once('+').map_or(text, |(text, _)| text);
    let is_open = |part: &str| matches!(part, "" | "x" | "X" | "*");
    let mut partial = Partial::default();
    let digits_or_open = |byte: u8| byte.is_ascii_digit() || b".xX*".contains(&byte);
    let mut rest = text.as_bytes();
    let numbers = digits::take(&mut rest, digits_or_open);
    let numbers = std::str::from_utf8(numbers).ok()?;
    let behind = std::str::from_utf8(rest).ok()?;
    let mut parts = numbers.split('.');
    for slot in [&mut partial.major, &mut partial.minor, &mut partial.patch] {
        match parts.next() {
            None => break,
            Some(part) if is_open(part) => break,
            Some(part) if digits::is_number(part.as_bytes()) => *slot = Some(part.to_owned()),
            Some(_) => return None,
        }
    }
    if parts.clone().any(|part| !is_open(part)) && parts.count() > 2 {
        return None;
    }
    partial.prerelease = behind.strip_prefix('-').unwrap_or(behind).to_owned();
    if !partial.prerelease.is_empty() && partial.patch.is_none() {
        // `1.2-beta` is no version; `1.x-beta` drops the pre-release.
        if numbers.is_empty() {
            return None;
        }
        partial.prerelease.clear();
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    partial.prerelease.bytes().all(plain).then_some(partial)
}

impl Partial {
    /// With zeros for what is open.
    fn floor(&self) -> String {
        let number = |part: &Option<String>| part.clone().unwrap_or_else(|| "0".into());
        let mut text =
            format!("{}.{}.{}", number(&self.major), number(&self.minor), number(&self.patch));
        if !self.prerelease.is_empty() {
            text = format!("{text}-{}", self.prerelease);
        }
        text
    }

    /// The first version with another number at `place`: 0 major, 1 minor, 2 patch.
    fn above(&self, place: usize, mark: &str) -> String {
        let number = |part: &Option<String>| part.clone().unwrap_or_else(|| "0".into());
        let up = |part: &Option<String>| digits::next(&number(part));
        let text = match place {
            0 => format!("{}.0.0", up(&self.major)),
            1 => format!("{}.{}.0", number(&self.major), up(&self.minor)),
            _ => format!("{}.{}.{}", number(&self.major), number(&self.minor), up(&self.patch)),
        };
        format!("{text}{mark}")
    }

    fn is_open(&self) -> bool {
        self.patch.is_none()
    }

    /// The place of the last number that is not open.
    fn last(&self) -> usize {
        usize::from(self.minor.is_some())
    }
}

fn push(all: &mut Vec<Comparator>, operator: Operator, version: String) {
    all.push(Comparator { operator, version });
}

/// The mark that takes the pre-releases of a bound in.
const LOWEST: &str = "-0";

fn comparison(
    sign: &str,
    partial: &Partial,
    prereleases: Prereleases,
    all: &mut Vec<Comparator>,
) -> Option<()> {
    let lowest = if prereleases == Prereleases::All { LOWEST } else { "" };
    let floor = |partial: &Partial| {
        let mark = if partial.is_open() { lowest } else { "" };
        format!("{}{mark}", partial.floor())
    };
    match sign {
        "~" | "~>" => {
            if partial.major.is_some() {
                push(all, Operator::GreaterOrEqual, floor(partial));
                push(all, Operator::Less, partial.above(partial.last(), LOWEST));
            }
        }
        "^" => {
            if partial.major.is_some() {
                push(all, Operator::GreaterOrEqual, floor(partial));
                push(all, Operator::Less, partial.above(caret_place(partial), LOWEST));
            }
        }
        "" | "=" if partial.is_open() => {
            if partial.major.is_some() {
                push(all, Operator::GreaterOrEqual, floor(partial));
                push(all, Operator::Less, partial.above(partial.last(), LOWEST));
            } else if prereleases == Prereleases::WhereNamed {
                push(all, Operator::GreaterOrEqual, "0.0.0".into());
            }
        }
        "" | "=" => push(all, Operator::Equal, partial.floor()),
        ">" | "<" if partial.major.is_none() => push(all, Operator::Less, "0.0.0-0".into()),
        ">=" | "<=" if partial.major.is_none() => {}
        ">" if partial.is_open() => {
            push(all, Operator::GreaterOrEqual, partial.above(partial.last(), lowest));
        }
        "<=" if partial.is_open() => {
            push(all, Operator::Less, partial.above(partial.last(), LOWEST));
        }
        "<" if partial.is_open() => {
            push(all, Operator::Less, format!("{}{LOWEST}", partial.floor()));
        }
        ">" => push(all, Operator::Greater, partial.floor()),
        "<" => push(all, Operator::Less, partial.floor()),
        ">=" => push(all, Operator::GreaterOrEqual, floor(partial)),
        "<=" => push(all, Operator::LessOrEqual, partial.floor()),
        _ => return None,
    }
    Some(())
}

/// A caret keeps the first number that is not zero.
fn caret_place(partial: &Partial) -> usize {
    let is_zero = |part: &Option<String>| {
        part.as_deref().is_some_and(|part| part.trim_start_matches('0').is_empty())
    };
    if !is_zero(&partial.major) || partial.minor.is_none() {
        0
    } else if !is_zero(&partial.minor) || partial.patch.is_none() {
        1
    } else {
        2
    }
}

/// `1.2 - 3`: what is open is filled up on both sides.
fn hyphen(low: &Partial, high: &Partial, prereleases: Prereleases) -> Option<Vec<Comparator>> {
    let all_in = prereleases == Prereleases::All;
    let mut all = Vec::new();
    if low.major.is_some() {
        let mark = if all_in && low.is_open() { LOWEST } else { "" };
        push(&mut all, Operator::GreaterOrEqual, format!("{}{mark}", low.floor()));
    }
    match high {
        _ if high.major.is_none() => {}
        _ if high.is_open() => push(&mut all, Operator::Less, high.above(high.last(), LOWEST)),
        _ if all_in && high.prerelease.is_empty() => {
            push(&mut all, Operator::Less, high.above(2, LOWEST));
        }
        _ => push(&mut all, Operator::LessOrEqual, high.floor()),
    }
    Some(all)
}
