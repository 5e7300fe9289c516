//! What Clair 2 calls releases of distributions: `debian:12`, `alpine:v3.20`, `centos:9`. Languages, which it
//! does not know, are called by the type of their packages.

use plimsoll_model::{Distro, Ecosystem, EcosystemName, Package, PackageKind};

/// The namespace of a release.
pub(super) fn of_distro(distro: &Distro) -> String {
    let version = distro.version.as_str();
    let major = version.split('.').next().unwrap_or(version);
    match distro.id.as_str() {
        "alpine" => {
            let mut parts = version.split('.');
            match (parts.next(), parts.next()) {
                (Some(major), Some(minor)) => format!("alpine:v{major}.{minor}"),
                _ => "alpine:edge".to_owned(),
            }
        }
        "rhel" | "centos" => format!("centos:{major}"),
        "ol" => format!("oracle:{major}"),
        id if version.is_empty() => id.to_owned(),
        id => format!("{id}:{version}"),
    }
}

/// The namespace of a package of an image.
pub(super) fn of_package(package: &Package, distro: Option<&Distro>) -> String {
    let distro = distro.filter(|_| package.kind.is_os());
    distro.map_or_else(|| package.kind.purl_type().to_owned(), of_distro)
}

/// How versions are written, in Clair's words; empty for what it does not know.
pub(super) fn version_format(kind: PackageKind) -> &'static str {
    match kind {
        // Clair compares those of apk by dpkg's order.
        PackageKind::Deb | PackageKind::Apk => "dpkg",
        PackageKind::Rpm => "rpm",
        _ => "",
    }
}

/// The namespace of an ecosystem that advisories speak of; `None` where Clair has no word for it.
pub(super) fn of_ecosystem(text: &str) -> Option<(String, &'static str)> {
    let ecosystem: Ecosystem = text.parse().ok()?;
    let release = ecosystem.release();
    let kind = match ecosystem.name() {
        EcosystemName::Npm => PackageKind::Npm,
        EcosystemName::PyPi => PackageKind::Pypi,
        EcosystemName::Maven => PackageKind::Maven,
        EcosystemName::RubyGems => PackageKind::Gem,
        EcosystemName::Go => PackageKind::Golang,
        EcosystemName::CratesIo => PackageKind::Cargo,
        EcosystemName::Packagist => PackageKind::Composer,
        EcosystemName::NuGet => PackageKind::Nuget,
        EcosystemName::Debian => return Some((format!("debian:{}", release?), "dpkg")),
        EcosystemName::Alpine => return Some((format!("alpine:{}", release?), "dpkg")),
        EcosystemName::Ubuntu => {
            // `22.04:LTS`; what only subscribers get is a release of its own there.
            let release = release?;
            let (version, rest) = release.split_once(':').unwrap_or((release, "LTS"));
            let is_plain = rest == "LTS" && version.starts_with(|it: char| it.is_ascii_digit());
            return is_plain.then(|| (format!("ubuntu:{version}"), "dpkg"));
        }
        EcosystemName::Rocky => return Some((format!("rocky:{}", release?), "rpm")),
        EcosystemName::AlmaLinux => return Some((format!("almalinux:{}", release?), "rpm")),
        EcosystemName::Oracle => return Some((format!("oracle:{}", release?), "rpm")),
        EcosystemName::Amazon => return Some((format!("amzn:{}", release?), "rpm")),
        _ => return None,
    };
    Some((kind.purl_type().to_owned(), ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distro(id: &str, version: &str) -> String {
        of_distro(&Distro { id: id.into(), version: version.into(), ..Distro::default() })
    }

    #[test]
    fn releases_are_called_as_clair_calls_them() {
        assert_eq!(distro("debian", "12"), "debian:12");
        assert_eq!(distro("alpine", "3.20.3"), "alpine:v3.20");
        assert_eq!(distro("rhel", "9.4"), "centos:9");
        assert_eq!(distro("ol", "8.9"), "oracle:8");
        assert_eq!(distro("wolfi", ""), "wolfi");
        assert_eq!(of_ecosystem("Debian:12"), Some(("debian:12".into(), "dpkg")));
        assert_eq!(of_ecosystem("Ubuntu:22.04:LTS"), Some(("ubuntu:22.04".into(), "dpkg")));
        assert_eq!(of_ecosystem("Ubuntu:Pro:18.04:LTS"), None);
        assert_eq!(of_ecosystem("npm"), Some(("npm".into(), "")));
        assert_eq!(of_ecosystem("Debian"), None);
    }
}
