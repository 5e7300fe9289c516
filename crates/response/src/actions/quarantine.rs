//! Puts a copy of the program that a process runs aside, by its sha256.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::{Action, Done, Order, Outcome};
use crate::process::{self, Living};

/// How long a copy may take. Who answers for a file may be another program, in the container even, and
/// stand still.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most copies that go on after that.
const MOST_LATE: usize = 4;
static LATE: AtomicUsize = AtomicUsize::new(0);
/// The most files that the folder has.
const MOST_FILES: usize = 100_000;
/// File systems that another program or machine answers for, by `linux/magic.h`: FUSE, NFS, SMB, CIFS, 9p,
/// Ceph, AFS.
const FOREIGN: [u32; 8] =
    [0x6573_5546, 0x6969, 0x517B, 0xFF53_4D42, 0xFE53_4D42, 0x0102_1997, 0x00C3_6400, 0x5346_414F];

/// `/proc/PID/exe`, which is the file that runs even where it was deleted, into the folder.
#[derive(Debug)]
pub(super) struct Quarantine;

impl Action for Quarantine {
    fn name(&self) -> &'static str {
        "quarantine"
    }

    fn needs(&self) -> &'static [(&'static str, u32)] {
        &[("CAP_SYS_PTRACE", 19), ("CAP_DAC_READ_SEARCH", 2)]
    }

    fn plan(&self, order: &Order<'_>) -> String {
        let program = order.target.field("proc.exepath").unwrap_or("its program");
        format!("copy {program} of {} into {}", order.target.words(), order.folder.display())
    }

    fn act(&self, order: &Order<'_>) -> Done {
        let living = match order.living.map(Living::again) {
            Ok(Ok(living)) => living,
            Ok(Err(error)) => return Done::of(Outcome::Failed, error.to_string()),
            Err(absent) => return Done::absent(absent),
        };
        let (pid, folder) = (order.target.pid, order.folder.to_owned());
        let (size, whole) = (order.max_size, order.max_folder);
        in_time(PATIENCE, move || copy(pid, &living, &folder, size, whole))
    }
}

/// Does it in a thread of its own, which is left to itself where it takes too long.
fn in_time(patience: Duration, work: impl FnOnce() -> Done + Send + 'static) -> Done {
    if LATE.load(Ordering::Relaxed) >= MOST_LATE {
        return Done::of(Outcome::Failed, format!("{MOST_LATE} programs are still being read"));
    }
    LATE.fetch_add(1, Ordering::Relaxed);
    let (told, hear) = channel();
    let inside = move || {
        let done = work();
        LATE.fetch_sub(1, Ordering::Relaxed);
        let _ = told.send(done);
    };
    if let Err(error) = thread::Builder::new().name("quarantine".to_owned()).spawn(inside) {
        LATE.fetch_sub(1, Ordering::Relaxed);
        return Done::of(Outcome::Failed, format!("its program was not kept: {error}"));
    }
    hear.recv_timeout(patience).unwrap_or_else(|_| {
        Done::of(Outcome::Failed, format!("its program was not read within {patience:?}"))
    })
}

fn copy(pid: i32, living: &Living, folder: &Path, most: u64, whole: u64) -> Done {
    let program = process::program(pid);
    let file = match File::open(&program) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Done::of(Outcome::Gone, "the process has ended");
        }
        Err(error) => {
            return Done::of(Outcome::Failed, format!("its program cannot be read: {error}"));
        }
    };
    let from = fs::read_link(&program).unwrap_or_default();
    // Only a process that has not ended keeps its number: what was opened is its program.
    if !living.has(pid) {
        return Done::of(Outcome::Gone, "the process has ended");
    }
    let from = from.display();
    match rustix::fs::fstatfs(&file) {
        Ok(found) if is_foreign(found.f_type) => {
            let why = format!("`{from}` lies on a file system that another program answers for");
            return Done::of(Outcome::Refused, why);
        }
        Ok(_) => {}
        Err(error) => {
            return Done::of(Outcome::Failed, format!("its program cannot be read: {error}"));
        }
    }
    match keep(folder, file, most, whole) {
        Ok(Kept { path, sha256, size, is_new }) => {
            let shown = path.display();
            let detail = format!("{shown} sha256:{sha256} {size} bytes, from `{from}`");
            if is_new {
                Done::new(detail).undone_by(format!("rm -f {shown}"))
            } else {
                Done::of(Outcome::Already, detail)
            }
        }
        Err(error) if error.kind() == io::ErrorKind::StorageFull => {
            Done::of(Outcome::Refused, format!("its program was not kept: {error}"))
        }
        Err(error) => Done::of(Outcome::Failed, format!("its program was not kept: {error}")),
    }
}

/// The type's width and sign depend on the architecture.
fn is_foreign(kind: impl TryInto<i64>) -> bool {
    let kind: i64 = kind.try_into().unwrap_or(0);
    FOREIGN.iter().any(|own| i64::from(*own) == (kind & 0xFFFF_FFFF))
}

