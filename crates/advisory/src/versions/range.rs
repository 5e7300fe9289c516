//! Whether a version is affected, by the ranges and versions of an advisory.
//!
//! Source: <https://ossf.github.io/osv-schema/#evaluation>. Events come in any order; each
//! `introduced` opens a stretch that the next `fixed`, `last_affected` or `limit` in the order of
//! versions closes.

use std::cmp::Ordering;

use super::{Scheme, VersionError};

/// A bound of a range, borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventRef<'e> {
    /// From this version on, it included; `0` is before all.
    Introduced(&'e str),
    /// Up to this version, it excluded.
    Fixed(&'e str),
    /// Up to this version, it included.
    LastAffected(&'e str),
    /// No claim is made from this version on.
    Limit(&'e str),
}

/// A range of an advisory, borrowed: events, or a constraint in the ecosystem's own syntax.
pub trait VersionRange<'e> {
    /// Its bounds; none where it is a constraint.
    fn events(&self) -> impl Iterator<Item = EventRef<'e>>;

    /// Its constraint; empty where it has bounds.
    fn constraint(&self) -> &'e str;
}

/// What the ranges of an advisory say of a version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RangeVerdict<'e> {
    /// The stretch or version that decided, where the version is affected.
    pub stretch: Option<Stretch<'e>>,
    /// Versions newer than this one that end a stretch of any range, nearest first.
    pub fixed: Vec<&'e str>,
}

/// Why a version is affected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stretch<'e> {
    /// It lies from the first bound to the second.
    Between(&'e str, Option<EventRef<'e>>),
    /// It fulfils a constraint.
    Constraint(&'e str),
    /// It is named.
    Named(&'e str),
}

impl RangeVerdict<'_> {
    /// Whether the version is affected.
    pub fn is_affected(&self) -> bool {
        self.stretch.is_some()
    }

    /// The comparison in words: `1.2.3 >= 1.0.0 and 1.2.3 < 1.4.0`.
    pub fn comparison(&self, version: &str) -> String {
        match self.stretch {
            None => format!("{version} is in no range"),
            Some(Stretch::Named(_)) => format!("{version} is named as affected"),
            Some(Stretch::Constraint("")) => "every version is affected".to_owned(),
            Some(Stretch::Constraint(text)) => format!("{version} fulfils `{text}`"),
            Some(Stretch::Between(from, to)) => {
                let from = (from != "0").then(|| format!("{version} >= {from}"));
                let to = to.map(|end| match end {
                    EventRef::LastAffected(last) => format!("{version} <= {last}"),
                    EventRef::Introduced(end) | EventRef::Fixed(end) | EventRef::Limit(end) => {
                        format!("{version} < {end}")
                    }
                });
                match (from, to) {
                    (Some(from), Some(to)) => format!("{from} and {to}"),
                    (Some(one), None) | (None, Some(one)) => one,
                    (None, None) => format!("every version is affected, {version} too"),
                }
            }
        }
    }
}

/// Judges a version by ranges and by versions named one by one.
///
/// # Errors
/// A version that the scheme cannot read, where no other range decides that it is affected.
pub fn affected<'e, R: VersionRange<'e>>(
    scheme: Scheme,
    version: &str,
    ranges: impl Iterator<Item = R>,
    mut named: impl Iterator<Item = &'e str>,
) -> Result<RangeVerdict<'e>, VersionError> {
    let mut verdict = RangeVerdict::default();
    let mut undecided = None;
    for range in ranges {
        let outcome = match range.constraint() {
            "" => by_events(scheme, version, &range, &mut verdict.fixed),
            constraint => scheme
                .satisfies(version, constraint)
                .map(|holds| holds.then_some(Stretch::Constraint(constraint))),
        };
        match outcome {
            Ok(stretch) => verdict.stretch = verdict.stretch.or(stretch),
            Err(error) => undecided = undecided.or(Some(error)),
        }
    }
    if verdict.stretch.is_none() {
        verdict.stretch = named
            .find(|name| {
                *name == version || scheme.compare(name, version).is_ok_and(Ordering::is_eq)
            })
            .map(Stretch::Named);
    }
    match undecided {
        Some(error) if verdict.stretch.is_none() => return Err(error),
        _ => {}
    }
    verdict.fixed.sort_by(|a, b| scheme.compare(a, b).unwrap_or_else(|_| a.cmp(b)));
    verdict.fixed.dedup();
    Ok(verdict)
}

