//! One layer: what its files say, and what it hides of the layers below.

use std::collections::BTreeSet;

use plimsoll_model::{Distro, Package, Problem, ProblemKind};
use xxhash_rust::xxh3::xxh3_64;

use crate::cataloguer::{File, Found, MAX_WHOLE_FILE};
use crate::tar::{Archive, Entry, EntryKind, Forward, TarError};
use crate::wants::WantIndex;

/// What one layer or folder holds, as far as cataloguers are concerned.
#[derive(Debug, Clone, Default)]
pub struct LayerInventory {
    /// Files that a cataloguer wanted, in the order of their paths.
    pub files: Vec<CataloguedFile>,
    /// Paths that the layer deletes.
    pub whiteouts: BTreeSet<String>,
    /// Folders of which the layer hides all that lies below.
    pub opaque: BTreeSet<String>,
    /// Hash of each path that is no folder, sorted: such a path replaces what lies below it. A
    /// layer may have millions of files, so their names are not kept.
    pub names: Vec<u64>,
    /// (Hash of a path, name of the operating system's package that owns it), sorted.
    pub owned: Vec<(u64, String)>,
    /// What was passed over or damaged.
    pub problems: Vec<Problem>,
}

/// What was found in one file.
#[derive(Debug, Clone, Default)]
pub struct CataloguedFile {
    /// Path from the root, without a leading slash.
    pub path: String,
    /// Packages.
    pub packages: Vec<Package>,
    /// What the file says of the distribution.
    pub distro: Option<Distro>,
}

/// The hash under which a path stands in [`LayerInventory::names`].
pub fn path_hash(path: &str) -> u64 {
    xxh3_64(path.as_bytes())
}

impl LayerInventory {
    /// Catalogues the layer in `archive`. Damage ends the reading but keeps what came before it.
    pub fn read<S: Forward>(archive: &mut Archive<S>, wants: &WantIndex<'_>) -> Self {
        let mut layer = Self::default();
        if let Err(error) = layer.read_entries(archive, wants) {
            layer.problem(ProblemKind::Partial, "", format!("layer is damaged: {error}"));
        }
        layer.sort();
        layer
    }

    /// A layer that could not be had: all that is known of it is why.
    pub fn absent(message: impl Into<String>) -> Self {
        let mut layer = Self::default();
        layer.problem(ProblemKind::Partial, "", message.into());
        layer
    }

    fn read_entries<S: Forward>(
        &mut self,
        archive: &mut Archive<S>,
        wants: &WantIndex<'_>,
    ) -> Result<(), TarError> {
        loop {
            let Some(entry) = archive.advance()? else { return Ok(()) };
            let Some(path) = normal_path(&entry.path) else {
                let path = entry.path.clone();
                self.problem(ProblemKind::Skipped, &path, "path leads out of the image".into());
                continue;
            };
            if path.is_empty() || self.take_whiteout(&path) || entry.kind == EntryKind::Folder {
                continue;
            }
            self.names.push(path_hash(&path));
            if entry.kind == EntryKind::File {
                let entry = entry.clone();
                self.take_file(archive, &entry, path, wants)?;
            }
        }
    }

    /// Whiteouts as OCI defines them.
    ///
    /// Source: <https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts>.
    fn take_whiteout(&mut self, path: &str) -> bool {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let Some(hidden) = name.strip_prefix(".wh.") else { return false };
        if hidden == ".wh..opq" {
            self.opaque.insert(folder.to_owned());
        } else if !hidden.starts_with(".wh.") && folder.is_empty() {
            self.whiteouts.insert(hidden.to_owned());
        } else if !hidden.starts_with(".wh.") {
            self.whiteouts.insert(format!("{folder}/{hidden}"));
        }
        true
    }

