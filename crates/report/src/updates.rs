//! What one update repairs: all findings of the binary packages that one source package makes, or
//! of one package of an application.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::{Finding, Scan, Severity};

use crate::application::Application;

/// An update that repairs findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update<'s> {
    /// Where; the same package of two applications takes two updates.
    pub application: Application,
    /// Source package of the distribution, or the package.
    pub name: &'s str,
    /// The version that repairs them all.
    pub to: &'s str,
    /// The packages as installed.
    pub packages: BTreeSet<&'s str>,
    /// How many findings go away.
    pub findings: usize,
    /// Which ones, by their places in the scan.
    pub cleared: Vec<usize>,
    /// How many of them are high or critical.
    pub severe: usize,
    /// The worst of them.
    pub worst: Severity,
}

/// All updates, the one that repairs most first.
pub fn of(scan: &Scan) -> Vec<Update<'_>> {
    let mut found: BTreeMap<_, Update<'_>> = BTreeMap::new();
    let standing = scan.findings.iter().enumerate().filter(|(_, it)| it.suppressed.is_none());
    for (at, finding) in standing {
        let Some(to) = finding.fix.nearest() else { continue };
        let application = Application::of(&finding.package);
        let name = unit(scan, finding);
        let update =
            found.entry((application.clone(), name, installed(finding))).or_insert_with(|| {
                Update {
                    application,
                    name,
                    to,
                    packages: BTreeSet::new(),
                    findings: 0,
                    cleared: Vec::new(),
                    severe: 0,
                    worst: Severity::Unknown,
                }
            });
        if newer(to, update.to) == Ordering::Greater {
            update.to = to;
        }
        update.packages.insert(&finding.package.name);
        update.findings += 1;
        update.cleared.push(at);
        update.severe += usize::from(finding.severity >= Severity::High);
        update.worst = update.worst.max(finding.severity);
    }
    let mut updates: Vec<Update<'_>> = found.into_values().collect();
    updates.sort_by_key(|update| std::cmp::Reverse((update.severe, update.findings, update.worst)));
    updates
}

fn unit<'s>(scan: &'s Scan, finding: &'s Finding) -> &'s str {
    let package = usize::try_from(finding.package.index)
        .ok()
        .and_then(|index| scan.inventory.packages.get(index))
        .filter(|p| p.kind.is_os() && p.name == finding.package.name);
    package.map_or(&finding.package.name, |package| package.source_name())
}

/// Two versions of one library in one application are two updates; binary packages of one source
/// are one, whatever their own versions.
fn installed(finding: &Finding) -> &str {
    if finding.package.kind.is_os() { "" } else { &finding.package.version }
}

/// Which of two fixes of one package is the later one: numbers as numbers, `~` before all, as
/// dpkg and rpm have it. Only advice hangs on it, and both texts are fixes of one branch.
fn newer(a: &str, b: &str) -> Ordering {
    let epoch = |text: &str| match text.split_once(':') {
        Some((epoch, rest)) => (epoch.parse::<u64>().unwrap_or(0), rest.to_owned()),
        None => (0, text.to_owned()),
    };
    let ((epoch_a, a), (epoch_b, b)) = (epoch(a), epoch(b));
    epoch_a.cmp(&epoch_b).then_with(|| parts(&a).cmp(&parts(&b)))
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Tilde,
    End,
    Text(String),
    Number(usize, String),
}

fn parts(version: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    for c in version.chars() {
        match (c, parts.last_mut()) {
            ('~', _) => parts.push(Part::Tilde),
            ('0'..='9', Some(Part::Number(_, digits))) => digits.push(c),
            ('0'..='9', _) => parts.push(Part::Number(0, c.into())),
            (_, Some(Part::Text(text))) => text.push(c),
            (_, _) => parts.push(Part::Text(c.into())),
        }
    }
    for part in &mut parts {
        if let Part::Number(length, digits) = part {
            *digits = digits.trim_start_matches('0').to_owned();
            *length = digits.len();
        }
    }
    parts.push(Part::End);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_later_fix_is_the_one_that_covers_both() {
        for (older, later) in [
            ("2.36-9+deb12u4", "2.36-9+deb12u10"),
            ("4.17.5", "4.17.21"),
            ("9.9", "1:1.0"),
            ("1.0~rc1", "1.0"),
            ("1.0", "1.0.1"),
            ("1.1.1", "1.1.1k"),
        ] {
            assert_eq!(newer(older, later), Ordering::Less, "{older} {later}");
        }
    }
}
