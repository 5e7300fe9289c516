//! ZIP archives (jar, war, wheel) read through their central directory.
//!
//! The directory is read once and borrowed, never turned into a map: an application server has
//! hundreds of archives with thousands of members each, of which a handful are looked at. A
//! member that is stored, not deflated, is read where it lies. Bytes before the archive (the
//! script of an executable jar) move all offsets and are allowed.
//!
//! Source: <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>.

use std::borrow::Cow;
use std::io::{self, Read};
use std::ops::Range;

use flate2::Crc;
use flate2::read::DeflateDecoder;

use crate::content::{ReadAt, read_exact_at};

/// Largest central directory that is read, in bytes: about 400,000 members.
const MAX_DIRECTORY: u64 = 32 << 20;
/// Inflated bytes for one packed byte above which a member counts as a bomb. Small members are
/// let off, because repetitive text packs well.
const MAX_RATIO: u64 = 200;
const SMALL: u64 = 1 << 20;

const END: [u8; 4] = *b"PK\x05\x06";
const END_LEN: usize = 22;
const END64: [u8; 4] = *b"PK\x06\x06";
const END64_LEN: usize = 56;
const LOCATOR64: [u8; 4] = *b"PK\x06\x07";
const LOCATOR64_LEN: u64 = 20;
const ENTRY: [u8; 4] = *b"PK\x01\x02";
const ENTRY_LEN: usize = 46;
const LOCAL: [u8; 4] = *b"PK\x03\x04";
const LOCAL_LEN: usize = 30;

