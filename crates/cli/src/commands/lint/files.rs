//! Which files are Dockerfiles, and their bytes.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::exit::Usage;

/// How much of a file is read, in bytes.
pub(in crate::commands) const MAX_BYTES: u64 = 256 << 20;
/// How deep folders are searched.
const MAX_DEPTH: u32 = 32;
/// Folders that hold other people's files.
pub(crate) const PASSED_OVER: [&str; 4] = [".git", "node_modules", "vendor", "target"];

pub(in crate::commands) fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// The bytes of a file, or of stdin.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = if is_stdin(path) {
        io::stdin().lock().take(MAX_BYTES).read_to_end(&mut bytes)?
    } else {
        File::open(path)?.take(MAX_BYTES).read_to_end(&mut bytes)?
    };
    if read as u64 == MAX_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 256 MiB"));
    }
    Ok(bytes)
}

/// The files that are meant: those named, and the Dockerfiles in the folders named; without any,
/// those below the working folder.
pub(crate) fn find(named: &[PathBuf]) -> Result<Vec<PathBuf>, Usage> {
    let here = [PathBuf::from(".")];
    let named = if named.is_empty() { &here } else { named };
    let mut files = Vec::new();
    for path in named {
        if !is_stdin(path) && path.is_dir() {
            let before = files.len();
            walk(path, 0, &mut files);
            if files.len() == before {
                let why = format!(
                    "there is no Dockerfile in `{}`: name one, or `-` for stdin",
                    path.display()
                );
                return Err(Usage(why));
            }
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

/// Whether a file of that name is a Dockerfile: `Dockerfile`, `Containerfile`, either with an
/// ending or a beginning of its own.
pub(crate) fn is_dockerfile(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let ends = [".dockerignore", ".containerignore", ".md", ".sh", ".yaml", ".yml", ".json"];
    ["dockerfile", "containerfile"].iter().any(|word| {
        name == *word
            || name.strip_prefix(word).is_some_and(|rest| rest.starts_with(['.', '-']))
            || name.strip_suffix(word).is_some_and(|rest| rest.ends_with(['.', '-']))
    }) && !ends.iter().any(|end| name.ends_with(end))
}

fn walk(folder: &Path, depth: u32, files: &mut Vec<PathBuf>) {
    // A folder that may not be read has nothing to judge.
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut entries: Vec<fs::DirEntry> = entries.flatten().collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path =
            if folder == Path::new(".") { PathBuf::from(entry.file_name()) } else { entry.path() };
        match entry.file_type() {
            Ok(kind)
                if kind.is_dir() && depth < MAX_DEPTH && !PASSED_OVER.contains(&name.as_str()) =>
            {
                walk(&path, depth.saturating_add(1), files);
            }
            Ok(kind) if kind.is_file() && is_dockerfile(&name) => files.push(path),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dockerfiles_are_known_by_their_names() {
        let yes = ["Dockerfile", "Dockerfile.dev", "app.Dockerfile", "Containerfile", "dockerfile"];
        assert!(yes.iter().all(|name| is_dockerfile(name)));
        let no = ["Dockerfile.dockerignore", "MyDockerfile", "dockerfiles", "README.md"];
        assert!(!no.iter().any(|name| is_dockerfile(name)));
    }
}
