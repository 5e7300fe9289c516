//! Which packages one archive is and holds, decided from all evidence in it.
//!
//! An archive is one artefact: the one whose `META-INF/maven` entry bears the archive's name, or
//! is the only one. All other entries there are libraries that were copied in, and so is a
//! library whose classes are there without any metadata. What contradicts the decision is kept as
//! a note.

use plimsoll_model::{Location, Package, PackageKind};

use super::file_name::FileName;
use super::known::{self, Fingerprint, JNDI_LOOKUP};
use super::manifest::Manifest;
use super::pom::{Coordinates, Pom};

/// All that was seen in one archive.
#[derive(Default)]
pub(crate) struct Evidence {
    /// Entries of `META-INF/maven`.
    pub(crate) projects: Vec<Project>,
    /// The manifest, empty where there is none.
    pub(crate) manifest: Manifest,
    /// Libraries known by a class, each once, with the path of that class.
    pub(crate) classes: Vec<(&'static Fingerprint, String)>,
    /// Whether log4j's look-up over JNDI is there.
    pub(crate) has_jndi_lookup: bool,
    /// Whether there is anything that makes it an archive of Java at all.
    pub(crate) is_java: bool,
}

/// One folder below `META-INF/maven`.
pub(crate) struct Project {
    /// Path of the best file in it.
    pub(crate) path: String,
    /// What it says.
    pub(crate) coordinates: Coordinates,
    /// The project file, where it was read.
    pub(crate) pom: Option<Pom>,
}

impl Evidence {
    /// The packages in the archive at `place`, its own first.
    pub(crate) fn packages(&self, place: &str) -> Vec<Package> {
        let file = FileName::of(place);
        let own = self.own_project(&file);
        let mut packages = Vec::new();
        match own {
            Some(project) => packages.push(self.of_project(project, &file, place)),
            None => packages.extend(self.without_project(&file, place)),
        }
        let copied = self.projects.iter().filter(|p| own.is_none_or(|own| own.path != p.path));
        packages.extend(copied.map(|project| {
            let mut package = package(&project.coordinates, format!("{place}!/{}", project.path));
            package.notes.push("copied into the archive together with its Maven metadata".into());
            package
        }));
        for (print, path) in &self.classes {
            let is_known = packages.iter().any(|package: &Package| {
                let artifact = package.name.rsplit(':').next().unwrap_or(&package.name);
                artifact == print.artifact || print.also_in.contains(&artifact)
            });
            if !is_known {
                packages.push(from_class(print, &format!("{place}!/{path}")));
            }
        }
        self.note_closed_hole(&mut packages);
        packages
    }

    /// The project that is the archive itself.
    fn own_project(&self, file: &FileName<'_>) -> Option<&Project> {
        let named = self.projects.iter().filter(|p| file.is_of(&p.coordinates.artifact));
        let exact = |p: &&Project| p.coordinates.artifact == file.name;
        if let Some(own) = named.max_by_key(|p| (exact(p), p.coordinates.artifact.len())) {
            return Some(own);
        }
        if let [only] = self.projects.as_slice() {
            // A versioned or famous name that fits in neither part belongs to something else, and
            // so does a manifest that names something else.
            let versioned = !file.version.is_empty() && file.version != only.coordinates.version;
            let is_other = versioned
                || known::group(file.name).is_some()
                || self.manifest_names_other(&only.coordinates.artifact);
            if !is_other {
                return Some(only);
            }
        }
        self.projects.iter().find(|project| {
            let Coordinates { group, artifact, .. } = &project.coordinates;
            self.manifest.names().any(|name| {
                name == artifact
                    || name
                        .strip_prefix(group.as_str())
                        .is_some_and(|rest| rest.strip_prefix('.') == Some(artifact))
            })
        })
    }

    /// Whether the manifest has names, none of which resembles `artifact`.
    fn manifest_names_other(&self, artifact: &str) -> bool {
        let plain = |text: &str| {
            let letters = text.chars().filter(char::is_ascii_alphanumeric);
            letters.map(|letter| letter.to_ascii_lowercase()).collect::<String>()
        };
        let artifact = plain(artifact);
        let mut names = self.manifest.names().map(plain).peekable();
        let is_like = |name: String| name.contains(&artifact) || artifact.contains(&name);
        names.peek().is_some() && !names.any(is_like)
    }

