//! Sparse members: files whose holes are not stored.
//!
//! GNU tar writes them in four ways: a map in the header and in blocks after it (old GNU), a map
//! in PAX records (0.0: a record for each number; 0.1: one for all), or a map in front of the
//! content (1.0).
//!
//! Source: <https://www.gnu.org/software/tar/manual/html_node/Sparse-Formats.html>.

use super::header::{BLOCK_BYTES, number};

/// Pieces of one file: 1,000,000. The holes of real files number some hundreds.
const MAX_PIECES: usize = 1_000_000;

/// Where the stored bytes of a sparse file belong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SparseMap {
    /// Size of the file with its holes, in bytes.
    pub size: u64,
    /// Offset in the file and length of each piece, in the order of the stored bytes.
    pub pieces: Vec<(u64, u64)>,
    /// The map stands in front of the content and is still to be read.
    pub is_in_content: bool,
    /// A part of the map could not be understood.
    pub is_damaged: bool,
}

impl SparseMap {
    /// Whether the pieces follow each other without overlap and lie in the file.
    pub fn is_sound(&self) -> bool {
        let mut end = 0;
        !self.is_damaged
            && self.pieces.iter().all(|&(offset, len)| {
                let begins = offset >= end;
                end = offset.saturating_add(len);
                begins && end <= self.size
            })
    }

    pub(super) fn push(&mut self, offset: u64, len: u64) {
        // An empty piece only marks the file's end.
        if len > 0 {
            self.is_damaged |= self.pieces.len() == MAX_PIECES;
            if !self.is_damaged {
                self.pieces.push((offset, len));
            }
        }
    }

    /// Takes in pairs of 12-byte numbers of the old GNU form, up to the first empty one.
    pub(super) fn read_old(&mut self, pairs: &[u8]) {
        for pair in pairs.chunks_exact(24) {
            let (offset, len) = pair.split_at(12);
            if offset.first().is_none_or(|&byte| byte == 0) {
                return;
            }
            match (number(offset), number(len)) {
                (Some(offset), Some(len)) => self.push(offset, len),
                _ => self.is_damaged = true,
            }
        }
    }
}

/// The map in front of a 1.0 member's content: decimal numbers, a line each; the first is the
/// number of pairs. Whole blocks go in until it is complete.
#[derive(Debug, Default)]
pub(super) struct MapReader {
    number: Option<u64>,
    pairs: Option<u64>,
    offset: Option<u64>,
}

impl MapReader {
    /// Takes in a block; whether the map is complete with it, `None` where it is malformed.
    pub(super) fn block(&mut self, block: &[u8; BLOCK_BYTES], map: &mut SparseMap) -> Option<bool> {
        for &byte in block {
            match byte {
                b'0'..=b'9' => {
                    let sum = self.number.unwrap_or(0).checked_mul(10)?;
                    self.number = Some(sum.checked_add(u64::from(byte - b'0'))?);
                }
                b'\n' => {
                    let number = self.number.take()?;
                    match (self.pairs, self.offset.take()) {
                        (None, _) => self.pairs = Some(number),
                        (Some(_), None) => self.offset = Some(number),
                        (Some(left), Some(offset)) => {
                            map.push(offset, number);
                            self.pairs = Some(left.checked_sub(1)?);
                        }
                    }
                    if self.pairs == Some(0) {
                        return Some(true);
                    }
                }
                _ => return None,
            }
        }
        Some(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_in_front_of_the_content_may_span_blocks() {
        let text = format!("2\n0\n{}5\n1024\n7\n", "0".repeat(600));
        let mut bytes = text.into_bytes();
        bytes.resize(1024, 0);
        let (mut reader, mut map) = (MapReader::default(), SparseMap::default());
        let mut blocks = bytes.chunks_exact(512).map(|block| block.try_into().unwrap());
        assert_eq!(reader.block(&blocks.next().unwrap(), &mut map), Some(false));
        assert_eq!(reader.block(&blocks.next().unwrap(), &mut map), Some(true));
        assert_eq!(map.pieces, [(0, 5), (1024, 7)]);
    }

    #[test]
    fn pieces_that_overlap_or_lie_outside_are_no_sound_map() {
        let map = |pieces: &[(u64, u64)]| SparseMap {
            size: 100,
            pieces: pieces.to_vec(),
            ..SparseMap::default()
        };
        assert!(map(&[(0, 10), (10, 5), (90, 10)]).is_sound());
        assert!(!map(&[(0, 10), (9, 5)]).is_sound());
        assert!(!map(&[(95, 6)]).is_sound());
        assert!(!map(&[(u64::MAX, u64::MAX)]).is_sound());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 512)) {
            let block: [u8; 512] = bytes.as_slice().try_into().unwrap();
            let mut map = SparseMap::default();
            MapReader::default().block(&block, &mut map);
            map.read_old(&block);
            map.is_sound();
        }
    }
}