struct Kept {
    path: PathBuf,
    sha256: String,
    size: u64,
    is_new: bool,
}

/// Copies into a file without its name yet, which it gets when it is whole.
fn keep(folder: &Path, from: File, most: u64, whole: u64) -> io::Result<Kept> {
    let mut part = begin(folder)?;
    let mut hash = Sha256::new();
    let mut size = 0_u64;
    let mut from = from.take(most.saturating_add(1));
    let mut piece = vec![0_u8; 128 * 1024];
    loop {
        let read = from.read(&mut piece)?;
        let Some(bytes) = piece.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        size = size.saturating_add(u64::try_from(read).unwrap_or(0));
        if size > most {
            return Err(io::Error::other(format!("it has more than {most} bytes")));
        }
        hash.update(bytes);
        part.write_all(bytes)?;
    }
    let sha256 = hash.finalize().iter().fold(String::new(), |mut text, byte| {
        use std::fmt::Write;
        let _ = write!(text, "{byte:02x}");
        text
    });
    let path = folder.join(&sha256);
    if path.symlink_metadata().is_ok() {
        return Ok(Kept { path, sha256, size, is_new: false });
    }
    // The part is in the folder already.
    if !has_room(folder, whole) {
        let why = format!("`{}` would have more than {whole} bytes", folder.display());
        return Err(io::Error::new(io::ErrorKind::StorageFull, why));
    }
    end(part, &path)?;
    Ok(Kept { path, sha256, size, is_new: true })
}

/// Whether all files of the folder together have no more bytes than that.
pub(super) fn has_room(folder: &Path, whole: u64) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().take(MOST_FILES);
    let sizes: Vec<u64> =
        entries.map(|entry| entry.metadata().map_or(0, |found| found.len())).collect();
    sizes.len() < MOST_FILES
        && sizes.iter().fold(0_u64, |sum, one| sum.saturating_add(*one)) <= whole
}

/// Writes a small file, whole or not at all.
pub(super) fn put(folder: &Path, name: &str, content: &[u8]) -> io::Result<PathBuf> {
    let mut part = begin(folder)?;
    part.write_all(content)?;
    let path = folder.join(name);
    end(part, &path)?;
    Ok(path)
}

fn begin(folder: &Path) -> io::Result<NamedTempFile> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    NamedTempFile::with_prefix_in(".part-", folder)
}

/// Nobody runs or changes it by accident: it may be read by its owner alone.
fn end(part: NamedTempFile, path: &Path) -> io::Result<()> {
    fs::set_permissions(part.path(), Permissions::from_mode(0o400))?;
    part.as_file().sync_all()?;
    part.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_kept_once_by_its_hash_and_only_to_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("kept");
        let source = folder.path().join("abc");
        fs::write(&source, "abc").unwrap();
        let kept = keep(&place, File::open(&source).unwrap(), 3, 3).unwrap();
        assert_eq!(kept.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert!(kept.is_new && kept.size == 3);
        assert_eq!(fs::metadata(&kept.path).unwrap().permissions().mode() & 0o777, 0o400);
        assert_eq!(fs::metadata(&place).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(!keep(&place, File::open(&source).unwrap(), 3, 3).unwrap().is_new);
        assert!(keep(&place, File::open(&source).unwrap(), 2, 3).is_err());
        assert_eq!(fs::read_dir(&place).unwrap().count(), 1, "no part is left");
    }

    #[test]
    fn the_folder_does_not_grow_without_end() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("kept");
        let source = |text: &str| {
            let path = folder.path().join(text);
            fs::write(&path, text).unwrap();
            File::open(path).unwrap()
        };
        assert!(keep(&place, source("abc"), 9, 5).unwrap().is_new);
        let error = keep(&place, source("xyz"), 9, 5).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read_dir(&place).unwrap().count(), 1, "no part is left");
        assert!(!keep(&place, source("abc"), 9, 5).unwrap().is_new, "it is kept already");
    }

    #[test]
    fn what_stands_still_holds_nothing_up() {
        let (go, wait) = channel::<()>();
        let done = in_time(Duration::from_millis(20), move || {
            let _ = wait.recv();
            Done::new("at last")
        });
        assert_eq!(done.result, Outcome::Failed);
        drop(go);
        let done = in_time(PATIENCE, || Done::new("at once"));
        assert_eq!(done.detail, "at once");
    }

    #[test]
    fn a_file_system_of_another_program_is_known() {
        assert!(is_foreign(0x6573_5546_i64) && is_foreign(0x6969_i64));
        assert!(
            is_foreign(0xFF53_4D42_u32) && is_foreign(-11_317_950_i32),
            "with a sign or without"
        );
        assert!(!is_foreign(0x0102_1994_i64), "tmpfs");
    }
}
