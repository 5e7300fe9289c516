//! The file: a header, then sections, nothing between them.
//!
//! ```text
//! 0   8   "PLIMSADV"
//! 8   4   schema version
//! 12  4   number of sections
//! 16  8   length of the file
//! 24  8   when it was compiled, seconds since 1970
//! 32  24n per section: offset, length, xxh3 of its bytes
//! …   8   xxh3 of the header so far
//! ```
//! All numbers are little-endian. Opening checks the header; the sections' own sums are checked
//! by [`Layout::verify`], because reading every byte takes longer than a scan may.

use std::ops::Range;

use xxhash_rust::xxh3::xxh3_64;

use super::DatabaseError;
use super::encoding::Reader;

pub(super) const MAGIC: &[u8; 8] = b"PLIMSADV";
/// Raised with every change of the layout: a database of another version is compiled anew.
pub(super) const SCHEMA: u32 = 1;
const FIXED: usize = 32;
const PER_SECTION: usize = 24;
const SUM: usize = 8;

/// What a section holds, in the order of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// Feeds and their figures, as JSON.
    Feeds,
    /// References to the names of ecosystems.
    Ecosystems,
    Strings,
    /// Table from package to its list of entries.
    Packages,
    Entries,
    /// Offsets into `Heads`, 4 bytes an advisory.
    HeadOffsets,
    /// What matching needs of an advisory.
    Heads,
    /// Table from id or alias to advisory.
    Ids,
    /// Offset, length and inflated length of each block.
    BlockOffsets,
    /// Whole records, compressed.
    Blocks,
    Kev,
    Epss,
    EndOfLife,
}

impl Section {
    pub(super) const ALL: [Self; 13] = [
        Self::Feeds,
        Self::Ecosystems,
        Self::Strings,
        Self::Packages,
        Self::Entries,
        Self::HeadOffsets,
        Self::Heads,
        Self::Ids,
        Self::BlockOffsets,
        Self::Blocks,
        Self::Kev,
        Self::Epss,
        Self::EndOfLife,
    ];
}

/// Where the sections are.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) compiled: i64,
    places: [(Range<usize>, u64); Section::ALL.len()],
}

impl Layout {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, DatabaseError> {
        let damaged = |what| DatabaseError::Damaged { what };
        let mut reader = Reader::new(bytes);
        if reader.take(8) != Some(MAGIC) {
            return Err(DatabaseError::NotADatabase);
        }
        let version = reader.u32().ok_or(damaged("header is cut off"))?;
        if version != SCHEMA {
            return Err(DatabaseError::Version { found: version, expected: SCHEMA });
        }
        let mut fields =
            || -> Option<(u32, u64, u64)> { Some((reader.u32()?, reader.u64()?, reader.u64()?)) };
        let (count, length, compiled) = fields().ok_or(damaged("header is cut off"))?;
        if usize::try_from(count) != Ok(Section::ALL.len()) {
            return Err(damaged("number of sections"));
        }
        let actual = bytes.len() as u64;
        if length != actual {
            return Err(DatabaseError::Length { found: actual, expected: length });
        }
        let header = FIXED + PER_SECTION * Section::ALL.len();
        let sum = Reader::at(bytes, header as u64).and_then(|mut r| r.u64());
        if sum.is_none() || sum != bytes.get(..header).map(xxh3_64) {
            return Err(damaged("checksum of the header"));
        }
        let mut places = std::array::from_fn(|_| (0..0, 0));
        for place in &mut places {
            let mut row = || -> Option<(Range<usize>, u64)> {
                let start = usize::try_from(reader.u64()?).ok()?;
                let end = start.checked_add(usize::try_from(reader.u64()?).ok()?)?;
                bytes.get(start..end)?;
                Some((start..end, reader.u64()?))
            };
            *place = row().ok_or(damaged("place of a section"))?;
        }
        Ok(Self { compiled: i64::from_le_bytes(compiled.to_le_bytes()), places })
    }

    /// The bytes of a section.
    pub(super) fn section<'d>(&self, bytes: &'d [u8], section: Section) -> &'d [u8] {
        let place = self.places.get(section as usize);
        place.and_then(|(range, _)| bytes.get(range.clone())).unwrap_or_default()
    }

    /// One sum of the sums of all sections but one, as the header has them.
    pub(super) fn sum_of_sums(&self, without: Section) -> u64 {
        let mut bytes = Vec::with_capacity(self.places.len() * 16);
        for (section, (range, sum)) in Section::ALL.iter().zip(&self.places) {
            if *section != without {
                bytes.extend_from_slice(&(range.len() as u64).to_le_bytes());
                bytes.extend_from_slice(&sum.to_le_bytes());
            }
        }
        xxh3_64(&bytes)
    }

    /// Compares every section with its checksum.
    pub(super) fn verify(&self, bytes: &[u8]) -> Result<(), DatabaseError> {
        let whole = |(range, sum): &(Range<usize>, u64)| {
            bytes.get(range.clone()).is_some_and(|section| xxh3_64(section) == *sum)
        };
        if self.places.iter().all(whole) {
            Ok(())
        } else {
            Err(DatabaseError::Damaged { what: "checksum of a section" })
        }
    }

    /// Puts a header before the sections, which are in the order of [`Section::ALL`].
    pub(super) fn write(compiled: i64, sections: &[Vec<u8>; Section::ALL.len()]) -> Vec<u8> {
        let header = FIXED + PER_SECTION * sections.len();
        let length = header + SUM + sections.iter().map(Vec::len).sum::<usize>();
        let mut out = Vec::with_capacity(length);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&SCHEMA.to_le_bytes());
        out.extend_from_slice(&[u8::try_from(sections.len()).unwrap_or(0), 0, 0, 0]);
        out.extend_from_slice(&(length as u64).to_le_bytes());
        out.extend_from_slice(&compiled.to_le_bytes());
        let mut offset = (header + SUM) as u64;
        for section in sections {
            out.extend_from_slice(&offset.to_le_bytes());
            out.extend_from_slice(&(section.len() as u64).to_le_bytes());
            out.extend_from_slice(&xxh3_64(section).to_le_bytes());
            offset += section.len() as u64;
        }
        let sum = xxh3_64(&out);
        out.extend_from_slice(&sum.to_le_bytes());
        for section in sections {
            out.extend_from_slice(section);
        }
        out
    }
}