/// The nearest bound below or at the version and the nearest one above it decide: no sorting.
fn by_events<'e>(
    scheme: Scheme,
    version: &str,
    range: &impl VersionRange<'e>,
    fixed: &mut Vec<&'e str>,
) -> Result<Option<Stretch<'e>>, VersionError> {
    let mut below: Option<(EventRef<'e>, &'e str)> = None;
    let mut above: Option<(EventRef<'e>, &'e str)> = None;
    for event in range.events() {
        let (EventRef::Introduced(bound)
        | EventRef::Fixed(bound)
        | EventRef::LastAffected(bound)
        | EventRef::Limit(bound)) = event;
        if matches!(event, EventRef::Limit("*")) {
            continue;
        }
        let is_start = matches!(event, EventRef::Introduced(_)) && is_zero(bound);
        let order = if is_start { Ordering::Less } else { scheme.compare(bound, version)? };
        // A last affected version still lies in its stretch: its end is just behind it.
        let passed = match event {
            EventRef::LastAffected(_) => order.is_lt(),
            _ => order.is_le(),
        };
        if passed {
            let nearer = match below {
                None => true,
                Some(_) if is_start => false,
                Some((EventRef::Introduced(start), _)) if is_zero(start) => true,
                Some((known, other)) => match scheme.compare(bound, other)? {
                    Ordering::Greater => true,
                    // What is fixed and introduced in the same version is affected from it on.
                    Ordering::Equal => !matches!(known, EventRef::Introduced(_)),
                    Ordering::Less => false,
                },
            };
            if nearer {
                below = Some((event, bound));
            }
        } else {
            if matches!(event, EventRef::Fixed(_)) {
                fixed.push(bound);
            }
            let nearer = match above {
                None => true,
                Some((_, other)) => scheme.compare(bound, other)?.is_lt(),
            };
            if nearer {
                above = Some((event, bound));
            }
        }
    }
    Ok(match below {
        Some((EventRef::Introduced(from), _)) => {
            Some(Stretch::Between(from, above.map(|(event, _)| event)))
        }
        _ => None,
    })
}

/// OSV's `0`, and the ways in which publishers write it.
fn is_zero(bound: &str) -> bool {
    bound == "0" || bound == "0.0.0-0"
}

impl<'e> VersionRange<'e> for &'e plimsoll_model::Range {
    fn events(&self) -> impl Iterator<Item = EventRef<'e>> {
        use plimsoll_model::Event;
        self.events.iter().map(|event| match event {
            Event::Introduced(version) => EventRef::Introduced(version),
            Event::Fixed(version) => EventRef::Fixed(version),
            Event::LastAffected(version) => EventRef::LastAffected(version),
            Event::Limit(version) => EventRef::Limit(version),
        })
    }

    fn constraint(&self) -> &'e str {
        &self.constraint
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::{Event, Range, RangeKind};

    use super::*;

    fn range(events: Vec<Event>) -> Range {
        Range { kind: RangeKind::Ecosystem, events, constraint: String::new() }
    }

    fn judged(scheme: Scheme, version: &str, ranges: &[Range]) -> String {
        match affected(scheme, version, ranges.iter(), std::iter::empty()) {
            Ok(verdict) => format!("{} → {}", verdict.comparison(version), verdict.fixed.join(" ")),
            Err(error) => error.to_string(),
        }
    }

    fn two_stretches() -> Vec<Range> {
        vec![range(vec![
            Event::Introduced("2.13.0".into()),
            Event::Fixed("2.15.0".into()),
            Event::Fixed("2.12.2".into()),
            Event::Introduced("0".into()),
        ])]
    }

    #[test]
    fn events_decide_in_any_order() {
        let judged = |version| judged(Scheme::Maven, version, &two_stretches());
        assert_eq!(judged("2.1"), "2.1 < 2.12.2 → 2.12.2 2.15.0");
        assert_eq!(judged("2.12.2"), "2.12.2 is in no range → 2.15.0");
        assert_eq!(judged("2.14.1"), "2.14.1 >= 2.13.0 and 2.14.1 < 2.15.0 → 2.15.0");
        assert_eq!(judged("2.15.0"), "2.15.0 is in no range → ");
    }

    #[test]
    fn the_last_affected_version_is_affected() {
        let ranges =
            [range(vec![Event::Introduced("0".into()), Event::LastAffected("1.2-3".into())])];
        assert_eq!(judged(Scheme::Dpkg, "1.2-3", &ranges), "1.2-3 <= 1.2-3 → ");
        assert_eq!(judged(Scheme::Dpkg, "1.2-3+b1", &ranges), "1.2-3+b1 is in no range → ");
    }

    #[test]
    fn a_bound_that_cannot_be_read_decides_nothing_unless_another_range_does() {
        let broken = range(vec![Event::Introduced("0".into()), Event::Fixed("epoch:1".into())]);
        let sound = range(vec![Event::Introduced("0".into()), Event::Fixed("2-1".into())]);
        assert!(judged(Scheme::Dpkg, "1-1", &[broken.clone()]).contains("epoch:1"));
        assert_eq!(judged(Scheme::Dpkg, "1-1", &[broken, sound]), "1-1 < 2-1 → 2-1");
    }

    #[test]
    fn versions_named_one_by_one_count_beside_ranges() {
        let verdict = affected(
            Scheme::Pep440,
            "1.0",
            std::iter::empty::<&Range>(),
            ["1.0.0", "2"].into_iter(),
        )
        .unwrap();
        assert_eq!(verdict.stretch, Some(Stretch::Named("1.0.0")));
    }
}
