//! The 512-byte header of a tar member.

use super::sparse::SparseMap;

/// Size of a header and the unit of all content.
pub(super) const BLOCK: u64 = 512;

/// The same as a length in memory.
pub(super) const BLOCK_BYTES: usize = 512;

/// What a member is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file, contiguous ones included.
    #[default]
    File,
    /// Another name of a file earlier in the archive.
    HardLink,
    /// A symbolic link.
    Symlink,
    /// A folder.
    Folder,
    /// A device node, named pipe or anything else without content.
    Special,
    /// PAX records for the next member.
    PaxLocal,
    /// PAX records for all that follow.
    PaxGlobal,
    /// GNU: the next member's name.
    GnuLongName,
    /// GNU: the next member's link target.
    GnuLongLink,
    /// GNU: a sparse file in the old format.
    GnuSparse,
}

pub(super) struct Header([u8; BLOCK_BYTES]);

impl Header {
    #[allow(clippy::large_types_passed_by_value, reason = "moved once, into the header")]
    pub(super) fn new(block: [u8; BLOCK_BYTES]) -> Self {
        Self(block)
    }

    fn field(&self, start: usize, len: usize) -> &[u8] {
        self.0.get(start..start + len).unwrap_or_default()
    }

    /// The sum of all bytes with the checksum's own field as spaces; historic programs summed
    /// signed bytes, so both hold.
    pub(super) fn checksum_holds(&self) -> bool {
        let own = self.field(148, 8);
        let Some(stated) = number(own) else { return false };
        let sum = |bytes: &[u8]| bytes.iter().map(|&byte| u64::from(byte)).sum::<u64>();
        let spaces = 8 * u64::from(b' ');
        let unsigned = (sum(&self.0) + spaces).saturating_sub(sum(own));
        if stated == unsigned {
            return true;
        }
        let high = |bytes: &[u8]| bytes.iter().map(|byte| u64::from(byte >> 7)).sum::<u64>();
        let negative = high(&self.0).saturating_sub(high(own)) * 256;
        unsigned.checked_sub(negative) == Some(stated)
    }

    pub(super) fn size(&self) -> Option<u64> {
        number(self.field(124, 12))
    }

    pub(super) fn mode(&self) -> Option<u32> {
        // Some programs write file-type bits too, or nothing.
        number(self.field(100, 8)).and_then(|mode| u32::try_from(mode & 0o7777).ok())
    }

    pub(super) fn uid(&self) -> Option<u64> {
        number(self.field(108, 8))
    }

    pub(super) fn gid(&self) -> Option<u64> {
        number(self.field(116, 8))
    }

    /// Seconds since 1970, which may be negative in base 256.
    pub(super) fn mtime(&self) -> Option<i64> {
        let field = self.field(136, 12);
        if field.first() == Some(&0xff) {
            let low = field.get(4..).and_then(|low| low.try_into().ok()).map(i64::from_be_bytes);
            return low.filter(|seconds| *seconds < 0);
        }
        number(field).and_then(|seconds| i64::try_from(seconds).ok())
    }

    /// Major and minor number; only devices have any.
    pub(super) fn device(&self) -> (u64, u64) {
        if !matches!(self.0.get(156), Some(b'3' | b'4')) {
            return (0, 0);
        }
        let part = |at| number(self.field(at, 8)).unwrap_or(0);
        (part(329), part(337))
    }

    pub(super) fn user(&self) -> String {
        text(self.field(265, 32)).into_owned()
    }

    pub(super) fn group(&self) -> String {
        text(self.field(297, 32)).into_owned()
    }

    pub(super) fn kind(&self) -> EntryKind {
        match self.0.get(156) {
            Some(0 | b'0' | b'7') if self.names_a_folder() => EntryKind::Folder,
            Some(0 | b'0' | b'7') => EntryKind::File,
            Some(b'1') => EntryKind::HardLink,
            Some(b'2') => EntryKind::Symlink,
            Some(b'5') => EntryKind::Folder,
            Some(b'x') => EntryKind::PaxLocal,
            Some(b'g') => EntryKind::PaxGlobal,
            Some(b'L') => EntryKind::GnuLongName,
            Some(b'K') => EntryKind::GnuLongLink,
            Some(b'S') => EntryKind::GnuSparse,
            _ => EntryKind::Special,
        }
    }

    pub(super) fn is_ustar(&self) -> bool {
        self.field(257, 5) == b"ustar"
    }

    /// The map of an old GNU sparse file, as far as the header has it, and whether it goes on.
    pub(super) fn sparse_map(&self) -> (SparseMap, bool) {
        let size = number(self.field(483, 12));
        let mut map = SparseMap { size: size.unwrap_or(0), ..SparseMap::default() };
        map.is_damaged = size.is_none();
        map.read_old(self.field(386, 96));
        (map, self.0.get(482).is_some_and(|&more| more != 0))
    }

    /// Appends the path to `out`.
    pub(super) fn path(&self, out: &mut String) {
        // GNU writes `ustar  ` and keeps other things where POSIX has the prefix.
        if self.field(257, 6) == b"ustar\0" {
            let prefix = text(self.field(345, 155));
            if !prefix.is_empty() {
                out.push_str(&prefix);
                out.push('/');
            }
        }
        out.push_str(&text(self.field(0, 100)));
    }

    /// Appends the target of a link to `out`.
    pub(super) fn link(&self, out: &mut String) {
        out.push_str(&text(self.field(157, 100)));
    }

    /// Before POSIX a folder was a file whose name ends with a slash.
    fn names_a_folder(&self) -> bool {
        let name = self.field(0, 100);
        let end = name.iter().position(|&byte| byte == 0);
        end.is_some_and(|end| name.get(..end).is_some_and(|name| name.ends_with(b"/")))
    }
}

fn text(field: &[u8]) -> std::borrow::Cow<'_, str> {
    let end = field.iter().position(|&byte| byte == 0).unwrap_or(field.len());
    String::from_utf8_lossy(field.get(..end).unwrap_or_default())
}

/// Octal digits between spaces and zeros, or base 256 behind a set high bit.
pub(super) fn number(field: &[u8]) -> Option<u64> {
    if let [first, rest @ ..] = field
        && first & 0x80 != 0
    {
        // Negative numbers (first byte 0xff) make no sense for sizes and modes.
        if *first != 0x80 {
            return None;
        }
        return rest
            .iter()
            .try_fold(0_u64, |sum, &byte| sum.checked_mul(256)?.checked_add(u64::from(byte)));
    }
    let blank = |byte: &u8| *byte == b' ' || *byte == 0;
    let start = field.iter().position(|byte| !blank(byte)).unwrap_or(field.len());
    let digits = field.get(start..)?;
    let end = digits.iter().position(blank).unwrap_or(digits.len());
    digits.get(..end)?.iter().try_fold(0_u64, |sum, &byte| {
        (b'0'..=b'7').contains(&byte).then_some(())?;
        sum.checked_mul(8)?.checked_add(u64::from(byte - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_octal_or_base_256() {
        assert_eq!(number(b"0000644\0"), Some(0o644));
        assert_eq!(number(b"   644 \0"), Some(0o644));
        assert_eq!(number(&[0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0]), Some(0x2_0000_0000));
        assert_eq!(number(&[0xff; 12]), None);
        assert_eq!(number(b"12z"), None);
        assert_eq!(number(&[0; 12]), Some(0));
    }
}
