//! What every image should be: a list of checks, each of which an image passes or fails.
//!
//! A new one is an entry at the end of [`ALL`]: its name is a label of metrics, its place a bit of what is
//! stored of an image. Pages and metrics tell the same counts, those of the last look at all images.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::moment::Millis;
use crate::store::{Connection, settings};

/// What is known of an image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Facts {
    /// Open findings that are known to be exploited.
    pub exploited: i64,
    /// Critical ones for which there is a fix.
    pub critical_fixable: i64,
    /// Those that are open for longer than they should be.
    pub overdue: i64,
    /// Whether its distribution gets fixes still; `None` where that is not known.
    pub supported: Option<bool>,
    /// Whether it runs as root.
    pub runs_as_root: Option<bool>,
    /// How old it is.
    pub age: Option<Millis>,
    /// Whether a signature hangs on it; `None` where nobody looked.
    pub signed: Option<bool>,
    /// How long ago it was read.
    pub read: Millis,
    /// Whether something of it could not be read.
    pub partial: bool,
}

/// A check.
#[derive(Clone, Copy)]
pub struct Policy {
    /// What it is called.
    pub name: &'static str,
    /// What it asks for.
    pub title: &'static str,
    /// The same in a word, for charts.
    pub short: &'static str,
    /// Why.
    pub why: &'static str,
    /// Whether an image passes; `None` where that cannot be said.
    pub passes: fn(&Facts) -> Option<bool>,
}

const DAY: Millis = 24 * 60 * 60 * 1000;
const YEAR: Millis = 365 * DAY;

/// The registry.
pub const ALL: &[Policy] = &[
    Policy {
        name: "no-known-exploited",
        title: "nothing that is known to be exploited",
        short: "exploited",
        why: "Somebody uses it already: CISA lists it.",
        passes: |it| Some(it.exploited == 0),
    },
    Policy {
        name: "no-critical-with-fix",
        title: "nothing critical for which there is a fix",
        short: "critical",
        why: "What can be mended is, by a rebuild.",
        passes: |it| Some(it.critical_fixable == 0),
    },
    Policy {
        name: "fixed-in-time",
        title: "nothing open for longer than agreed",
        short: "in time",
        why: "Everybody agreed to mend it by then, and nobody decided otherwise.",
        passes: |it| Some(it.overdue == 0),
    },
    Policy {
        name: "supported-distribution",
        title: "a distribution that still gets fixes",
        short: "support",
        why: "Nobody mends what is out of support.",
        passes: |it| it.supported,
    },
    Policy {
        name: "not-root",
        title: "a user who is not root",
        short: "not root",
        why: "Whoever breaks out of it is root only where it was.",
        passes: |it| it.runs_as_root.map(|root| !root),
    },
    Policy {
        name: "built-within-a-year",
        title: "built within a year",
        short: "age",
        why: "What is older was built on what is older still.",
        passes: |it| it.age.map(|age| age <= YEAR),
    },
    Policy {
        name: "signed",
        title: "a signature",
        short: "signed",
        why: "One hangs on it in its registry; whose it is, `plimsoll verify` and admission say.",
        passes: |it| it.signed,
    },
    Policy {
        name: "read-within-a-week",
        title: "read within a week",
        short: "fresh",
        why: "What is in it is known as of then. Findings follow the advisories without a new reading.",
        passes: |it| Some(it.read <= 7 * DAY),
    },
    Policy {
        name: "wholly-read",
        title: "nothing that could not be read",
        short: "whole",
        why: "What could not be read may hide packages.",
        passes: |it| Some(!it.partial),
    },
];

/// The policies that an image fails, a bit each.
pub fn failed(facts: &Facts) -> i64 {
    let failed = |(policy, _): &(&Policy, u32)| (policy.passes)(facts) == Some(false);
    ALL.iter().zip(0_u32..).filter(failed).map(|(_, place)| 1_i64 << place).sum()
}

/// The bit of a policy; `None` where there is none of that name.
pub fn bit(name: &str) -> Option<i64> {
    let place = ALL.iter().position(|policy| policy.name == name)?;
    Some(1 << u32::try_from(place).ok()?)
}

/// How many images pass.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// Those that do.
    pub passed: i64,
    /// Those that do not.
    pub failed: i64,
    /// Those of which it cannot be said.
    pub unknown: i64,
}

impl Count {
    /// Counts an image.
    pub fn add(&mut self, passes: Option<bool>) {
        let place = match passes {
            Some(true) => &mut self.passed,
            Some(false) => &mut self.failed,
            None => &mut self.unknown,
        };
        *place += 1;
    }

    /// Of how many it can be said.
    pub fn known(self) -> i64 {
        self.passed.saturating_add(self.failed)
    }
}

/// What came of a look at all images.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checks {
    /// When it was.
    pub at: Millis,
    /// How many there were.
    pub images: i64,
    /// By the name of the policy.
    pub counts: BTreeMap<String, Count>,
}

/// Where the last one is kept.
const KEPT: &str = "compliance.checks";

impl Checks {
    /// From counts in the order of [`ALL`].
    pub fn new(at: Millis, images: i64, counts: &[Count]) -> Self {
        let named = ALL.iter().zip(counts).map(|(policy, count)| (policy.name.to_owned(), *count));
        Self { at, images, counts: named.collect() }
    }

    /// Of a policy.
    pub fn of(&self, policy: &Policy) -> Count {
        self.counts.get(policy.name).copied().unwrap_or_default()
    }

    /// The last ones; `None` where nobody has looked yet.
    pub async fn kept(connection: &mut Connection) -> Result<Option<Self>> {
        let text = settings::value(connection, KEPT).await?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// Keeps them for whoever asks.
    pub async fn keep(&self, connection: &mut Connection) -> Result<()> {
        let text = serde_json::to_string(self).map_err(|_| Error::Damaged("the checks"))?;
        settings::set(connection, KEPT, &text).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_labels_and_stand_once() {
        let mut names: Vec<&str> = ALL.iter().map(|it| it.name).collect();
        assert!(names.iter().all(|it| it.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }

    #[test]
    fn what_is_not_known_neither_passes_nor_fails() {
        let unknown = ALL.iter().filter(|it| (it.passes)(&Facts::default()).is_none()).count();
        assert_eq!(unknown, 4);
        let bad = Facts {
            exploited: 1,
            critical_fixable: 1,
            overdue: 1,
            supported: Some(false),
            runs_as_root: Some(true),
            age: Some(YEAR + 1),
            signed: Some(false),
            read: 8 * DAY,
            partial: true,
        };
        assert!(ALL.iter().all(|it| (it.passes)(&bad) == Some(false)));
        assert_eq!(failed(&bad), (1 << ALL.len()) - 1);
        assert_eq!(failed(&Facts::default()), 0);
        let old = Facts { age: Some(YEAR + 1), ..Facts::default() };
        assert_eq!(Some(failed(&old)), bit("built-within-a-year"));
    }
}
