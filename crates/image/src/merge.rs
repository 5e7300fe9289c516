//! Layers on top of each other: which file counts, since when each package is there, and which
//! layer took one away.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::{Distro, Inventory, Location, OwnedFiles, Package, Problem, ProblemKind};

use crate::cataloguers::release_files::{APK_REPOSITORIES, branch_order};
use crate::hiding::Hiding;
use crate::layer::{
    CataloguedFile, HardLink, LayerInventory, Owned, RECORDED, owner_hash, unreachable_link,
};

/// Packages that hard links may add: a small image can name a large file a million times.
const MAX_LINKED: usize = 1_000_000;

/// Merges layers, bottom first, into `inventory`. With `is_folder` no layer index is recorded.
pub fn merge(mut layers: Vec<LayerInventory>, is_folder: bool, inventory: &mut Inventory) {
    let index = |layer: usize| u32::try_from(layer).ok().filter(|_| !is_folder);
    inventory.survey = crate::survey::merge(&mut layers);
    inventory.listing = crate::listing::take(&mut layers);
    resolve_links(&mut layers);
    let versions = versions_by_path(&mut layers);
    let hiding = Hiding::new(versions.keys(), &layers);
    let mut packages = Vec::new();
    let mut distros: BTreeMap<String, Distro> = BTreeMap::new();
    let mut supported = BTreeSet::new();
    for (path, versions) in versions {
        let mut alive: Vec<Package> = Vec::new();
        let mut since: Option<usize> = None;
        for (layer, file) in versions {
            if let Some(before) = since
                && let Some(gone) = hiding.between(&path, before, layer)
            {
                packages.extend(alive.drain(..).map(|package| removed(package, index(gone))));
            }
            let mut old = std::mem::take(&mut alive);
            for mut package in file.packages {
                let kept = old.iter().position(|before| same(before, &package));
                let first = kept.map(|at| old.swap_remove(at));
                let layer =
                    first.and_then(|p| p.locations.first().and_then(|l| l.layer)).or(index(layer));
                locate(&mut package, &path, layer);
                alive.push(package);
            }
            packages.extend(old.into_iter().map(|package| removed(package, index(layer))));
            match file.distro {
                Some(distro) => distros.insert(path.clone(), distro),
                None => distros.remove(&path),
            };
            if file.extended_support {
                supported.insert(path.clone());
            } else {
                supported.remove(&path);
            }
            since = Some(layer);
        }
        let top = since.and_then(|since| hiding.between(&path, since, layers.len()));
        if let Some(gone) = top {
            distros.remove(&path);
            supported.remove(&path);
            alive = alive.into_iter().map(|package| removed(package, index(gone))).collect();
        }
        packages.append(&mut alive);
    }
    own(&mut packages, &layers);
    inventory.distro = best_distro(distros);
    if let Some(distro) = &mut inventory.distro {
        distro.extended_support |= !supported.is_empty();
    }
    inventory.packages = fold(packages);
    for (at, layer) in layers.into_iter().enumerate() {
        let Owned { packages, paths } = layer.owned;
        inventory.owned.push(OwnedFiles { packages, paths });
        let of_layer = layer.problems.into_iter();
        inventory.problems.extend(of_layer.map(|p| Problem { layer: index(at), ..p }));
    }
}

/// Gives each hard link what was found in the file that it names.
fn resolve_links(layers: &mut [LayerInventory]) {
    let mut room = MAX_LINKED;
    for at in 0..layers.len() {
        let Some((layer, below)) = layers.get_mut(..=at).and_then(|layers| layers.split_last_mut())
        else {
            return;
        };
        let links = std::mem::take(&mut layer.links);
        let mut linked = Vec::new();
        for link in links {
            let target = if link.is_read {
                file_at(layer, &link.target)
            } else {
                below.iter().rev().find_map(|layer| file_at(layer, &link.target))
            };
            match target {
                _ if file_at(layer, &link.path).is_some() => {}
                Some(file) if file.packages.len() <= room => {
                    room -= file.packages.len();
                    linked.push(renamed(file, &link));
                }
                Some(_) => {
                    let message =
                        format!("not listed: hard links add more than {MAX_LINKED} packages");
                    layer.problem(ProblemKind::Partial, &link.path, message);
                }
                None if link.is_read => {}
                None => {
                    let message = unreachable_link(&link.target);
                    layer.problem(ProblemKind::Partial, &link.path, message);
                }
            }
        }
        if !linked.is_empty() {
            layer.files.append(&mut linked);
            layer.files.sort_by(|a, b| a.path.cmp(&b.path));
        }
    }
}

