//! A slice that is read from its front, in the byte order of the machines that make captures.

/// What is left of a slice.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bytes<'b>(pub(super) &'b [u8]);

impl<'b> Bytes<'b> {
    /// The bytes of an entry, and its length where it says one, which counts itself.
    pub(super) fn of_entry(window: &'b [u8], sized: bool) -> Option<(Self, Option<usize>)> {
        let mut all = Self(window);
        if !sized {
            return Some((all, None));
        }
        let length = usize::try_from(all.u32()?).ok()?;
        Some((Self(window.get(4..length)?), Some(length)))
    }

    /// The next so many bytes; none where fewer are left.
    pub(super) fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }

    /// A text behind its length of two bytes.
    pub(super) fn text(&mut self) -> Option<&'b [u8]> {
        let length = self.u16()?;
        self.take(length.into())
    }

    /// An address of IPv4 in network order.
    pub(super) fn ipv4(&mut self) -> Option<[u8; 4]> {
        self.array()
    }

    /// An address of IPv6 in network order.
    pub(super) fn ipv6(&mut self) -> Option<[u8; 16]> {
        self.array()
    }
}
