//! What the starter set says is mended is shown with the version that mends it.

use plimsoll_advisory::database::Database;
use plimsoll_advisory::feeds;
use plimsoll_model::{EcosystemName, Event, PackageKind};
use plimsoll_server::catalogue::Component;
use plimsoll_server::rematch::judge;

fn kind(ecosystem: EcosystemName) -> Option<PackageKind> {
    Some(match ecosystem {
        EcosystemName::CratesIo => PackageKind::Cargo,
        EcosystemName::Go => PackageKind::Golang,
        EcosystemName::Maven => PackageKind::Maven,
        EcosystemName::Npm => PackageKind::Npm,
        EcosystemName::Packagist => PackageKind::Composer,
        EcosystemName::PyPi => PackageKind::Pypi,
        EcosystemName::RubyGems => PackageKind::Gem,
        _ => return None,
    })
}

fn component(kind: PackageKind, name: &str, version: &str) -> Component {
    Component {
        kind,
        name: name.into(),
        version: version.into(),
        arch: None,
        source: None,
        module: None,
        notes: Vec::new(),
        release: None,
        judged: true,
    }
}

#[test]
fn every_range_that_ends_has_a_fix() {
    let database = Database::starter().unwrap();
    let (records, _) = feeds::starter().unwrap();
    let mut asked = 0;
    for record in &records {
        for affected in &record.affected {
            let Some(kind) = kind(affected.ecosystem.name()) else { continue };
            for range in &affected.ranges {
                let (mut from, mut fixed) = (None, None);
                for event in &range.events {
                    match event {
                        Event::Introduced(version) => from = Some(version.as_str()),
                        Event::Fixed(version) => fixed = Some(version.as_str()),
                        _ => {}
                    }
                }
                let (Some(from), Some(fixed)) = (from, fixed) else { continue };
                // Versions that Go makes up of a commit are before the first one.
                let version = match from {
                    "0" if fixed.starts_with("0.0.0-") => continue,
                    "0" => "0.0.0",
                    from => from,
                };
                let judged = judge(&[component(kind, &affected.package, version)], &database);
                let judged = judged.unwrap().remove(0);
                let is_it = |weakness: &str, aliases: &str| {
                    let names = aliases.lines().chain([weakness]);
                    let mut ours = record.aliases.iter().chain([&record.id]);
                    names.into_iter().any(|name| ours.any(|own| own == name))
                };
                let found = judged
                    .findings
                    .iter()
                    .find(|it| is_it(&it.weakness, &it.aliases))
                    .unwrap_or_else(|| {
                        panic!("{}: {} {version}: {judged:?}", record.id, affected.package)
                    });
                assert_eq!(found.fix_state, "fixed", "{}: {version} → {fixed}", record.id);
                assert!(!found.fixed_in.is_empty(), "{}: {version} → {fixed}", record.id);
                asked += 1;
            }
        }
    }
    assert!(asked > 200, "{asked}");
}

#[test]
fn struts_is_told_the_fix_of_its_own_line() {
    let database = Database::starter().unwrap();
    let name = "org.apache.struts:struts2-core";
    for (version, fixed) in [("2.3.31", "2.3.32"), ("2.5.10", "2.5.10.1"), ("2.3.5", "2.3.32")] {
        let judged = judge(&[component(PackageKind::Maven, name, version)], &database).unwrap();
        let found = judged[0].findings.iter().find(|it| it.weakness == "CVE-2017-5638").unwrap();
        assert_eq!((found.fix_state, found.fixed_in.as_str()), ("fixed", fixed), "{version}");
    }
}
