//! The layers that a client of Trivy read, put on top of each other, and their packages as ours.

use std::collections::BTreeMap;

use plimsoll_model::{Distro, Inventory, Package as Ours, PackageKind, Purl, SourcePackage};
use prost::Message as _;

use super::messages::{BlobInfo, Layer, Os, Package, PutBlobRequest, Secret};

/// The most packages of an image.
const MAX_PACKAGES: usize = 500_000;

/// A layer as a client puts it.
#[derive(Debug, Clone, PartialEq)]
pub struct Blob {
    pub(super) id: String,
    pub(super) info: BlobInfo,
}

impl Blob {
    /// From the body of a request, in JSON or protobuf.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(body: &[u8], is_json: bool) -> Result<Self, String> {
        let put: PutBlobRequest = if is_json {
            serde_json::from_slice(body).map_err(|error| error.to_string())?
        } else {
            PutBlobRequest::decode(body).map_err(|error| error.to_string())?
        };
        let info = put.blob_info.ok_or("it has no blob_info")?;
        Ok(Self { id: put.diff_id, info })
    }

    /// How many packages it has.
    pub fn packages(&self) -> usize {
        let of_os: usize = self.info.package_infos.iter().map(|it| it.packages.len()).sum();
        of_os + self.info.applications.iter().map(|it| it.packages.len()).sum::<usize>()
    }
}

/// A group of packages that is told of together.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Group {
    /// Type of the application; empty for packages of the distribution.
    pub(super) kind: String,
    /// Its file; empty where the type is told of as a whole.
    pub(super) file: String,
    pub(super) packages: Vec<Package>,
}

/// All layers.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Merged {
    pub(super) os: Option<Os>,
    pub(super) groups: Vec<Group>,
    pub(super) secrets: Vec<Secret>,
    pub(super) layers: Vec<Layer>,
}

/// Types that Trivy tells of as a whole, each package with its own file.
fn is_aggregated(kind: &str) -> bool {
    matches!(kind, "node-pkg" | "python-pkg" | "gemspec" | "jar" | "conda-pkg")
}

