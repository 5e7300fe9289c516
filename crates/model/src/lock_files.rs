//! Files that say what is to be installed, beside those that show what is.
//!
//! Source: <https://github.com/aquasecurity/trivy/blob/main/pkg/fanal/analyzer/const.go>, `TypeLockfiles`.

use crate::{Location, PackageKind};

/// The kind of a file that says what is to be installed, in Trivy's words.
pub fn lock_file(path: &str) -> Option<&'static str> {
    let file = path.rsplit('/').next().unwrap_or(path);
    match file {
        "package-lock.json" | "npm-shrinkwrap.json" => Some("npm"),
        "yarn.lock" => Some("yarn"),
        "pnpm-lock.yaml" => Some("pnpm"),
        "bun.lock" => Some("bun"),
        "Pipfile.lock" => Some("pipenv"),
        "poetry.lock" => Some("poetry"),
        "uv.lock" => Some("uv"),
        "pylock.toml" => Some("pylock"),
        "go.mod" | "go.sum" => Some("gomod"),
        "Cargo.lock" => Some("cargo"),
        "pom.xml" => Some("pom"),
        "gradle.lockfile" => Some("gradle"),
        "Gemfile.lock" => Some("bundler"),
        "composer.lock" => Some("composer"),
        "packages.lock.json" | "packages.config" => Some("nuget"),
        "pubspec.lock" => Some("pub"),
        "mix.lock" => Some("hex"),
        "Package.resolved" => Some("swift"),
        "Podfile.lock" => Some("cocoapods"),
        "conan.lock" => Some("conan"),
        _ if is_named(file, "requirements", ".txt") => Some("pip"),
        _ if is_named(file, "pylock.", ".toml") => Some("pylock"),
        _ => None,
    }
}

fn is_named(file: &str, front: &str, end: &str) -> bool {
    file.strip_prefix(front).is_some_and(|rest| rest.ends_with(end))
}

/// The places of each copy of a package: Trivy, Syft and Grype list a package of a language once for each file that
/// shows it.
///
/// Of a project they read the files that say what is to be installed, of an image what is installed; where a
/// package has both, the others are passed over here too.
pub fn copies(kind: PackageKind, places: &[Location], is_project: bool) -> Vec<Vec<Location>> {
    if kind.is_os() || places.len() < 2 {
        return vec![places.to_vec()];
    }
    let is_meant = |place: &&Location| lock_file(&place.path).is_some() == is_project;
    let any = places.iter().any(|place| is_meant(&place));
    let mut copies: Vec<Vec<Location>> = Vec::new();
    for place in places.iter().filter(|place| !any || is_meant(place)) {
        let same = |copy: &&mut Vec<Location>| copy.iter().any(|it| it.path == place.path);
        match copies.iter_mut().find(same) {
            Some(copy) => copy.push(place.clone()),
            None => copies.push(vec![place.clone()]),
        }
    }
    copies
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_listed_for_each_file_that_counts() {
        let place = |path: &str, line| Location { path: path.into(), layer: None, line };
        let places = [
            place("node_modules/a/package.json", None),
            place("package-lock.json", Some(3)),
            place("package-lock.json", Some(9)),
            place("web/node_modules/a/package.json", None),
        ];
        let of = |kind, is_project| -> Vec<(String, usize)> {
            let all = copies(kind, &places, is_project);
            all.iter().map(|copy| (copy[0].path.clone(), copy.len())).collect()
        };
        assert_eq!(of(PackageKind::Npm, true), [("package-lock.json".to_owned(), 2)]);
        let installed = ["node_modules/a/package.json", "web/node_modules/a/package.json"];
        assert_eq!(of(PackageKind::Npm, false), installed.map(|path| (path.to_owned(), 1)));
        assert_eq!(of(PackageKind::Deb, false).len(), 1);
    }
}
