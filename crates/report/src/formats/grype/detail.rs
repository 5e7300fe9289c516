//! How a match came about: what was looked for, and what was found.
//!
//! Source: <https://github.com/anchore/grype/blob/main/grype/match/details.go>.

use plimsoll_model::syft::{language, name_of};
use plimsoll_model::{Finding, Inventory, Package, PackageKind, PackageMatch, SourcePackage};
use serde_json::{Value, json};

/// The source package, where it is told.
///
/// Of dpkg it is told where the record names one, of the others where it has another name.
pub(super) fn upstreams(package: &PackageMatch, installed: Option<&Package>) -> Vec<Value> {
    let one = installed.and_then(|it| upstream(package, it)).map(|it| {
        let is_told = package.kind == PackageKind::Rpm || it.version != package.version;
        if is_told && package.kind != PackageKind::Apk {
            json!({ "name": it.name, "version": it.version })
        } else {
            json!({ "name": it.name })
        }
    });
    one.into_iter().collect()
}

/// The source package itself, where it is told.
pub(super) fn upstream<'a>(
    package: &PackageMatch,
    installed: &'a Package,
) -> Option<&'a SourcePackage> {
    let source = installed.source.as_ref()?;
    (package.kind == PackageKind::Deb || source.name != package.name).then_some(source)
}

/// The source package by which a match came about.
fn matched<'a>(
    package: &PackageMatch,
    installed: Option<&'a Package>,
) -> Option<&'a SourcePackage> {
    let source = installed.and_then(|it| it.source.as_ref());
    source.filter(|it| package.kind.is_os() && it.name != package.name)
}

/// Grype's word for how a match came about.
pub(super) fn kind(package: &PackageMatch, installed: Option<&Package>) -> &'static str {
    match matched(package, installed) {
        Some(_) => "exact-indirect-match",
        None => "exact-direct-match",
    }
}

/// The details of a match.
pub(super) fn of(
    finding: &Finding,
    installed: Option<&Package>,
    inventory: &Inventory,
    space: &str,
) -> Value {
    let package = &finding.package;
    let upstream = matched(package, installed);
    let name = upstream.map_or_else(|| searched(package), |it| it.name.clone());
    let version = upstream.map_or(&package.version, |it| &it.version);
    let mut by = json!({ "namespace": space, "package": { "name": name, "version": version } });
    if let Value::Object(fields) = &mut by {
        let distro = inventory.distro.as_ref().filter(|_| package.kind.is_os());
        match distro {
            Some(distro) => {
                let distro = json!({ "type": distro.id, "version": distro.version });
                fields.insert("distro".into(), distro);
            }
            None => {
                fields.insert("language".into(), json!(language(package.kind)));
            }
        }
    }
    let own = finding.aliases.iter().find(|id| !package.kind.is_os() && id.starts_with("GHSA-"));
    let mut detail = json!({
        "type": kind(package, installed),
        "matcher": matcher(package.kind),
        "searchedBy": by,
        "found": {
            "vulnerabilityID": own.unwrap_or(&finding.id),
            "versionConstraint": constraint(finding),
        },
    });
    if let (Some(version), Value::Object(fields)) = (finding.fix.nearest(), &mut detail) {
        fields.insert("fix".into(), json!({ "suggestedVersion": version }));
    }
    json!([detail])
}

fn searched(package: &PackageMatch) -> String {
    match package.kind {
        PackageKind::Maven => package.name.clone(),
        kind => name_of(kind, &package.name),
    }
}

/// The range in words: what the matching says of it is longer.
fn constraint(finding: &Finding) -> String {
    match finding.fix.nearest() {
        Some(version) => format!("<{version} ({})", order(finding.package.kind)),
        None => "none (unknown)".to_owned(),
    }
}

/// Grype's word for an order of versions.
fn order(kind: PackageKind) -> &'static str {
    match kind {
        PackageKind::Deb => "deb",
        PackageKind::Apk => "apk",
        PackageKind::Rpm => "rpm",
        PackageKind::Alpm => "pacman",
        PackageKind::Ebuild => "portage",
        PackageKind::Pypi => "python",
        PackageKind::Golang => "go",
        PackageKind::Maven => "maven",
        PackageKind::Gem => "gem",
        PackageKind::Bitnami => "bitnami",
        _ => "semantic",
    }
}

fn matcher(kind: PackageKind) -> &'static str {
    match kind {
        PackageKind::Deb => "dpkg-matcher",
        PackageKind::Apk => "apk-matcher",
        PackageKind::Rpm => "rpm-matcher",
        PackageKind::Alpm => "pacman-matcher",
        PackageKind::Ebuild => "portage-matcher",
        PackageKind::Npm => "javascript-matcher",
        PackageKind::Pypi => "python-matcher",
        PackageKind::Golang => "go-module-matcher",
        PackageKind::Cargo => "rust-matcher",
        PackageKind::Maven => "java-matcher",
        PackageKind::Gem => "ruby-gem-matcher",
        PackageKind::Nuget => "dotnet-matcher",
        PackageKind::Bitnami => "bitnami-matcher",
        _ => "stock-matcher",
    }
}
