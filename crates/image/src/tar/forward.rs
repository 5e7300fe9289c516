//! Bytes that are read or skipped in one direction.

use std::fs::File;
use std::io::{self, BufRead};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use crate::content::FileSlice;

/// A source of bytes in order.
pub trait Forward {
    /// Reads some bytes; 0 at the end.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Passes over `count` bytes and says how many there were.
    fn skip(&mut self, count: u64) -> io::Result<u64>;

    /// The next `len` bytes where they lie, if they lie in a file; nothing is passed over.
    fn in_place(&self, len: u64) -> Option<FileSlice>;
}

/// A part of a file, read by position: what is skipped is never read.
pub struct FileWindow {
    file: Arc<File>,
    position: u64,
    end: u64,
    buffer: Vec<u8>,
    /// File position of the buffer's first byte.
    buffered_at: u64,
    /// How much is read at a time.
    ahead: usize,
    /// Reads that the buffer has served since it was filled.
    served: usize,
}

/// Where members are large, a header and no more: the rest would be skipped.
const LEAST_AHEAD: usize = 4 << 10;

/// Where members are small, many of them by one call.
const MOST_AHEAD: usize = 512 << 10;

/// About as many bytes as the kernel copies in the time of one call.
const CALL: usize = 4 << 10;

impl FileWindow {
    /// `len` bytes of `file` from `offset` on, or fewer where the file is shorter.
    pub fn new(file: Arc<File>, offset: u64, len: u64) -> io::Result<Self> {
        let end = offset.saturating_add(len).min(file.metadata()?.len());
        Ok(Self {
            file,
            position: offset,
            end,
            buffer: Vec::new(),
            buffered_at: 0,
            ahead: LEAST_AHEAD,
            served: 0,
        })
    }

    fn buffered(&self) -> &[u8] {
        let start =
            self.position.checked_sub(self.buffered_at).and_then(|at| usize::try_from(at).ok());
        start.and_then(|start| self.buffer.get(start..)).unwrap_or_default()
    }

    fn fill(&mut self, left: usize) -> io::Result<()> {
        // Grows while each call's worth of bytes held more than one header, else shrinks.
        if self.served * CALL * 2 >= self.ahead * 3 {
            self.ahead = (self.ahead * 2).min(MOST_AHEAD);
        } else if self.served * CALL * 4 < self.ahead * 3 {
            self.ahead = (self.ahead / 2).max(LEAST_AHEAD);
        }
        self.served = 0;
        self.buffer.resize(self.ahead.min(left), 0);
        let read = read_some_at(&self.file, &mut self.buffer, self.position)?;
        self.buffer.truncate(read);
        self.buffered_at = self.position;
        Ok(())
    }
}

impl Forward for FileWindow {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.position)).unwrap_or(usize::MAX);
        let wanted = left.min(buffer.len());
        let Some(to) = buffer.get_mut(..wanted) else { return Ok(0) };
        let read = if self.buffered().is_empty() && wanted >= LEAST_AHEAD {
            read_some_at(&self.file, to, self.position)?
        } else {
            if self.buffered().is_empty() {
                self.fill(left)?;
            }
            self.served += 1;
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

    fn in_place(&self, len: u64) -> Option<FileSlice> {
        let len = len.min(self.end.saturating_sub(self.position));
        Some(FileSlice::new(Arc::clone(&self.file), self.position, len))
    }
}

fn read_some_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    loop {
        match file.read_at(buffer, position) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

/// Any buffered reader; skipping reads over the bytes.
pub struct Stream<R> {
    reader: R,
}

impl<R: BufRead> Stream<R> {
    /// Reads from `reader`.
    pub fn new(reader: R) -> Self {
        Self { reader }
    }

    fn next(&mut self) -> io::Result<&[u8]> {
        // Asked twice, because the borrow of the first answer would outlive the loop.
        loop {
            match self.reader.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(_) => break,
            }
        }
        self.reader.fill_buf()
    }
}

impl<R: BufRead> Forward for Stream<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let from = self.next()?;
        let taken = from.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..taken), from.get(..taken)) {
            to.copy_from_slice(from);
        }
        self.reader.consume(taken);
        Ok(taken)
    }

    fn skip(&mut self, count: u64) -> io::Result<u64> {
        let mut left = count;
        while left > 0 {
            let buffered = self.next()?.len();
            if buffered == 0 {
                break;
            }
            let taken = usize::try_from(left).unwrap_or(usize::MAX).min(buffered);
            self.reader.consume(taken);
            left -= taken as u64;
        }
        Ok(count - left)
    }

    fn in_place(&self, _: u64) -> Option<FileSlice> {
        None
    }
}
