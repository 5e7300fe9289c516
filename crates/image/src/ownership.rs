//! To which packages a file of an image belongs.
//!
//! The operating system's packages have lists of their files, and so have Python's distributions;
//! of those only hashes are kept. Other languages' packages lie in a folder of their own, or are a
//! file: an archive of Java, a program of Go or Rust with all that is linked into it.

use std::collections::HashMap;

use plimsoll_model::{Inventory, Package, PackageKind};

use crate::layer::{HAS_MODULES, RECORDED, owner_hash};

/// How many links are followed.
const MOST_LINKS: usize = 40;
/// What the kernel maps itself for every program that is linked dynamically.
const LOADERS: [&str; 10] = [
    "lib64/ld-linux-x86-64.so.2",
    "lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
    "lib/ld-linux-aarch64.so.1",
    "lib/aarch64-linux-gnu/ld-linux-aarch64.so.1",
    "lib/ld-linux.so.2",
    "lib/ld-linux-armhf.so.3",
    "lib64/ld64.so.2",
    "lib/ld64.so.1",
    "lib/ld-musl-x86_64.so.1",
    "lib/ld-musl-aarch64.so.1",
];

/// Files and the packages of an inventory that they belong to.
#[derive(Debug)]
pub struct Ownership<'i> {
    inventory: &'i Inventory,
    /// (Hash of a path, layer, index there), sorted.
    owned: Vec<(u64, usize, u32)>,
    /// Present packages of the operating system by name, of Python by the folder of their metadata.
    named: HashMap<String, Vec<usize>>,
    /// Packages that are a file, or a folder with all in it.
    places: HashMap<String, Vec<usize>>,
    links: HashMap<&'i str, &'i str>,
    files: Vec<Files>,
}

/// What is known of a package's files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Files {
    is_known: bool,
    has_modules: bool,
}

impl<'i> Ownership<'i> {
    /// Of the packages that a running container has.
    pub fn new(inventory: &'i Inventory) -> Self {
        let mut ownership = Self {
            inventory,
            owned: Vec::new(),
            named: HashMap::new(),
            places: HashMap::new(),
            links: HashMap::new(),
            files: vec![Files::default(); inventory.packages.len()],
        };
        let links = inventory.survey.iter().flat_map(|survey| &survey.links);
        ownership.links.extend(links.map(|(link, target)| (link.as_str(), target.as_str())));
        for (at, package) in inventory.packages.iter().enumerate() {
            if package.removed_in.is_none() && !package.declared {
                ownership.place(at, package);
            }
        }
        for (layer, owned) in inventory.owned.iter().enumerate() {
            ownership.owned.extend(owned.paths.iter().map(|(hash, at)| (*hash, layer, *at)));
        }
        ownership.owned.sort_unstable();
        ownership.know();
        ownership
    }

    /// Under which names or places a package is found.
    fn place(&mut self, at: usize, package: &Package) {
        if package.kind.is_os() {
            self.named.entry(package.name.clone()).or_default().push(at);
            return;
        }
        let mut is_placed = false;
        for location in &package.locations {
            let path = location.path.split("!/").next().unwrap_or(&location.path);
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let place = match package.kind {
                PackageKind::Pypi if path.ends_with(".dist-info/METADATA") => {
                    self.named.entry(format!("{RECORDED}{folder}")).or_default().push(at);
                    continue;
                }
                PackageKind::Npm if path.ends_with("/package.json") => folder.to_owned(),
                PackageKind::Gem if path.ends_with(".gemspec") => {
                    let name = path.rsplit('/').next().unwrap_or(path);
                    let name = name.strip_suffix(".gemspec").unwrap_or(name);
                    let Some((base, _)) = folder.split_once("specifications") else { continue };
                    format!("{base}gems/{name}")
                }
                PackageKind::Composer if path.ends_with("composer/installed.json") => {
                    let base = folder.strip_suffix("composer").unwrap_or(folder);
                    format!("{base}{}", package.name)
                }
                PackageKind::Maven
                | PackageKind::Golang
                | PackageKind::Cargo
                | PackageKind::Generic
                | PackageKind::Bitnami => path.to_owned(),
                _ => continue,
            };
            is_placed = true;
            self.places.entry(place).or_default().push(at);
        }
        // A program is executed; the others are read.
        let has_modules = !matches!(
            package.kind,
            PackageKind::Golang | PackageKind::Cargo | PackageKind::Generic
        );
        if let Some(files) = self.files.get_mut(at) {
            *files = Files { is_known: is_placed, has_modules };
        }
    }

