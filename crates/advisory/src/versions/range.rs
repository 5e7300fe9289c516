//! Whether a version lies in any range of an advisory, or among the versions it names.
//!
//! A bound that is no version makes a range undecidable, which is an error and never "not
//! affected"; another range that does contain the version outweighs it.
//!
//! Source: <https://ossf.github.io/osv-schema/#evaluation>.

use std::cmp::Ordering;

use plimsoll_model::{Event, Range, RangeKind};

use super::{EventRef, Scheme, VersionError, evaluate};

/// What ranges and lists of versions say of a version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RangeVerdict {
    /// Whether the version is affected.
    pub affected: bool,
    /// Index of the range that contains it; where none does, of the last that was asked.
    pub range: Option<usize>,
    /// Index among the versions named one by one, where that decided.
    pub listed: Option<usize>,
    /// Fixed versions that are newer, of all ranges, nearest first, the nearest 64.
    pub fixed: Vec<String>,
    /// The comparison in words: `1.2.3 >= 1.0.0 and 1.2.3 < 1.4.0`.
    pub words: String,
}

impl Scheme {
    /// The order of an ecosystem's ranges of a kind.
    ///
    /// Bounds of `SemVer` ecosystems are read leniently (`1.2` for `1.2.0`), because advisories
    /// write them so. [`RangeKind::Semver`] changes the order only where the ecosystem's
    /// versions are `SemVer` with additions.
    #[must_use]
    pub fn for_ranges(self, kind: RangeKind) -> Self {
        match (self, kind) {
            (Self::Npm | Self::Semver | Self::SemverLenient, _)
            | (Self::Pub, RangeKind::Semver) => Self::SemverLenient,
            _ => self,
        }
    }
}

/// Whether a version is among others: written the same, or equal in the scheme's order.
pub fn listed<'a>(
    scheme: Scheme,
    version: &str,
    versions: impl IntoIterator<Item = &'a str>,
) -> Option<usize> {
    let short = scheme.short(version).is_ok();
    versions.into_iter().position(|other| {
        other == version || (short && scheme.compare(version, other).is_ok_and(Ordering::is_eq))
    })
}

/// Whether a version is in any of an advisory's ranges, or among its versions.
///
/// The error is about the version, or about the first bound or constraint that nothing can be
/// decided by, where no other range decides that the version is affected.
pub fn affected<V: AsRef<str>>(
    scheme: Scheme,
    version: &str,
    ranges: &[Range],
    versions: &[V],
) -> Result<RangeVerdict, VersionError> {
    let mut verdict = RangeVerdict::default();
    let mut error = None;
    let mut fixes: Vec<&str> = Vec::new();
    for (at, range) in ranges.iter().enumerate() {
        let order = scheme.for_ranges(range.kind);
        match ask(order, scheme, version, range) {
            Ok((affected, words)) => {
                let first = !verdict.affected;
                verdict.affected |= affected;
                if first {
                    (verdict.range, verdict.words) = (Some(at), words);
                }
            }
            Err(why) => error = error.or(Some(why)),
        }
        for event in &range.events {
            if let Event::Fixed(fix) = event
                && order.compare(version, fix).is_ok_and(Ordering::is_lt)
            {
                insert(order, &mut fixes, fix);
            }
        }
    }
    if !verdict.affected
        && let Some(at) = listed(scheme, version, versions.iter().map(AsRef::as_ref))
    {
        verdict.affected = true;
        verdict.range = None;
        verdict.listed = Some(at);
        verdict.words = format!("{version} is named as affected");
    }
    if let Some(error) = error.filter(|_| !verdict.affected) {
        return Err(error);
    }
    verdict.fixed = fixes.into_iter().map(str::to_owned).collect();
    Ok(verdict)
}

/// Keeps fixed versions in order. Sorting at the end would not do: not all orders are transitive.
fn insert<'a>(order: Scheme, fixes: &mut Vec<&'a str>, fix: &'a str) {
    const KEPT: usize = 64;
    let at = fixes.partition_point(|known| order.compare(known, fix).is_ok_and(Ordering::is_lt));
    let known =
        fixes.get(at).is_some_and(|known| order.compare(known, fix).is_ok_and(Ordering::is_eq));
    if !known {
        fixes.insert(at, fix);
        fixes.truncate(KEPT);
    }
}

