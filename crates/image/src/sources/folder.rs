//! Folders: `dir:` and `rootfs:`.
//!
//! The walk never leaves the folder: each entry is opened by its name in the folder that lists
//! it, no symbolic link is followed, and nothing but regular files is opened. File systems that
//! only show the kernel's state (`proc`, `sysfs`, …) are passed over wherever they are mounted.

use std::ffi::CStr;
use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_model::{FileKind, Inventory, ListedFile, ProblemKind};
use rustix::fd::OwnedFd;
use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, RawDir, Stat, fstat, fstatfs, openat, readlinkat, statat,
};
use rustix::io::Errno;

use crate::content::{FileSlice, read_exact_at};
use crate::error::ImageError;
use crate::layer::LayerInventory;
use crate::wants::{WantIndex, is_program, may_be_program};

/// Folders of a running system that hold no installed files.
const NOT_INSTALLED: [&str; 4] = ["proc", "sys", "dev", "run"];

/// File systems without stored files, by the number that `statfs` gives them.
///
/// Source: `statfs(2)`, `linux/magic.h`.
const PSEUDO: [u64; 20] = [
    0x9fa0,      // proc
    0x6265_6572, // sysfs
    0x27_e0eb,   // cgroup
    0x6367_7270, // cgroup2
    0x6462_6720, // debugfs
    0x7472_6163, // tracefs
    0x7363_6673, // securityfs
    0x6265_6570, // configfs
    0xcafe_4a11, // bpf
    0x6165_676c, // pstore
    0x1980_0202, // mqueue
    0x9584_58f6, // hugetlbfs
    0x1cd1,      // devpts
    0x6e73_6673, // nsfs
    0x0187,      // autofs
    0x6573_5543, // fusectl
    0xde5e_81e4, // efivarfs
    0x4249_4e4d, // binfmt_misc
    0x6759_6969, // rpc_pipefs
    0xf97c_ff8c, // selinuxfs
];

/// Ends of names that programs do not have; asking for the mode of each such file would cost
/// more than all else.
const NO_PROGRAMS: [&str; 20] = [
    ".js", ".ts", ".mjs", ".cjs", ".map", ".json", ".md", ".py", ".pyc", ".pyi", ".h", ".c", ".go",
    ".rs", ".txt", ".html", ".css", ".svg", ".png", ".gz",
];

/// Reads the folder at `root`; with `is_system` its `proc`, `sys`, `dev` and `run` are left out.
pub fn read(root: &Path, is_system: bool, wants: &WantIndex<'_>) -> Result<Inventory, ImageError> {
    let folder = File::open(root).map_err(ImageError::io(root))?;
    let metadata = folder.metadata().map_err(ImageError::io(root))?;
    if !metadata.is_dir() {
        let source = std::io::Error::from(std::io::ErrorKind::NotADirectory);
        return Err(ImageError::Io { path: root.into(), source });
    }
    let device = std::os::unix::fs::MetadataExt::dev(&metadata);
    let found = Mutex::new(LayerInventory::for_wants(wants));
    let walk = Walk { wants, is_system, found, refused: Mutex::default() };
    rayon::scope(|scope| walk.list(scope, &Arc::new(OwnedFd::from(folder)), "", device));
    let mut found = walk.found.into_inner().unwrap_or_else(PoisonError::into_inner);
    let refused = walk.refused.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(first) = refused.iter().min() {
        let message = format!("no permission to read this and {} others", refused.len() - 1);
        found.problem(ProblemKind::Skipped, first, message);
    }
    found.sort();
    let mut inventory = Inventory::default();
    crate::merge::merge(vec![found], true, &mut inventory);
    Ok(inventory)
}

struct Walk<'w, 'c> {
    wants: &'w WantIndex<'c>,
    is_system: bool,
    found: Mutex<LayerInventory>,
    /// Paths that the user may not read and of which it is not known whether they are wanted.
    refused: Mutex<Vec<String>>,
}

