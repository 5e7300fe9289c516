//! Folders: `dir:` and `rootfs:`.
//!
//! The walk never leaves the folder: the kernel resolves each path beneath the root and follows
//! no symbolic link, and nothing but regular files is opened.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use plimsoll_model::{Inventory, Problem, ProblemKind};
use rustix::fs::{Dir, FileType, Mode, OFlags, ResolveFlags, openat2};

use crate::cataloguer::MAX_WHOLE_FILE;
use crate::error::ImageError;
use crate::layer::LayerInventory;
use crate::wants::WantIndex;

/// Folders of a running system that hold no installed files.
const NOT_INSTALLED: [&str; 4] = ["proc", "sys", "dev", "run"];

/// Reads the folder at `root`; with `is_system` its `proc`, `sys`, `dev` and `run` are left out.
pub fn read(root: &Path, is_system: bool, wants: &WantIndex<'_>) -> Result<Inventory, ImageError> {
    let folder = File::open(root).map_err(ImageError::io(root))?;
    if !folder.metadata().map_err(ImageError::io(root))?.is_dir() {
        let source = std::io::Error::from(std::io::ErrorKind::NotADirectory);
        return Err(ImageError::Io { path: root.into(), source });
    }
    let mut walk = Walk { root: folder, found: LayerInventory::default(), wants };
    let mut open = vec![String::new()];
    while let Some(folder) = open.pop() {
        if let Err(error) = walk.list(&folder, is_system, &mut open) {
            walk.problem(&folder, &error.to_string());
        }
    }
    let mut found = walk.found;
    found.names.clear();
    found.sort();
    let mut inventory = Inventory::default();
    crate::merge::merge(vec![found], true, &mut inventory);
    Ok(inventory)
}

struct Walk<'w, 'c> {
    root: File,
    found: LayerInventory,
    wants: &'w WantIndex<'c>,
}

impl Walk<'_, '_> {
    fn list(
        &mut self,
        folder: &str,
        is_system: bool,
        open: &mut Vec<String>,
    ) -> rustix::io::Result<()> {
        let fd = self.open(if folder.is_empty() { "." } else { folder }, OFlags::DIRECTORY)?;
        for entry in Dir::read_from(&fd)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy();
            if name == "."
                || name == ".."
                || (is_system && folder.is_empty() && NOT_INSTALLED.contains(&&*name))
            {
                continue;
            }
            let path =
                if folder.is_empty() { name.into_owned() } else { format!("{folder}/{name}") };
            match entry.file_type() {
                FileType::Directory => open.push(path),
                FileType::RegularFile if !self.wants.by_path(&path).is_empty() => self.file(path),
                // Some file systems do not say in a listing what an entry is.
                FileType::Unknown => match self.open(&path, OFlags::DIRECTORY) {
                    Ok(_) => open.push(path),
                    Err(_) if !self.wants.by_path(&path).is_empty() => self.file(path),
                    Err(_) => {}
                },
                _ => {}
            }
        }
        Ok(())
    }

    fn file(&mut self, path: String) {
        match self.content(&path) {
            Ok((content, executable)) => {
                let wanted = self.wants.by_path(&path);
                self.found.catalogue(path, &content, executable, self.wants, wanted);
            }
            Err(error) => self.problem(&path, &error.to_string()),
        }
    }

    fn content(&self, path: &str) -> std::io::Result<(Vec<u8>, bool)> {
        use std::os::unix::fs::PermissionsExt;
        // Without NONBLOCK the opening of a named pipe would wait for its other end.
        let file = File::from(self.open(path, OFlags::NONBLOCK)?);
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(std::io::Error::other("no regular file any more"));
        }
        if metadata.len() > MAX_WHOLE_FILE {
            return Err(std::io::Error::other("not read: the file is too large"));
        }
        let mut content = Vec::new();
        file.take(MAX_WHOLE_FILE).read_to_end(&mut content)?;
        Ok((content, metadata.permissions().mode() & 0o111 != 0))
    }

    fn open(&self, path: &str, flags: OFlags) -> rustix::io::Result<rustix::fd::OwnedFd> {
        let beneath =
            ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        let flags = flags | OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        openat2(&self.root, path, flags, Mode::empty(), beneath)
    }

    fn problem(&mut self, path: &str, message: &str) {
        self.found.problems.push(Problem {
            kind: ProblemKind::Partial,
            path: path.into(),
            layer: None,
            line: None,
            message: message.into(),
        });
    }
}
