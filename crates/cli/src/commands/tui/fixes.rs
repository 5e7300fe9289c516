//! What one change clears: updates of packages as a scan advises them, and a newer build of the base.

use plimsoll_model::{Layer, Severity};
use plimsoll_report::{Application, text, updates};

use super::contents::Contents;

/// The label by which a builder says what an image was built on.
///
/// Source: <https://github.com/opencontainers/image-spec/blob/main/annotations.md>.
const BASE: &str = "org.opencontainers.image.base.name";

/// One change, and which findings it clears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// What to do.
    pub(super) name: String,
    /// Findings, sorted, by their places in the scan.
    pub(super) clears: Vec<u32>,
    /// How many of them are high or critical.
    pub(super) severe: usize,
    /// The worst of them.
    pub(super) worst: Severity,
}

/// The changes that clear at least one of the findings that are shown: that of the base first, then
/// those that clear most.
pub(super) fn changes(contents: &Contents, shown: &[u32]) -> Vec<Change> {
    let mut shown = shown.to_vec();
    shown.sort_unstable();
    let is_shown = |at: &u32| shown.binary_search(at).is_ok();
    let updates = updates::of(&contents.scan).into_iter().map(|update| {
        let place = match &update.application {
            Application::Path { path, .. } => format!(" in {path}"),
            Application::System => String::new(),
        };
        let clears = update.cleared.iter().filter_map(|at| u32::try_from(*at).ok()).collect();
        change(contents, &format!("update {} to {}{place}", update.name, update.to), clears)
    });
    base(contents)
        .into_iter()
        .chain(updates)
        .filter(|change| change.clears.iter().any(is_shown))
        .collect()
}

fn change(contents: &Contents, name: &str, mut clears: Vec<u32>) -> Change {
    clears.sort_unstable();
    let levels = || clears.iter().filter_map(|at| contents.finding(*at)).map(|it| it.severity);
    Change {
        name: text::one_line(name),
        severe: levels().filter(|level| *level >= Severity::High).count(),
        worst: levels().max().unwrap_or_default(),
        clears,
    }
}

/// A base that is built anew has what its distribution has repaired since; which layers are the
/// base's nobody says, so that it is the bottom one that counts.
fn base(contents: &Contents) -> Option<Change> {
    let bottom: &Layer = contents.scan.inventory.layers.first()?;
    if contents.layers.len() < 2 {
        return None;
    }
    let findings = contents.scan.findings.iter().enumerate();
    let clears: Vec<u32> = findings
        .filter(|(_, finding)| finding.package.kind.is_os() && finding.suppressed.is_none())
        .filter(|(_, finding)| finding.fix.nearest().is_some())
        .filter(|(_, finding)| {
            contents.package(finding.package.index).is_some_and(|(_, facts)| facts.layer == 0)
        })
        .filter_map(|(at, _)| u32::try_from(at).ok())
        .collect();
    if clears.is_empty() {
        return None;
    }
    let labels = &contents.scan.inventory.artifact.labels;
    let named = labels.iter().find(|(name, _)| name == BASE).map(|(_, base)| base.clone());
    let named = named.unwrap_or_else(|| {
        let made = plimsoll_report::instruction::of(&bottom.created_by);
        if made.is_empty() { "layer #0".to_owned() } else { format!("layer #0, {made}") }
    });
    Some(change(contents, &format!("newer build of the base ({named})"), clears))
}
