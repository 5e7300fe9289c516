//! The build context: the folder whose files `COPY` and `ADD` take, and what its `.dockerignore`
//! leaves out.
//!
//! Who calls the linter reads the folder; nothing here touches a disk.

use std::sync::Arc;

mod ignore_file;
mod pattern;
mod sensitive;
mod sources;

pub use ignore_file::{IgnoreFile, IgnoreProblem, IgnoreProblemKind};
pub use pattern::PatternError;
pub(crate) use sensitive::Kind;
use sensitive::kind_of;
pub(crate) use sources::{ContextSource, context_sources, weight};

/// How many steps of comparing patterns with paths one rule makes for a file.
const MAX_STEPS: usize = 20_000_000;

/// What is left of the work that may be done.
#[derive(Debug, Clone, Copy)]
pub struct Steps(usize);

impl Default for Steps {
    fn default() -> Self {
        Self(MAX_STEPS)
    }
}

impl Steps {
    /// Takes some; `None` where there are not so many left.
    pub(crate) fn take(&mut self, count: usize) -> Option<()> {
        self.0 = self.0.checked_sub(count)?;
        Some(())
    }
}

/// A build context.
#[derive(Debug, Clone, Default)]
pub struct BuildContext {
    /// The ignore file, where there is one.
    pub ignore: Option<IgnoreFile>,
    /// The paths of its files and folders, sorted: `src`, `src/main.rs`.
    entries: Arc<[String]>,
    /// Those of the entries that have no business in an image.
    sensitive: Arc<[(String, Kind)]>,
    /// The bytes of its files, sorted by path, as far as they are known.
    sizes: Arc<[(String, u64)]>,
    /// Whether [`Self::entries`] holds all of them, and not only the first level.
    complete: bool,
}

impl BuildContext {
    /// A context of these files and folders, their paths relative to it, slashes between the
    /// parts; `complete` says whether these are all, and not only those of the first level.
    pub fn new(ignore: Option<IgnoreFile>, mut entries: Vec<String>, complete: bool) -> Self {
        entries.sort_unstable();
        let sensitive = entries.iter().filter_map(|entry| Some((entry.clone(), kind_of(entry)?)));
        Self {
            ignore,
            sensitive: sensitive.collect(),
            entries: entries.into(),
            sizes: Arc::default(),
            complete,
        }
    }

    /// The same with the bytes of its files.
    #[must_use]
    pub fn with_sizes(mut self, mut sizes: Vec<(String, u64)>) -> Self {
        sizes.sort_unstable();
        self.sizes = sizes.into();
        self
    }

    /// How many bytes a file, or a folder with what the ignore file leaves of it, brings into an
    /// image; `.` is the whole context. `None` where that is not known.
    pub(crate) fn bytes(&self, path: &str) -> Option<u64> {
        let start = self.sizes.partition_point(|(one, _)| one.as_str() < path);
        if let Some((_, size)) = self.sizes.get(start).filter(|(one, _)| one == path) {
            return Some(*size);
        }
        if !self.complete || path != "." && !self.has(path) {
            return None;
        }
        let folder = if path == "." { String::new() } else { format!("{path}/") };
        let start = self.sizes.partition_point(|(one, _)| *one < folder);
        let within =
            self.sizes.get(start..)?.iter().take_while(|(one, _)| one.starts_with(&folder));
        let mut steps = Steps::default();
        let mut sum = 0_u64;
        for (file, size) in within {
            if !self.ignores(file, &mut steps)? {
                sum = sum.saturating_add(*size);
            }
        }
        Some(sum)
    }

    /// The same folder with another ignore file.
    #[must_use]
    pub fn with_ignore(&self, ignore: Option<IgnoreFile>) -> Self {
        Self { ignore, ..self.clone() }
    }

    /// The files and folders that are known, sorted.
    pub fn entries(&self) -> &[String] {
        &self.entries
    }

    /// The files and folders that have no business in an image, sorted.
    pub(crate) fn sensitive(&self) -> impl Iterator<Item = (&str, Kind)> {
        self.sensitive.iter().map(|(path, kind)| (path.as_str(), *kind))
    }

    /// Whether all files and folders are known.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Whether there is such a file or folder.
    pub fn has(&self, path: &str) -> bool {
        self.entries.binary_search_by(|entry| entry.as_str().cmp(path)).is_ok()
    }

    /// Whether the ignore file keeps a path out.
    pub(crate) fn ignores(&self, path: &str, steps: &mut Steps) -> Option<bool> {
        self.ignore.as_ref().map_or(Some(false), |ignore| ignore.ignores(path, steps))
    }
}

#[cfg(test)]
mod tests;
