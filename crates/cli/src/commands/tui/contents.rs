//! What there is to look at: a scan, and which layer, file, package and finding belong together.
//!
//! Made once; everything that is shown is narrowed from it.

use std::collections::BTreeMap;

use plimsoll_image::layer::owner_hash;
use plimsoll_model::{Finding, Listing, Package, Scan, Severity};

use super::tree::wasted;

/// Places of files that are known to belong to packages. The largest real images have some hundred
/// thousand.
const MAX_OWNED: usize = 1_000_000;

/// A scan, indexed.
pub(super) struct Contents {
    pub(super) scan: Scan,
    pub(super) listing: Listing,
    /// One a layer, bottom first; a folder is one.
    pub(super) layers: Vec<LayerFacts>,
    /// One a package, as the inventory has them.
    pub(super) packages: Vec<PackageFacts>,
    /// (Hash of a path, package), sorted.
    by_file: Vec<(u64, u32)>,
}

/// What is known of a layer beside what its manifest says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct LayerFacts {
    /// The instruction in one line, fit to be shown.
    pub(super) instruction: String,
    /// Bytes of its files.
    pub(super) bytes: u64,
    /// Bytes of its files that a later layer deletes or replaces.
    pub(super) wasted: u64,
    /// Packages that it brought and that are still there.
    pub(super) packages: usize,
    /// Findings on these, how many of which level, worst first.
    pub(super) levels: [usize; 6],
}

/// What was found about a package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PackageFacts {
    /// Layer that brought it; 0 for a folder.
    pub(super) layer: usize,
    /// Layer that removed it.
    pub(super) removed_in: Option<usize>,
    /// Its findings that stand, by their places in the scan.
    pub(super) findings: Vec<u32>,
    /// How many of them an update repairs.
    pub(super) fixable: usize,
    /// The worst level.
    pub(super) worst: Option<Severity>,
    /// One of them is known to be exploited.
    pub(super) is_exploited: bool,
}

impl LayerFacts {
    /// The worst level of its findings.
    pub(super) fn worst(&self) -> Option<Severity> {
        let at = self.levels.iter().position(|count| *count > 0)?;
        Severity::ALL.get(at).copied()
    }
}

impl Contents {
    /// Indexes a scan, whose inventory should have a listing.
    pub(super) fn of(mut scan: Scan) -> Self {
        let listing = scan.inventory.listing.take().unwrap_or_default();
        let mut contents = Self {
            layers: layers(&scan, &listing),
            packages: packages(&scan),
            by_file: Vec::new(),
            scan,
            listing,
        };
        for (layer, bytes) in contents.layers.iter_mut().zip(wasted(&contents.listing)) {
            layer.wasted = bytes;
        }
        contents.count();
        contents.by_file = by_file(&contents.scan);
        contents
    }

    fn count(&mut self) {
        for facts in self.packages.iter().filter(|it| it.removed_in.is_none()) {
            let Some(layer) = self.layers.get_mut(facts.layer) else { continue };
            layer.packages += 1;
            for finding in facts.findings.iter().filter_map(|at| at_index(&self.scan.findings, *at))
            {
                let place = Severity::ALL.iter().position(|level| *level == finding.severity);
                if let Some(count) = place.and_then(|at| layer.levels.get_mut(at)) {
                    *count += 1;
                }
            }
        }
    }

    /// A package by its place in the inventory.
    pub(super) fn package(&self, at: u32) -> Option<(&Package, &PackageFacts)> {
        let at = usize::try_from(at).ok()?;
        Some((self.scan.inventory.packages.get(at)?, self.packages.get(at)?))
    }

    /// A finding by its place in the scan.
    pub(super) fn finding(&self, at: u32) -> Option<&Finding> {
        at_index(&self.scan.findings, at)
    }

    /// Packages that a file belongs to, or that were read from it.
    pub(super) fn packages_of(&self, path: &str) -> impl Iterator<Item = u32> {
        let hash = owner_hash(path);
        let start = self.by_file.partition_point(|(other, _)| *other < hash);
        let from = self.by_file.get(start..).unwrap_or_default();
        from.iter().take_while(move |(other, _)| *other == hash).map(|(_, package)| *package)
    }

    /// Hashes of the files of these packages, sorted.
    pub(super) fn files_of(&self, packages: &[u32]) -> Vec<u64> {
        let is_wanted = |package: &u32| packages.binary_search(package).is_ok();
        let found = self.by_file.iter().filter(|(_, package)| is_wanted(package));
        found.map(|(hash, _)| *hash).collect()
    }