    /// Notes of which packages there are lists of files.
    fn know(&mut self) {
        let mut known: HashMap<&str, bool> = HashMap::new();
        for owned in &self.inventory.owned {
            let mut named = vec![(false, false); owned.packages.len()];
            for (hash, at) in &owned.paths {
                if let Some(seen) = usize::try_from(*at).ok().and_then(|at| named.get_mut(at)) {
                    seen.0 = true;
                    seen.1 |= *hash == HAS_MODULES;
                }
            }
            for (name, (has_files, has_modules)) in owned.packages.iter().zip(named) {
                if has_files {
                    *known.entry(name.as_str()).or_default() |= has_modules;
                }
            }
        }
        for (name, packages) in &self.named {
            let Some(has_modules) = known.get(name.as_str()) else { continue };
            for at in packages {
                if let Some(files) = self.files.get_mut(*at) {
                    let has_modules = *has_modules || name.starts_with(RECORDED);
                    *files = Files { is_known: true, has_modules };
                }
            }
        }
    }

    /// Indexes of the packages that the file at a path belongs to: by its own name, or by links.
    pub fn of(&self, path: &str) -> Vec<usize> {
        let mut path = path.trim_start_matches('/').to_owned();
        for _ in 0..MOST_LINKS {
            let found = self.at(&path);
            if !found.is_empty() {
                return found;
            }
            match self.follow(&path) {
                Some(next) => path = next,
                None => break,
            }
        }
        Vec::new()
    }