/// Why an archive or a member cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ZipError {
    /// Nothing in the file says that it is an archive.
    #[error("no end of a ZIP directory")]
    NotZip,
    /// A structure that contradicts itself or lies outside of the file.
    #[error("damaged ZIP archive: {0}")]
    Damaged(&'static str),
    /// A bound of this reader.
    #[error("{0}")]
    Limit(&'static str),
    /// Encryption or a rare compression.
    #[error("member is {0}")]
    Unsupported(&'static str),
    /// The file itself could not be read.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// An archive whose directory has been read.
pub(crate) struct Zip<'c> {
    content: &'c dyn ReadAt,
    directory: Vec<u8>,
    /// How far all offsets are moved by what precedes the archive.
    shift: u64,
    /// Where the directory is in the file.
    directory_at: u64,
}

/// One file in an archive.
#[derive(Debug, Clone)]
pub(crate) struct Member<'z> {
    /// Path as stored, bytes that are no UTF-8 replaced.
    pub(crate) name: Cow<'z, str>,
    /// Bytes that it has once inflated, as stated.
    pub(crate) size: u64,
    packed: u64,
    method: u16,
    encrypted: bool,
    crc: u32,
    header: u64,
}

impl<'c> Zip<'c> {
    /// Reads the directory of the archive in `content`.
    pub(crate) fn open(content: &'c dyn ReadAt) -> Result<Self, ZipError> {
        let size = content.size();
        let tail_len = size.min(END_LEN as u64 + u64::from(u16::MAX));
        let tail_at = size - tail_len;
        let tail = read_exact_at(content, tail_at, usize::try_from(tail_len).unwrap_or(0))?;
        let at = tail.windows(END.len()).rposition(|w| w == END).ok_or(ZipError::NotZip)?;
        let end = tail.get(at..).filter(|end| end.len() >= END_LEN).ok_or(ZipError::NotZip)?;
        let mut end_at = tail_at.saturating_add(at as u64);
        let mut len = u64::from(le32(end, 12));
        let mut start = u64::from(le32(end, 16));
        if (len == u64::from(u32::MAX) || start == u64::from(u32::MAX) || le16(end, 10) == u16::MAX)
            && let Some((at64, end64)) = end64(content, end_at)?
        {
            (end_at, len, start) = (at64, le64(&end64, 40), le64(&end64, 48));
        }
        if len > MAX_DIRECTORY {
            return Err(ZipError::Limit("the directory of the archive is larger than 32 MiB"));
        }
        // It ends where the end record begins, unless something (a signature) lies between.
        let outside = ZipError::Damaged("directory lies outside of the file");
        let real = end_at.checked_sub(len).ok_or(outside)?;
        let directory = read_exact_at(content, real, usize::try_from(len).unwrap_or(0))?;
        if directory.is_empty() || directory.starts_with(&ENTRY) {
            let shift = real.checked_sub(start);
            let shift = shift.ok_or(ZipError::Damaged("offsets point behind their target"))?;
            return Ok(Self { content, directory, shift, directory_at: real });
        }
        let directory = read_exact_at(content, start, usize::try_from(len).unwrap_or(0))?;
        if !directory.starts_with(&ENTRY) {
            return Err(ZipError::Damaged("no directory where it should be"));
        }
        Ok(Self { content, directory, shift: 0, directory_at: start })
    }

    /// All members in the order of the directory; the first damaged one is the last.
    pub(crate) fn members(&self) -> Members<'_> {
        Members { rest: &self.directory }
    }

    /// The bytes that hold times of members, in no order: in the directory and before each member,
    /// and in the extra fields of either.
    pub(crate) fn times(&self) -> Result<Vec<Range<u64>>, ZipError> {
        let mut times = Vec::new();
        let mut at = 0_usize;
        while let Some(row) = self.directory.get(at..).filter(|row| row.starts_with(&ENTRY)) {
            let (name, extra, comment) = (le16(row, 28), le16(row, 30), le16(row, 32));
            let place = self.directory_at.saturating_add(at as u64);
            times.push(place + 12..place + 16);
            let behind = ENTRY_LEN + usize::from(name);
            let fields = row.get(behind..).unwrap_or_default();
            extra_times(fields, usize::from(extra), place + behind as u64, &mut times);
            let local = self.shift.saturating_add(u64::from(le32(row, 42)));
            let header = read_exact_at(self.content, local, LOCAL_LEN)?;
            if header.starts_with(&LOCAL) {
                times.push(local + 10..local + 14);
                let len = usize::from(le16(&header, 28));
                let place = local + LOCAL_LEN as u64 + u64::from(le16(&header, 26));
                extra_times(&read_exact_at(self.content, place, len)?, len, place, &mut times);
            }
            at = at.saturating_add(behind + usize::from(extra) + usize::from(comment));
        }
        Ok(times)
    }

    /// The whole member, refused above `limit` bytes.
    pub(crate) fn read(&self, member: &Member<'_>, limit: u64) -> Result<Vec<u8>, ZipError> {
        let mut bytes = Vec::new();
        self.read_to(member, limit, &mut bytes)?;
        Ok(bytes)
    }

    /// Writes the whole member to `out`, refused above `limit` bytes; gives their number.
    pub(crate) fn read_to(
        &self,
        member: &Member<'_>,
        limit: u64,
        out: &mut dyn io::Write,
    ) -> Result<u64, ZipError> {
        let packed = Slice { inner: self.content, start: self.start(member)?, len: member.packed };
        let mut packed = Cursor { content: &packed, at: 0 };
        let mut source: Box<dyn Read + '_> = match member.method {
            0 => Box::new(packed),
            8 => Box::new(DeflateDecoder::new(io::BufReader::with_capacity(1 << 15, &mut packed))),
            _ => return Err(ZipError::Unsupported("compressed in an unusual way")),
        };
        let by_ratio = member.packed.saturating_mul(MAX_RATIO).max(SMALL);
        let (mut crc, mut total) = (Crc::new(), 0_u64);
        let mut buffer = vec![0; 1 << 15];
        loop {
            let read = match source.read(&mut buffer) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            let Some(part) = buffer.get(..read).filter(|part| !part.is_empty()) else { break };
            total = total.saturating_add(part.len() as u64);
            if total > limit {
                return Err(ZipError::Limit(
                    "the member is larger than what is read of such a one",
                ));
            }
            if total > by_ratio {
                return Err(ZipError::Limit("the member inflates more than 200:1"));
            }
            crc.update(part);
            out.write_all(part)?;
        }
        if crc.sum() != member.crc {
            return Err(ZipError::Damaged("checksum of a member does not match"));
        }
        Ok(total)
    }

    /// A member that is stored as it is, where it lies.
    pub(crate) fn in_place(&self, member: &Member<'_>) -> Result<Option<Slice<'c>>, ZipError> {
        if member.method != 0 || member.encrypted {
            return Ok(None);
        }
        let start = self.start(member)?;
        Ok(Some(Slice { inner: self.content, start, len: member.packed }))
    }

    /// Where the bytes of a member begin.
    fn start(&self, member: &Member<'_>) -> Result<u64, ZipError> {
        if member.encrypted {
            return Err(ZipError::Unsupported("encrypted"));
        }
        let at = member.header.checked_add(self.shift);
        let at = at.ok_or(ZipError::Damaged("a member lies outside of the file"))?;
        let header = read_exact_at(self.content, at, LOCAL_LEN)?;
        if !header.starts_with(&LOCAL) {
            return Err(ZipError::Damaged("no member where the directory says"));
        }
        let names = u64::from(le16(&header, 26)) + u64::from(le16(&header, 28));
        let start = at.saturating_add(LOCAL_LEN as u64).saturating_add(names);
        if start.saturating_add(member.packed) > self.content.size() {
            return Err(ZipError::Damaged("a member lies outside of the file"));
        }
        Ok(start)
    }
}

