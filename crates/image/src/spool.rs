//! Content of one file of a stream, kept until its cataloguers have read it.
//!
//! Small files stay in memory; what does not fit there goes to a temporary file that has no name,
//! so that nothing is left behind whatever happens. Room and file are used again for the next:
//! writing over what the kernel still holds costs a third of writing anew.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use crate::content::ReadAt;
use crate::tar::{Archive, Forward, TarError};

/// What is kept in memory: 4 MiB, for each layer that is read at the same time.
const IN_MEMORY: usize = 4 << 20;

/// What is kept at all: 2 GiB.
const MAX_KEPT: u64 = 2 << 30;

/// What is written at a time.
const PIECE: usize = 256 << 10;

/// The content of one file.
#[derive(Default)]
pub(crate) struct Spool {
    memory: Vec<u8>,
    /// What does not fit into `memory`, which is then the file's beginning.
    overflow: Option<File>,
    size: u64,
    /// Room for what is on its way to the file.
    piece: Vec<u8>,
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
            let file = match self.overflow.take() {
                Some(file) => file,
                None => tempfile::tempfile().map_err(SpoolError::Disk)?,
            };
            self.piece.resize(PIECE, 0);
            let mut at = 0_u64;
            while archive.unread() > 0 {
                let len = usize::try_from(archive.unread()).unwrap_or(PIECE).min(PIECE);
                let piece = self.piece.get_mut(..len).unwrap_or_default();
                archive.read_exact(piece).map_err(SpoolError::Tar)?;
                file.write_all_at(piece, at).map_err(SpoolError::Disk)?;
                at += len as u64;
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
            (Some(beyond), Some(file)) => {
                let left = self.size.saturating_sub(offset);
                let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
                file.read_at(buffer.get_mut(..wanted).unwrap_or_default(), beyond)
            }
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
        for size in [IN_MEMORY + 400_000, 10, IN_MEMORY, IN_MEMORY + 1, IN_MEMORY - 1] {
            let content: Vec<u8> =
                (0..size).map(|at| at.to_le_bytes()[0] ^ at.to_le_bytes()[1]).collect();
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
            assert!(read_exact_at(&spool, 1, size).is_err());
        }
    }
}
