//! Puts a copy of the program that a process runs aside, by its sha256.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::{Action, Done, Order, Outcome};

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
        if let Err(absent) = order.living {
            return Done::absent(absent);
        }
        let file = match File::open(format!("/proc/{}/exe", order.target.pid)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Done::of(Outcome::Gone, "the process has ended");
            }
            Err(error) => {
                return Done::of(Outcome::Failed, format!("its program cannot be read: {error}"));
            }
        };
        match keep(order.folder, file, order.max_size) {
            Ok(Kept { path, sha256, size, is_new }) => {
                let shown = path.display();
                let detail = format!("{shown} sha256:{sha256} {size} bytes");
                if is_new {
                    Done::new(detail).undone_by(format!("rm -f {shown}"))
                } else {
                    Done::of(Outcome::Already, detail)
                }
            }
            Err(error) => Done::of(Outcome::Failed, format!("its program was not kept: {error}")),
        }
    }
}

struct Kept {
    path: PathBuf,
    sha256: String,
    size: u64,
    is_new: bool,
}

/// Copies into a file without its name yet, which it gets when it is whole.
fn keep(folder: &Path, from: File, most: u64) -> io::Result<Kept> {
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
    end(part, &path)?;
    Ok(Kept { path, sha256, size, is_new: true })
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
        let kept = keep(&place, File::open(&source).unwrap(), 3).unwrap();
        assert_eq!(kept.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert!(kept.is_new && kept.size == 3);
        assert_eq!(fs::metadata(&kept.path).unwrap().permissions().mode() & 0o777, 0o400);
        assert_eq!(fs::metadata(&place).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(!keep(&place, File::open(&source).unwrap(), 3).unwrap().is_new);
        assert!(keep(&place, File::open(&source).unwrap(), 2).is_err());
        assert_eq!(fs::read_dir(&place).unwrap().count(), 1, "no part is left");
    }
}
