//! One package's header: an index of tags and the store that the tags point into.
//!
//! `u32` number of tags, `u32` bytes of store, then 16 bytes a tag (tag, type, offset, count),
//! then the store; all big-endian. The first tag may mark a region, the part that was signed.
//! Tags behind the region were added at installation; where a tag stands twice, those count.
//!
//! Source: <https://rpm-software-management.github.io/rpm/manual/format_v4.html#header>.

use crate::byte_order::ByteOrder::Big;

/// Tags that matter here, by their numbers in `rpmtag.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Tag {
    SigMd5 = 261,
    Name = 1000,
    Version = 1001,
    Release = 1002,
    Epoch = 1003,
    Vendor = 1011,
    License = 1014,
    Packager = 1015,
    Arch = 1022,
    OldFileNames = 1027,
    FileModes = 1030,
    SourceRpm = 1044,
    ProvideName = 1047,
    RequireName = 1049,
    DirIndexes = 1116,
    BaseNames = 1117,
    DirNames = 1118,
    ModularityLabel = 5096,
}

impl Tag {
    const ALL: [Self; 18] = [
        Self::SigMd5,
        Self::Name,
        Self::Version,
        Self::Release,
        Self::Epoch,
        Self::Vendor,
        Self::License,
        Self::Packager,
        Self::Arch,
        Self::OldFileNames,
        Self::FileModes,
        Self::SourceRpm,
        Self::ProvideName,
        Self::RequireName,
        Self::DirIndexes,
        Self::BaseNames,
        Self::DirNames,
        Self::ModularityLabel,
    ];

    fn of(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|tag| *tag as u32 == number)
    }
}

const INT16: u32 = 3;
const INT32: u32 = 4;
const STRING: u32 = 6;
const BINARY: u32 = 7;
const STRING_ARRAY: u32 = 8;
const I18N_STRING: u32 = 9;

/// rpm itself refuses an index of more tags.
const MAX_TAGS: usize = 0xffff;

/// The longest header that is read: 64 MiB. Kernels and TeX distributions reach a few.
pub(super) const MAX_HEADER: usize = 64 << 20;

#[derive(Debug, Clone, Copy)]
struct Entry {
    tag: Tag,
    kind: u32,
    offset: usize,
    count: usize,
}

/// A parsed header that borrows its bytes.
#[derive(Debug)]
pub(super) struct Header<'b> {
    entries: Vec<Entry>,
    store: &'b [u8],
}

impl<'b> Header<'b> {
    /// Reads the index; what a tag points to is looked at when it is asked for.
    pub(super) fn parse(blob: &'b [u8]) -> Result<Self, &'static str> {
        let tags = Big.len32(blob, 0).ok_or("header is cut off")?;
        let length = Big.len32(blob, 4).ok_or("header is cut off")?;
        if tags > MAX_TAGS {
            return Err("header claims too many tags");
        }
        let start = 8 + tags * 16;
        let end = start.checked_add(length).ok_or("header claims too many bytes")?;
        let store = blob.get(start..end).ok_or("header is cut off")?;
        let index = blob.get(8..start).ok_or("header is cut off")?;
        let entries = index.chunks_exact(16).filter_map(entry).collect();
        Ok(Self { entries, store })
    }

    fn find(&self, tag: Tag, kinds: &[u32]) -> Option<(Entry, &'b [u8])> {
        let entry = *self.entries.iter().rfind(|e| e.tag == tag && kinds.contains(&e.kind))?;
        Some((entry, self.store.get(entry.offset..)?))
    }

    /// The text of a tag, of a list the first; empty text and `(none)` count as absent.
    pub(super) fn text(&self, tag: Tag) -> Option<String> {
        let (_, bytes) = self.find(tag, &[STRING, STRING_ARRAY, I18N_STRING])?;
        let text = String::from_utf8_lossy(until_nul(bytes)?.0);
        (!text.is_empty() && text != "(none)").then(|| text.into_owned())
    }

    /// The texts of a list tag, as far as the store reaches.
    pub(super) fn texts(&self, tag: Tag) -> impl Iterator<Item = &'b [u8]> + use<'b> {
        let found = self.find(tag, &[STRING, STRING_ARRAY, I18N_STRING]);
        let (count, mut rest) = found.map_or((0, &[][..]), |(entry, bytes)| (entry.count, bytes));
        (0..count).map_while(move |_| {
            let (text, behind) = until_nul(rest)?;
            rest = behind;
            Some(text)
        })
    }

    /// The numbers of a list tag, as far as the store reaches.
    pub(super) fn numbers(&self, tag: Tag) -> impl Iterator<Item = u32> + use<'b> {
        let found = self.find(tag, &[INT16, INT32]);
        let (kind, count, bytes) =
            found.map_or((INT32, 0, &[][..]), |(entry, bytes)| (entry.kind, entry.count, bytes));
        (0..count).map_while(move |at| match kind {
            INT16 => Big.u16(bytes, at.checked_mul(2)?).map(u32::from),
            _ => Big.u32(bytes, at.checked_mul(4)?),
        })
    }