    /// Whether a folder was read, which has no layers.
    pub(super) fn is_folder(&self) -> bool {
        self.scan.inventory.layers.is_empty()
    }

    /// Bytes of all layers' files, and how many of them later layers hide.
    pub(super) fn bytes(&self) -> (u64, u64) {
        let sum = |of: fn(&LayerFacts) -> u64| {
            self.layers.iter().fold(0, |sum: u64, layer| sum.saturating_add(of(layer)))
        };
        (sum(|layer| layer.bytes), sum(|layer| layer.wasted))
    }

    /// How many findings that stand have which level, worst first.
    pub(super) fn levels(&self) -> [usize; 6] {
        let mut levels = [0; 6];
        for layer in &self.layers {
            for (sum, count) in levels.iter_mut().zip(layer.levels) {
                *sum += count;
            }
        }
        levels
    }
}

fn at_index<T>(list: &[T], at: u32) -> Option<&T> {
    list.get(usize::try_from(at).ok()?)
}

fn layers(scan: &Scan, listing: &Listing) -> Vec<LayerFacts> {
    let count = scan.inventory.layers.len().max(listing.layers.len()).max(1);
    let facts = |at: usize| {
        let layer = scan.inventory.layers.get(at);
        let instruction = match layer {
            Some(layer) => plimsoll_report::instruction::of(&layer.created_by),
            None => "the folder".to_owned(),
        };
        let bytes = listing.layers.get(at).map_or(0, |layer| layer.bytes);
        LayerFacts { instruction, bytes, ..LayerFacts::default() }
    };
    (0..count).map(facts).collect()
}

fn packages(scan: &Scan) -> Vec<PackageFacts> {
    let layer = |at: Option<u32>| at.and_then(|at| usize::try_from(at).ok());
    let mut facts: Vec<PackageFacts> = scan
        .inventory
        .packages
        .iter()
        .map(|package| PackageFacts {
            layer: layer(package.locations.first().and_then(|it| it.layer)).unwrap_or(0),
            removed_in: layer(package.removed_in),
            ..PackageFacts::default()
        })
        .collect();
    for (at, finding) in scan.findings.iter().enumerate() {
        let Ok(at) = u32::try_from(at) else { break };
        let package = usize::try_from(finding.package.index).ok();
        let Some(of) = package.and_then(|package| facts.get_mut(package)) else { continue };
        if finding.suppressed.is_none() {
            of.findings.push(at);
            of.fixable += usize::from(finding.fix.nearest().is_some());
            of.worst = of.worst.max(Some(finding.severity));
            of.is_exploited |= finding.kev.is_some();
        }
    }
    facts
}

/// Files by what the distribution's lists say, by where a package was found, and by the folder that a
/// language package records its files for.
fn by_file(scan: &Scan) -> Vec<(u64, u32)> {
    let mut of_system: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    let mut of_folder: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    let mut found: Vec<(u64, u32)> = Vec::new();
    for (at, package) in scan.inventory.packages.iter().enumerate() {
        let Ok(at) = u32::try_from(at) else { break };
        if package.kind.is_os() && package.removed_in.is_none() {
            of_system.entry(&package.name).or_default().push(at);
        }
        for location in &package.locations {
            let path = location.path.split("!/").next().unwrap_or(&location.path);
            found.push((owner_hash(path), at));
            if let Some((folder, _)) = path.rsplit_once('/') {
                of_folder.entry(folder).or_default().push(at);
            }
        }
    }
    let room = MAX_OWNED.saturating_sub(found.len());
    let mut owned: Vec<(u64, u32)> = Vec::new();
    'layers: for layer in &scan.inventory.owned {
        for (hash, at) in &layer.paths {
            let name = usize::try_from(*at).ok().and_then(|at| layer.packages.get(at));
            let Some(name) = name else { continue };
            // A language package's list is named by the folder that it lies in.
            let packages = match name.strip_prefix('@') {
                Some(folder) => of_folder.get(folder),
                None => of_system.get(name.as_str()),
            };
            for package in packages.into_iter().flatten() {
                if owned.len() >= room {
                    break 'layers;
                }
                owned.push((*hash, *package));
            }
        }
    }
    found.append(&mut owned);
    found.sort_unstable();
    found.dedup();
    found
}
