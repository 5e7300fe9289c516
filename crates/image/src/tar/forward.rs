//! Bytes that are read or skipped in one direction.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// A source of bytes in order.
pub trait Forward {
    /// Reads some bytes; 0 at the end.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Passes over `count` bytes and says how many there were.
    fn skip(&mut self, count: u64) -> io::Result<u64>;
}

/// A part of a file, read by position: what is skipped is never read.
pub struct FileWindow {
    file: Arc<File>,
    position: u64,
    end: u64,
    buffer: Vec<u8>,
    /// File position of the buffer's first byte.
    buffered_at: u64,
}

/// Headers of small files stand close together, so reading ahead a little saves calls; more
/// would read content that is then skipped.
const READ_AHEAD: usize = 4096;

impl FileWindow {
    /// `len` bytes of `file` from `offset` on, or fewer where the file is shorter.
    pub fn new(file: Arc<File>, offset: u64, len: u64) -> io::Result<Self> {
        let end = offset.saturating_add(len).min(file.metadata()?.len());
        Ok(Self { file, position: offset, end, buffer: Vec::new(), buffered_at: 0 })
    }

    fn buffered(&self) -> &[u8] {
        let start =
            self.position.checked_sub(self.buffered_at).and_then(|at| usize::try_from(at).ok());
        start.and_then(|start| self.buffer.get(start..)).unwrap_or_default()
    }
}

impl Forward for FileWindow {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.position)).unwrap_or(usize::MAX);
        let wanted = left.min(buffer.len());
        let Some(to) = buffer.get_mut(..wanted) else { return Ok(0) };
        let read = if self.buffered().is_empty() && wanted >= READ_AHEAD {
            self.file.read_at(to, self.position)?
        } else {
            if self.buffered().is_empty() {
                self.buffer.resize(READ_AHEAD.min(left), 0);
                let read = self.file.read_at(&mut self.buffer, self.position)?;
                self.buffer.truncate(read);
                self.buffered_at = self.position;
            }
            let from = self.buffered();
            let taken = from.len().min(to.len());
            if let (Some(to), Some(from)) = (to.get_mut(..taken), from.get(..taken)) {
                to.copy_from_slice(from);
            }
            taken
        };
        self.position += read as u64;
        Ok(read)
    }

    fn skip(&mut self, count: u64) -> io::Result<u64> {
        let skipped = count.min(self.end.saturating_sub(self.position));
        self.position += skipped;
        Ok(skipped)
    }
}

/// Any reader; skipping reads over the bytes.
pub struct Stream<R> {
    reader: R,
    scratch: Vec<u8>,
}

impl<R: Read> Stream<R> {
    /// Reads from `reader`, which should have a buffer of its own.
    pub fn new(reader: R) -> Self {
        Self { reader, scratch: Vec::new() }
    }
}

impl<R: Read> Forward for Stream<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.reader.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                outcome => return outcome,
            }
        }
    }

    fn skip(&mut self, count: u64) -> io::Result<u64> {
        self.scratch.resize(64 << 10, 0);
        let mut left = count;
        while left > 0 {
            let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(self.scratch.len());
            let Some(buffer) = self.scratch.get_mut(..wanted) else { break };
            match self.reader.read(buffer) {
                Ok(0) => break,
                Ok(read) => left -= read as u64,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(count - left)
    }
}
