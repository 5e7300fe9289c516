//! Which base to build upon: candidates are ranked, and of the moves the one is named that
//! removes most findings at the least change, with the traps on its way.
//!
//! A candidate may be measured (its findings are known) or only known by shipped facts. Where
//! findings are not known of both sides, packages are compared; where these are not, what kind of
//! image it is. [`Advice::basis`] says which it was, because a guess by kind is no measurement.
//!
//! The points are plain sums, so that two people get the same answer: see `ranking.rs`.

mod offers;
mod ranking;
mod traps;

use plimsoll_model::{Severity, Timestamp};

use crate::bases::Base;

pub use offers::{Offer, Scope, offers};
pub use ranking::{Advice, Basis, Move, advise};
pub use traps::{Modules, Trap, traps};

/// How many findings of which severity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FindingCounts {
    /// Critical ones.
    pub critical: u64,
    /// High ones.
    pub high: u64,
    /// Medium ones.
    pub medium: u64,
    /// Low ones.
    pub low: u64,
    /// Negligible and unrated ones.
    pub other: u64,
}

impl FindingCounts {
    /// Counts severities.
    pub fn of(severities: impl Iterator<Item = Severity>) -> Self {
        let mut counts = Self::default();
        for severity in severities {
            let count = match severity {
                Severity::Critical => &mut counts.critical,
                Severity::High => &mut counts.high,
                Severity::Medium => &mut counts.medium,
                Severity::Low => &mut counts.low,
                _ => &mut counts.other,
            };
            *count = count.saturating_add(1);
        }
        counts
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        [self.critical, self.high, self.medium, self.low, self.other]
            .into_iter()
            .fold(0, u64::saturating_add)
    }

    /// One number to compare by: a critical one counts as 20 low or unrated ones, a high one as
    /// 8, a medium one as 3.
    pub fn weight(&self) -> u64 {
        [(self.critical, 20), (self.high, 8), (self.medium, 3), (self.low, 1), (self.other, 1)]
            .into_iter()
            .fold(0, |sum: u64, (count, weight)| sum.saturating_add(count.saturating_mul(weight)))
    }
}

/// A base that may be built upon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What is known of it.
    pub base: Base,
    /// Its findings, where it was measured.
    pub findings: Option<FindingCounts>,
    /// When it was made, where known.
    pub created: Option<Timestamp>,
    /// Whether it is for the whole build or for its last stage alone.
    pub scope: Scope,
}

impl Candidate {
    /// A candidate by what is known of it.
    pub fn new(base: Base) -> Self {
        Self { base, findings: None, created: None, scope: Scope::Any }
    }

    /// What kind of image it is.
    pub fn kind(&self) -> Option<Kind> {
        Kind::of(&self.base)
    }
}

/// How much an image has in it, by its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// Nothing, or certificates and time zones: static programs alone run.
    Static,
    /// Libraries and a runtime, without shell and package manager.
    Distroless,
    /// Alpine, Wolfi or busybox: small, with a shell.
    Small,
    /// A distribution without compiler.
    Slim,
    /// With compiler and development files.
    Full,
}

impl Kind {
    fn of(base: &Base) -> Option<Self> {
        use crate::bases::{Libc, PackageManager};
        let has_shell = base.shell.as_ref().map(crate::bases::ShellFact::exists);
        if base.has_command("gcc") == Some(true) && base.has_command("make") == Some(true) {
            return Some(Self::Full);
        }
        match (base.package_manager?, base.libc, has_shell) {
            (PackageManager::None, Some(Libc::None), Some(false)) => Some(Self::Static),
            (PackageManager::None, _, Some(false)) => Some(Self::Distroless),
            (PackageManager::None | PackageManager::Apk, ..) => Some(Self::Small),
            _ => Some(Self::Slim),
        }
    }

    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Distroless => "distroless",
            Self::Small => "small",
            Self::Slim => "slim",
            Self::Full => "full",
        }
    }

    /// How much of a full image's findings one of this kind has, in percent: the median of what
    /// scans of official images show, and no more than an order.
    fn exposure(self) -> u64 {
        match self {
            Self::Static => 2,
            Self::Distroless => 8,
            Self::Small => 10,
            Self::Slim => 30,
            Self::Full => 100,
        }
    }
}

#[cfg(test)]
mod tests;
