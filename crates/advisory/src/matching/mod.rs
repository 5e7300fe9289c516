//! An inventory and a database enter; findings leave, and what could not be decided.
//!
//! Whoever built a package is the one to say whether it is affected. A package of a distribution
//! is judged by that distribution's advisories for that release and by nobody else's; a language
//! package whose files belong to a distribution's package goes with its owner. Everything else is
//! judged by its ecosystem. A version that cannot be compared is neither affected nor clean: it
//! stands among the undecided.

mod applies;
mod finding;
mod group;
mod hit;
mod severity;
mod subject;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BTreeSet;

use plimsoll_model::{
    Distro, Ecosystem, EcosystemName, Finding, Inventory, Package, PackageKind, Scan, Timestamp,
    Undecided,
};
use rayon::prelude::*;

use crate::database::{Database, DatabaseError, canonical_name};
use hit::{Hit, Lookup};
use subject::Subject;

/// What the advisories say of an inventory.
#[derive(Debug, Default)]
pub struct Matches {
    /// Worst first, then exploited ones, then by package and id.
    pub findings: Vec<Finding>,
    /// Sorted by package.
    pub undecided: Vec<Undecided>,
    /// Language packages that were left to the distribution which owns their files.
    pub covered: usize,
    /// Packages of an image that only lock files ask for, and that were not judged.
    pub declared: usize,
}

/// Whether packages count that are only asked for and not shown installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Declared {
    /// They do: the target is a project, whose lock files say what will be installed.
    #[default]
    Counts,
    /// They do not: the target is a system, and what is installed in it can be seen.
    Passed,
}

/// Matches every package that is present against the database.
///
/// # Errors
/// A damaged database.
pub fn match_inventory(
    inventory: &Inventory,
    database: &Database,
    declared: Declared,
) -> Result<Matches, DatabaseError> {
    let distro = inventory.distro.as_ref();
    let known: Vec<String> = database.ecosystems().collect();
    let releases: Vec<Ecosystem> = distro.map_or_else(Vec::new, |distro| {
        subject::distribution_ecosystems(distro, known.iter().map(String::as_str))
    });
    let is_declared = |package: &Package| declared_only(package, declared);
    let matches_declared = inventory.present().filter(|package| is_declared(package)).count();
    let judged: Vec<(Vec<Finding>, Vec<Undecided>, bool)> = inventory
        .packages
        .par_iter()
        .enumerate()
        .filter(|(_, package)| package.removed_in.is_none() && !is_declared(package))
        .map(|(index, package)| {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            if covered_by_owner(package, distro) {
                return Ok((Vec::new(), Vec::new(), true));
            }
            judge(index, package, distro, &releases, database).map(|(f, u)| (f, u, false))
        })
        .collect::<Result<_, DatabaseError>>()?;
    let mut matches = Matches { declared: matches_declared, ..Matches::default() };
    for (findings, undecided, covered) in judged {
        matches.findings.extend(findings);
        matches.undecided.extend(undecided);
        matches.covered += usize::from(covered);
    }
    matches.undecided.extend(without_data(inventory, &releases));
    matches.undecided.sort();
    matches.undecided.dedup();
    matches.findings.sort_by(|a, b| {
        let key = |finding: &Finding| Reverse((finding.severity, finding.kev.is_some()));
        key(a).cmp(&key(b)).then_with(|| {
            (&a.package.name, &a.id, a.package.index).cmp(&(
                &b.package.name,
                &b.id,
                b.package.index,
            ))
        })
    });
    Ok(matches)
}

/// All that the database knows of an inventory, before any filter or gate; and how many packages
/// were passed over because lock files alone ask for them.
///
/// # Errors
/// A damaged database.
pub fn scan(
    mut inventory: Inventory,
    database: &Database,
    declared: Declared,
    now: Timestamp,
) -> Result<(Scan, usize), DatabaseError> {
    if let Some(distro) = &mut inventory.distro {
        distro.end_of_life = database.end_of_life(distro);
    }
    let matches = match_inventory(&inventory, database, declared)?;
    let scan = Scan {
        inventory,
        findings: matches.findings,
        undecided: matches.undecided,
        data: database.data(),
        scanned_at: Some(now),
        ..Scan::default()
    };
    Ok((scan, if declared == Declared::Passed { matches.declared } else { 0 }))
}

/// Whether a package is judged by its own advisories in this inventory: it is there, not only asked
/// for, and no package of the distribution owns its files.
pub fn is_judged(package: &Package, distro: Option<&Distro>, declared: Declared) -> bool {
    package.removed_in.is_none()
        && !declared_only(package, declared)
        && !covered_by_owner(package, distro)
}

/// The families and names under which advisories on a package stand, whatever the release.
pub fn names(package: &Package, distro: Option<&Distro>) -> Vec<(EcosystemName, String)> {
    let family = if package.kind.is_os() {
        distro.and_then(|distro| distro.ecosystem.as_ref()).map(Ecosystem::name)
    } else {
        subject::language_ecosystem(package.kind)
    };
    let Some(family) = family else { return Vec::new() };
    let subject = Subject::of(package, family);
    let names = Lookup::of(&subject).into_iter();
    names.map(|lookup| (family, canonical_name(family, lookup.name).into_owned())).collect()
}

