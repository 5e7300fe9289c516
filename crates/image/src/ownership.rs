//! To which packages a file of an image belongs.
//!
//! The operating system's packages have lists of their files, and so have Python's distributions;
//! of those only hashes are kept. Other languages' packages lie in a folder of their own, or are a
//! file: an archive of Java, a program of Go or Rust with all that is linked into it.

use std::collections::HashMap;

use plimsoll_model::{Inventory, Package, PackageKind, is_library, is_module};

use crate::cataloguers::composer::INSTALLED_ELSEWHERE;
use crate::layer::{HAS_CODE, HAS_MODULES, RECORDED, owner_hash};

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
    /// Of every copy.
    is_known: bool,
    has_modules: bool,
    /// Some of them are of a kind whose use is recorded.
    has_code: bool,
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
            // Until it turns out that there is no list.
            self.note(at, Files { is_known: true, ..Files::default() });
            return;
        }
        // One copy that cannot be followed may be the one that is used.
        let mut is_known = !package.locations.is_empty();
        let mut has_code = false;
        for location in &package.locations {
            let path = location.path.split("!/").next().unwrap_or(&location.path);
            match self.place_of(package, path) {
                Some(Place::Named(name)) => self.named.entry(name).or_default().push(at),
                Some(Place::At(place)) => {
                    self.places.entry(place).or_default().push(at);
                    has_code = true;
                }
                None => is_known = false,
            }
        }
        // A program is executed; the others are read.
        let is_program =
            matches!(package.kind, PackageKind::Golang | PackageKind::Cargo | PackageKind::Generic);
        self.note(at, Files { is_known, has_modules: !is_program, has_code });
    }

    fn note(&mut self, at: usize, files: Files) {
        if let Some(known) = self.files.get_mut(at) {
            *known = files;
        }
    }

    /// Where the files of one copy of a language's package are, if that is sure.
    fn place_of(&self, package: &Package, path: &str) -> Option<Place> {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let place = match package.kind {
            PackageKind::Pypi if path.ends_with(".dist-info/METADATA") => {
                return Some(Place::Named(format!("{RECORDED}{folder}")));
            }
            PackageKind::Npm if path.ends_with("/package.json") => folder.to_owned(),
            // Default gems, and what Debian has under `rubygems-integration`, lie among Ruby's own
            // files.
            PackageKind::Gem
                if path.ends_with(".gemspec") && !path.contains("rubygems-integration") =>
            {
                let name = path.rsplit('/').next().unwrap_or(path);
                let name = name.strip_suffix(".gemspec").unwrap_or(name);
                let base = folder.strip_suffix("specifications")?;
                if !base.is_empty() && !base.ends_with('/') {
                    return None;
                }
                format!("{base}gems/{name}")
            }
            PackageKind::Composer
                if path.ends_with("composer/installed.json")
                    && !package.notes.iter().any(|it| it.starts_with(INSTALLED_ELSEWHERE)) =>
            {
                let base = folder.strip_suffix("composer").unwrap_or(folder);
                format!("{base}{}", package.name)
            }
            PackageKind::Maven if is_module(path.as_bytes()) => path.to_owned(),
            // What only tells the version of a program is not the program.
            PackageKind::Golang
            | PackageKind::Cargo
            | PackageKind::Generic
            | PackageKind::Bitnami
                if is_library(path.as_bytes()) || self.is_program(path) =>
            {
                path.to_owned()
            }
            _ => return None,
        };
        Some(Place::At(place))
    }

    /// Whether an executable program is there. A script that tells a version is none.
    fn is_program(&self, path: &str) -> bool {
        let programs = self.inventory.survey.as_ref().map(|survey| &survey.programs);
        programs.is_some_and(|all| all.binary_search_by(|it| it.as_str().cmp(path)).is_ok())
            && !is_module(path.as_bytes())
    }

    /// Notes of which packages there are lists of files, and of what kind these are.
    fn know(&mut self) {
        let mut known: HashMap<&str, Files> = HashMap::new();
        for owned in &self.inventory.owned {
            let mut named = vec![Files::default(); owned.packages.len()];
            for (hash, at) in &owned.paths {
                if let Some(seen) = usize::try_from(*at).ok().and_then(|at| named.get_mut(at)) {
                    seen.is_known = true;
                    seen.has_modules |= *hash == HAS_MODULES;
                    seen.has_code |= *hash == HAS_CODE;
                }
            }
            for (name, files) in owned.packages.iter().zip(named) {
                if files.is_known {
                    let all = known.entry(name.as_str()).or_default();
                    all.is_known = true;
                    all.has_modules |= files.has_modules;
                    all.has_code |= files.has_code;
                }
            }
        }
        for (name, packages) in &self.named {
            let listed = known.get(name.as_str()).copied().unwrap_or_default();
            for at in packages {
                if let Some(files) = self.files.get_mut(*at) {
                    files.is_known &= listed.is_known;
                    files.has_modules |= listed.has_modules;
                    files.has_code |= listed.has_code;
                }
            }
        }
        // Programs are told by their mode, which no list has. What pip makes below `bin` is no code
        // of a package: that of an editable one lies elsewhere.
        let is_os = |at: &usize| self.inventory.packages.get(*at).is_some_and(|it| it.kind.is_os());
        let programs = self.inventory.survey.iter().flat_map(|survey| &survey.programs);
        for at in programs.flat_map(|path| self.at(path)).filter(is_os).collect::<Vec<_>>() {
            if let Some(files) = self.files.get_mut(at) {
                files.has_code = true;
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

    /// Those of a file, and of byte code those of its source too: installers compile what their
    /// lists do not name.
    fn at(&self, path: &str) -> Vec<usize> {
        let mut found = self.exactly_at(path);
        for source in sources(path) {
            found.extend(self.exactly_at(&source));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn exactly_at(&self, path: &str) -> Vec<usize> {
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

    /// Whether some of them are of a kind whose use is recorded: where none is, nobody has looked.
    pub fn has_code(&self, package: usize) -> bool {
        self.files.get(package).is_some_and(|files| files.has_code)
    }

    /// Whether all files of a language's package, of which it is not known by itself, are among
    /// those of the operating system's packages that brought it.
    pub fn is_known_by_owners(&self, package: usize) -> bool {
        // Who owns one copy says nothing of another.
        let is_one = self.inventory.packages.get(package).is_some_and(|it| it.locations.len() == 1);
        let knows = |at: &usize| self.is_known(*at) && self.has_code(*at);
        is_one && self.owners(package).iter().any(knows)
    }

    /// The operating system's packages that brought a language's package.
    pub fn owners(&self, package: usize) -> &[usize] {
        let owner = self.inventory.packages.get(package).and_then(|it| it.owner.as_ref());
        owner.and_then(|name| self.named.get(name)).map_or(&[], Vec::as_slice)
    }
}

/// Where a package's files are.
enum Place {
    /// In a list of this name.
    Named(String),
    /// A file, or a folder with all in it.
    At(String),
}

/// The Python sources that byte code may be of: `D/__pycache__/M.TAG.pyc` and `D/M.pyc` are of
/// `D/M.py` (PEP 3147).
fn sources(path: &str) -> Vec<String> {
    let Some(stem) = path.strip_suffix(".pyc").or_else(|| path.strip_suffix(".pyo")) else {
        return Vec::new();
    };
    let (folder, name) = stem.rsplit_once('/').unwrap_or(("", stem));
    let cached = folder.strip_suffix("__pycache__").filter(|it| it.is_empty() || it.ends_with('/'));
    let Some(folder) = cached else { return vec![format!("{stem}.py")] };
    // Tags have dots (`cpython-312.opt-1`), and names of scripts may.
    let names = name.match_indices('.').filter_map(|(at, _)| name.get(..at)).take(8);
    names.map(|name| format!("{folder}{name}.py")).collect()
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
            if files.iter().any(|path| is_module(path.as_bytes())) {
                owned.paths.push((HAS_MODULES, at));
            }
            if files.iter().any(|path| is_library(path.as_bytes()) || is_module(path.as_bytes())) {
                owned.paths.push((HAS_CODE, at));
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
                programs: vec!["app/server".into()],
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

    fn of_packages(packages: Vec<Package>, owned: Vec<OwnedFiles>) -> Inventory {
        let survey = Survey {
            programs: vec!["usr/bin/node".into(), "usr/bin/tool".into()],
            ..Survey::default()
        };
        Inventory { packages, owned, survey: Some(survey), ..Inventory::default() }
    }

    #[test]
    fn one_copy_whose_files_are_not_known_makes_the_package_unknown() {
        let site = "usr/lib/python3/site-packages/x-1.dist-info";
        let mut twice = package(PackageKind::Npm, "a", "app/node_modules/a/package.json");
        let other = Location { path: "app/bundle.txt".into(), layer: Some(0), line: None };
        twice.locations.push(other.clone());
        let mut python = package(PackageKind::Pypi, "x", &format!("{site}/METADATA"));
        python.locations.push(Location { path: "opt/x-1.dist-info/METADATA".into(), ..other });
        let list = owned(&[(&format!("@{site}"), &["usr/lib/python3/site-packages/x.py"])]);
        let inventory = of_packages(vec![twice, python], vec![list]);
        let ownership = Ownership::new(&inventory);
        assert!(!ownership.is_known(0) && !ownership.is_known(1));
        assert_eq!(ownership.of("/app/node_modules/a/x.js"), [0]);
        assert_eq!(ownership.of("/usr/lib/python3/site-packages/x.py"), [1]);
    }

    #[test]
    fn a_file_that_only_tells_the_version_is_not_the_program() {
        let mut elsewhere = package(PackageKind::Composer, "a/b", "v/composer/installed.json");
        elsewhere.notes.push(format!("{INSTALLED_ELSEWHERE}`../../web/b`"));
        let inventory = of_packages(
            vec![
                package(PackageKind::Generic, "openjdk", "opt/java/release"),
                package(PackageKind::Generic, "ruby", "usr/lib/ruby/rbconfig.rb"),
                package(PackageKind::Golang, "toolchain", "usr/local/go/VERSION"),
                package(PackageKind::Bitnami, "x", "opt/bitnami/x/.spdx-x.spdx"),
                package(PackageKind::Maven, "g:a", "opt/a/META-INF/maven/g/a/pom.properties"),
                package(PackageKind::Gem, "json", "usr/gems/specifications/default/json-2.gemspec"),
                package(
                    PackageKind::Gem,
                    "rack",
                    "usr/share/rubygems-integration/all/specifications/rack-2.gemspec",
                ),
                elsewhere,
                package(PackageKind::Generic, "node", "usr/bin/node"),
                package(PackageKind::Maven, "g:b", "jenkins/plugins/b.hpi"),
                package(PackageKind::Composer, "a/c", "v/composer/installed.json"),
            ],
            Vec::new(),
        );
        let ownership = Ownership::new(&inventory);
        let known: Vec<usize> = (0..11).filter(|at| ownership.is_known(*at)).collect();
        assert_eq!(known, [8, 9, 10]);
    }

    #[test]
    fn byte_code_belongs_to_whom_its_source_belongs() {
        let inventory = of_packages(
            vec![
                package(PackageKind::Deb, "python3-yaml", "var/lib/dpkg/status"),
                package(PackageKind::Apk, "py3-yaml-pyc", "lib/apk/db/installed"),
            ],
            vec![owned(&[
                ("python3-yaml", &["usr/lib/python3/yaml/a.py"]),
                ("py3-yaml-pyc", &["usr/lib/python3/yaml/__pycache__/a.cpython-312.pyc"]),
            ])],
        );
        let ownership = Ownership::new(&inventory);
        for (path, expected) in [
            ("/usr/lib/python3/yaml/__pycache__/a.cpython-312.pyc", vec![0, 1]),
            ("/usr/lib/python3/yaml/__pycache__/a.cpython-311.opt-1.pyc", vec![0]),
            ("/usr/lib/python3/yaml/a.pyc", vec![0]),
            ("/usr/lib/python3/yaml/b.pyc", vec![]),
        ] {
            assert_eq!(ownership.of(path), expected, "{path}");
        }
    }

    #[test]
    fn packages_of_which_no_file_would_be_recorded_have_no_code() {
        let inventory = of_packages(
            vec![
                package(PackageKind::Deb, "tzdata", "var/lib/dpkg/status"),
                package(PackageKind::Deb, "tool", "var/lib/dpkg/status"),
                package(PackageKind::Deb, "libx", "var/lib/dpkg/status"),
            ],
            vec![owned(&[
                ("tzdata", &["usr/share/zoneinfo/UTC"]),
                ("tool", &["bin/tool"]),
                ("libx", &["usr/lib/libx.so.1"]),
            ])],
        );
        let ownership = Ownership::new(&inventory);
        assert!((0..3).all(|at| ownership.is_known(at)));
        let code: Vec<usize> = (0..3).filter(|at| ownership.has_code(*at)).collect();
        assert_eq!(code, [1, 2]);
    }
}
