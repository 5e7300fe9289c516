//! What the lists are narrowed to: a layer, and what was chosen in the other panes.

use std::borrow::Cow;

use plimsoll_report::text;

use super::contents::{Contents, PackageFacts};

/// Something that was chosen, which narrows the other panes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pin {
    /// A file or a folder, and the packages that have something there, sorted.
    File { path: String, packages: Vec<u32> },
    /// A package.
    Package(u32),
    /// A finding: one weakness, in whichever packages it is.
    Finding(u32),
    /// What one change clears: findings, sorted.
    Fix { name: String, findings: Vec<u32> },
}

impl Pin {
    /// Whether two pins are of one kind, of which there is one at a time.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }

    /// What it is called where it is told what is shown.
    pub(super) fn name<'s>(&'s self, contents: &'s Contents) -> Cow<'s, str> {
        match self {
            Self::File { path, .. } => Cow::Owned(text::one_line(path)),
            Self::Package(at) => contents.package(*at).map_or(Cow::Borrowed(""), |(package, _)| {
                Cow::Owned(text::one_line(&format!("{} {}", package.name, package.version)))
            }),
            Self::Finding(at) => {
                contents.finding(*at).map_or(Cow::Borrowed(""), |it| text::one_line(&it.id).into())
            }
            Self::Fix { name, .. } => Cow::Borrowed(name),
        }
    }
}

/// All that narrows.
#[derive(Debug, Clone, Default)]
pub(super) struct Narrow<'p> {
    pub(super) layer: Option<usize>,
    pub(super) pins: &'p [Pin],
    /// Only what an update repairs.
    pub(super) only_fixable: bool,
}

impl Narrow<'_> {
    /// Whether a package is to be shown.
    pub(super) fn has_package(&self, at: u32, contents: &Contents) -> bool {
        let Some((_, facts)) = contents.package(at) else { return false };
        let in_layer =
            self.layer.is_none_or(|it| facts.layer == it || facts.removed_in == Some(it));
        in_layer
            && (!self.only_fixable || facts.fixable > 0)
            && self.pins.iter().all(|pin| match pin {
                Pin::File { packages, .. } => packages.binary_search(&at).is_ok(),
                Pin::Package(_) => true,
                Pin::Finding(one) => is_in(facts, contents, |other| same(contents, *one, other)),
                Pin::Fix { findings, .. } => {
                    is_in(facts, contents, |other| findings.binary_search(&other).is_ok())
                }
            })
    }

    /// Whether a finding is to be shown.
    pub(super) fn has_finding(&self, at: u32, contents: &Contents) -> bool {
        let Some(finding) = contents.finding(at) else { return false };
        let package = finding.package.index;
        let Some((_, facts)) = contents.package(package) else { return false };
        finding.suppressed.is_none()
            && self.layer.is_none_or(|it| facts.layer == it)
            && (!self.only_fixable || finding.fix.nearest().is_some())
            && self.pins.iter().all(|pin| match pin {
                Pin::File { packages, .. } => packages.binary_search(&package).is_ok(),
                Pin::Package(one) => *one == package,
                Pin::Finding(_) => true,
                Pin::Fix { findings, .. } => findings.binary_search(&at).is_ok(),
            })
    }

    /// The packages whose files alone are to be shown, sorted; none where files are not narrowed.
    pub(super) fn packages_of_files(&self, contents: &Contents) -> Option<Vec<u32>> {
        let mut packages: Option<Vec<u32>> = None;
        for pin in self.pins {
            let mut of_pin: Vec<u32> = match pin {
                Pin::File { .. } => continue,
                Pin::Package(at) => vec![*at],
                Pin::Finding(one) => findings(contents)
                    .filter(|(at, _)| same(contents, *one, *at))
                    .map(|(_, package)| package)
                    .collect(),
                Pin::Fix { findings, .. } => findings
                    .iter()
                    .filter_map(|at| Some(contents.finding(*at)?.package.index))
                    .collect(),
            };
            of_pin.sort_unstable();
            of_pin.dedup();
            if let Some(known) = packages {
                of_pin.retain(|package| known.binary_search(package).is_ok());
            }
            packages = Some(of_pin);
        }
        packages
    }

    /// Whether a layer has something of what was chosen.
    pub(super) fn has_layer(&self, at: usize, contents: &Contents) -> bool {
        let Some(packages) = self.packages_of_files(contents) else { return true };
        packages.iter().any(|package| {
            contents
                .package(*package)
                .is_some_and(|(_, facts)| facts.layer == at || facts.removed_in == Some(at))
        })
    }
}

fn findings(contents: &Contents) -> impl Iterator<Item = (u32, u32)> {
    let all = contents.scan.findings.iter().enumerate();
    all.filter_map(|(at, finding)| Some((u32::try_from(at).ok()?, finding.package.index)))
}

/// Whether two findings are of one weakness.
fn same(contents: &Contents, one: u32, other: u32) -> bool {
    let id = |at| contents.finding(at).map(|finding| &finding.id);
    id(one) == id(other)
}

fn is_in(facts: &PackageFacts, contents: &Contents, is_one: impl Fn(u32) -> bool) -> bool {
    facts.findings.iter().any(|at| contents.finding(*at).is_some() && is_one(*at))
}
