//! Newer packages: of npm's and Python's the newest of their registries, of a distribution's the version
//! that its advisories name.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use plimsoll_advisory::database::canonical_name;
use plimsoll_advisory::versions::Scheme;
use plimsoll_build::bases::known;
use plimsoll_build::updates::{Installer, Step};
use plimsoll_model::{Distro, Ecosystem, EcosystemName, Package, PackageKind};
use serde_json::Value;

use super::Limits;
use super::clears::Clearing;
use super::pin::{Answer, Form, Newer, Pin};
use crate::base_image::image_name;
use crate::exit::chain;
use crate::package_registry;

/// What registries said.
#[derive(Default)]
pub(super) struct Packages {
    known: BTreeMap<(PackageKind, String), Result<Vec<String>, String>>,
}

impl Packages {
    pub(super) fn ask(&mut self, pin: &Pin, limits: &Limits, clearing: &Clearing) -> Answer {
        let (kind, scheme, image) = match &pin.form {
            Form::Installed(Installer::Apk, image) => {
                (PackageKind::Apk, Scheme::Apk, image.as_str())
            }
            Form::Installed(Installer::Apt, image) => {
                (PackageKind::Deb, Scheme::Dpkg, image.as_str())
            }
            Form::Installed(Installer::Npm, _) => (PackageKind::Npm, Scheme::Npm, ""),
            _ => (PackageKind::Pypi, Scheme::Pep440, ""),
        };
        let package = Package::new(kind, pin.name.as_str(), pin.version.as_str());
        if kind.is_os() {
            return of_distribution(pin, &package, scheme, image, clearing);
        }
        let versions = match self.versions(kind, &pin.name) {
            Ok(versions) => versions,
            Err(why) => return Answer::Failed(why),
        };
        let Some(newest) = newest(scheme, &pin.version, &versions, limits.level) else {
            return Answer::Newest;
        };
        let clears = clearing.package(&package, None, &newest.0);
        answer(pin, newest.0, newest.1, clears)
    }

    fn versions(&mut self, kind: PackageKind, name: &str) -> Result<Vec<String>, String> {
        let key = (kind, name.to_owned());
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let asked = || -> anyhow::Result<Option<Vec<u8>>> {
            Ok(match kind {
                PackageKind::Npm => package_registry::npm(name, None)?.npm_package(name)?,
                _ => package_registry::python(None)?
                    .python_project(&canonical_name(EcosystemName::PyPi, name))?,
            })
        };
        let versions = match asked() {
            Err(error) => Err(chain(&error)),
            Ok(None) => Err("its registry has no such package".into()),
            Ok(Some(bytes)) => {
                listed(kind, &bytes).ok_or_else(|| "its registry lists no versions".into())
            }
        };
        self.known.insert(key, versions.clone());
        versions
    }
}

fn answer(
    pin: &Pin,
    version: String,
    step: &'static str,
    clears: Option<plimsoll_model::update::Clears>,
) -> Answer {
    let edits = vec![(pin.span, version.clone())];
    Answer::Newer(Newer { version, step, edits, clears })
}

/// Of a distribution's package the lowest version without any finding that has a fix: repositories are
/// not asked, because each release of a distribution has its own.
fn of_distribution(
    pin: &Pin,
    package: &Package,
    scheme: Scheme,
    image: &str,
    clearing: &Clearing,
) -> Answer {
    let Some(distro) = distribution(image) else {
        let why = format!("of which release `{image}` is stands nowhere");
        return Answer::PassedOver(why);
    };
    let Some(findings) = clearing.findings(package, Some(&distro)) else {
        return Answer::PassedOver(
            "without advisories nothing is known: `plimsoll db update`".into(),
        );
    };
    let fixes = findings.iter().filter_map(|finding| finding.fix.nearest());
    let newest = fixes.fold(None::<&str>, |best, fix| match best {
        Some(best) if scheme.compare(fix, best) != Ok(Ordering::Greater) => Some(best),
        _ => Some(fix),
    });
    match newest {
        Some(fix) if scheme.compare(fix, &pin.version) == Ok(Ordering::Greater) => {
            let clears = clearing.package(package, Some(&distro), fix);
            answer(pin, fix.to_owned(), steps(&pin.version, fix).name(), clears)
        }
        _ => Answer::Newest,
    }
}

