//! Which package needs which: names, resolved to the packages that are there.
//!
//! A name is looked for near the package that needs it, as the package managers do: the same
//! lock file, the innermost `node_modules`, the same environment. Every package can be reached
//! from the root in the end, also where packages need each other in a circle.

use std::collections::{BTreeSet, HashMap};

use plimsoll_model::Package;

/// So many packages of one name can satisfy a need, such as one for each architecture.
const ALTERNATIVES: usize = 16;
/// So many that lie equally near are looked at.
const CONSIDERED: usize = 256;

/// For each package the indices of those that it needs, sorted.
pub(crate) fn resolve(packages: &[&Package]) -> Vec<Vec<usize>> {
    let mut named: HashMap<(&str, &str), Vec<(&str, usize)>> = HashMap::new();
    for (at, package) in packages.iter().enumerate() {
        named
            .entry((package.kind.purl_type(), &package.name))
            .or_default()
            .push((path(package), at));
    }
    for candidates in named.values_mut() {
        candidates.sort_unstable();
    }
    let needs = |(at, package): (usize, &&Package)| {
        let mut found: BTreeSet<usize> = BTreeSet::new();
        for name in &package.depends_on {
            if let Some(candidates) = named.get(&(package.kind.purl_type(), name.as_str())) {
                found.extend(nearest(candidates, path(package)));
            }
        }
        found.remove(&at);
        found.into_iter().collect()
    };
    packages.iter().enumerate().map(needs).collect()
}

/// The packages to enter the graph at, so that all are reached: those that nothing needs, and
/// one of each circle that nothing outside needs.
pub(crate) fn entries(edges: &[Vec<usize>]) -> Vec<usize> {
    let needed: BTreeSet<usize> = edges.iter().flatten().copied().collect();
    let mut reached = vec![false; edges.len()];
    let mut entries: Vec<usize> = (0..edges.len()).filter(|at| !needed.contains(at)).collect();
    for &entry in &entries {
        reach(entry, edges, &mut reached);
    }
    for at in 0..edges.len() {
        if reached.get(at) == Some(&false) {
            entries.push(at);
            reach(at, edges, &mut reached);
        }
    }
    entries.sort_unstable();
    entries
}

fn reach(from: usize, edges: &[Vec<usize>], reached: &mut [bool]) {
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        if let Some(seen @ false) = reached.get_mut(at) {
            *seen = true;
            open.extend(edges.get(at).into_iter().flatten());
        }
    }
}

/// Of candidates sorted by path, those that share the longest run of folders with a path, and of
/// these the ones that lie least deep. They stand side by side, and one of them is next to where
/// the path itself would stand.
fn nearest(candidates: &[(&str, usize)], path: &str) -> Vec<usize> {
    let here = candidates.partition_point(|(other, _)| *other < path);
    let around = [here.checked_sub(1), Some(here)].into_iter().flatten();
    let shared = around.filter_map(|at| Some(shared(candidates.get(at)?.0, path))).max();
    let prefix = path.get(..shared.unwrap_or(0)).unwrap_or("");
    let first = candidates.partition_point(|(other, _)| *other < prefix);
    let beside: Vec<(usize, usize)> = candidates
        .iter()
        .skip(first)
        .map_while(|(other, at)| Some((other.strip_prefix(prefix)?, *at)))
        .take(CONSIDERED)
        .map(|(rest, at)| (rest.bytes().filter(|b| *b == b'/').count(), at))
        .collect();
    let least = beside.iter().map(|(depth, _)| *depth).min();
    let level = beside.into_iter().filter(|(depth, _)| Some(*depth) == least);
    level.map(|(_, at)| at).take(ALTERNATIVES).collect()
}

/// Bytes of whole folders that two paths share from the root, or all where they are equal.
fn shared(a: &str, b: &str) -> usize {
    if a == b {
        return a.len();
    }
    let same = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    b.as_bytes()
        .get(..same)
        .and_then(|head| head.iter().rposition(|b| *b == b'/'))
        .map_or(0, |at| at + 1)
}

fn path(package: &Package) -> &str {
    package.locations.first().map_or("", |place| place.path.as_str())
}

#[cfg(test)]
mod tests {
    use plimsoll_model::{Location, PackageKind};

    use super::*;

    fn package(name: &str, path: &str, needs: &[&str]) -> Package {
        let mut package = Package::new(PackageKind::Npm, name, "1");
        package.locations = vec![Location { path: path.into(), layer: None, line: None }];
        package.depends_on = needs.iter().map(|&name| name.into()).collect();
        package
    }

    fn resolved(packages: &[Package]) -> Vec<Vec<usize>> {
        resolve(&packages.iter().collect::<Vec<_>>())
    }

    #[test]
    fn the_innermost_tree_counts_and_other_applications_do_not() {
        let edges = resolved(&[
            package("a", "app/node_modules/a/package.json", &["b", "missing"]),
            package("b", "app/node_modules/a/node_modules/b/package.json", &[]),
            package("b", "app/node_modules/b/package.json", &[]),
            package("b", "other/node_modules/b/package.json", &[]),
            package("c", "app/node_modules/c/package.json", &["b"]),
        ]);
        assert_eq!(edges[0], [1]);
        assert_eq!(edges[4], [2]);
    }

    #[test]
    fn a_lock_file_is_a_world_of_its_own() {
        let edges = resolved(&[
            package("a", "one/package-lock.json", &["b"]),
            package("b", "one/package-lock.json", &[]),
            package("b", "two/package-lock.json", &[]),
        ]);
        assert_eq!(edges[0], [1]);
    }

    #[test]
    fn a_circle_is_entered_once() {
        let edges = resolved(&[
            package("a", "l", &["b"]),
            package("b", "l", &["a", "b"]),
            package("c", "l", &["a"]),
            package("d", "l", &["e"]),
            package("e", "l", &["d"]),
        ]);
        assert_eq!(edges, [vec![1], vec![0], vec![0], vec![4], vec![3]]);
        assert_eq!(entries(&edges), [2, 3]);
    }

    #[test]
    fn fifty_thousand_packages_of_one_name_take_no_square_of_time() {
        let packages: Vec<Package> =
            (0..50_000).map(|at| package("a", &format!("{at}/package.json"), &["a"])).collect();
        let edges = resolved(&packages);
        assert!(edges.iter().all(|on| on.len() <= ALTERNATIVES));
        entries(&edges);
    }
}
