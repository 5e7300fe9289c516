//! What Syft keeps of a package manager's own record, as far as it is known here.
//!
//! Grype, where it reads this layout, takes the source package and rpm's module from here and from nowhere else.
//!
//! Source: <https://github.com/anchore/syft/tree/main/syft/pkg>, `dpkg.go`, `apk.go`, `rpm.go`.

use plimsoll_model::{Package, PackageKind};
use serde_json::{Value, json};

/// The record's kind and the record.
pub(super) fn of(package: &Package) -> Option<(&'static str, Value)> {
    match package.kind {
        PackageKind::Deb => Some(("dpkg-db-entry", dpkg(package))),
        PackageKind::Apk => Some(("apk-db-entry", apk(package))),
        PackageKind::Rpm => Some(("rpm-db-entry", rpm(package))),
        _ => None,
    }
}

fn arch(package: &Package) -> &str {
    package.arch.as_deref().unwrap_or_default()
}

fn supplier(package: &Package) -> &str {
    package.supplier.as_deref().unwrap_or_default()
}

fn dpkg(package: &Package) -> Value {
    let source = package.source.as_ref();
    let version = source.map(|it| it.version.as_str()).filter(|it| *it != package.version);
    json!({
        "package": package.name,
        "source": source.map(|it| it.name.as_str()).unwrap_or_default(),
        "version": package.version,
        "sourceVersion": version.unwrap_or_default(),
        "architecture": arch(package),
        "maintainer": supplier(package),
        "installedSize": 0,
        "files": [],
    })
}

fn apk(package: &Package) -> Value {
    json!({
        "package": package.name,
        "originPackage": package.source_name(),
        "maintainer": supplier(package),
        "version": package.version,
        "architecture": arch(package),
        "url": "",
        "description": "",
        "size": 0,
        "installedSize": 0,
        "pullDependencies": package.depends_on,
        "provides": [],
        "pullChecksum": "",
        "gitCommitOfApkPort": "",
        "files": [],
    })
}

fn rpm(package: &Package) -> Value {
    let (epoch, rest) = parts(&package.version);
    let (version, release) = rest.rsplit_once('-').unwrap_or((rest, ""));
    let source = package.source.as_ref().map(|it| {
        let (_, version) = parts(&it.version);
        format!("{}-{version}.src.rpm", it.name)
    });
    let mut record = json!({
        "name": package.name,
        "version": version,
        "epoch": epoch,
        "architecture": arch(package),
        "release": release,
        "sourceRpm": source.unwrap_or_default(),
        "size": 0,
        "vendor": supplier(package),
        "files": [],
    });
    if let (Some(module), Value::Object(fields)) = (&package.module, &mut record) {
        fields.insert("modularityLabel".into(), json!(module));
    }
    record
}

/// The epoch, where there is one, and what stands behind it.
fn parts(version: &str) -> (Option<u32>, &str) {
    match version.split_once(':') {
        Some((epoch, rest)) => (epoch.parse().ok(), rest),
        None => (None, version),
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::SourcePackage;

    use super::*;

    fn package(kind: PackageKind, version: &str, source: (&str, &str)) -> Package {
        let mut package = Package::new(kind, "libssl3", version);
        package.source = Some(SourcePackage { name: source.0.into(), version: source.1.into() });
        package
    }

    #[test]
    fn records_name_the_source_and_its_version_as_syft_does() {
        let (kind, record) =
            of(&package(PackageKind::Deb, "3.0.11-1", ("openssl", "3.0.11-1"))).unwrap();
        assert_eq!(kind, "dpkg-db-entry");
        assert_eq!((&record["source"], &record["sourceVersion"]), (&json!("openssl"), &json!("")));
        let (_, record) = of(&package(PackageKind::Deb, "2+b1", ("openssl", "2"))).unwrap();
        assert_eq!(record["sourceVersion"], "2");
        let mut one = package(PackageKind::Rpm, "1:3.0.7-27.el9", ("openssl", "1:3.0.7-27.el9"));
        one.module = Some("a:b:c:d".into());
        let (_, record) = of(&one).unwrap();
        assert_eq!(record["sourceRpm"], "openssl-3.0.7-27.el9.src.rpm");
        assert_eq!((&record["epoch"], &record["release"]), (&json!(1), &json!("27.el9")));
        assert_eq!(record["modularityLabel"], "a:b:c:d");
        assert!(of(&package(PackageKind::Npm, "1", ("a", "1"))).is_none());
    }
}
