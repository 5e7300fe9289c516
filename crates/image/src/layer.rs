//! One layer: what its files say, and what it hides of the layers below.

use plimsoll_model::{Distro, Package, Problem, ProblemKind, is_library, is_module};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::cataloguer::{CatalogueError, File, Found};
use crate::compression::Excess;
use crate::content::ReadAt;
use crate::listing::LayerListing;
use crate::survey::LayerSurvey;
use crate::wants::{WantIndex, Wanted};

/// Problems of one layer that are listed; those beyond are counted.
const MAX_PROBLEMS: usize = 10_000;

/// Files of one layer with something in them. The largest real images have some tens of
/// thousands.
const MAX_FILES: usize = 1_000_000;

/// What one layer or folder holds, as far as cataloguers are concerned.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerInventory {
    /// Files in which something was found, in the order of their paths.
    pub files: Vec<CataloguedFile>,
    /// Hard links that a cataloguer would have read as files.
    pub links: Vec<HardLink>,
    /// Hash of each path that is no folder or that the layer deletes, sorted: it hides what the
    /// layers below have there and below it. A layer may have millions of files, so their names
    /// are not kept. Empty in the bottom layer.
    #[serde(skip)]
    pub names: Vec<u64>,
    /// Hashes of folders of which the layer hides all that lies below, sorted.
    pub opaque: Vec<u64>,
    /// Which files belong to packages of the operating system.
    #[serde(skip)]
    pub owned: Owned,
    /// What was passed over or damaged.
    pub problems: Vec<Problem>,
    /// Problems that are not listed because there are too many.
    unlisted: usize,
    /// Something failed that may succeed next time: not for the cache.
    #[serde(skip)]
    pub(crate) may_differ: bool,
    /// Why its bytes were not read to their end, where they are too many.
    #[serde(skip)]
    pub(crate) excess: Option<Excess>,
    /// What a survey found, where one was asked for.
    #[serde(skip)]
    pub survey: Option<LayerSurvey>,
    /// Its files, where they were asked for.
    #[serde(skip)]
    pub listing: Option<LayerListing>,
}

/// What was found in one file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CataloguedFile {
    /// Path from the root, without a leading slash.
    pub path: String,
    /// Packages.
    pub packages: Vec<Package>,
    /// What the file says of the distribution.
    pub distro: Option<Distro>,
    /// The file enables extended support.
    pub extended_support: bool,
}

/// Another name of a file that a cataloguer wants by that name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HardLink {
    /// The name, from the root, without a leading slash.
    pub path: String,
    /// Path of the file.
    pub target: String,
    /// The file is in the same layer and was read; else it is in a layer below.
    pub is_read: bool,
}

/// Files of the operating system's packages, by the hash of their path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owned {
    /// Names of packages.
    pub packages: Vec<String>,
    /// (Hash of a path, index of its package).
    pub paths: Vec<(u64, u32)>,
}

/// Begins the name of an owner that is no package of the operating system, but a folder with a
/// language package's metadata: `@usr/lib/python3/dist-packages/requests-2.31.0.dist-info`.
pub(crate) const RECORDED: char = '@';

/// Stands among hashes of paths for a package that has modules of an interpreted language.
pub(crate) const HAS_MODULES: u64 = u64::MAX;
/// Stands there for a package that has files whose names tell that they are code.
pub(crate) const HAS_CODE: u64 = u64::MAX - 1;

impl Owned {
    fn extend(&mut self, owned: Vec<(String, String)>) {
        let (mut with_modules, mut with_code) = (None, None);
        for (package, path) in owned {
            // A list names one package, or one after the other: only the last need be compared.
            if self.packages.last() != Some(&package) {
                self.packages.push(package);
            }
            let at = u32::try_from(self.packages.len() - 1).unwrap_or(u32::MAX);
            let is_module = is_module(path.as_bytes());
            if with_modules != Some(at) && is_module {
                with_modules = Some(at);
                self.paths.push((HAS_MODULES, at));
            }
            if with_code != Some(at) && (is_module || is_library(path.as_bytes())) {
                with_code = Some(at);
                self.paths.push((HAS_CODE, at));
            }
            self.paths.push((owner_hash(&path), at));
        }
    }

    fn append(&mut self, other: Self) {
        let shift = u32::try_from(self.packages.len()).unwrap_or(u32::MAX);
        self.packages.extend(other.packages);
        let paths = other.paths.into_iter();
        self.paths.extend(paths.map(|(path, at)| (path, at.saturating_add(shift))));
    }

    /// The owner of the file with this [`owner_hash`], among the entries of `paths`.
    pub fn package(&self, at: u32) -> Option<&str> {
        self.packages.get(usize::try_from(at).ok()?).map(String::as_str)
    }
}

/// What is said of a hard link whose content cannot be had.
pub(crate) fn unreachable_link(target: &str) -> String {
    format!("not read: a hard link to `{target}`, whose content is not at hand")
}

/// The hash under which a path stands in [`LayerInventory::names`].
pub fn path_hash(path: &str) -> u64 {
    xxh3_64(path.as_bytes())
}

/// The hash under which a path stands in [`Owned::paths`].
///
/// Most distributions have made `bin`, `lib` and their like links into `usr`, but the file lists
/// of their packages still name files in the old place: both names have one hash.
pub fn owner_hash(path: &str) -> u64 {
    match path.split_once('/') {
        Some(("bin" | "sbin" | "lib" | "lib32" | "lib64" | "libx32", _)) => {
            path_hash(&format!("usr/{path}"))
        }
        _ => path_hash(path),
    }
}

