//! A file that is replaced whole or not at all.
//!
//! The new one is written beside the old one, flushed to the disk and renamed over it. Whoever is
//! killed in between leaves a temporary file, which the next one removes.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use super::DatabaseError;

const PREFIX: &str = ".partial-";

/// Replaces a file.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), DatabaseError> {
    let failed = |source| DatabaseError::Io { action: "write", path: path.into(), source };
    let folder = folder(path);
    fs::create_dir_all(folder).map_err(failed)?;
    let mut file = tempfile::Builder::new().prefix(PREFIX).tempfile_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    file.as_file().set_permissions(mode).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    // The name is on the disk only once the folder is.
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

/// Removes what a killed process has left. Only whoever holds the lock may do so.
pub(super) fn clean(folder: &Path) -> Result<(), DatabaseError> {
    let cleaned = remove_stale(folder);
    cleaned.map_err(|source| DatabaseError::Io { action: "clean", path: folder.into(), source })
}

fn remove_stale(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let stale = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        if stale && entry.file_type()?.is_file() {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// The folder of a file, `.` where its path has none.
pub(super) fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
