//! The figures of a scan: how many findings of which level, and what can be done.

use std::collections::BTreeSet;

use plimsoll_model::{Finding, Loaded, Scan, Severity};

use crate::application::Application;

/// Counts over the findings that stand; suppressed ones are counted apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Findings that stand.
    pub(crate) findings: usize,
    /// One count a level, worst first, zeros included.
    pub(crate) levels: Vec<(Severity, usize)>,
    /// Findings that an update repairs.
    pub(crate) fixable: usize,
    /// Findings in CISA's catalogue.
    pub(crate) exploited: usize,
    /// Findings that somebody explained away.
    pub(crate) suppressed: usize,
    /// Packages with a finding that an update repairs, counted once in each application.
    pub(crate) to_update: usize,
    /// Findings whose code was loaded, was not observed, was never loaded; all 0 where nobody asked.
    pub(crate) loaded: [(&'static str, usize); 3],
}

impl Tally {
    pub(crate) fn of(scan: &Scan) -> Self {
        let standing: Vec<&Finding> = standing(scan).collect();
        let level = |level| (level, standing.iter().filter(|f| f.severity == level).count());
        let fixable = standing.iter().filter(|f| f.fix.nearest().is_some());
        let to_update: BTreeSet<_> = fixable
            .clone()
            .map(|f| (Application::of(&f.package), &f.package.name, &f.package.version))
            .collect();
        let ranked = |rank| {
            let asked = standing.iter().filter_map(|f| f.loaded.as_ref());
            asked.filter(|it| Loaded::rank(Some(it)) == rank).count()
        };
        Self {
            loaded: [
                ("loaded", ranked(0)),
                ("not observed", ranked(1)),
                ("never loaded", ranked(2)),
            ],
            findings: standing.len(),
            levels: Severity::ALL.into_iter().map(level).collect(),
            fixable: fixable.count(),
            exploited: standing.iter().filter(|f| f.kev.is_some()).count(),
            suppressed: scan.findings.len() - standing.len(),
            to_update: to_update.len(),
        }
    }
}

/// The findings that nobody explained away.
pub(crate) fn standing(scan: &Scan) -> impl Iterator<Item = &Finding> {
    scan.findings.iter().filter(|finding| finding.suppressed.is_none())
}
