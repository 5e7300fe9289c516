//! A package URL as a package.

use plimsoll_model::{Distro, Package, PackageKind, Problem, ProblemKind, Purl, SourcePackage};

/// The package that a URL names, and the release that it says it is of; `Err` says why there is none.
pub(super) fn package(purl: &str) -> Result<(Package, Option<Distro>), String> {
    let purl: Purl = purl.parse().map_err(|error| format!("`{purl}`: {error}"))?;
    let kind = PackageKind::ALL.iter().copied().find(|kind| kind.purl_type() == purl.kind);
    let kind = kind.ok_or_else(|| format!("`{purl}`: packages of this type are not known"))?;
    let separator = match kind {
        PackageKind::Maven => ":",
        _ => "/",
    };
    // The namespace of a distribution's package is the distribution.
    let name = if purl.namespace.is_empty() || kind.is_os() {
        purl.name.clone()
    } else {
        format!("{}{separator}{}", purl.namespace, purl.name)
    };
    let qualifier = |key: &str| purl.qualifiers.get(key).map(String::as_str);
    let version = match qualifier("epoch") {
        Some(epoch) if kind == PackageKind::Rpm && !purl.version.contains(':') => {
            format!("{epoch}:{}", purl.version)
        }
        _ => purl.version.clone(),
    };
    let mut package = Package::new(kind, name, version);
    package.cataloguer = "sbom".into();
    if !kind.is_os() {
        return Ok((package, None));
    }
    package.arch = qualifier("arch").map(str::to_owned);
    package.source = qualifier("upstream").map(|source| {
        let (name, version) = source.split_once('@').unwrap_or((source, &package.version));
        // Syft names a source rpm by its file: NAME-VERSION-RELEASE.src.rpm.
        let name = match name.strip_suffix(".src.rpm") {
            Some(stem) => stem.rsplitn(3, '-').nth(2).unwrap_or(stem),
            None => name,
        };
        SourcePackage { name: name.to_owned(), version: version.to_owned() }
    });
    let release = qualifier("distro").map(|release| {
        // `debian-12`; Trivy writes the version alone.
        match release.rsplit_once('-') {
            Some((id, version)) => super::distro(id, version),
            None if release.starts_with(|c: char| c.is_ascii_digit()) => {
                super::distro(&purl.namespace, release)
            }
            None => super::distro(release, ""),
        }
    });
    Ok((package, release))
}

/// A part that could not be understood.
pub(super) fn skipped(message: String) -> Problem {
    Problem { kind: ProblemKind::Skipped, path: String::new(), layer: None, line: None, message }
}