    /// The bytes of a binary tag.
    pub(super) fn bytes(&self, tag: Tag) -> Option<&'b [u8]> {
        let (entry, bytes) = self.find(tag, &[BINARY])?;
        bytes.get(..entry.count)
    }
}

fn entry(bytes: &[u8]) -> Option<Entry> {
    Some(Entry {
        tag: Tag::of(Big.u32(bytes, 0)?)?,
        kind: Big.u32(bytes, 4)?,
        offset: Big.len32(bytes, 8)?,
        count: Big.len32(bytes, 12)?,
    })
}

fn until_nul(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|&byte| byte == 0)?;
    Some((bytes.get(..end)?, bytes.get(end + 1..)?))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A header with these tags, as rpm would store it.
    pub(in super::super) fn header(tags: &[(u32, u32, u32, &[u8])]) -> Vec<u8> {
        let mut index = Vec::new();
        let mut store: Vec<u8> = Vec::new();
        for (tag, kind, count, bytes) in tags {
            let offset = u32::try_from(store.len()).unwrap();
            index.extend([*tag, *kind, offset, *count].into_iter().flat_map(u32::to_be_bytes));
            store.extend(*bytes);
        }
        let counts = [tags.len(), store.len()].map(|n| u32::try_from(n).unwrap().to_be_bytes());
        [counts.concat(), index, store].concat()
    }

    #[test]
    fn a_tag_added_at_installation_wins_over_the_signed_one() {
        let blob = header(&[(1000, 6, 1, b"old\0"), (1000, 6, 1, b"new\0")]);
        assert_eq!(Header::parse(&blob).unwrap().text(Tag::Name).as_deref(), Some("new"));
    }

    #[test]
    fn lists_end_where_the_store_ends() {
        let blob = header(&[(1047, 8, 4_000_000_000, b"a\0b\0cut")]);
        let names = Header::parse(&blob).unwrap().texts(Tag::ProvideName);
        assert_eq!(names.collect::<Vec<_>>(), [b"a", b"b"]);
        let blob = header(&[(1003, 4, 4_000_000_000, &[0, 0, 0, 7, 0])]);
        let numbers = Header::parse(&blob).unwrap().numbers(Tag::Epoch);
        assert_eq!(numbers.collect::<Vec<_>>(), [7]);
    }

    #[test]
    fn counts_beyond_the_blob_are_refused() {
        let claim = |tags: u32, length: u32| {
            let blob = [tags.to_be_bytes(), length.to_be_bytes()].concat();
            Header::parse(&blob).unwrap_err()
        };
        assert_eq!(claim(u32::MAX, 0), "header claims too many tags");
        assert_eq!(claim(1, u32::MAX), "header is cut off");
        assert_eq!(Header::parse(&[0; 7]).unwrap_err(), "header is cut off");
    }

    proptest::proptest! {
        #[test]
        fn no_index_panics(entries in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let mut blob = vec![0, 0, 0, 3, 0, 0, 0, 60];
            blob.extend(entries);
            if let Ok(header) = Header::parse(&blob) {
                for tag in Tag::ALL {
                    header.text(tag);
                    header.bytes(tag);
                    let _ = header.texts(tag).count() + header.numbers(tag).count();
                }
            }
        }
    }
}
