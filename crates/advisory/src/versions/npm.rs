//! npm's ranges: `^1.2.3`, `~1.2`, `1.x || >=2.0.0-rc.1 <2.1`, `1.0 - 2.3`.
//!
//! Each form is brought to plain comparisons first, as npm does it. Versions and ranges are read
//! with `loose`, because old packages need it; a comma is a blank, as advisories write it.
//!
//! Source: <https://github.com/npm/node-semver#ranges>.

use super::{Scheme, VersionError, digits, semver};

/// Which pre-releases a range of npm can hold for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Prereleases {
    /// As npm installs: only where the range names a pre-release of the same version.
    WhereNamed,
    /// All that lie between the bounds (`includePrerelease`).
    All,
}

pub(super) fn satisfies(
    version: &str,
    constraint: &str,
    prereleases: Prereleases,
) -> Result<bool, VersionError> {
    let parsed = semver::parse(version).map_err(|why| Scheme::Npm.error(version, why))?;
    let mut inside = false;
    for alternative in constraint.split("||") {
        let set = comparators(alternative, prereleases)?;
        inside |= set_holds(&set, &parsed, prereleases)?;
    }
    Ok(inside)
}

/// A plain comparison; a version without one of these signs must be equal.
struct Comparator {
    sign: &'static str,
    bound: String,
}

fn set_holds(
    set: &[Comparator],
    version: &semver::Version<'_>,
    prereleases: Prereleases,
) -> Result<bool, VersionError> {
    let mut named = version.prerelease.is_none() || prereleases == Prereleases::All;
    for Comparator { sign, bound } in set {
        let bound = semver::parse(bound).map_err(|why| Scheme::Npm.error(bound, why))?;
        let order = semver::compare(version, &bound);
        let holds = match *sign {
            ">=" => order.is_ge(),
            ">" => order.is_gt(),
            "<=" => order.is_le(),
            "<" => order.is_lt(),
            _ => order.is_eq(),
        };
        if !holds {
            return Ok(false);
        }
        named |=
            bound.prerelease.is_some() && semver::numbers(version.numbers, bound.numbers).is_eq();
    }
    Ok(named)
}

/// `1.2.x-rc.1`: a part that is missing or a star is `None`.
struct Partial<'r> {
    parts: [Option<&'r str>; 3],
    prerelease: Option<&'r str>,
}

impl<'r> Partial<'r> {
    fn parse(text: &'r str) -> Result<Self, VersionError> {
        let error = || Scheme::Npm.error(text, "it is no range");
        let plain = text.trim_start_matches(['v', '=']);
        let mut rest = plain.split('+').next().unwrap_or_default();
        let mut parts = [None; 3];
        let mut count = 0;
        for part in &mut parts {
            let len = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (number, after) = rest.split_at_checked(len).ok_or_else(error)?;
            if !number.is_empty() {
                (*part, rest) = (Some(number), after);
            } else if let Some(after) = rest.strip_prefix(['x', 'X', '*']) {
                rest = after;
            } else if count == 0 && rest.is_empty() {
                break;
            } else {
                return Err(error());
            }
            count += 1;
            match rest.strip_prefix('.') {
                Some(after) if count < 3 => rest = after,
                _ => break,
            }
        }
        let number_after_star = !parts.is_sorted_by(|a, b| a.is_some() || b.is_none());
        if number_after_star {
            return Err(error());
        }
        let prerelease = match rest.strip_prefix('-') {
            Some("") => return Err(error()),
            Some(prerelease) => Some(prerelease),
            None if rest.is_empty() => None,
            None if count == 3 => Some(rest),
            None => return Err(error()),
        };
        Ok(Self { parts, prerelease })
    }

    /// The version itself, missing parts as zero.
    fn floor(&self, lowest: &str) -> String {
        let [major, minor, patch] = self.parts.map(|part| part.unwrap_or("0"));
        match self.prerelease.filter(|_| self.is_whole()) {
            Some(prerelease) => format!("{major}.{minor}.{patch}-{prerelease}"),
            None => format!("{major}.{minor}.{patch}{lowest}"),
        }
    }