    fn at(&self, path: &str) -> Vec<usize> {
        let mut found = Vec::new();
        let hash = owner_hash(path);
        let from = self.owned.partition_point(|(other, ..)| *other < hash);
        let entries = self.owned.iter().skip(from).take_while(|(other, ..)| *other == hash);
        for (_, layer, at) in entries {
            let name = self
                .inventory
                .owned
                .get(*layer)
                .and_then(|owned| owned.packages.get(usize::try_from(*at).ok()?));
            found.extend(name.and_then(|name| self.named.get(name)).into_iter().flatten());
        }
        // The innermost folder that is a package's.
        let ends = path.match_indices('/').map(|(at, _)| at).rev();
        let places = std::iter::once(path.len()).chain(ends);
        let place = places.filter_map(|end| path.get(..end)).find_map(|it| self.places.get(it));
        found.extend(place.into_iter().flatten());
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Where the first link in a path leads.
    fn follow(&self, path: &str) -> Option<String> {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        let (link, rest, target) = ends
            .filter_map(|end| path.split_at_checked(end))
            .find_map(|(link, rest)| Some((link, rest, *self.links.get(link)?)))?;
        let folder = link.rsplit_once('/').map_or("", |(folder, _)| folder);
        let whole = if target.starts_with('/') {
            format!("{target}{rest}")
        } else {
            format!("{folder}/{target}{rest}")
        };
        let mut parts: Vec<&str> = Vec::new();
        for part in whole.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop();
                }
                _ => parts.push(part),
            }
        }
        Some(parts.join("/"))
    }

    /// Packages of the loader that the kernel maps for every dynamically linked program, whose
    /// mapping no call tells.
    pub fn loaders(&self) -> Vec<(usize, &'static str)> {
        let of = |path: &'static str| self.at(path).into_iter().map(move |at| (at, path));
        LOADERS.iter().flat_map(|path| of(path)).collect()
    }

    /// Whether it is known which files a package has: only then can one say that none was used.
    pub fn is_known(&self, package: usize) -> bool {
        self.files.get(package).is_some_and(|files| files.is_known)
    }

    /// Whether some of them are modules that an interpreter reads.
    pub fn has_modules(&self, package: usize) -> bool {
        self.files.get(package).is_some_and(|files| files.has_modules)
    }

    /// The operating system's packages that brought a language's package.
    pub fn owners(&self, package: usize) -> &[usize] {
        let owner = self.inventory.packages.get(package).and_then(|it| it.owner.as_ref());
        owner.and_then(|name| self.named.get(name)).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::{Location, OwnedFiles, Survey};

    use super::*;

    fn package(kind: PackageKind, name: &str, path: &str) -> Package {
        let mut package = Package::new(kind, name, "1");
        package.locations.push(Location { path: path.into(), layer: Some(0), line: None });
        package
    }

    fn owned(packages: &[(&str, &[&str])]) -> OwnedFiles {
        let mut owned = OwnedFiles::default();
        for (at, (name, files)) in (0..).zip(packages) {
            owned.packages.push((*name).to_owned());
            owned.paths.extend(files.iter().map(|path| (owner_hash(path), at)));
            if files.iter().any(|path| plimsoll_model::is_module(path.as_bytes())) {
                owned.paths.push((HAS_MODULES, at));
            }
        }
        owned
    }

    #[test]
    fn files_belong_to_packages_by_lists_by_folders_and_by_themselves() {
        let site = "usr/lib/python3/site-packages/PyYAML-6.dist-info";
        let mut gone = package(PackageKind::Deb, "gone", "var/lib/dpkg/status");
        gone.removed_in = Some(1);
        let inventory = Inventory {
            packages: vec![
                package(PackageKind::Deb, "libssl3", "var/lib/dpkg/status"),
                package(PackageKind::Npm, "a", "app/node_modules/a/package.json"),
                package(PackageKind::Npm, "b", "app/node_modules/a/node_modules/b/package.json"),
                package(PackageKind::Maven, "c", "app/x.jar!/lib/c.jar"),
                package(PackageKind::Golang, "stdlib", "app/server"),
                package(PackageKind::Pypi, "PyYAML", &format!("{site}/METADATA")),
                package(PackageKind::Gem, "rack", "usr/gems/specifications/rack-1.gemspec"),
                package(PackageKind::Deb, "nameless", "var/lib/dpkg/status"),
                gone,
            ],
            owned: vec![owned(&[
                ("libssl3", &["lib/x86_64-linux-gnu/libssl.so.3"]),
                (&format!("@{site}"), &["usr/lib/python3/site-packages/yaml/loader.py"]),
                ("gone", &["usr/bin/gone"]),
            ])],
            survey: Some(Survey {
                links: vec![("srv/app".into(), "../app".into()), ("l".into(), "l".into())],
                ..Survey::default()
            }),
            ..Inventory::default()
        };
        let ownership = Ownership::new(&inventory);
        for (path, expected) in [
            ("/usr/lib/x86_64-linux-gnu/libssl.so.3", vec![0]),
            ("/app/node_modules/a/index.js", vec![1]),
            ("/app/node_modules/a/node_modules/b/lib/x.js", vec![2]),
            ("/app/x.jar", vec![3]),
            ("/srv/app/server", vec![4]),
            ("/usr/lib/python3/site-packages/yaml/loader.py", vec![5]),
            ("/usr/gems/gems/rack-1/lib/rack.rb", vec![6]),
            ("/usr/bin/gone", vec![]),
            ("/l/x", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(ownership.of(path), expected, "{path}");
        }
        let known: Vec<bool> = (0..9).map(|at| ownership.is_known(at)).collect();
        assert_eq!(known, [true, true, true, true, true, true, true, false, false]);
        assert!(ownership.has_modules(5) && ownership.has_modules(1));
        assert!(!ownership.has_modules(0) && !ownership.has_modules(4));
    }
}
