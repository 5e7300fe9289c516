//! Constraints as advisories write them: `>= 1.0, < 2.0 || = 3`, and what ecosystems add:
//! `[1.0,2.0)` of Maven and NuGet, `~> 1.2` of RubyGems, `^1.2` and `1.2.*` of Composer and
//! `SemVer`, `~1.2` of apk (begins with), Composer and `SemVer` (lies near).
//!
//! `,` and blanks mean "and", `||` means "or"; an empty constraint holds for everything. A
//! version without a sign must be equal.

use std::cmp::Ordering;

use super::{Scheme, VersionError, apk, digits, rpm, semver};

pub(super) fn satisfies(
    scheme: Scheme,
    version: &str,
    constraint: &str,
) -> Result<bool, VersionError> {
    let subject = Subject { scheme, version };
    // A version that is none is an error even where nothing is asked of it.
    subject.order(version)?;
    let mut inside = constraint.trim().is_empty();
    for alternative in constraint.split("||").map(str::trim).filter(|text| !text.is_empty()) {
        inside |= if has_intervals(scheme) && alternative.starts_with(['[', '(']) {
            subject.in_intervals(alternative)?
        } else {
            subject.fulfils_all(alternative)?
        };
    }
    Ok(inside)
}

const SIGNS: [&str; 11] = [">=", "<=", "==", "!=", "<>", "~>", ">", "<", "=", "~", "^"];

fn has_intervals(scheme: Scheme) -> bool {
    matches!(scheme, Scheme::Maven | Scheme::Nuget)
}

/// Whether numbers with dots are at the front of a version, and a longer one is a narrower range.
fn has_releases(scheme: Scheme) -> bool {
    use Scheme as S;
    matches!(
        scheme,
        S::Bitnami
            | S::Gem
            | S::Go
            | S::Nuget
            | S::Packagist
            | S::Pub
            | S::Semver
            | S::SemverLenient
    )
}

struct Subject<'v> {
    scheme: Scheme,
    version: &'v str,
}