fn file_at<'l>(layer: &'l LayerInventory, path: &str) -> Option<&'l CataloguedFile> {
    let at = layer.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok()?;
    layer.files.get(at)
}

fn renamed(file: &CataloguedFile, link: &HardLink) -> CataloguedFile {
    let mut packages = file.packages.clone();
    for location in packages.iter_mut().flat_map(|package| &mut package.locations) {
        if let Some(inside) = location.path.strip_prefix(&link.target) {
            location.path = format!("{}{inside}", link.path);
        }
    }
    CataloguedFile {
        path: link.path.clone(),
        packages,
        distro: file.distro.clone(),
        extended_support: file.extended_support,
    }
}

type Versions = BTreeMap<String, Vec<(usize, CataloguedFile)>>;

fn versions_by_path(layers: &mut [LayerInventory]) -> Versions {
    let mut versions = Versions::new();
    for (at, layer) in layers.iter_mut().enumerate() {
        for mut file in std::mem::take(&mut layer.files) {
            let path = std::mem::take(&mut file.path);
            versions.entry(path).or_default().push((at, file));
        }
    }
    versions
}

fn same(a: &Package, b: &Package) -> bool {
    (a.kind, &a.name, &a.version, &a.arch) == (b.kind, &b.name, &b.version, &b.arch)
}

fn removed(mut package: Package, layer: Option<u32>) -> Package {
    package.removed_in = layer;
    package
}

fn locate(package: &mut Package, path: &str, layer: Option<u32>) {
    if package.locations.is_empty() {
        package.locations.push(Location { path: path.into(), layer, line: None });
    }
    for location in &mut package.locations {
        location.layer = layer;
    }
}

/// Files of language packages that an operating system's package brought belong to it.
///
/// The file lists name some hundred thousand paths and the packages have some thousand, so the
/// lists are gone through once and most of their entries turned away by one bit.
fn own(packages: &mut [Package], layers: &[LayerInventory]) {
    let place = |package: &Package| {
        let path = package.locations.first().filter(|_| !package.kind.is_os())?.path.as_str();
        Some(owner_hash(path.split("!/").next().unwrap_or(path)))
    };
    let mut owners: Vec<(u64, Option<(usize, &str)>)> =
        packages.iter().filter_map(place).map(|hash| (hash, None)).collect();
    owners.sort_unstable();
    owners.dedup();
    let mut bits = vec![0_u64; 1024];
    let slot = |hash: u64| (usize::try_from(hash >> 6 & 1023).unwrap_or(0), hash & 63);
    for (hash, _) in &owners {
        let (word, bit) = slot(*hash);
        if let Some(word) = bits.get_mut(word) {
            *word |= 1 << bit;
        }
    }
    for (at, layer) in layers.iter().enumerate() {
        for (hash, package) in &layer.owned.paths {
            let (word, bit) = slot(*hash);
            if bits.get(word).is_some_and(|word| word >> bit & 1 == 1)
                && let Ok(found) = owners.binary_search_by_key(hash, |(hash, _)| *hash)
                && let (Some((_, owner)), Some(name)) =
                    (owners.get_mut(found), layer.owned.package(*package))
                && !name.starts_with(RECORDED)
            {
                // The uppermost list counts, and of its packages the first by name.
                let is_better = owner.is_none_or(|(of, known)| of < at || name < known);
                if is_better {
                    *owner = Some((at, name));
                }
            }
        }
    }
    for package in packages {
        let hash = place(package);
        let found = hash.and_then(|hash| owners.binary_search_by_key(&hash, |it| it.0).ok());
        let owner = found.and_then(|at| owners.get(at)?.1);
        package.owner = owner.map(|(_, name)| name.to_owned());
    }
}