/// The end record of large archives, and where it lies.
fn end64(content: &dyn ReadAt, end_at: u64) -> Result<Option<(u64, Vec<u8>)>, ZipError> {
    let Some(locator_at) = end_at.checked_sub(LOCATOR64_LEN) else { return Ok(None) };
    let locator = read_exact_at(content, locator_at, 20)?;
    if !locator.starts_with(&LOCATOR64) {
        return Ok(None);
    }
    // Bytes before the archive move it from where it is said to be to just before the locator.
    let places = [Some(le64(&locator, 8)), locator_at.checked_sub(END64_LEN as u64)];
    for at in places.into_iter().flatten() {
        if at.saturating_add(END64_LEN as u64) <= content.size() {
            let end = read_exact_at(content, at, END64_LEN)?;
            if end.starts_with(&END64) {
                return Ok(Some((at, end)));
            }
        }
    }
    Err(ZipError::Damaged("no 64-bit end record where it should be"))
}

/// Iterator of [`Zip::members`].
pub(crate) struct Members<'z> {
    rest: &'z [u8],
}

impl<'z> Iterator for Members<'z> {
    type Item = Result<Member<'z>, ZipError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let member = self.take();
        if member.is_none() {
            self.rest = &[];
        }
        Some(member.ok_or(ZipError::Damaged("directory entry")))
    }
}

impl<'z> Members<'z> {
    fn take(&mut self) -> Option<Member<'z>> {
        let (head, rest) = self.rest.split_at_checked(ENTRY_LEN)?;
        if !head.starts_with(&ENTRY) {
            return None;
        }
        let (name, rest) = rest.split_at_checked(le16(head, 28).into())?;
        let (extra, rest) = rest.split_at_checked(le16(head, 30).into())?;
        let (_comment, rest) = rest.split_at_checked(le16(head, 32).into())?;
        self.rest = rest;
        let mut member = Member {
            name: String::from_utf8_lossy(name),
            size: le32(head, 24).into(),
            packed: le32(head, 20).into(),
            method: le16(head, 10),
            encrypted: le16(head, 8) & 1 != 0,
            crc: le32(head, 16),
            header: le32(head, 42).into(),
        };
        member.widen(extra);
        Some(member)
    }
}

impl Member<'_> {
    /// Values too large for their fields stand in extra field 1, in a fixed order.
    fn widen(&mut self, mut extra: &[u8]) {
        while let Some((head, rest)) = extra.split_at_checked(4) {
            let Some((mut field, rest)) = rest.split_at_checked(le16(head, 2).into()) else {
                return;
            };
            if le16(head, 0) == 1 {
                for value in [&mut self.size, &mut self.packed, &mut self.header] {
                    if *value == u64::from(u32::MAX)
                        && let Some((wide, rest)) = field.split_at_checked(8)
                    {
                        *value = le64(wide, 0);
                        field = rest;
                    }
                }
            }
            extra = rest;
        }
    }
}

/// A part of a file, as a file.
pub(crate) struct Slice<'c> {
    inner: &'c dyn ReadAt,
    start: u64,
    len: u64,
}

impl ReadAt for Slice<'_> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let left = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX);
        let len = left.min(buffer.len());
        let buffer = buffer.get_mut(..len).unwrap_or_default();
        self.inner.read_at(buffer, self.start.saturating_add(offset))
    }

    fn size(&self) -> u64 {
        self.len
    }
}

struct Cursor<'s> {
    content: &'s Slice<'s>,
    at: u64,
}

impl Read for Cursor<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.content.read_at(buffer, self.at)?;
        self.at = self.at.saturating_add(read as u64);
        Ok(read)
    }
}

/// Extra fields that hold times: NTFS's, Unix's, and the extended timestamp.
const TIMES: [u16; 4] = [0x000a, 0x000d, 0x5455, 0x5855];

