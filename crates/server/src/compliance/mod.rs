//! What every image should be: a list of checks, each of which an image passes or fails.
//!
//! A new one is an entry of [`ALL`]; its name is a label of metrics.

use crate::moment::Millis;

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
}

/// A check.
#[derive(Clone, Copy)]
pub struct Policy {
    /// What it is called.
    pub name: &'static str,
    /// What it asks for.
    pub title: &'static str,
    /// Whether an image passes; `None` where that cannot be said.
    pub passes: fn(&Facts) -> Option<bool>,
}

const YEAR: Millis = 365 * 24 * 60 * 60 * 1000;

/// The registry.
pub const ALL: &[Policy] = &[
    Policy {
        name: "no-known-exploited",
        title: "nothing that is known to be exploited",
        passes: |it| Some(it.exploited == 0),
    },
    Policy {
        name: "no-critical-with-fix",
        title: "nothing critical for which there is a fix",
        passes: |it| Some(it.critical_fixable == 0),
    },
    Policy {
        name: "fixed-in-time",
        title: "nothing open for longer than agreed",
        passes: |it| Some(it.overdue == 0),
    },
    Policy {
        name: "supported-distribution",
        title: "a distribution that still gets fixes",
        passes: |it| it.supported,
    },
    Policy {
        name: "not-root",
        title: "a user who is not root",
        passes: |it| it.runs_as_root.map(|root| !root),
    },
    Policy {
        name: "built-within-a-year",
        title: "built within a year",
        passes: |it| it.age.map(|age| age <= YEAR),
    },
    Policy { name: "signed", title: "a signature", passes: |it| it.signed },
];

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
        };
        assert!(ALL.iter().all(|it| (it.passes)(&bad) == Some(false)));
    }
}