impl LayerInventory {
    /// An empty one, with room for a survey where one is asked for.
    pub(crate) fn for_wants(wants: &WantIndex<'_>) -> Self {
        Self {
            survey: wants.is_survey().then(LayerSurvey::default),
            listing: wants.listing().map(|_| LayerListing::default()),
            ..Self::default()
        }
    }

    /// A layer that could not be had: all that is known of it is why.
    pub fn absent(message: impl Into<String>) -> Self {
        let mut layer = Self::default();
        layer.problem(ProblemKind::Partial, "", message.into());
        layer
    }

    /// Hands one file to the cataloguers that want it.
    pub(crate) fn catalogue(
        &mut self,
        path: String,
        content: &dyn ReadAt,
        executable: bool,
        wants: &WantIndex<'_>,
        wanted: Wanted,
    ) {
        let mut file = CataloguedFile { path, ..CataloguedFile::default() };
        for cataloguer in wants.cataloguers(wanted) {
            let declares = cataloguer.declares(&file.path);
            let mut found = Found::default();
            let outcome =
                cataloguer.catalogue(&File::new(&file.path, content, executable), &mut found);
            if let Err(error) = outcome {
                self.may_differ |= matches!(error, CatalogueError::Io(_));
                let message = format!("{}: {error}", cataloguer.name());
                self.problem(ProblemKind::Partial, &file.path, message);
            }
            for mut problem in found.problems {
                problem.path.clone_from(&file.path);
                self.list(problem);
            }
            for mut package in found.packages {
                cataloguer.name().clone_into(&mut package.cataloguer);
                package.declared = declares;
                file.packages.push(package);
            }
            self.owned.extend(found.owned);
            if let (Some(text), Some(survey)) = (found.text, &mut self.survey) {
                survey.texts.push((file.path.clone(), text));
            }
            file.distro = found.distro.or(file.distro);
            file.extended_support |= found.extended_support;
        }
        if file.packages.is_empty() && file.distro.is_none() && !file.extended_support {
            return;
        }
        if self.files.len() >= MAX_FILES {
            let message = format!("not listed: there are more than {MAX_FILES} such files");
            self.problem(ProblemKind::Partial, &file.path, message);
            return;
        }
        self.files.push(file);
    }

    /// Sums what is in a program, for the survey.
    pub(crate) fn sum(&mut self, path: &str, content: &dyn ReadAt) {
        let Some(survey) = &mut self.survey else { return };
        if let Err(error) = survey.content(path, content) {
            self.may_differ = true;
            self.problem(ProblemKind::Partial, path, format!("not summed: {error}"));
        }
    }

    /// Whether the layer as a whole, and not only a file in it, is known to be damaged.
    pub(crate) fn is_damaged(&self) -> bool {
        self.problems.iter().any(|p| p.kind == ProblemKind::Partial && p.path.is_empty())
    }

    /// Forgets what was found at `path`: it stands again, later in the same layer.
    pub(crate) fn forget(&mut self, path: &str) {
        self.files.retain(|file| file.path != path);
    }

    /// Takes in what another thread found in the same folder.
    pub(crate) fn append(&mut self, other: Self) {
        self.files.extend(other.files);
        self.owned.append(other.owned);
        if let (Some(ours), Some(theirs)) = (&mut self.survey, other.survey) {
            ours.append(theirs);
        }
        if let (Some(ours), Some(theirs)) = (&mut self.listing, other.listing) {
            ours.append(theirs);
        }
        self.problems.extend(other.problems);
        self.unlisted += other.unlisted;
        self.may_differ |= other.may_differ;
    }

    /// Brings everything into an order that does not depend on how it was read.
    pub(crate) fn sort(&mut self) {
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        self.links.sort_unstable();
        self.names.sort_unstable();
        self.names.dedup();
        self.opaque.sort_unstable();
        self.opaque.dedup();
        self.problems.sort_unstable();
        if self.unlisted > 0 {
            let message = format!("{} more problems are not listed", self.unlisted);
            self.unlisted = 0;
            let (path, layer, line) = (String::new(), None, None);
            self.problems.push(Problem { kind: ProblemKind::Partial, path, layer, line, message });
        }
    }

    /// Records what was passed over or could not be read.
    pub(crate) fn problem(&mut self, kind: ProblemKind, path: &str, message: String) {
        self.list(Problem { kind, path: path.into(), layer: None, line: None, message });
    }

    fn list(&mut self, problem: Problem) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem);
        } else {
            self.unlisted += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_the_same_owner_under_its_old_and_its_new_place() {
        let mut owned = Owned::default();
        owned.extend(vec![("libc6".into(), "lib/x86_64-linux-gnu/libc.so.6".into())]);
        let at = owner_hash("usr/lib/x86_64-linux-gnu/libc.so.6");
        assert_eq!(owned.paths, [(HAS_CODE, 0), (at, 0)]);
        assert_eq!(owned.package(0), Some("libc6"));
        assert_ne!(owner_hash("opt/lib/a"), owner_hash("usr/opt/lib/a"));
    }

    #[test]
    fn too_many_problems_are_counted_and_make_the_result_partial() {
        let mut layer = LayerInventory::default();
        for at in 0..MAX_PROBLEMS + 5 {
            layer.problem(ProblemKind::Skipped, "a", at.to_string());
        }
        layer.sort();
        assert_eq!(layer.problems.len(), MAX_PROBLEMS + 1);
        let last = layer.problems.last().unwrap();
        assert_eq!(last.message, "5 more problems are not listed");
        assert_eq!(last.kind, ProblemKind::Partial);
    }
}