/// Asks one range.
fn ask(
    order: Scheme,
    scheme: Scheme,
    version: &str,
    range: &Range,
) -> Result<(bool, String), VersionError> {
    if range.events.is_empty() && !range.constraint.is_empty() {
        let inside = scheme.satisfies_with(version, &range.constraint, super::Prereleases::All)?;
        let word = if inside { "fulfils" } else { "does not fulfil" };
        return Ok((inside, format!("{version} {word} {}", range.constraint)));
    }
    let evaluation = evaluate(order, version, range.events.iter().map(EventRef::from))?;
    Ok((evaluation.affected, evaluation.words(version)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(kind: RangeKind, events: &[Event]) -> Range {
        Range { kind, events: events.to_vec(), constraint: String::new() }
    }

    fn introduced(version: &str) -> Event {
        Event::Introduced(version.into())
    }

    fn fixed(version: &str) -> Event {
        Event::Fixed(version.into())
    }

    const NONE: &[&str] = &[];

    fn ask_dpkg(version: &str, events: &[Event]) -> RangeVerdict {
        affected(Scheme::Dpkg, version, &[range(RangeKind::Ecosystem, events)], NONE).unwrap()
    }

    #[test]
    fn the_newest_event_before_a_version_decides_in_whatever_order_they_stand() {
        let events =
            [fixed("1.4-1"), introduced("2.0-1"), introduced("0"), fixed("2.0-5"), fixed("3.0-1")];
        for (version, expected, words) in [
            ("1.0-1", true, "1.0-1 < 1.4-1"),
            ("1.4-1", false, "1.4-1 >= 1.4-1 and 1.4-1 < 2.0-1"),
            ("2.0-3", true, "2.0-3 >= 2.0-1 and 2.0-3 < 2.0-5"),
            ("4", false, "4 >= 3.0-1"),
        ] {
            let verdict = ask_dpkg(version, &events);
            assert_eq!((verdict.affected, verdict.words.as_str()), (expected, words));
        }
    }

    #[test]
    fn what_is_fixed_later_is_named_nearest_first_whether_affected_or_not() {
        let events = [introduced("0"), fixed("3"), introduced("4"), fixed("10"), fixed("5")];
        assert_eq!(ask_dpkg("1", &events).fixed, ["3", "5", "10"]);
        assert_eq!(ask_dpkg("3", &events).fixed, ["5", "10"]);
        assert!(!ask_dpkg("3", &events).affected);
    }

    #[test]
    fn what_is_last_affected_is_affected_and_a_limit_is_not() {
        let last = [introduced("1"), Event::LastAffected("2".into())];
        assert_eq!(ask_dpkg("2", &last).words, "2 >= 1 and 2 <= 2");
        assert!(ask_dpkg("2", &last).affected && !ask_dpkg("2.1", &last).affected);
        let one = [Event::LastAffected("2".into()), introduced("2")];
        assert!(ask_dpkg("2", &one).affected && !ask_dpkg("3", &one).affected);
        let limit = [introduced("1"), Event::Limit("2".into())];
        assert!(ask_dpkg("1.9", &limit).affected && !ask_dpkg("2", &limit).affected);
        assert_eq!(ask_dpkg("2", &limit).words, "2 >= 2");
        let none = [introduced("0"), Event::Limit("*".into())];
        assert!(ask_dpkg("99", &none).affected);
    }

    #[test]
    fn everything_is_affected_where_no_bound_says_otherwise() {
        let verdict = ask_dpkg("1", &[introduced("0")]);
        assert!(verdict.affected && verdict.fixed.is_empty());
        assert_eq!(verdict.words, "1: every version is affected");
        assert!(!ask_dpkg("1", &[]).affected);
        let range = range(RangeKind::Ecosystem, &[introduced("0")]);
        assert!(affected(Scheme::Npm, "no version", &[range], NONE).is_err());
    }

    #[test]
    fn an_unreadable_bound_is_an_error_unless_another_range_decides() {
        let broken = range(RangeKind::Semver, &[introduced("0"), fixed("one")]);
        let whole = range(RangeKind::Semver, &[introduced("0"), fixed("1.2")]);
        let ranges = [broken, whole];
        let verdict = affected(Scheme::Npm, "1.1.0", &ranges, NONE).unwrap();
        assert_eq!((verdict.affected, verdict.range), (true, Some(1)));
        let error = affected(Scheme::Npm, "1.3.0", &ranges, NONE).unwrap_err();
        assert_eq!(error.version, "one");
    }

    #[test]
    fn versions_named_one_by_one_may_be_written_in_another_way() {
        let verdict = affected(Scheme::Pep440, "1.0.0", &[], &["0.9", "1.0"]).unwrap();
        assert_eq!((verdict.affected, verdict.listed), (true, Some(1)));
        assert_eq!(verdict.words, "1.0.0 is named as affected");
        assert!(!affected(Scheme::Npm, "2.0.0", &[], &["x", "1.0.0"]).unwrap().affected);
    }

    #[test]
    fn a_constraint_is_asked_in_its_own_syntax() {
        let range = Range {
            kind: RangeKind::Ecosystem,
            events: Vec::new(),
            constraint: ">=1.0.0 <2.0.0".into(),
        };
        let verdict = affected(Scheme::Npm, "1.5.0-rc.1", &[range], NONE).unwrap();
        assert!(verdict.affected);
        assert_eq!(verdict.words, "1.5.0-rc.1 fulfils >=1.0.0 <2.0.0");
    }

    #[test]
    fn go_and_npm_bounds_may_be_short_and_leave_the_v_out() {
        let range = range(RangeKind::Semver, &[introduced("1.2"), fixed("1.21.0-rc2")]);
        let ranges = [range];
        for (scheme, version) in
            [(Scheme::Go, "v1.21rc1"), (Scheme::Go, "go1.20"), (Scheme::Npm, "1.2.0")]
        {
            assert!(affected(scheme, version, &ranges, NONE).unwrap().affected, "{version}");
        }
    }
}
