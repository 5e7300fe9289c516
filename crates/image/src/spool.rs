//! Content of one file of a stream, kept until its cataloguers have read it.
//!
//! Small files stay in memory, in room that is used again for the next; larger ones go to a
//! temporary file that has no name, so that nothing is left behind whatever happens.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;

use crate::content::ReadAt;
use crate::tar::{Archive, Forward, TarError};

/// What is kept in memory: 4 MiB, for each layer that is read at the same time.
const IN_MEMORY: usize = 4 << 20;

/// What is kept at all: 2 GiB.
const MAX_KEPT: u64 = 2 << 30;

/// The content of one file.
#[derive(Default)]
pub(crate) struct Spool {
    memory: Vec<u8>,
    /// What does not fit into `memory`, which is then the file's beginning.
    overflow: Option<File>,
    size: u64,
}

/// Why content could not be kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SpoolError {
    /// The archive ends or is damaged.
    #[error(transparent)]
    Tar(TarError),
    /// It is larger than what is kept.
    #[error("{size} bytes are more than the {MAX_KEPT} that are kept of a file in a stream")]
    TooLarge { size: u64 },
    /// No temporary file can be written.
    #[error("cannot write a temporary file: {0}")]
    Disk(io::Error),
}

impl Spool {
    /// Begins with the first bytes of a file.
    pub(crate) fn begin(&mut self, start: &[u8]) {
        self.overflow = None;
        self.memory.clear();
        self.memory.extend_from_slice(start);
        self.size = start.len() as u64;
    }

    /// Takes in the rest of the archive's current member.
    pub(crate) fn fill<S: Forward>(&mut self, archive: &mut Archive<S>) -> Result<(), SpoolError> {
        let begun = self.memory.len();
        self.size = archive.unread().saturating_add(begun as u64);
        if self.size > MAX_KEPT {
            return Err(SpoolError::TooLarge { size: self.size });
        }
        let in_memory = usize::try_from(self.size).unwrap_or(IN_MEMORY).min(IN_MEMORY);
        self.memory.resize(in_memory.max(begun), 0);
        let rest = self.memory.get_mut(begun..).unwrap_or_default();
        archive.read_exact(rest).map_err(SpoolError::Tar)?;
        if archive.unread() > 0 {
            let mut file = tempfile::tempfile().map_err(SpoolError::Disk)?;
            let mut piece = vec![0; 64 << 10];
            loop {
                let read = archive.read(&mut piece).map_err(SpoolError::Tar)?;
                let Some(piece) = piece.get(..read).filter(|piece| !piece.is_empty()) else {
                    break;
                };
                file.write_all(piece).map_err(SpoolError::Disk)?;
            }
            self.overflow = Some(file);
        }
        Ok(())
    }
}

impl ReadAt for Spool {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let beyond = offset.checked_sub(self.memory.len() as u64);
        match (beyond, &self.overflow) {
            (Some(beyond), Some(file)) => file.read_at(buffer, beyond),
            _ => self.memory.read_at(buffer, offset),
        }
    }

    fn size(&self) -> u64 {
        self.size
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::read_exact_at;
    use crate::tar::Stream;

    #[test]
    fn a_large_file_reads_the_same_as_a_small_one() {
        let mut spool = Spool::default();
        for size in [10, IN_MEMORY - 1, IN_MEMORY, IN_MEMORY + 1, IN_MEMORY + 200_000] {
            let content: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            let mut tar = ::tar::Builder::new(Vec::new());
            let mut header = ::tar::Header::new_gnu();
            header.set_size(size as u64);
            tar.append_data(&mut header, "a", content.as_slice()).unwrap();
            let bytes = tar.into_inner().unwrap();
            let mut archive = Archive::new(Stream::new(bytes.as_slice()), 10);
            assert!(archive.advance().unwrap());
            let mut start = [0; 4];
            archive.read_exact(&mut start).unwrap();
            spool.begin(&start);
            spool.fill(&mut archive).unwrap();
            assert_eq!(spool.size(), size as u64);
            assert!(read_exact_at(&spool, 0, size).unwrap() == content);
        }
    }
}