    /// The first version of the next major (0), minor (1) or patch (2) number.
    fn next(&self, place: usize) -> String {
        let [major, minor, patch] = self.parts.map(|part| part.unwrap_or("0"));
        match place {
            0 => format!("{}.0.0", digits::next(major)),
            1 => format!("{major}.{}.0", digits::next(minor)),
            _ => format!("{major}.{minor}.{}", digits::next(patch)),
        }
    }

    /// How many parts are given.
    fn known(&self) -> usize {
        self.parts.iter().flatten().count()
    }

    fn is_whole(&self) -> bool {
        self.known() == 3
    }
}

const SIGNS: [&str; 8] = [">=", "<=", ">", "<", "=", "~>", "~", "^"];

fn comparators(text: &str, prereleases: Prereleases) -> Result<Vec<Comparator>, VersionError> {
    let lowest = if prereleases == Prereleases::All { "-0" } else { "" };
    let mut set = Set { lowest, comparators: Vec::new() };
    let text = text.trim();
    if let Some((from, to)) = text.split_once(" - ") {
        set.between(&Partial::parse(from.trim())?, &Partial::parse(to.trim())?);
        return Ok(set.comparators);
    }
    let blank = |c: char| c.is_whitespace() || c == ',';
    let mut rest = text.trim_start_matches(blank);
    while !rest.is_empty() {
        let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign)).unwrap_or_default();
        rest = rest.get(sign.len()..).unwrap_or_default().trim_start();
        let end = rest.find(blank).unwrap_or(rest.len());
        let (token, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        set.add(sign, &Partial::parse(token)?);
        rest = after.trim_start_matches(blank);
    }
    Ok(set.comparators)
}

struct Set {
    /// What makes a bound the lowest pre-release, where those count.
    lowest: &'static str,
    comparators: Vec<Comparator>,
}

impl Set {
    fn push(&mut self, sign: &'static str, bound: String) {
        self.comparators.push(Comparator { sign, bound });
    }

    /// From a version to just before the pre-releases of another.
    fn span(&mut self, from: String, to: &str) {
        self.push(">=", from);
        self.push("<", format!("{to}-0"));
    }

    fn between(&mut self, from: &Partial<'_>, to: &Partial<'_>) {
        if from.known() > 0 {
            self.push(">=", from.floor(self.lowest));
        }
        match to.known() {
            0 => {}
            place @ (1 | 2) => self.push("<", format!("{}-0", to.next(place - 1))),
            _ if to.prerelease.is_none() && !self.lowest.is_empty() => {
                self.push("<", format!("{}-0", to.next(2)));
            }
            _ => self.push("<=", to.floor("")),
        }
    }

    fn add(&mut self, sign: &'static str, partial: &Partial<'_>) {
        let lowest = if partial.is_whole() { "" } else { self.lowest };
        let floor = partial.floor(lowest);
        match (sign, partial.known()) {
            // Nothing is newer or older than any version.
            (">" | "<", 0) => self.push("<", "0.0.0-0".into()),
            (_, 0) => {}
            ("~" | "~>", known) => self.span(floor, &partial.next(usize::from(known > 1))),
            ("^", known) => {
                // The first number that is not zero must stay, or the last that is given.
                let zeros = partial.parts.iter().flatten().take_while(|part| **part == "0").count();
                self.span(floor, &partial.next(zeros.min(known - 1)));
            }
            ("" | "=", known @ (1 | 2)) => self.span(floor, &partial.next(known - 1)),
            (">", known @ (1 | 2)) => {
                self.push(">=", format!("{}{}", partial.next(known - 1), self.lowest));
            }
            ("<=", known @ (1 | 2)) => self.push("<", format!("{}-0", partial.next(known - 1))),
            ("<", 1 | 2) => self.push("<", partial.floor("-0")),
            _ => self.push(sign, floor),
        }
    }
}
