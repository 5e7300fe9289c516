//! Layers on top of each other: which file counts, since when each package is there, and which
//! layer took one away.

use std::collections::{BTreeMap, HashMap};

use plimsoll_model::{Distro, Inventory, Location, Package, Problem};

use crate::cataloguers::release_files::{APK_REPOSITORIES, branch_order};
use crate::layer::{CataloguedFile, LayerInventory, path_hash};

/// Merges layers, bottom first, into `inventory`. With `is_folder` no layer index is recorded.
pub fn merge(layers: Vec<LayerInventory>, is_folder: bool, inventory: &mut Inventory) {
    let index = |layer: usize| u32::try_from(layer).ok().filter(|_| !is_folder);
    let mut packages = Vec::new();
    let mut distros: BTreeMap<String, Distro> = BTreeMap::new();
    for (path, versions) in versions_by_path(&layers) {
        let mut alive: Vec<Package> = Vec::new();
        let mut since: Option<usize> = None;
        for (layer, file) in versions {
            if let Some(before) = since
                && let Some(gone) = hidden_between(&layers, &path, before, layer)
            {
                packages.extend(alive.drain(..).map(|package| removed(package, index(gone))));
            }
            let mut old = std::mem::take(&mut alive);
            for package in &file.packages {
                let kept = old.iter().position(|before| same(before, package));
                let mut package = package.clone();
                let first = kept.map(|at| old.swap_remove(at));
                let layer =
                    first.and_then(|p| p.locations.first().and_then(|l| l.layer)).or(index(layer));
                locate(&mut package, &path, layer);
                alive.push(package);
            }
            packages.extend(old.into_iter().map(|package| removed(package, index(layer))));
            if let Some(distro) = &file.distro {
                distros.insert(path.clone(), distro.clone());
            }
            since = Some(layer);
        }
        let top = since.and_then(|since| hidden_between(&layers, &path, since, layers.len()));
        if let Some(gone) = top {
            distros.remove(&path);
            alive = alive.into_iter().map(|package| removed(package, index(gone))).collect();
        }
        packages.append(&mut alive);
    }
    own(&mut packages, &layers);
    inventory.distro = best_distro(distros);
    inventory.packages = fold(packages);
    for (at, layer) in layers.into_iter().enumerate() {
        let of_layer = layer.problems.into_iter();
        inventory.problems.extend(of_layer.map(|p| Problem { layer: index(at), ..p }));
    }
}

type Versions<'a> = BTreeMap<String, Vec<(usize, &'a CataloguedFile)>>;

fn versions_by_path(layers: &[LayerInventory]) -> Versions<'_> {
    let mut versions = Versions::new();
    for (at, layer) in layers.iter().enumerate() {
        for file in &layer.files {
            versions.entry(file.path.clone()).or_default().push((at, file));
        }
    }
    versions
}

/// The first layer strictly between `below` and `above` that hides `path`.
fn hidden_between(
    layers: &[LayerInventory],
    path: &str,
    below: usize,
    above: usize,
) -> Option<usize> {
    (below + 1..above).find(|&at| layers.get(at).is_some_and(|layer| layer.hides(path)))
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
fn own(packages: &mut [Package], layers: &[LayerInventory]) {
    let owners: HashMap<u64, &str> =
        layers.iter().flat_map(|l| &l.owned).map(|(path, name)| (*path, name.as_str())).collect();
    for package in packages.iter_mut().filter(|p| !p.kind.is_os()) {
        let path = package.locations.first().map(|l| l.path.split("!/").next().unwrap_or(&l.path));
        let owner = path.and_then(|path| owners.get(&path_hash(path)));
        package.owner = owner.map(|&name| name.to_owned());
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
fn fold(packages: Vec<Package>) -> Vec<Package> {
    let mut folded: BTreeMap<_, Package> = BTreeMap::new();
    for package in packages {
        let key = (
            package.kind,
            package.name.clone(),
            package.version.clone(),
            package.arch.clone(),
            package.owner.clone(),
            package.removed_in,
        );
        if let Some(known) = folded.get_mut(&key) {
            known.locations.extend(package.locations);
            known.scope = known.scope.min(package.scope);
        } else {
            folded.insert(key, package);
        }
    }
    let mut all: Vec<Package> = folded.into_values().collect();
    for package in &mut all {
        package.locations.sort();
        package.locations.dedup();
    }
    all
}

#[cfg(test)]
mod tests {
    use plimsoll_model::PackageKind;

    use super::*;

    fn layer(files: &[(&str, &[&str])], whiteouts: &[&str]) -> LayerInventory {
        let mut layer = LayerInventory::default();
        for (path, packages) in files {
            layer.names.push(path_hash(path));
            let package = |name: &&str| Package::new(PackageKind::Deb, *name, "1");
            layer.files.push(CataloguedFile {
                path: (*path).into(),
                packages: packages.iter().map(package).collect(),
                distro: None,
            });
        }
        layer.whiteouts.extend(whiteouts.iter().map(|&path| path.to_owned()));
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
