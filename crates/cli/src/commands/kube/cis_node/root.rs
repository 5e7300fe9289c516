//! A machine by its root folder: links in it lead where they lead for the machine, never out of it.

use std::fs::{self, Metadata};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use plimsoll_kube::cis::{File, Machine, Process};

/// How many links one path may lead over.
const MAX_LINKS: u32 = 40;

/// How many bytes of a file are read.
const MAX_TEXT: u64 = 4 << 20;

/// How many bytes of a command line are read.
const MAX_COMMAND: u64 = 128 << 10;

/// How deep folders are walked, and how many entries are looked at.
const MAX_DEPTH: u32 = 8;
const MAX_ENTRIES: usize = 20_000;

/// A machine's root.
pub(super) struct Root {
    folder: PathBuf,
}

impl Root {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The place of a path here; `None` where there is nothing.
    fn place(&self, path: &str) -> Result<Option<PathBuf>, String> {
        let mut open: Vec<PathBuf> = vec![PathBuf::from(path)];
        let mut at = self.folder.clone();
        let mut depth = 0_u32;
        let mut links = 0_u32;
        while let Some(next) = open.pop() {
            let mut parts = next.components();
            let Some(part) = parts.next() else { continue };
            let rest = parts.as_path().to_path_buf();
            if !rest.as_os_str().is_empty() {
                open.push(rest);
            }
            match part {
                Component::RootDir | Component::Prefix(_) => {
                    at.clone_from(&self.folder);
                    depth = 0;
                }
                Component::CurDir => {}
                // The root's parent is itself.
                Component::ParentDir => {
                    if depth > 0 {
                        at.pop();
                        depth = depth.saturating_sub(1);
                    }
                }
                Component::Normal(name) => {
                    let step = at.join(name);
                    let Some(found) = looked(fs::symlink_metadata(&step), &step)? else {
                        return Ok(None);
                    };
                    if found.is_symlink() {
                        links = links.saturating_add(1);
                        if links > MAX_LINKS {
                            return Err(format!("`{path}` leads over too many links"));
                        }
                        let target = fs::read_link(&step);
                        open.push(target.map_err(|error| format!("`{path}`: {error}"))?);
                    } else {
                        at = step;
                        depth = depth.saturating_add(1);
                    }
                }
            }
        }
        Ok(Some(at))
    }

    fn bytes(place: &Path, most: u64) -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        fs::File::open(place)?.take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// Nothing there is no failure.
fn looked(found: std::io::Result<Metadata>, place: &Path) -> Result<Option<Metadata>, String> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(format!("`{}`: {error}", place.display())),
    }
}

impl Machine for Root {
    fn file(&self, path: &str) -> Result<Option<File>, String> {
        let Some(place) = self.place(path)? else { return Ok(None) };
        let found = looked(fs::symlink_metadata(&place), &place)?;
        Ok(found.map(|found| File {
            mode: found.mode() & 0o7777,
            uid: found.uid(),
            gid: found.gid(),
            is_folder: found.is_dir(),
        }))
    }

    fn text(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        let Some(place) = self.place(path)? else { return Ok(None) };
        // A pipe would be waited for, and a device has no end.
        if !looked(fs::symlink_metadata(&place), &place)?.is_some_and(|found| found.is_file()) {
            return Ok(None);
        }
        let bytes = Self::bytes(&place, MAX_TEXT.saturating_add(1));
        let bytes = bytes.map_err(|error| format!("`{}`: {error}", place.display()))?;
        if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_TEXT) {
            return Err(format!("`{}` has more than {MAX_TEXT} bytes", place.display()));
        }
        Ok(Some(bytes))
    }

    fn below(&self, path: &str) -> Result<Vec<String>, String> {
        let mut found = Vec::new();
        let mut open = vec![(path.trim_end_matches('/').to_owned(), 0_u32)];
        while let Some((folder, depth)) = open.pop() {
            let Some(place) = self.place(&folder)? else { continue };
            if !place.is_dir() {
                continue;
            }
            let wrong = |error: std::io::Error| format!("`{}`: {error}", place.display());
            for entry in fs::read_dir(&place).map_err(wrong)? {
                let entry = entry.map_err(wrong)?;
                let Ok(name) = entry.file_name().into_string() else {
                    return Err(format!("a name in `{}` is no UTF-8", place.display()));
                };
                let path = format!("{folder}/{name}");
                if entry.file_type().map_err(wrong)?.is_dir() && depth < MAX_DEPTH {
                    open.push((path.clone(), depth.saturating_add(1)));
                }
                if found.len() >= MAX_ENTRIES {
                    return Err(format!("`{path}`: more than {MAX_ENTRIES} entries"));
                }
                found.push(path);
            }
        }
        found.sort();
        Ok(found)
    }

    fn processes(&self) -> Vec<Process> {
        let Ok(entries) = fs::read_dir(self.folder.join("proc")) else { return Vec::new() };
        let mut all: Vec<Process> = entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let id: u32 = entry.file_name().to_str()?.parse().ok()?;
                // One that ended meanwhile has none.
                let bytes = Self::bytes(&entry.path().join("cmdline"), MAX_COMMAND).ok()?;
                let text = String::from_utf8_lossy(&bytes);
                let words = text.trim_end_matches('\0').split('\0');
                let command: Vec<String> = words.map(str::to_owned).collect();
                (!command.concat().is_empty()).then_some(Process { id, command })
            })
            .collect();
        all.sort_by_key(|process| process.id);
        all
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn links_lead_where_they_lead_for_the_machine_and_never_out_of_it() {
        let folder = TempDir::new().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("etc/k")).unwrap();
        fs::write(at("etc/k/a"), "inside").unwrap();
        symlink("/etc/k/a", at("etc/absolute")).unwrap();
        symlink("../../../../../../etc/k/a", at("etc/k/up")).unwrap();
        symlink("/etc/passwd", at("etc/out")).unwrap();
        symlink("loop", at("etc/loop")).unwrap();
        let root = Root::new(folder.path().to_owned());
        for path in ["/etc/k/a", "/etc/absolute", "/etc/k/up", "/etc/./k/../k/a"] {
            assert_eq!(root.text(path), Ok(Some(b"inside".to_vec())), "{path}");
        }
        assert_eq!(root.text("/etc/out"), Ok(None), "this machine's own is not read");
        assert_eq!(root.text("/../etc/none/x"), Ok(None));
        assert!(root.file("/etc/loop").unwrap_err().contains("too many links"));
        assert_eq!(root.text("/etc"), Ok(None), "a folder has no text");
        assert!(root.below("/etc").unwrap().contains(&"/etc/k/a".to_owned()));
        assert_eq!(root.below("/nothing"), Ok(Vec::new()));
    }
}
