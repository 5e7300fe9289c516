//! One entry of the database against one package.

use std::cmp::Ordering;

use plimsoll_model::{AffectedStatus, Ecosystem, PackageKind, Range, Rating};

use super::applies::{self, Limits};
use super::subject::{self, Subject};
use crate::database::{Entry, EventKind};
use crate::versions;

/// An entry that says that the package is affected.
#[derive(Debug, Clone, Default)]
pub(super) struct Hit<'d> {
    pub(super) advisory: u32,
    pub(super) id: &'d str,
    pub(super) feed: &'d str,
    pub(super) aliases: Vec<&'d str>,
    /// As the feed writes it.
    pub(super) ecosystem: String,
    /// The name that the entry is about.
    pub(super) name: String,
    pub(super) status: AffectedStatus,
    /// Versions that repair it, nearest first.
    pub(super) fixed: Vec<String>,
    /// `1.2.3 >= 1.0.0 and 1.2.3 < 1.4.0`.
    pub(super) comparison: String,
    pub(super) rating: Option<Rating>,
    /// Only subscribers get the repair.
    pub(super) subscribers: bool,
}

/// What an entry says of a package.
pub(super) enum Outcome<'d> {
    /// It is affected.
    Affected(Box<Hit<'d>>),
    /// The vendor says that it is not, whatever others say.
    Denied,
    /// The installed version has the repair.
    Repaired {
        /// It is the very version that the entry names.
        exactly: bool,
    },
    /// Nothing.
    Passed,
}

/// A name to look up, and which entries count under it.
pub(super) struct Lookup<'p> {
    pub(super) name: &'p str,
    /// Whether entries that name source packages count under this name.
    source: bool,
    /// Whether entries that name built packages do.
    binary: bool,
}

impl<'p> Lookup<'p> {
    /// The names of a package: its source's and its own, once where they are the same.
    pub(super) fn of(subject: &Subject<'p>) -> Vec<Self> {
        let (source, binary) = (subject.source.0, subject.binary.0);
        if source == binary {
            return vec![Self { name: source, source: true, binary: true }];
        }
        vec![
            Self { name: source, source: true, binary: false },
            Self { name: binary, source: false, binary: true },
        ]
    }
}

/// Judges one entry. The error says why nothing can be decided.
pub(super) fn judge<'d>(
    entry: &Entry<'d>,
    subject: &Subject<'_>,
    lookup: &Lookup<'_>,
    ecosystem: &Ecosystem,
) -> Result<Outcome<'d>, String> {
    let (wanted, version) = if entry.binary() {
        (lookup.binary, subject.binary.1)
    } else {
        (lookup.source, subject.source.1)
    };
    if !wanted {
        return Ok(Outcome::Passed);
    }
    let arch = subject.package.arch.as_deref().filter(|arch| !matches!(*arch, "noarch" | "all"));
    let mut arches = entry.arches().peekable();
    let limits = Limits {
        module: entry.module(),
        has_arch: arches.peek().is_none() || arch.is_none_or(|arch| arches.any(|a| a == arch)),
        fixed: entry
            .ranges()
            .flat_map(|range| range.events())
            .find_map(|(kind, version)| (kind == EventKind::Fixed).then_some(version)),
    };
    if !applies::is_about(subject.package, limits) {
        return Ok(Outcome::Passed);
    }
    if entry.status() == AffectedStatus::NotAffected {
        return Ok(Outcome::Denied);
    }
    if version.is_empty() {
        return Err("the installed version is not known".into());
    }
    if is_branch(subject, version) && !entry.versions().any(|named| named == version) {
        return Err(format!("`{version}` is a branch, of which nobody knows the state"));
    }
    let ranges: Vec<Range> = entry.ranges().map(|range| range.to_range()).collect();
    let named: Vec<&str> = entry.versions().collect();
    let verdict = versions::affected(subject.scheme, version, &ranges, &named)
        .map_err(|error| error.to_string())?;
    if !verdict.affected {
        let fixed = limits.fixed.filter(|_| verdict.fixed.is_empty());
        return Ok(fixed.map_or(Outcome::Passed, |fixed| Outcome::Repaired {
            exactly: subject.scheme.compare(fixed, version).is_ok_and(Ordering::is_eq),
        }));
    }
    Ok(Outcome::Affected(Box::new(Hit {
        advisory: entry.advisory(),
        id: entry.id(),
        feed: entry.feed(),
        aliases: entry.aliases().collect(),
        ecosystem: ecosystem.to_string(),
        name: lookup.name.to_owned(),
        status: entry.status(),
        comparison: verdict.words,
        fixed: verdict.fixed,
        rating: entry.rating(),
        subscribers: subject::is_for_subscribers(ecosystem),
    })))
}

/// Composer installs branches too, and orders them before or after nothing.
///
/// Source: <https://getcomposer.org/doc/articles/versions.md#branches>.
fn is_branch(subject: &Subject<'_>, version: &str) -> bool {
    subject.package.kind == PackageKind::Composer && version.starts_with("dev-")
}
