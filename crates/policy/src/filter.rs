//! What of a scan is shown and judged: `--severity`, `--only-fixed` and
//! `--only-loaded`.

use plimsoll_model::{Loaded, Scan, Severity};

/// Keeps some findings and forgets the others.
///
/// What is filtered out is in no report and before no gate. Suppressed findings are filtered by
/// the same rule, so that a report never explains away what it would not have shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Levels to keep; `None` keeps all.
    pub severities: Option<Vec<Severity>>,
    /// Keep only what an update repairs.
    pub only_fixed: bool,
    /// Forget what was never loaded while it was watched.
    pub only_loaded: bool,
}

impl Filter {
    /// Removes the findings that are not wanted; the order of the others stays.
    pub fn apply(&self, scan: &mut Scan) {
        scan.findings.retain(|finding| {
            let wanted =
                self.severities.as_ref().is_none_or(|levels| levels.contains(&finding.severity));
            let is_never = matches!(finding.loaded, Some(Loaded::Never { .. }));
            wanted
                && (!self.only_fixed || finding.fix.nearest().is_some())
                && !(self.only_loaded && is_never)
        });
    }
}