impl Walk<'_, '_> {
    /// Reads a folder's files here and hands its folders to whoever is idle. A folder's handle is
    /// open until each folder in it is, which is soon, because the newest are taken first.
    fn list<'s>(
        &'s self,
        scope: &rayon::Scope<'s>,
        folder: &Arc<OwnedFd>,
        path: &str,
        device: u64,
    ) {
        let mut found = LayerInventory::for_wants(self.wants);
        let mut room = Vec::with_capacity(16 << 10);
        let mut entries = RawDir::new(folder, room.spare_capacity_mut());
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        let mut path = prefix.clone();
        while let Some(entry) = entries.next() {
            path.truncate(prefix.len());
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    found.problem(ProblemKind::Partial, &path, error.to_string());
                    break;
                }
            };
            let name = entry.file_name();
            let text = name.to_string_lossy();
            if text == "."
                || text == ".."
                || (self.is_system && prefix.is_empty() && NOT_INSTALLED.contains(&&*text))
            {
                continue;
            }
            path.push_str(&text);
            let kind = match entry.file_type() {
                // Some file systems do not say in a listing what an entry is.
                FileType::Unknown => statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
                    .map_or(FileType::Unknown, |stat| FileType::from_raw_mode(stat.st_mode)),
                kind => kind,
            };
            self.note(folder, name, &path, &mut found);
            match kind {
                FileType::Directory => {
                    let (parent, name, path) = (Arc::clone(folder), name.to_owned(), path.clone());
                    scope.spawn(move |scope| self.enter(scope, &parent, &name, path, device));
                }
                FileType::RegularFile => self.file(folder, name, &path, &mut found),
                FileType::Symlink => survey_link(folder, name, &path, &mut found),
                _ => {}
            }
        }
        self.keep(found);
    }

    fn enter<'s>(
        &'s self,
        scope: &rayon::Scope<'s>,
        parent: &OwnedFd,
        name: &CStr,
        path: String,
        device: u64,
    ) {
        let opened = open(parent, name, OFlags::DIRECTORY)
            .and_then(|folder| fstat(&folder).map(|stat| (folder, stat)));
        match opened {
            Ok((folder, stat)) => {
                if stat.st_dev == device || !is_pseudo(&folder) {
                    self.list(scope, &Arc::new(folder), &path, stat.st_dev);
                }
            }
            Err(Errno::ACCESS | Errno::PERM) => self.refuse(path),
            // It went away since it was listed.
            Err(Errno::NOENT) => {}
            Err(error) => {
                let mut found = LayerInventory::default();
                found.problem(ProblemKind::Partial, &path, error.to_string());
                self.keep(found);
            }
        }
    }

    fn file(&self, folder: &OwnedFd, name: &CStr, path: &str, found: &mut LayerInventory) {
        let mode = survey_file(folder, name, path, found);
        let is_summed = mode.is_some_and(|mode| self.wants.sums(path, mode));
        let by_path = self.wants.by_path(path);
        let mut may_be = !self.wants.executables().is_empty() && !has_end(path, &NO_PROGRAMS);
        if may_be {
            may_be = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
                .is_ok_and(|stat| may_be_program(path, stat.st_mode, size(&stat)));
        }
        if by_path.is_empty() && !may_be && !is_summed {
            return;
        }
        // Without NONBLOCK the opening of a named pipe would wait for its other end.
        let opened = open(folder, name, OFlags::NONBLOCK | OFlags::NOCTTY)
            .and_then(|file| fstat(&file).map(|stat| (file, stat)));
        let (file, stat) = match opened {
            Ok((file, stat)) if FileType::from_raw_mode(stat.st_mode).is_file() => (file, stat),
            Ok(_) | Err(Errno::NOENT) => return,
            Err(Errno::ACCESS | Errno::PERM) if by_path.is_empty() => {
                self.refuse(path.to_owned());
                return;
            }
            Err(error) => {
                found.problem(ProblemKind::Partial, path, error.to_string());
                return;
            }
        };
        let content = FileSlice::new(Arc::new(File::from(file)), 0, size(&stat));
        if is_summed {
            found.sum(path, &content);
        }
        let mut wanted = by_path;
        if may_be && read_exact_at(&content, 0, 4).is_ok_and(|start| is_program(&start)) {
            wanted = wanted.and(self.wants.executables());
        }
        if !wanted.is_empty() {
            let executable = stat.st_mode & 0o111 != 0;
            found.catalogue(path.to_owned(), &content, executable, self.wants, wanted);
        }
    }

    /// Puts an entry on the list of files, where one is wanted.
    fn note(&self, folder: &OwnedFd, name: &CStr, path: &str, found: &mut LayerInventory) {
        let (Some(listing), Some(room)) = (&mut found.listing, self.wants.listing()) else {
            return;
        };
        let Ok(stat) = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) else { return };
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => FileKind::Folder,
            FileType::RegularFile => FileKind::File,
            FileType::Symlink => FileKind::Symlink,
            _ => FileKind::Special,
        };
        let link = (kind == FileKind::Symlink)
            .then(|| readlinkat(folder, name, Vec::new()).ok())
            .flatten()
            .map(|target| target.to_string_lossy().into_owned())
            .unwrap_or_default();
        let size = if kind == FileKind::File { size(&stat) } else { 0 };
        let (uid, gid) = (stat.st_uid, stat.st_gid);
        listing.put(room, path, &link, |path, link| ListedFile {
            path,
            kind,
            size,
            mode: stat.st_mode & 0o7777,
            uid,
            gid,
            link,
        });
        listing.weigh(size);
    }

    fn keep(&self, found: LayerInventory) {
        if found != LayerInventory::default() {
            self.found.lock().unwrap_or_else(PoisonError::into_inner).append(found);
        }
    }

    fn refuse(&self, path: String) {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).push(path);
    }
}

/// Surveys a file, where that is asked for: its mode.
fn survey_file(
    folder: &OwnedFd,
    name: &CStr,
    path: &str,
    found: &mut LayerInventory,
) -> Option<u32> {
    let survey = found.survey.as_mut()?;
    let stat = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    survey.file(path, stat.st_mode, size(&stat));
    Some(stat.st_mode)
}

fn survey_link(folder: &OwnedFd, name: &CStr, path: &str, found: &mut LayerInventory) {
    if let Some(survey) = &mut found.survey
        && let Ok(target) = readlinkat(folder, name, Vec::new())
    {
        survey.link(path, &target.to_string_lossy());
    }
}

fn open(folder: &OwnedFd, name: &CStr, flags: OFlags) -> rustix::io::Result<OwnedFd> {
    let flags = flags | OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    openat(folder, name, flags, Mode::empty())
}

fn is_pseudo(folder: &OwnedFd) -> bool {
    let kind = fstatfs(folder).ok().and_then(|stat| u64::try_from(stat.f_type).ok());
    kind.is_some_and(|kind| PSEUDO.contains(&kind))
}

fn size(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or(0)
}

fn has_end(path: &str, ends: &[&str]) -> bool {
    ends.iter().any(|end| path.ends_with(end))
}
