//! Numbers as bytes, and the only way to read them back.
//!
//! Every read is checked and answers `None` where bytes are missing or make no sense: the file
//! may be cut, changed or hostile, and no byte of it is trusted.

/// Reads forward through borrowed bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reader<'d>(&'d [u8]);

impl<'d> Reader<'d> {
    pub(super) fn new(bytes: &'d [u8]) -> Self {
        Self(bytes)
    }

    /// From an offset on, if the bytes reach that far.
    pub(super) fn at(bytes: &'d [u8], offset: u64) -> Option<Self> {
        Some(Self(bytes.get(usize::try_from(offset).ok()?..)?))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn take(&mut self, length: u64) -> Option<&'d [u8]> {
        let (taken, rest) = self.0.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*bytes))
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*bytes))
    }

    pub(super) fn f32(&mut self) -> Option<f32> {
        self.u32().map(f32::from_bits)
    }

    /// A LEB128 number of at most 64 bits.
    pub(super) fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            let shifted = bits << shift;
            if shifted >> shift != bits {
                return None;
            }
            value |= shifted;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// A signed number, its sign in the lowest bit.
    pub(super) fn signed(&mut self) -> Option<i64> {
        let value = self.varint()?;
        let half = i64::try_from(value >> 1).ok()?;
        Some(if value & 1 == 0 { half } else { !half })
    }

    /// Text after its length.
    pub(super) fn text(&mut self) -> Option<&'d str> {
        let length = self.varint()?;
        std::str::from_utf8(self.take(length)?).ok()
    }

    /// How many items follow. Each takes a byte at least, so that more than there are bytes is
    /// nonsense, and nobody reserves memory for it.
    pub(super) fn count(&mut self) -> Option<usize> {
        let count = usize::try_from(self.varint()?).ok()?;
        (count <= self.0.len()).then_some(count)
    }
}

/// Appends a LEB128 number.
pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            return out.push(low & 0x7f);
        }
        out.push(low | 0x80);
    }
}

/// Appends a length or an index.
pub(super) fn put_count(out: &mut Vec<u8>, count: usize) {
    put_varint(out, count as u64);
}

/// Appends a signed number, its sign in the lowest bit.
pub(super) fn put_signed(out: &mut Vec<u8>, value: i64) {
    let sign = u64::from(value < 0);
    let magnitude = if value < 0 { !value } else { value };
    put_varint(out, magnitude.unsigned_abs() << 1 | sign);
}

/// Appends text after its length.
pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_count(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn every_number_and_text_comes_back(number: u64, signed: i64, text: String) {
            let mut out = Vec::new();
            put_varint(&mut out, number);
            put_signed(&mut out, signed);
            put_text(&mut out, &text);
            let mut reader = Reader::new(&out);
            proptest::prop_assert_eq!(reader.varint(), Some(number));
            proptest::prop_assert_eq!(reader.signed(), Some(signed));
            proptest::prop_assert_eq!(reader.text(), Some(text.as_str()));
            proptest::prop_assert!(reader.is_empty());
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let mut reader = Reader::new(&bytes);
            while reader.varint().is_some() || reader.signed().is_some() || reader.text().is_some() {}
        }
    }

    #[test]
    fn a_number_of_more_than_64_bits_is_refused() {
        assert_eq!(Reader::new(&[0xff; 10]).varint(), None);
        assert_eq!(Reader::new(&[0x80; 20]).varint(), None);
    }
}
