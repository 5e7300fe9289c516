//! The 512-byte header of a tar member.

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
        let Some(stated) = number(self.field(148, 8)) else { return false };
        let (mut unsigned, mut signed) = (0_u64, 0_i64);
        for (at, &byte) in self.0.iter().enumerate() {
            let byte = if (148..156).contains(&at) { b' ' } else { byte };
            unsigned += u64::from(byte);
            signed += i64::from(byte.cast_signed());
        }
        stated == unsigned || i64::try_from(stated) == Ok(signed)
    }

    pub(super) fn size(&self) -> Option<u64> {
        number(self.field(124, 12))
    }

    pub(super) fn mode(&self) -> Option<u32> {
        // Some programs write file-type bits too, or nothing.
        number(self.field(100, 8)).and_then(|mode| u32::try_from(mode & 0o7777).ok())
    }

    pub(super) fn kind(&self) -> EntryKind {
        match self.0.get(156) {
            Some(0 | b'0' | b'7')
                if self.field(0, 100).contains(&0) && self.path().ends_with('/') =>
            {
                EntryKind::Folder
            }
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

    pub(super) fn has_sparse_extension(&self) -> bool {
        self.0.get(482).is_some_and(|&more| more != 0)
    }

    pub(super) fn path(&self) -> String {
        let name = text(self.field(0, 100));
        // GNU writes `ustar  ` and keeps other things where POSIX has the prefix.
        let prefix =
            if self.field(257, 6) == b"ustar\0" { text(self.field(345, 155)) } else { "".into() };
        if prefix.is_empty() { name.into_owned() } else { format!("{prefix}/{name}") }
    }

    pub(super) fn link(&self) -> String {
        text(self.field(157, 100)).into_owned()
    }
}

fn text(field: &[u8]) -> std::borrow::Cow<'_, str> {
    let end = field.iter().position(|&byte| byte == 0).unwrap_or(field.len());
    String::from_utf8_lossy(field.get(..end).unwrap_or_default())
}

/// Octal digits between spaces and zeros, or base 256 behind a set high bit.
fn number(field: &[u8]) -> Option<u64> {
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
