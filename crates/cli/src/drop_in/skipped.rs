//! Files and folders that somebody wants left out: what lies in them alone is not told.
//!
//! They are read all the same, since what is installed is known by lists that lie elsewhere.

use glob::{MatchOptions, Pattern};
use plimsoll_model::Inventory;

use crate::exit::Usage;

/// As shells and the tools have it: only `**` goes over `/`.
pub(super) const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

/// A pattern of paths; what of the tools' own patterns would go by another meaning is refused.
pub(super) fn pattern(text: &str) -> Result<Pattern, Usage> {
    let shown = text.escape_debug();
    if text.contains(['{', '\\']) {
        let why = format!("`{shown}`: `{{…}}` and `\\` are not understood in patterns: name each");
        return Err(Usage(why));
    }
    Pattern::new(text).map_err(|why| Usage(format!("`{shown}` is no pattern: {why}")))
}

/// What is left out.
#[derive(Debug, Default)]
pub(super) struct Skipped {
    folders: Vec<Pattern>,
    files: Vec<Pattern>,
}

impl Skipped {
    /// From patterns of folders and of files, each from the root.
    pub(super) fn of(folders: &[String], files: &[String]) -> Result<Self, Usage> {
        let bare = |text: &String| {
            let bare = text.strip_prefix("./").unwrap_or(text);
            pattern(bare.trim_start_matches('/').trim_end_matches('/'))
        };
        let all = |texts: &[String]| texts.iter().map(bare).collect::<Result<_, _>>();
        Ok(Self { folders: all(folders)?, files: all(files)? })
    }

    /// Whether a path is left out.
    pub(super) fn has(&self, path: &str) -> bool {
        // What is in an archive lies where the archive lies.
        let path = path.split('!').next().unwrap_or(path);
        let path = path.strip_prefix("./").unwrap_or(path).trim_start_matches('/');
        if self.files.iter().any(|it| it.matches_with(path, OPTIONS)) {
            return true;
        }
        let mut folders = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
        folders.any(|folder| self.folders.iter().any(|it| it.matches_with(folder, OPTIONS)))
    }

    /// Whether a folder is left out with all below it.
    pub(super) fn has_folder(&self, path: &str) -> bool {
        self.has(&format!("{path}/"))
    }

    /// Takes the packages out that lie nowhere else.
    pub(super) fn apply(&self, inventory: &mut Inventory) {
        if self.folders.is_empty() && self.files.is_empty() {
            return;
        }
        inventory.packages.retain(|package| {
            package.locations.is_empty() || !package.locations.iter().all(|it| self.has(&it.path))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_left_out_with_what_is_below_and_files_by_their_paths() {
        let words = |all: &[&str]| all.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let skipped = Skipped::of(
            &words(&["./app/node_modules", "**/vendor"]),
            &words(&["/a/*.lock", "**/x.jar"]),
        );
        let skipped = skipped.unwrap();
        for path in
            ["app/node_modules/a/package.json", "b/c/vendor/d", "a/b.lock", "z/x.jar!/y.jar"]
        {
            assert!(skipped.has(path), "{path}");
        }
        for path in ["app/package.json", "vendors/a", "a/b/c.lock", "x.jars"] {
            assert!(!skipped.has(path), "{path}");
        }
        assert!(Skipped::of(&words(&["a[", "b"]), &[]).is_err());
        assert!(Skipped::of(&words(&["{a,b}"]), &[]).is_err());
    }
}
