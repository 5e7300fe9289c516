//! The events of one range, and what they say of a version.
//!
//! The newest event at or before the version decides. `introduced: 0` is before all versions,
//! `fixed` excludes its version, `last_affected` includes it, and from a `limit` on a range says
//! nothing. Events may stand in any order. All is borrowed and nothing allocated, because a scan
//! asks this a million times.
//!
//! Source: <https://ossf.github.io/osv-schema/#evaluation>.

use std::cmp::Ordering;

use plimsoll_model::Event;

use super::{Scheme, VersionError};

/// A bound of a range, borrowed from wherever ranges are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventRef<'a> {
    /// From this version on, it included; `0` is before all.
    Introduced(&'a str),
    /// Up to this version, it excluded.
    Fixed(&'a str),
    /// Up to this version, it included.
    LastAffected(&'a str),
    /// No claim is made from this version on; `*` is behind all.
    Limit(&'a str),
}

impl<'a> From<&'a Event> for EventRef<'a> {
    fn from(event: &'a Event) -> Self {
        match event {
            Event::Introduced(version) => Self::Introduced(version),
            Event::Fixed(version) => Self::Fixed(version),
            Event::LastAffected(version) => Self::LastAffected(version),
            Event::Limit(version) => Self::Limit(version),
        }
    }
}

/// What the events of one range say of a version.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Evaluation<'a> {
    /// Whether the range contains the version.
    pub affected: bool,
    /// The newest event at or before the version (for a limit: that it is past), if any is.
    pub decided_by: Option<EventRef<'a>>,
    /// The oldest event that lies after the version, or that ends with it.
    pub next: Option<EventRef<'a>>,
    /// The oldest fixed version that is newer than the version.
    pub fixed: Option<&'a str>,
}

/// Evaluates the events of one range, without allocating; the scheme is the range's own
/// ([`Scheme::for_ranges`]).
///
/// ```
/// use plimsoll_advisory::versions::{EventRef, Scheme, evaluate};
/// let events = [EventRef::Introduced("0"), EventRef::Fixed("1.4.0")];
/// assert!(evaluate(Scheme::SemverLenient, "1.2.3", events)?.affected);
/// # Ok::<(), plimsoll_advisory::versions::VersionError>(())
/// ```
pub fn evaluate<'a>(
    scheme: Scheme,
    version: &str,
    events: impl IntoIterator<Item = EventRef<'a>>,
) -> Result<Evaluation<'a>, VersionError> {
    scheme.short(version)?;
    let mut evaluation = Evaluation::default();
    let mut limit: Option<(EventRef<'a>, bool)> = None;
    for event in events {
        let (bound, passed) = match event {
            EventRef::Introduced("0") => {
                evaluation.decided_by.get_or_insert(event);
                continue;
            }
            EventRef::Limit("*") => {
                limit = Some((event, true));
                continue;
            }
            EventRef::Introduced(bound) | EventRef::Fixed(bound) => {
                (bound, scheme.compare(version, bound)?.is_ge())
            }
            EventRef::LastAffected(bound) => (bound, scheme.compare(version, bound)?.is_gt()),
            EventRef::Limit(bound) => {
                let before = scheme.compare(version, bound)?.is_lt();
                if !matches!(limit, Some((_, true))) {
                    limit = Some((event, before));
                }
                continue;
            }
        };
        if passed {
            if is_later(scheme, event, bound, evaluation.decided_by)? {
                evaluation.decided_by = Some(event);
            }
            continue;
        }
        if is_nearer(scheme, bound, evaluation.next.and_then(EventRef::bound))? {
            evaluation.next = Some(event);
        }
        if matches!(event, EventRef::Fixed(_)) && is_nearer(scheme, bound, evaluation.fixed)? {
            evaluation.fixed = Some(bound);
        }
    }
    evaluation.affected = matches!(evaluation.decided_by, Some(EventRef::Introduced(_)));
    match limit {
        Some((event, false)) => {
            evaluation.affected = false;
            evaluation.decided_by = Some(event);
        }
        Some((event, true)) if evaluation.next.is_none() => evaluation.next = Some(event),
        _ => {}
    }
    if evaluation.decided_by == Some(EventRef::Introduced("0")) && evaluation.next.is_none() {
        // Nothing was compared: a version that is none must still not pass for one.
        scheme.compare(version, version)?;
    }
    Ok(evaluation)
}

impl<'a> EventRef<'a> {
    fn bound(self) -> Option<&'a str> {
        match self {
            Self::Introduced("0") | Self::Limit("*") => None,
            Self::Introduced(bound)
            | Self::Fixed(bound)
            | Self::LastAffected(bound)
            | Self::Limit(bound) => Some(bound),
        }
    }
}

/// Whether an event decides instead of another before the version. At one version the event
/// written later does, but what is last affected ends behind it.
fn is_later(
    scheme: Scheme,
    event: EventRef<'_>,
    bound: &str,
    other: Option<EventRef<'_>>,
) -> Result<bool, VersionError> {
    let Some(other) = other else { return Ok(true) };
    let Some(other_bound) = other.bound() else { return Ok(true) };
    let last = |event| matches!(event, EventRef::LastAffected(_));
    Ok(match scheme.compare(bound, other_bound)? {
        Ordering::Greater => true,
        Ordering::Equal => last(event) || !last(other),
        Ordering::Less => false,
    })
}

fn is_nearer(scheme: Scheme, bound: &str, other: Option<&str>) -> Result<bool, VersionError> {
    other.map_or(Ok(true), |other| Ok(scheme.compare(bound, other)?.is_lt()))
}

impl Evaluation<'_> {
    /// The comparison that decided, in words: `1.2.3 >= 1.0.0 and 1.2.3 < 1.4.0`.
    pub fn words(&self, version: &str) -> String {
        let past = match self.decided_by {
            Some(EventRef::Introduced("0")) | None => None,
            Some(EventRef::Introduced(bound) | EventRef::Fixed(bound) | EventRef::Limit(bound)) => {
                Some(format!("{version} >= {bound}"))
            }
            Some(EventRef::LastAffected(bound)) => Some(format!("{version} > {bound}")),
        };
        let ahead = match self.next {
            Some(EventRef::LastAffected(bound)) => Some(format!("{version} <= {bound}")),
            Some(EventRef::Limit("*")) | None => None,
            Some(EventRef::Introduced(bound) | EventRef::Fixed(bound) | EventRef::Limit(bound)) => {
                Some(format!("{version} < {bound}"))
            }
        };
        match (past, ahead) {
            (Some(past), Some(ahead)) => format!("{past} and {ahead}"),
            (Some(only), None) | (None, Some(only)) => only,
            (None, None) if self.affected => format!("{version}: every version is affected"),
            (None, None) => format!("{version}: the range has no events"),
        }
    }
}