    fn of_project(&self, project: &Project, file: &FileName<'_>, place: &str) -> Package {
        let mut coordinates = project.coordinates.clone();
        let stated = self.manifest.version();
        let mut notes = Vec::new();
        if coordinates.version.is_empty() {
            coordinates.version = self.version(file, &mut notes);
        }
        let mut package = package(&coordinates, place.to_owned());
        package.notes.append(&mut notes);
        let mut disagree = |source: &str, version: &str| {
            let plain = |text: &str| text.trim_end_matches(".RELEASE").to_owned();
            // Behind the version may be a classifier.
            let is_classified = version
                .strip_prefix(coordinates.version.as_str())
                .is_some_and(|rest| rest.starts_with('-'));
            if plain(version) != plain(&coordinates.version) && !is_classified {
                package.notes.push(format!("{source} says version {version}"));
            }
        };
        if file.name == coordinates.artifact && !file.version.is_empty() {
            disagree("file name", file.version);
        }
        if let Some((version, false)) = stated {
            disagree("manifest", version);
        }
        if let Some(pom) = &project.pom {
            package.licenses.clone_from(&pom.licenses);
            package.supplier.clone_from(&pom.organization);
            package.depends_on = pom
                .dependencies
                .iter()
                .filter(|d| matches!(d.scope.as_str(), "" | "compile" | "runtime") && !d.optional)
                .map(|dependency| dependency.coordinates.name())
                .collect();
        }
        package
    }

    /// Without Maven's metadata, the name is the file's where it has the form of one, because
    /// titles in manifests are written for people.
    fn without_project(&self, file: &FileName<'_>, place: &str) -> Option<Package> {
        if !self.is_java {
            return None;
        }
        let mut notes = Vec::new();
        let version = self.version(file, &mut notes);
        let print = self.classes.iter().map(|(print, _)| *print);
        let print = print.into_iter().find(|print| {
            file.is_of(print.artifact) || self.manifest.names().any(|name| name == print.artifact)
        });
        let coordinates = if let Some(print) = print {
            Coordinates { group: print.group.into(), artifact: print.artifact.into(), version }
        } else {
            let in_manifest = self.manifest.artifact().map(known::artifact);
            let in_manifest = in_manifest.as_deref();
            let artifact = match in_manifest {
                Some(name) if file.version.is_empty() && known::group(file.name).is_none() => name,
                _ => file.name,
            };
            if let Some(name) = in_manifest.filter(|name| *name != artifact) {
                notes.push(format!("manifest names it `{name}`"));
            }
            let group = known::group_at(artifact, &version).unwrap_or_default();
            if group.is_empty() {
                notes.push("its Maven group is not stated".into());
            }
            Coordinates { group: group.into(), artifact: artifact.into(), version }
        };
        let mut package = package(&coordinates, place.to_owned());
        package.supplier = ["implementation-vendor", "bundle-vendor"]
            .into_iter()
            .find_map(|key| self.manifest.get(key))
            .map(str::to_owned);
        package.licenses =
            self.manifest.get("bundle-license").map(str::to_owned).into_iter().collect();
        package.notes.append(&mut notes);
        Some(package)
    }

    /// The manifest before the file name, but for what bundles make of it, and but for the manifest
    /// of something else: whoever merges archives keeps one manifest of many.
    fn version(&self, file: &FileName<'_>, notes: &mut Vec<String>) -> String {
        let stated = self.manifest.version();
        let Some((version, is_rough)) = stated else {
            if file.version.is_empty() {
                notes.push("no version is stated".into());
            }
            return file.version.to_owned();
        };
        if file.version.is_empty() || file.version == version {
            return version.to_owned();
        }
        let is_of_file = self.manifest.names().any(|name| name.eq_ignore_ascii_case(file.name));
        if is_rough || !is_of_file || file.version.starts_with(version) {
            if !is_rough {
                notes.push(format!("manifest says version {version}"));
            }
            return file.version.to_owned();
        }
        notes.push(format!("file name says version {}", file.version));
        version.to_owned()
    }

    /// Operators deleted this class where they could not update.
    fn note_closed_hole(&self, packages: &mut [Package]) {
        let has_classes = self.classes.iter().any(|(print, _)| print.artifact == "log4j-core");
        if self.has_jndi_lookup || !has_classes {
            return;
        }
        for package in packages {
            if package.name.ends_with(":log4j-core") {
                package.notes.push(format!("`{JNDI_LOOKUP}` was deleted from the archive"));
            }
        }
    }
}

fn package(coordinates: &Coordinates, place: String) -> Package {
    let version = coordinates.version.as_str();
    let mut package = Package::new(PackageKind::Maven, coordinates.name(), version);
    package.locations.push(Location { path: place, layer: None, line: None });
    package
}

fn from_class(print: &Fingerprint, place: &str) -> Package {
    let name = format!("{}:{}", print.group, print.artifact);
    let mut package = Package::new(PackageKind::Maven, name, "");
    package.locations.push(Location { path: place.to_owned(), layer: None, line: None });
    package.notes.push("recognised by its class; nothing states the version".into());
    package
}
