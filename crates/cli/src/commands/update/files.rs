//! The files that something may be pinned in, and their texts.

use std::fs;
use std::path::{Path, PathBuf};

use plimsoll_model::gate::Place;
use plimsoll_model::text::Source;
use plimsoll_model::update::NotKnown;

use super::places;
use crate::commands::lint::files as sources;
use crate::exit::Usage;

/// How deep folders are searched.
const MAX_DEPTH: u32 = 32;
/// The largest file in which anything is pinned, in bytes.
const MAX_BYTES: u64 = 8 << 20;

/// A file and its text.
pub(super) struct File {
    pub(super) path: PathBuf,
    /// As it is shown.
    pub(super) name: String,
    pub(super) source: Source,
    pub(super) number: usize,
}

/// All that could be read.
pub(super) struct Files {
    pub(super) files: Vec<File>,
    pub(super) failed: Vec<NotKnown>,
}

/// Reads the files that are named, and those in folders in which something may be pinned.
pub(super) fn read(named: &[PathBuf]) -> Result<Files, Usage> {
    let mut paths = Vec::new();
    for path in named {
        if path.is_dir() {
            walk(path, 0, &mut paths);
        } else if !path.exists() {
            return Err(Usage(format!("there is no file or folder `{}`", path.display())));
        } else if places::is_known(path) {
            paths.push(path.clone());
        } else {
            return Err(Usage(format!(
                "nothing is known to be pinned in `{}` by its name: Dockerfiles, compose files, \
                 manifests, values and charts, workflows and requirements are looked at",
                path.display()
            )));
        }
    }
    let mut all = Files { files: Vec::new(), failed: Vec::new() };
    for path in paths {
        let shown = path.display().to_string();
        let name = shown.strip_prefix("./").unwrap_or(&shown).to_owned();
        match text(&path) {
            Ok(text) => {
                let number = all.files.len();
                all.files.push(File { path, name, source: Source::new(text), number });
            }
            Err(why) => {
                let place = Place { file: name.clone(), line: 0, column: 0 };
                all.failed.push(NotKnown { place, name, why });
            }
        }
    }
    Ok(all)
}

fn text(path: &Path) -> Result<String, String> {
    let about = fs::metadata(path).map_err(|error| error.to_string())?;
    if !about.is_file() {
        return Err("it is no file".into());
    }
    let bytes = crate::files::read(path, MAX_BYTES).map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8".into())
}

fn walk(folder: &Path, depth: u32, paths: &mut Vec<PathBuf>) {
    // A folder that may not be read has nothing to update.
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut entries: Vec<fs::DirEntry> = entries.flatten().collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        match entry.file_type() {
            Ok(kind)
                if kind.is_dir()
                    && depth < MAX_DEPTH
                    && !sources::PASSED_OVER.contains(&name.as_str()) =>
            {
                walk(&path, depth.saturating_add(1), paths);
            }
            Ok(kind) if kind.is_file() && places::is_known(&path) => paths.push(path),
            _ => {}
        }
    }
}