/// The contents of extra fields with times; the fields begin at `at` in the file.
fn extra_times(fields: &[u8], len: usize, at: u64, times: &mut Vec<Range<u64>>) {
    let fields = fields.get(..len).unwrap_or(fields);
    let mut next = 0;
    while let Some(field) = fields.get(next..).filter(|field| field.len() >= 4) {
        let end = next + 4 + usize::from(le16(field, 2));
        if TIMES.contains(&le16(field, 0)) {
            times.push(at + next as u64 + 4..at + end as u64);
        }
        next = end;
    }
}

fn le16(bytes: &[u8], at: usize) -> u16 {
    field(bytes, at).map_or(0, u16::from_le_bytes)
}

fn le32(bytes: &[u8], at: usize) -> u32 {
    field(bytes, at).map_or(0, u32::from_le_bytes)
}

fn le64(bytes: &[u8], at: usize) -> u64 {
    field(bytes, at).map_or(0, u64::from_le_bytes)
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.get(..N)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::write::SimpleFileOptions;
    use zip::{CompressionMethod, ZipWriter};

    use super::*;

    fn archive(members: &[(&str, &[u8], CompressionMethod)]) -> Vec<u8> {
        let mut writer = ZipWriter::new(io::Cursor::new(Vec::new()));
        for (name, bytes, method) in members {
            let options = SimpleFileOptions::default().compression_method(*method);
            writer.start_file(*name, options).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn all(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, ZipError> {
        let zip = Zip::open(&bytes)?;
        let mut all = Vec::new();
        for member in zip.members() {
            let member = member?;
            all.push((member.name.to_string(), zip.read(&member, 1 << 20)?));
        }
        Ok(all)
    }

    #[test]
    fn stored_and_deflated_members_are_read_and_bytes_in_front_do_not_matter() {
        let text = b"hello ".repeat(100);
        let bytes = archive(&[
            ("a.txt", b"plain", CompressionMethod::Stored),
            ("b/c.txt", &text, CompressionMethod::Deflated),
        ]);
        let expected = vec![("a.txt".to_owned(), b"plain".to_vec()), ("b/c.txt".to_owned(), text)];
        assert_eq!(all(&bytes).unwrap(), expected);
        let script = [b"#!/bin/sh\nexec java -jar \"$0\"\n".to_vec(), bytes].concat();
        assert_eq!(all(&script).unwrap(), expected);
    }

    #[test]
    fn an_archive_without_members_and_a_file_that_is_none_differ() {
        assert!(all(&archive(&[])).unwrap().is_empty());
        assert!(matches!(all(b"Rar!"), Err(ZipError::NotZip)));
        assert!(matches!(all(b""), Err(ZipError::NotZip)));
    }

    #[test]
    fn large_files_have_wide_fields() {
        let mut writer = ZipWriter::new(io::Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().large_file(true);
        writer.start_file("wide", options).unwrap();
        writer.write_all(b"content").unwrap();
        let bytes = writer.finish().unwrap().into_inner();
        assert_eq!(all(&bytes).unwrap(), [("wide".to_owned(), b"content".to_vec())]);
    }

    #[test]
    fn bombs_and_damage_are_refused() {
        let zeros = vec![0; 4 << 20];
        let bomb = archive(&[("zeros", &zeros, CompressionMethod::Deflated)]);
        let zip = Zip::open(&bomb).unwrap();
        let member = zip.members().next().unwrap().unwrap();
        assert!(matches!(zip.read(&member, 1 << 30), Err(ZipError::Limit(_))));
        assert!(matches!(zip.read(&member, 1 << 10), Err(ZipError::Limit(_))));

        let mut wrong = archive(&[("a", b"plain", CompressionMethod::Stored)]);
        let at = wrong.windows(5).position(|w| w == b"plain").unwrap();
        wrong[at] = b'P';
        assert!(matches!(all(&wrong), Err(ZipError::Damaged(_))));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = all(&[b"PK\x03\x04".to_vec(), bytes, END.to_vec(), vec![0; 18]].concat());
        }

        #[test]
        fn no_changed_byte_panics(at in 0..400_usize, value in proptest::num::u8::ANY) {
            let mut bytes = archive(&[
                ("a.txt", b"plain", CompressionMethod::Stored),
                ("b.txt", &[7; 300], CompressionMethod::Deflated),
            ]);
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
            let _ = all(&bytes);
        }
    }
}