/// The distribution of an image, by what is known of well-known ones.
fn distribution(image: &str) -> Option<Distro> {
    let found = known(&image_name(image))?.distro?;
    let version = found.version?;
    let ecosystem = match found.id.as_str() {
        "alpine" => {
            let branch: Vec<&str> = version.split('.').take(2).collect();
            format!("Alpine:v{}", branch.join("."))
        }
        "debian" => format!("Debian:{}", version.split('.').next()?),
        "ubuntu" => format!("Ubuntu:{version}"),
        _ => return None,
    };
    let ecosystem: Option<Ecosystem> = ecosystem.parse().ok();
    Some(Distro { id: found.id, version, ecosystem, ..Distro::default() })
}

/// The versions in what a registry says of a package.
fn listed(kind: PackageKind, bytes: &[u8]) -> Option<Vec<String>> {
    let said: Value = serde_json::from_slice(bytes).ok()?;
    let texts = match kind {
        PackageKind::Npm => said.get("versions")?.as_object()?.keys().cloned().collect(),
        // PEP 700; an index without it has the versions in the names of files alone.
        _ => said
            .get("versions")?
            .as_array()?
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
    };
    Some(texts)
}

/// The newest release within a step, and how far it is.
fn newest(
    scheme: Scheme,
    own: &str,
    versions: &[String],
    most: Step,
) -> Option<(String, &'static str)> {
    let is_release = |version: &str| version.chars().all(|one| one.is_ascii_digit() || one == '.');
    let mut best: Option<&String> = None;
    for version in versions.iter().filter(|version| is_release(version)) {
        let is_newer = |than: &str| scheme.compare(version, than) == Ok(Ordering::Greater);
        if is_newer(own) && steps(own, version) <= most && best.is_none_or(|best| is_newer(best)) {
            best = Some(version);
        }
    }
    best.map(|version| (version.clone(), steps(own, version).name()))
}

/// How far one version is from another, by their first three numbers.
fn steps(own: &str, other: &str) -> Step {
    let numbers = |text: &str| -> Vec<u64> {
        // An epoch stands before, a revision of the packaging behind.
        let bare = text.split_once(':').map_or(text, |(_, rest)| rest);
        let bare = bare.split(['-', '+', '~']).next().unwrap_or(bare);
        let mut all: Vec<u64> =
            bare.split('.').take(3).map_while(|part| part.parse().ok()).collect();
        all.resize(3, 0);
        all
    };
    Step::between(&numbers(own), &numbers(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_release_within_the_step_is_no_pre_release() {
        let versions: Vec<String> =
            ["1.2.3", "1.2.10", "1.10.0", "2.0.0", "2.1.0rc1", "2.1.0-rc.1"]
                .map(str::to_owned)
                .to_vec();
        let of =
            |most| newest(Scheme::Pep440, "1.2.3", &versions, most).map(|(version, _)| version);
        assert_eq!(of(Step::Patch).as_deref(), Some("1.2.10"));
        assert_eq!(of(Step::Minor).as_deref(), Some("1.10.0"));
        assert_eq!(of(Step::Major).as_deref(), Some("2.0.0"));
        assert_eq!(of(Step::Rebuilt), None);
        assert_eq!(newest(Scheme::Npm, "2.0.0", &versions, Step::Major), None);
    }

    #[test]
    fn the_release_of_a_base_is_known_by_facts() {
        let of =
            |image: &str| distribution(image).map(|distro| distro.ecosystem.unwrap().to_string());
        assert_eq!(of("alpine:3.20").as_deref(), Some("Alpine:v3.20"));
        assert_eq!(of("debian:12-slim").as_deref(), Some("Debian:12"));
        assert_eq!(of("registry.example/odd:1"), None);
    }

    #[test]
    fn names_are_those_of_the_index() {
        assert_eq!(canonical_name(EcosystemName::PyPi, "Foo.Bar__baz"), "foo-bar-baz");
        assert_eq!(
            listed(PackageKind::Npm, b"{\"versions\": {\"1.0.0\": {}}}").unwrap(),
            ["1.0.0"]
        );
        assert_eq!(listed(PackageKind::Pypi, b"{\"versions\": [\"1.0\"]}").unwrap(), ["1.0"]);
        assert_eq!(listed(PackageKind::Pypi, b"<html>"), None);
    }
}