    fn take_file<S: Forward>(
        &mut self,
        archive: &mut Archive<S>,
        entry: &Entry,
        path: String,
        wants: &WantIndex<'_>,
    ) -> Result<(), TarError> {
        if wants.by_path(&path).is_empty() {
            return Ok(());
        }
        if entry.size > MAX_WHOLE_FILE || entry.sparse {
            let why = if entry.sparse { "is sparse" } else { "is too large" };
            self.problem(ProblemKind::Partial, &path, format!("not read: the file {why}"));
            return Ok(());
        }
        let mut content = vec![0; usize::try_from(entry.size).unwrap_or(0)];
        let mut filled = 0;
        while let Some(rest) = content.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            filled += archive.read(rest)?;
        }
        self.catalogue(path, &content, entry.mode & 0o111 != 0, wants);
        Ok(())
    }

    /// Hands one file to all cataloguers that want it.
    pub fn catalogue(
        &mut self,
        path: String,
        content: &[u8],
        executable: bool,
        wants: &WantIndex<'_>,
    ) {
        let mut file = CataloguedFile { path, ..CataloguedFile::default() };
        for cataloguer in wants.by_path(&file.path) {
            let mut found = Found::default();
            let outcome =
                cataloguer.catalogue(&File::new(&file.path, &content, executable), &mut found);
            if let Err(error) = outcome {
                let message = format!("{}: {error}", cataloguer.name());
                self.problem(ProblemKind::Partial, &file.path, message);
            }
            for mut problem in found.problems {
                problem.path.clone_from(&file.path);
                self.problems.push(problem);
            }
            for mut package in found.packages {
                cataloguer.name().clone_into(&mut package.cataloguer);
                file.packages.push(package);
            }
            self.owned.extend(found.owned.into_iter().map(|(name, path)| (path_hash(&path), name)));
            file.distro = found.distro.or(file.distro);
        }
        self.files.push(file);
    }

    /// Brings everything into an order that does not depend on how it was read.
    pub fn sort(&mut self) {
        // Of a path that stands twice in a layer the last one counts.
        self.files.reverse();
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        self.files.dedup_by(|later, first| later.path == first.path);
        self.names.sort_unstable();
        self.names.dedup();
        self.owned.sort_unstable();
        self.problems.sort_unstable();
    }

    /// Whether this layer hides `path` of a layer below.
    pub fn hides(&self, path: &str) -> bool {
        let replaces = |path: &str| self.names.binary_search(&path_hash(path)).is_ok();
        let gone = |path: &str| self.whiteouts.contains(path) || replaces(path);
        gone(path)
            || self.opaque.contains("")
            || path
                .match_indices('/')
                .filter_map(|(at, _)| path.get(..at))
                .any(|folder| gone(folder) || self.opaque.contains(folder))
    }

    fn problem(&mut self, kind: ProblemKind, path: &str, message: String) {
        self.problems.push(Problem { kind, path: path.into(), layer: None, line: None, message });
    }
}

/// A path from the root without `./`, doubled slashes and the leading one; `None` where it
/// contains `..`.
fn normal_path(path: &str) -> Option<String> {
    let plain = !path.starts_with(['/', '.'])
        && !path.ends_with('/')
        && !path.contains("/.")
        && !path.contains("//");
    if plain {
        return Some(path.to_owned());
    }
    let mut normal = String::with_capacity(path.len());
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => return None,
            part => {
                if !normal.is_empty() {
                    normal.push('/');
                }
                normal.push_str(part);
            }
        }
    }
    Some(normal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lose_what_is_no_name_and_never_leave_the_root() {
        assert_eq!(normal_path("./usr//bin/./ls").as_deref(), Some("usr/bin/ls"));
        assert_eq!(normal_path("/etc/passwd").as_deref(), Some("etc/passwd"));
        assert_eq!(normal_path("a/../../etc/passwd"), None);
        assert_eq!(normal_path("a/.hidden").as_deref(), Some("a/.hidden"));
        assert_eq!(normal_path("./").as_deref(), Some(""));
    }

    #[test]
    fn a_whiteout_hides_its_path_and_all_below_it() {
        let mut layer = LayerInventory::default();
        assert!(layer.take_whiteout("opt/.wh.app"));
        assert!(layer.take_whiteout("srv/.wh..wh..opq"));
        assert!(!layer.take_whiteout("opt/app"));
        assert!(layer.hides("opt/app") && layer.hides("opt/app/lib/a.jar") && layer.hides("srv/x"));
        assert!(!layer.hides("opt/apple") && !layer.hides("srv"));
    }

    #[test]
    fn a_file_in_place_of_a_folder_hides_what_the_folder_had() {
        let layer =
            LayerInventory { names: vec![path_hash("opt/app")], ..LayerInventory::default() };
        assert!(layer.hides("opt/app/package.json"));
        assert!(!layer.hides("opt/other"));
    }
}