impl Subject<'_> {
    fn order(&self, bound: &str) -> Result<Ordering, VersionError> {
        if self.scheme != Scheme::Rpm {
            return self.scheme.compare(self.version, bound);
        }
        self.scheme.parsed(self.version, bound, rpm::parse, rpm::compare_loose)
    }

    fn fulfils_all(&self, text: &str) -> Result<bool, VersionError> {
        let blank = |c: char| c.is_whitespace() || c == ',';
        let mut rest = text.trim_start_matches(blank);
        let mut all = true;
        while !rest.is_empty() {
            let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign)).unwrap_or_default();
            rest = rest.get(sign.len()..).unwrap_or_default().trim_start();
            let end = rest.find(blank).unwrap_or(rest.len());
            let (bound, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
            if bound.is_empty() || bound == "-" {
                return Err(self.scheme.error(text, "a constraint has a sign without a version"));
            }
            all &= self.fulfils(sign, bound)?;
            rest = after.trim_start_matches(blank);
        }
        Ok(all)
    }

    fn fulfils(&self, sign: &str, bound: &str) -> Result<bool, VersionError> {
        if let Some(release) = bound.strip_suffix(".*").or_else(|| bound.strip_suffix(".x"))
            && has_releases(self.scheme)
        {
            let inside = self.in_release(release, release, false)?;
            return match sign {
                "" | "=" | "==" => Ok(inside),
                "!=" | "<>" => Ok(!inside),
                _ => Err(self.scheme.error(bound, "a star goes with `=` and `!=` only")),
            };
        }
        match sign {
            ">=" => Ok(self.order(bound)?.is_ge()),
            "<=" => Ok(self.order(bound)?.is_le()),
            ">" => Ok(self.order(bound)?.is_gt()),
            "<" => Ok(self.order(bound)?.is_lt()),
            "!=" | "<>" => Ok(self.order(bound)?.is_ne()),
            "~" if self.scheme == Scheme::Apk => self.begins_with(bound),
            "~" | "~>" | "^" if has_releases(self.scheme) => {
                self.in_release(bound, &self.release_of(sign, bound), true)
            }
            "" | "=" | "==" => Ok(self.order(bound)?.is_eq()),
            _ => Err(self.scheme.error(bound, "its sign means nothing for this ecosystem")),
        }
    }

    fn begins_with(&self, start: &str) -> Result<bool, VersionError> {
        let parse = |text| apk::parse(text).map_err(|why| self.scheme.error(text, why));
        Ok(apk::begins_with(&parse(self.version)?, &parse(start)?))
    }

    /// The numbers that must stay: for `~> 1.2.3` it is `1.2`, for `^1.2.3` it is `1`.
    fn release_of(&self, sign: &str, bound: &str) -> String {
        let bound = bound.trim_start_matches(['v', 'V', '=']);
        let numbers = semver::numbers_at_front(bound.as_bytes());
        let parts: Vec<&[u8]> = numbers.split(|&byte| byte == b'.').collect();
        let zero = |part: &&&[u8]| digits::without_zeros(part).is_empty();
        let stay = match sign {
            "^" => parts.iter().take_while(zero).count() + 1,
            "~" if self.scheme != Scheme::Packagist => 2,
            _ => parts.len().saturating_sub(1).max(1),
        };
        let len = parts.iter().take(stay).map(|part| part.len() + 1).sum::<usize>();
        bound.get(..len.saturating_sub(1).min(numbers.len())).unwrap_or(bound).to_owned()
    }

    /// From a bound, or all pre-releases of a release, up to the pre-releases of the next.
    fn in_release(&self, from: &str, release: &str, exact: bool) -> Result<bool, VersionError> {
        let release = release.trim_start_matches(['v', 'V', '=']);
        if semver::numbers_at_front(release.as_bytes()).len() != release.len() {
            return Err(self.scheme.error(from, "it does not begin with numbers"));
        }
        let (front, last) = match release.rsplit_once('.') {
            Some((front, last)) => (Some(front), last),
            None => (None, release),
        };
        let next = digits::next(last);
        let end = front.map_or_else(|| next.clone(), |front| format!("{front}.{next}"));
        let lower = if exact { from.to_owned() } else { self.lowest(release) };
        Ok(self.order(&lower)?.is_ge() && self.order(&self.lowest(&end))?.is_lt())
    }

    /// The first pre-release there can be of a release.
    fn lowest(&self, release: &str) -> String {
        match self.scheme {
            Scheme::Gem => format!("{release}.A"),
            Scheme::Packagist => format!("{release}-dev"),
            Scheme::Bitnami => format!("{release}-0.0"),
            _ => format!("{release}-0"),
        }
    }

    /// `[1.0,2.0),(3.0,),[4.0]`: in one of them.
    fn in_intervals(&self, text: &str) -> Result<bool, VersionError> {
        let mut inside = false;
        let mut rest = text;
        while let Some(open) = rest.chars().next() {
            let end = rest.find([']', ')']);
            let (interval, after) = end
                .filter(|_| matches!(open, '[' | '('))
                .and_then(|end| rest.split_at_checked(end))
                .ok_or_else(|| self.scheme.error(rest, "it is no interval"))?;
            let bounds = interval.get(1..).unwrap_or_default();
            let closed = after.starts_with(']');
            inside |= match bounds.split_once(',') {
                Some((from, to)) => {
                    self.is_past(from.trim(), open == '[')? && self.is_before(to.trim(), closed)?
                }
                None if open == '[' && closed => self.order(bounds.trim())?.is_eq(),
                None => return Err(self.scheme.error(rest, "it is no interval")),
            };
            rest = after.get(1..).unwrap_or_default();
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        }
        Ok(inside)
    }

    fn is_past(&self, bound: &str, included: bool) -> Result<bool, VersionError> {
        if bound.is_empty() {
            return Ok(true);
        }
        let order = self.order(bound)?;
        Ok(order.is_gt() || (included && order.is_eq()))
    }

    fn is_before(&self, bound: &str, included: bool) -> Result<bool, VersionError> {
        if bound.is_empty() {
            return Ok(true);
        }
        let order = self.order(bound)?;
        Ok(order.is_lt() || (included && order.is_eq()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(scheme: Scheme, version: &str, constraint: &str) -> bool {
        satisfies(scheme, version, constraint).unwrap()
    }

    #[test]
    fn intervals_of_maven_and_nuget_include_what_their_brackets_say() {
        for (version, expected) in [("0.9", false), ("1.0", true), ("1.5", true), ("2.0", false)] {
            assert_eq!(inside(Scheme::Maven, version, "[1.0,2.0)"), expected, "{version}");
        }
        assert!(inside(Scheme::Nuget, "3.1", "[1.0,2.0), (3.0,)"));
        assert!(inside(Scheme::Maven, "1.0", "(,1.0]") && inside(Scheme::Maven, "1", "[1.0]"));
        assert!(satisfies(Scheme::Maven, "1", "[1.0").is_err());
    }

    #[test]
    fn near_versions_are_near_by_the_rules_of_each_ecosystem() {
        assert!(
            inside(Scheme::Gem, "1.2.9", "~> 1.2.3")
                && !inside(Scheme::Gem, "1.3.0.pre", "~> 1.2.3")
        );
        assert!(
            inside(Scheme::Packagist, "1.9", "~1.2")
                && !inside(Scheme::SemverLenient, "1.9.0", "~1.2")
        );
        assert!(
            inside(Scheme::SemverLenient, "0.2.9", "^0.2.3")
                && !inside(Scheme::SemverLenient, "0.3.0-rc", "^0.2.3")
        );
        assert!(
            inside(Scheme::Packagist, "v1.2.0-beta1", "1.2.*")
                && !inside(Scheme::Packagist, "1.3.0", "1.2.*")
        );
        assert!(satisfies(Scheme::Dpkg, "1", "^1").is_err());
    }

    #[test]
    fn a_constraint_that_is_cut_off_is_an_error() {
        assert!(satisfies(Scheme::Dpkg, "1", ">= ").is_err());
        assert!(satisfies(Scheme::Dpkg, "", "").is_err());
    }
}