/// `etc/os-release` is the administrator's, `usr/lib/os-release` the vendor's; other files only
/// stand in where both are missing.
fn best_distro(mut distros: BTreeMap<String, Distro>) -> Option<Distro> {
    let repositories = distros.remove(APK_REPOSITORIES);
    let mut best = distros
        .remove("etc/os-release")
        .or_else(|| distros.remove("usr/lib/os-release"))
        .or_else(|| distros.into_values().next());
    // Packages of a newer branch than the release are judged by that branch.
    if let (Some(distro), Some(repositories)) = (&mut best, repositories)
        && distro.id == repositories.id
    {
        let order = |distro: &Distro| branch_order(distro.ecosystem.as_ref()?.release()?);
        if order(&repositories) > order(distro) {
            distro.ecosystem = repositories.ecosystem;
        }
    }
    best
}

/// One package for the same thing at several places; present and removed ones stay apart.
fn fold(mut packages: Vec<Package>) -> Vec<Package> {
    fn key(p: &Package) -> impl Ord + '_ {
        (p.kind, &p.name, &p.version, &p.arch, &p.owner, p.removed_in)
    }
    // Stable: of the places of one package the order of their paths decides.
    packages.sort_by(|a, b| key(a).cmp(&key(b)));
    packages.dedup_by(|next, known| {
        let is_same = key(next) == key(known);
        if is_same {
            // Where it is installed counts, and not where a lock file asks for it.
            match (known.declared, next.declared) {
                (true, false) => std::mem::swap(known, next),
                (false, true) => {}
                _ => known.locations.append(&mut next.locations),
            }
            known.scope = known.scope.min(next.scope);
        }
        is_same
    });
    for package in &mut packages {
        package.locations.sort();
        package.locations.dedup();
    }
    packages
}

#[cfg(test)]
mod tests {
    use plimsoll_model::PackageKind;

    use super::*;
    use crate::layer::path_hash;

    fn layer(files: &[(&str, &[&str])], whiteouts: &[&str]) -> LayerInventory {
        let mut layer = LayerInventory::default();
        for (path, packages) in files {
            let package = |name: &&str| Package::new(PackageKind::Deb, *name, "1");
            layer.files.push(CataloguedFile {
                path: (*path).into(),
                packages: packages.iter().map(package).collect(),
                ..CataloguedFile::default()
            });
        }
        layer.names.extend(whiteouts.iter().map(|path| path_hash(path)));
        layer.sort();
        layer
    }

    fn merged(layers: Vec<LayerInventory>) -> Vec<String> {
        let mut inventory = Inventory::default();
        merge(layers, false, &mut inventory);
        let shown = |p: &Package| {
            let gone = p.removed_in.map(|l| format!(", gone in {l}")).unwrap_or_default();
            format!("{} by {}{gone}", p.name, p.locations[0].layer.unwrap())
        };
        inventory.packages.iter().map(shown).collect()
    }

    #[test]
    fn where_a_package_is_installed_counts_and_not_where_it_is_asked_for() {
        let at = |path: &str, declared| {
            let mut package = Package::new(PackageKind::Npm, "lodash", "4.17.4");
            package.declared = declared;
            locate(&mut package, path, Some(0));
            package
        };
        for packages in [
            vec![at("a/yarn.lock", true), at("b/node_modules/lodash/package.json", false)],
            vec![at("a/node_modules/lodash/package.json", false), at("b/yarn.lock", true)],
        ] {
            let folded = fold(packages);
            assert_eq!(folded.len(), 1);
            assert!(!folded[0].declared);
            assert_eq!(folded[0].locations.len(), 1);
            assert!(folded[0].locations[0].path.ends_with("package.json"));
        }
    }

    #[test]
    fn a_package_belongs_to_the_layer_that_brought_it_first() {
        let layers =
            vec![layer(&[("db", &["bash"])], &[]), layer(&[("db", &["bash", "curl"])], &[])];
        assert_eq!(merged(layers), ["bash by 0", "curl by 1"]);
    }

    #[test]
    fn a_package_that_a_later_database_lacks_was_removed_there() {
        let layers =
            vec![layer(&[("db", &["bash", "gcc"])], &[]), layer(&[("db", &["bash"])], &[])];
        assert_eq!(merged(layers), ["bash by 0", "gcc by 0, gone in 1"]);
    }

    #[test]
    fn a_deleted_file_takes_its_packages_and_a_new_one_starts_afresh() {
        let layers = vec![
            layer(&[("app/db", &["bash"])], &[]),
            layer(&[], &["app"]),
            layer(&[("app/db", &["bash"])], &[]),
        ];
        assert_eq!(merged(layers), ["bash by 2", "bash by 0, gone in 1"]);
    }
}
