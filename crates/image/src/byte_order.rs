//! Whole numbers in binary formats, in either byte order, bounds checked.

/// In which order a format writes the bytes of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteOrder {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

impl ByteOrder {
    /// The two bytes at `at`, or `None` behind the end.
    pub fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let taken = array(bytes, at)?;
        Some(match self {
            Self::Little => u16::from_le_bytes(taken),
            Self::Big => u16::from_be_bytes(taken),
        })
    }

    /// The four bytes at `at`, or `None` behind the end.
    pub fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let taken = array(bytes, at)?;
        Some(match self {
            Self::Little => u32::from_le_bytes(taken),
            Self::Big => u32::from_be_bytes(taken),
        })
    }

    /// The eight bytes at `at`, or `None` behind the end.
    pub fn u64(self, bytes: &[u8], at: usize) -> Option<u64> {
        let taken = array(bytes, at)?;
        Some(match self {
            Self::Little => u64::from_le_bytes(taken),
            Self::Big => u64::from_be_bytes(taken),
        })
    }

    /// Four bytes at `at` as a place or length in memory, or `None` behind the end.
    pub fn len32(self, bytes: &[u8], at: usize) -> Option<usize> {
        usize::try_from(self.u32(bytes, at)?).ok()
    }
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_read_the_same_bytes_differently() {
        let bytes = [1, 2, 3, 4, 5, 6, 7, 8];
        assert_eq!(ByteOrder::Big.u16(&bytes, 1), Some(0x0203));
        assert_eq!(ByteOrder::Little.u32(&bytes, 0), Some(0x0403_0201));
        assert_eq!(ByteOrder::Big.u64(&bytes, 0), Some(0x0102_0304_0506_0708));
    }

    #[test]
    fn behind_the_end_there_is_nothing() {
        assert_eq!(ByteOrder::Big.u16(&[1], 0), None);
        assert_eq!(ByteOrder::Big.u32(&[1, 2, 3, 4], usize::MAX), None);
    }
}
