//! The bytes of one file in a layer, as a cataloguer sees them.
//!
//! A layer in a seekable file gives random access for nothing; a compressed one is a stream, of
//! which a file is kept only once a cataloguer has asked for it. Both look alike from here.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// Random access to a file's content.
pub trait ReadAt: Send + Sync {
    /// Reads at `offset` into `buffer`; fewer bytes than asked for mean that the file ends there.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Size in bytes.
    fn size(&self) -> u64;
}

impl ReadAt for [u8] {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(self.len());
        let rest = self.get(start..).unwrap_or_default();
        let taken = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..taken), rest.get(..taken)) {
            to.copy_from_slice(from);
        }
        Ok(taken)
    }

    fn size(&self) -> u64 {
        self.len() as u64
    }
}

impl ReadAt for &[u8] {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        (**self).read_at(buffer, offset)
    }

    fn size(&self) -> u64 {
        self.len() as u64
    }
}

impl ReadAt for Vec<u8> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.as_slice().read_at(buffer, offset)
    }

    fn size(&self) -> u64 {
        self.len() as u64
    }
}

/// A part of a file.
#[derive(Debug, Clone)]
pub struct FileSlice {
    file: Arc<File>,
    offset: u64,
    len: u64,
}

impl FileSlice {
    /// `len` bytes of `file` from `offset` on.
    pub fn new(file: Arc<File>, offset: u64, len: u64) -> Self {
        Self { file, offset, len }
    }
}

impl ReadAt for FileSlice {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let left = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX);
        let wanted = left.min(buffer.len());
        let Some(buffer) = buffer.get_mut(..wanted) else { return Ok(0) };
        self.file.read_at(buffer, self.offset.saturating_add(offset))
    }

    fn size(&self) -> u64 {
        self.len
    }
}

/// A file whose stored bytes are only pieces of it; what lies between them reads as zeros.
pub struct Pieces<'a> {
    stored: &'a dyn ReadAt,
    size: u64,
    /// Offset in the file, length, offset in what is stored; in order.
    places: Vec<(u64, u64, u64)>,
}

impl<'a> Pieces<'a> {
    /// A file of `size` bytes, of which `stored` has the `pieces` (offset and length, in order and
    /// without overlap) one after the other.
    pub fn new(stored: &'a dyn ReadAt, size: u64, pieces: &[(u64, u64)]) -> Self {
        let mut at = 0_u64;
        let place = |&(offset, len): &(u64, u64)| {
            let place = (offset, len, at);
            at = at.saturating_add(len);
            place
        };
        Self { stored, size, places: pieces.iter().map(place).collect() }
    }
}

impl ReadAt for Pieces<'_> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let left = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let wanted = left.min(buffer.len());
        let next =
            self.places.partition_point(|(start, len, _)| start.saturating_add(*len) <= offset);
        let (start, len, at) = self.places.get(next).copied().unwrap_or((self.size, 0, 0));
        if offset < start {
            let hole = usize::try_from(start - offset).unwrap_or(usize::MAX).min(wanted);
            buffer.get_mut(..hole).unwrap_or_default().fill(0);
            return Ok(hole);
        }
        let inside = offset - start;
        let rest = usize::try_from(len.saturating_sub(inside)).unwrap_or(usize::MAX).min(wanted);
        let Some(buffer) = buffer.get_mut(..rest) else { return Ok(0) };
        self.stored.read_at(buffer, at.saturating_add(inside))
    }

    fn size(&self) -> u64 {
        self.size
    }
}

/// Reads exactly `len` bytes at `offset`, or fails with `UnexpectedEof`.
pub fn read_exact_at(content: &dyn ReadAt, offset: u64, len: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; len];
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match content.read_at(rest, offset.saturating_add(filled as u64)) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_read_as_the_whole_file_with_zeros_between() {
        let stored = b"abcdef".to_vec();
        let file = Pieces::new(&stored, 12, &[(1, 2), (3, 1), (7, 3)]);
        let whole = read_exact_at(&file, 0, 12).unwrap();
        assert_eq!(whole, b"\0abc\0\0\0def\0\0");
        for start in 0..12 {
            let tail = read_exact_at(&file, start, 12 - usize::try_from(start).unwrap()).unwrap();
            assert_eq!(tail, whole[usize::try_from(start).unwrap()..]);
        }
        assert!(read_exact_at(&file, 5, 8).is_err());
    }

    #[test]
    fn a_stored_part_that_is_cut_off_is_an_error_and_no_endless_loop() {
        let stored = b"ab".to_vec();
        let file = Pieces::new(&stored, 10, &[(0, 5)]);
        assert!(read_exact_at(&file, 0, 10).is_err());
    }
}
