//! Whole judgements: records and packages enter, findings and what is undecided leave.

mod distributions;
mod languages;

use std::fmt::Write as _;

use plimsoll_model::{
    Advisory, Affected, Distro, Event, Inventory, Package, PackageKind, Range, RangeKind,
    SourcePackage,
};

use super::{Declared, Matches, match_inventory};
use crate::database::{Database, Enrichment, compile_to_bytes};

/// A record about all versions of a package before the fix; `-` where there is none.
fn record(id: &str, ecosystem: &str, package: &str, fixed: &str) -> Advisory {
    let mut record = Advisory::new(id, "test");
    record.affected.push(affected(ecosystem, package, fixed));
    record
}

fn affected(ecosystem: &str, package: &str, fixed: &str) -> Affected {
    let mut events = vec![Event::Introduced("0".into())];
    if fixed != "-" {
        events.push(Event::Fixed(fixed.into()));
    }
    let range = Range { kind: RangeKind::Ecosystem, events, constraint: String::new() };
    Affected::in_ranges(ecosystem.parse().unwrap(), package, vec![range])
}

fn known_as(mut record: Advisory, aliases: &[&str]) -> Advisory {
    record.aliases = aliases.iter().map(|&id| id.to_owned()).collect();
    record
}

fn package(kind: PackageKind, name: &str, version: &str) -> Package {
    Package::new(kind, name, version)
}

fn built_from(mut package: Package, name: &str, version: &str) -> Package {
    package.source = Some(SourcePackage { name: name.into(), version: version.into() });
    package
}

/// An image of the distribution, or of none where the text is empty.
fn inventory(distro: &str, packages: Vec<Package>) -> Inventory {
    let distro = (!distro.is_empty()).then(|| Distro {
        id: distro.split(':').next().unwrap_or_default().to_lowercase(),
        ecosystem: distro.parse().ok(),
        ..Distro::default()
    });
    Inventory { packages, distro, ..Inventory::default() }
}

fn matches(records: Vec<Advisory>, inventory: &Inventory) -> Matches {
    let bytes = compile_to_bytes(records.into_iter(), &Enrichment::default()).unwrap();
    let database = Database::from_bytes(bytes).unwrap();
    match_inventory(inventory, &database, Declared::Counts).unwrap()
}

/// Findings and undecided matters, a line each.
fn judged(records: Vec<Advisory>, inventory: &Inventory) -> String {
    let matches = matches(records, inventory);
    let mut text = String::new();
    for finding in &matches.findings {
        let package = &finding.package;
        let (id, name, version) = (&finding.id, &package.name, &package.version);
        let _ = writeln!(text, "{id} {} {name} {version}: {:?}", finding.severity, finding.fix);
    }
    for open in &matches.undecided {
        let _ = writeln!(
            text,
            "undecided {} {} {}: {}",
            open.advisory, open.package, open.version, open.why
        );
    }
    text
}

/// What is said of one package of a language.
fn of_language(records: Vec<Advisory>, package: Package) -> String {
    judged(records, &inventory("", vec![package]))
}