/// A `go.mod` asks for a toolchain of its own age or newer, and whichever builds it decides.
fn declared_only(package: &Package, declared: Declared) -> bool {
    package.declared && (declared == Declared::Passed || is_go_toolchain(package))
}

fn is_go_toolchain(package: &Package) -> bool {
    package.kind == PackageKind::Golang && package.name == "stdlib"
}

/// The distribution patches without changing the upstream version, so that upstream's ranges
/// would call its repaired builds affected.
fn covered_by_owner(package: &Package, distro: Option<&Distro>) -> bool {
    !package.kind.is_os()
        && package.owner.is_some()
        && distro.is_some_and(|distro| distro.ecosystem.is_some())
}

fn judge(
    index: u32,
    package: &Package,
    distro: Option<&Distro>,
    releases: &[Ecosystem],
    database: &Database,
) -> Result<(Vec<Finding>, Vec<Undecided>), DatabaseError> {
    let of_language = subject::language_ecosystem(package.kind).map(Ecosystem::new);
    let ecosystems = match &of_language {
        _ if package.kind.is_os() => releases,
        Some(ecosystem) => std::slice::from_ref(ecosystem),
        None => return Ok((Vec::new(), Vec::new())),
    };
    let Some(first) = ecosystems.first() else { return Ok((Vec::new(), Vec::new())) };
    let subject = Subject::of(package, first.name());
    let mut hits: Vec<Hit<'_>> = Vec::new();
    let mut undecided: Vec<Undecided> = Vec::new();
    let mut denied: BTreeSet<&str> = BTreeSet::new();
    let mut repaired: BTreeSet<&str> = BTreeSet::new();
    let mut rebuilt: BTreeSet<u32> = BTreeSet::new();
    for ecosystem in ecosystems {
        for lookup in Lookup::of(&subject) {
            for entry in database.affected(ecosystem, lookup.name) {
                match hit::judge(&entry, &subject, &lookup, ecosystem) {
                    Ok(hit::Outcome::Affected(hit)) => hits.push(*hit),
                    Ok(hit::Outcome::Denied) => {
                        denied.insert(entry.id());
                        denied.extend(entry.aliases());
                    }
                    Ok(hit::Outcome::Repaired { exactly }) if subject.is_os => {
                        repaired.insert(entry.id());
                        repaired.extend(entry.aliases());
                        if exactly && package.kind == PackageKind::Rpm {
                            rebuilt.insert(entry.advisory());
                        }
                    }
                    Ok(hit::Outcome::Repaired { .. } | hit::Outcome::Passed) => {}
                    Err(why) => undecided.push(Undecided {
                        package: package.name.clone(),
                        version: package.version.clone(),
                        advisory: entry.id().to_owned(),
                        why,
                    }),
                }
            }
        }
    }
    // A notice names every rebuild of a repaired package: each of them has the repair, the older
    // ones too.
    hits.retain(|hit| !rebuilt.contains(&hit.advisory));
    if let Some(toolchain) = patched_toolchain(package).filter(|_| !hits.is_empty()) {
        undecided.extend(hits.drain(..).map(|hit| Undecided {
            package: package.name.clone(),
            version: package.version.clone(),
            advisory: hit.id.to_owned(),
            why: format!("{toolchain}: its maker repairs without a new version number"),
        }));
    }
    let groups = if subject.is_os { group::by_cve(&hits) } else { group::by_alias(&hits) };
    let findings = groups
        .iter()
        .filter(|group| !denied.contains(group.id()))
        // A record without a fix was written before the notice that repairs it.
        .filter(|group| !(group.is_unfixed() && repaired.contains(group.id())))
        .map(|group| finding::finding(group, &subject, index, distro, database))
        .collect::<Result<_, DatabaseError>>()?;
    Ok((findings, undecided))
}

/// A Go toolchain that somebody else than the Go project built carries repairs of its own.
fn patched_toolchain(package: &Package) -> Option<&str> {
    let mut notes = package.notes.iter().map(String::as_str);
    notes.find(|note| is_go_toolchain(package) && note.contains("patched"))
}

/// Packages of a distribution of whose release the data has nothing: silence is no health.
fn without_data(inventory: &Inventory, releases: &[Ecosystem]) -> Option<Undecided> {
    let count = inventory.present().filter(|package| package.kind.is_os()).count();
    if count == 0 || !releases.is_empty() {
        return None;
    }
    let distro = inventory.distro.clone().unwrap_or_default();
    let what = match &distro.ecosystem {
        Some(ecosystem) => format!("the database has no advisories for `{ecosystem}`"),
        None if distro.id.is_empty() => "the image does not say which distribution it is".into(),
        None => format!("no feed has advisories for `{} {}`", distro.id, distro.version),
    };
    let noun = if count == 1 { "package was" } else { "packages were" };
    Some(Undecided {
        package: if distro.id.is_empty() { "unknown distribution".into() } else { distro.id },
        version: distro.version,
        advisory: String::new(),
        why: format!("{what}: {count} {noun} not judged"),
    })
}