/// What Trivy calls such a type.
pub(super) fn title(kind: &str) -> &str {
    match kind {
        "node-pkg" => "Node.js",
        "python-pkg" => "Python",
        "gemspec" => "Ruby",
        "jar" => "Java",
        "conda-pkg" => "Conda",
        other => other,
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    let folder = folder.trim_matches('/');
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Merged {
    /// Puts layers on top of each other, bottom first.
    pub(super) fn of(blobs: Vec<BlobInfo>) -> Result<Self, String> {
        let mut merged = Self::default();
        // By file and type: a later layer's version of a file counts.
        let mut found: BTreeMap<(String, String), Vec<Package>> = BTreeMap::new();
        let mut secrets: BTreeMap<String, Secret> = BTreeMap::new();
        for blob in blobs {
            for folder in &blob.opaque_dirs {
                found.retain(|(path, _), _| !is_below(path, folder));
                secrets.retain(|path, _| !is_below(path, folder));
            }
            for gone in &blob.whiteout_files {
                found.retain(|(path, _), _| !is_below(path, gone));
                secrets.retain(|path, _| !is_below(path, gone));
            }
            let layer =
                Layer { digest: blob.digest, diff_id: blob.diff_id, created_by: blob.created_by };
            if let Some(os) = blob.os.filter(|os| !os.family.is_empty()) {
                merged.os = Some(os);
            }
            let applications =
                blob.applications.into_iter().map(|it| (it.file_path, it.kind, it.packages));
            let of_os =
                blob.package_infos.into_iter().map(|it| (it.file_path, String::new(), it.packages));
            for (path, kind, mut packages) in of_os.chain(applications) {
                for package in &mut packages {
                    // Clients send an empty one where it is not known.
                    if package.layer.as_ref().is_none_or(|it| *it == Layer::default()) {
                        package.layer = Some(layer.clone());
                    }
                    // A package of the distribution stays in the layer that brought it.
                    if kind.is_empty() {
                        let before = found.get(&(path.clone(), kind.clone()));
                        let same = before.and_then(|it| {
                            it.iter().find(|one| {
                                one.name == package.name
                                    && one.version == package.version
                                    && one.release == package.release
                            })
                        });
                        if let Some(same) = same {
                            package.layer.clone_from(&same.layer);
                        }
                    } else if package.file_path.is_empty() && is_aggregated(&kind) {
                        package.file_path.clone_from(&path);
                    }
                }
                found.insert((path, kind), packages);
            }
            for mut secret in blob.secrets {
                secret.findings.iter_mut().for_each(|it| it.layer = Some(layer.clone()));
                secrets.insert(secret.filepath.clone(), secret);
            }
            merged.layers.push(layer);
        }
        let mut groups: BTreeMap<(String, String), Vec<Package>> = BTreeMap::new();
        let mut count = 0_usize;
        for ((path, kind), packages) in found {
            count += packages.len();
            let file = if kind.is_empty() || is_aggregated(&kind) { String::new() } else { path };
            groups.entry((kind, file)).or_default().extend(packages);
        }
        if count > MAX_PACKAGES {
            return Err(format!("the image has {count} packages, and may have {MAX_PACKAGES}"));
        }
        let group = |((kind, file), packages)| Group { kind, file, packages };
        merged.groups = groups.into_iter().map(group).collect();
        merged.secrets = secrets.into_values().collect();
        Ok(merged)
    }

    /// Gives packages their package URLs, where a client gave them none.
    pub(super) fn identify(&mut self, inventory: &Inventory, places: &[(usize, usize)]) {
        for ((group, number), package) in places.iter().zip(&inventory.packages) {
            let group = self.groups.get_mut(*group);
            let Some(theirs) = group.and_then(|it| it.packages.get_mut(*number)) else { continue };
            let identifier = theirs.identifier.get_or_insert_default();
            if identifier.purl.is_empty() {
                identifier.purl = Purl::of(package, inventory.distro.as_ref()).to_string();
            }
        }
    }

    /// The same as an inventory, whose packages stand in the order of the groups.
    pub(super) fn inventory(&self, distro: Option<&Os>) -> (Inventory, Vec<(usize, usize)>) {
        let os = distro.or(self.os.as_ref());
        let of_distro = os.and_then(distribution);
        let mut inventory =
            Inventory { distro: of_distro.as_ref().map(|it| it.0.clone()), ..Inventory::default() };
        let mut places = Vec::new();
        for (at, group) in self.groups.iter().enumerate() {
            let kind = if group.kind.is_empty() {
                of_distro.as_ref().map(|it| it.1)
            } else {
                language(&group.kind)
            };
            let Some(kind) = kind else { continue };
            for (number, package) in group.packages.iter().enumerate() {
                inventory.packages.push(ours(kind, package));
                places.push((at, number));
            }
        }
        (inventory, places)
    }
}

/// The version that Trivy shows.
pub(super) fn version(package: &Package) -> String {
    joined(package.epoch, &package.version, &package.release)
}

fn joined(epoch: i32, version: &str, release: &str) -> String {
    let mut text = String::new();
    if epoch != 0 {
        text = format!("{epoch}:");
    }
    text.push_str(version);
    if !release.is_empty() {
        text.push('-');
        text.push_str(release);
    }
    text
}

fn ours(kind: PackageKind, package: &Package) -> Ours {
    let mut made = Ours::new(kind, package.name.clone(), version(package));
    made.arch = Some(package.arch.clone()).filter(|arch| !arch.is_empty());
    if kind.is_os() && !package.src_name.is_empty() {
        made.source = Some(SourcePackage {
            name: package.src_name.clone(),
            version: joined(package.src_epoch, &package.src_version, &package.src_release),
        });
    }
    made
}

/// What of an operating system our advisories go by.
fn distribution(os: &Os) -> Option<(Distro, PackageKind)> {
    let (id, kind) = match os.family.as_str() {
        "debian" | "ubuntu" => (os.family.as_str(), PackageKind::Deb),
        "alpine" | "wolfi" | "chainguard" => (os.family.as_str(), PackageKind::Apk),
        "redhat" => ("rhel", PackageKind::Rpm),
        "alma" => ("almalinux", PackageKind::Rpm),
        "amazon" => ("amzn", PackageKind::Rpm),
        "oracle" => ("ol", PackageKind::Rpm),
        "cbl-mariner" => ("mariner", PackageKind::Rpm),
        "suse linux enterprise server" | "suse linux enterprise micro" => {
            ("sles", PackageKind::Rpm)
        }
        "opensuse.leap" | "opensuse-leap" => ("opensuse-leap", PackageKind::Rpm),
        "opensuse.tumbleweed" | "opensuse-tumbleweed" => ("opensuse-tumbleweed", PackageKind::Rpm),
        "centos" | "rocky" | "fedora" | "photon" | "azurelinux" => {
            (os.family.as_str(), PackageKind::Rpm)
        }
        _ => return None,
    };
    let said = os.name.split_whitespace().next().unwrap_or_default();
    // Debian's point releases are in no os-release.
    let version = if id == "debian" { said.split('.').next().unwrap_or_default() } else { said };
    let mut distro = Distro {
        id: id.into(),
        version: version.into(),
        name: format!("{} {}", os.family, os.name),
        extended_support: os.extended,
        ..Distro::default()
    };
    distro.ecosystem = plimsoll_image::cataloguers::ecosystem(&distro);
    Some((distro, kind))
}

fn language(kind: &str) -> Option<PackageKind> {
    Some(match kind {
        "npm" | "yarn" | "pnpm" | "bun" | "node-pkg" => PackageKind::Npm,
        "pip" | "pipenv" | "poetry" | "uv" | "pylock" | "python-pkg" => PackageKind::Pypi,
        "gobinary" | "gomod" => PackageKind::Golang,
        "cargo" | "rustbinary" => PackageKind::Cargo,
        "jar" | "pom" | "gradle" | "sbt" => PackageKind::Maven,
        "bundler" | "gemspec" => PackageKind::Gem,
        "composer" | "composer-vendor" => PackageKind::Composer,
        "nuget" | "dotnet-core" | "packages-props" => PackageKind::Nuget,
        "pub" => PackageKind::Pub,
        "hex" => PackageKind::Hex,
        "swift" => PackageKind::Swift,
        "cocoapods" => PackageKind::Cocoapods,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::trivy::messages::{Application, PackageInfo};

    fn package(name: &str, version: &str) -> Package {
        Package { name: name.into(), version: version.into(), ..Package::default() }
    }

    fn application(path: &str, name: &str) -> Application {
        Application {
            kind: "node-pkg".into(),
            file_path: path.into(),
            packages: vec![package(name, "1")],
        }
    }

    #[test]
    fn a_later_layer_replaces_and_removes_files() {
        let status = |packages: Vec<Package>| PackageInfo {
            file_path: "lib/apk/db/installed".into(),
            packages,
        };
        let first = BlobInfo {
            diff_id: "one".into(),
            os: Some(Os { family: "alpine".into(), name: "3.20.3".into(), ..Os::default() }),
            package_infos: vec![status(vec![package("musl", "1"), package("zlib", "1")])],
            applications: vec![
                application("app/a/package.json", "a"),
                application("app/b/package.json", "b"),
            ],
            ..BlobInfo::default()
        };
        let second = BlobInfo {
            diff_id: "two".into(),
            package_infos: vec![status(vec![package("musl", "1"), package("zlib", "2")])],
            applications: vec![application("opt/c/package.json", "c")],
            whiteout_files: vec!["app/a".into()],
            ..BlobInfo::default()
        };
        let merged = Merged::of(vec![first, second]).unwrap();
        let names: Vec<(&str, String, &str)> = merged
            .groups
            .iter()
            .flat_map(|group| &group.packages)
            .map(|it| (it.name.as_str(), version(it), it.layer.as_ref().unwrap().diff_id.as_str()))
            .collect();
        let of = |name: &'static str, version: &str, layer: &'static str| {
            (name, version.to_owned(), layer)
        };
        assert_eq!(
            names,
            [
                of("musl", "1", "one"),
                of("zlib", "2", "two"),
                of("b", "1", "one"),
                of("c", "1", "two")
            ]
        );
        let (inventory, places) = merged.inventory(None);
        assert_eq!(inventory.distro.unwrap().ecosystem.unwrap().to_string(), "Alpine:v3.20");
        assert_eq!((inventory.packages.len(), places[2]), (4, (1, 0)));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>, text in ".*") {
            let _ = Blob::parse(&bytes, false).map(|blob| blob.packages());
            let _ = Blob::parse(text.as_bytes(), true).map(|blob| blob.packages());
        }
    }
}
