//! Which layer hides a path of the layers below it.
//!
//! A path is hidden where a layer deletes it or puts something else in its place, where that
//! happens to a folder above it, or where a folder above it is opaque.

use crate::layer::{LayerInventory, path_hash};

/// What each layer hides of the paths that matter.
pub(crate) struct Hiding<'l> {
    layers: Vec<Hidden<'l>>,
}

struct Hidden<'l> {
    /// Those of the layer's names that one of the paths or a folder above one has, sorted.
    gone: Vec<u64>,
    opaque: &'l [u64],
}

impl<'l> Hiding<'l> {
    /// Of a layer's names, of which there may be millions, only those are kept that concern one
    /// of `paths`.
    pub(crate) fn new<'p>(
        paths: impl Iterator<Item = &'p String>,
        layers: &'l [LayerInventory],
    ) -> Self {
        let mut places: Vec<u64> = Vec::new();
        if layers.iter().skip(1).any(|layer| !layer.names.is_empty()) {
            places.extend(paths.flat_map(|path| places_of(path)));
            places.sort_unstable();
            places.dedup();
        }
        let hidden = |layer: &'l LayerInventory| Hidden {
            gone: common(&places, &layer.names),
            opaque: &layer.opaque,
        };
        Self { layers: layers.iter().map(hidden).collect() }
    }

    /// The first layer strictly between `below` and `above` that hides `path`.
    pub(crate) fn between(&self, path: &str, below: usize, above: usize) -> Option<usize> {
        let layers = self.layers.get(below + 1..above)?;
        let at = layers.iter().position(|layer| layer.hides(path))?;
        Some(below + 1 + at)
    }
}

impl Hidden<'_> {
    fn hides(&self, path: &str) -> bool {
        let is_gone = |hash: &u64| self.gone.binary_search(hash).is_ok();
        let is_opaque = |hash: &u64| self.opaque.binary_search(hash).is_ok();
        (!self.gone.is_empty() && places_of(path).any(|hash| is_gone(&hash)))
            || (!self.opaque.is_empty()
                && (is_opaque(&path_hash("")) || folders_of(path).any(|hash| is_opaque(&hash))))
    }
}

/// Hashes of the folders above a path, without the root.
fn folders_of(path: &str) -> impl Iterator<Item = u64> {
    path.match_indices('/').filter_map(|(at, _)| path.get(..at)).map(path_hash)
}

/// The same and the path itself.
fn places_of(path: &str) -> impl Iterator<Item = u64> {
    folders_of(path).chain([path_hash(path)])
}

/// What two sorted lists have in common.
fn common(few: &[u64], many: &[u64]) -> Vec<u64> {
    let mut many = many.iter().peekable();
    let mut both = Vec::new();
    for hash in few {
        while many.next_if(|other| *other < hash).is_some() {}
        if many.peek() == Some(&hash) {
            both.push(*hash);
        }
    }
    both
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hides(names: &[&str], opaque: &[&str], path: &str) -> bool {
        let mut layer = LayerInventory::default();
        layer.names.extend(names.iter().map(|name| path_hash(name)));
        layer.opaque.extend(opaque.iter().map(|name| path_hash(name)));
        layer.sort();
        let path = path.to_owned();
        let layers = [LayerInventory::default(), layer];
        Hiding::new([&path].into_iter(), &layers).between(&path, 0, 2).is_some()
    }

    #[test]
    fn a_deleted_or_replaced_path_hides_itself_and_all_below_it() {
        assert!(hides(&["opt/app"], &[], "opt/app"));
        assert!(hides(&["opt/app"], &[], "opt/app/lib/a.jar"));
        assert!(!hides(&["opt/app"], &[], "opt/apple"));
        assert!(!hides(&["opt/app"], &[], "opt/other"));
    }

    #[test]
    fn an_opaque_folder_hides_what_is_in_it_but_not_itself() {
        assert!(hides(&[], &["srv"], "srv/x/y"));
        assert!(!hides(&[], &["srv"], "srv"));
        assert!(hides(&[], &[""], "anything"));
    }
}
