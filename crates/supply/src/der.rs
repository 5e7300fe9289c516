//! Distinguished encoding rules, read in place.
//!
//! Lengths are definite and minimal, tags are of one byte, nothing is copied, and no value is
//! longer than its parent. Depth is that of the caller's code: nothing here recurses.
//! Source: ITU-T X.690, section 10.

use crate::error::Error;

/// A tag octet.
pub(crate) type Tag = u8;

pub(crate) const BOOLEAN: Tag = 0x01;
pub(crate) const INTEGER: Tag = 0x02;
pub(crate) const BIT_STRING: Tag = 0x03;
pub(crate) const OCTET_STRING: Tag = 0x04;
pub(crate) const OID: Tag = 0x06;
pub(crate) const UTF8_STRING: Tag = 0x0c;
pub(crate) const PRINTABLE_STRING: Tag = 0x13;
pub(crate) const IA5_STRING: Tag = 0x16;
pub(crate) const UTC_TIME: Tag = 0x17;
pub(crate) const GENERALIZED_TIME: Tag = 0x18;
pub(crate) const SEQUENCE: Tag = 0x30;
pub(crate) const SET: Tag = 0x31;

/// The tag of a constructed, context-specific value.
pub(crate) const fn context(number: u8) -> Tag {
    0xa0 | number
}

/// One value: its tag, its content, and both with the length as they stand in the input.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Value<'a> {
    pub(crate) tag: Tag,
    pub(crate) content: &'a [u8],
    pub(crate) whole: &'a [u8],
}

impl<'a> Value<'a> {
    /// Reads what is inside.
    pub(crate) fn reader(self) -> Reader<'a> {
        Reader { rest: self.content }
    }
}

/// The values that are still to be read of one content.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads `bytes` from their beginning.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The one value of tag `tag` that `bytes` are.
    pub(crate) fn only(bytes: &'a [u8], tag: Tag) -> Result<Value<'a>, Error> {
        let mut reader = Self::new(bytes);
        let value = reader.expect(tag)?;
        reader.end()?;
        Ok(value)
    }

    /// Whether nothing is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Fails where something is left.
    pub(crate) fn end(&self) -> Result<(), Error> {
        if self.is_empty() { Ok(()) } else { Err(broken("bytes after the last value")) }
    }

    /// The next value.
    pub(crate) fn next(&mut self) -> Result<Value<'a>, Error> {
        let rest = self.rest;
        let (&tag, after) = rest.split_first().ok_or_else(|| broken("a value is missing"))?;
        if tag & 0x1f == 0x1f {
            return Err(broken("a tag of several bytes"));
        }
        let (&first, mut after) = after.split_first().ok_or_else(|| broken("no length"))?;
        let length = if first < 0x80 {
            usize::from(first)
        } else {
            let (digits, behind) = after
                .split_at_checked(usize::from(first & 0x7f))
                .ok_or_else(|| broken("a length is cut off"))?;
            after = behind;
            long_length(digits)?
        };
        let (content, behind) =
            after.split_at_checked(length).ok_or_else(|| broken("a value is cut off"))?;
        let whole = rest.get(..rest.len() - behind.len()).unwrap_or(rest);
        self.rest = behind;
        Ok(Value { tag, content, whole })
    }

    /// The next value, which has the tag `tag`.
    pub(crate) fn expect(&mut self, tag: Tag) -> Result<Value<'a>, Error> {
        let value = self.next()?;
        if value.tag == tag {
            Ok(value)
        } else {
            Err(broken(format!("tag {:#04x} where {tag:#04x} is due", value.tag)))
        }
    }

    /// The next value if it has the tag `tag`.
    pub(crate) fn optional(&mut self, tag: Tag) -> Result<Option<Value<'a>>, Error> {
        if self.rest.first() == Some(&tag) { self.next().map(Some) } else { Ok(None) }
    }

    /// The next value's content as bits without unused ones.
    pub(crate) fn bits(&mut self) -> Result<&'a [u8], Error> {
        match self.expect(BIT_STRING)?.content.split_first() {
            Some((0, bits)) => Ok(bits),
            _ => Err(broken("a bit string with unused bits")),
        }
    }

    /// The next value as a truth, absent meaning false.
    pub(crate) fn optional_bool(&mut self) -> Result<bool, Error> {
        match self.optional(BOOLEAN)?.map(|value| value.content) {
            None | Some([0x00]) => Ok(false),
            Some([0xff]) => Ok(true),
            Some(_) => Err(broken("a boolean that is neither 0x00 nor 0xff")),
        }
    }

    /// The next value as the magnitude of a whole number that is not negative.
    pub(crate) fn unsigned(&mut self) -> Result<&'a [u8], Error> {
        match self.expect(INTEGER)?.content {
            [] => Err(broken("an integer without digits")),
            [0] => Ok(&[]),
            [0, rest @ ..] if rest.first().is_some_and(|byte| byte & 0x80 != 0) => Ok(rest),
            [0, ..] => Err(broken("an integer with a leading zero")),
            [first, ..] if first & 0x80 != 0 => Err(broken("a negative integer")),
            digits => Ok(digits),
        }
    }

    /// The next value as a small whole number.
    pub(crate) fn small(&mut self) -> Result<u64, Error> {
        let digits = self.unsigned()?;
        if digits.len() > 8 {
            return Err(broken("an integer of more than 64 bits"));
        }
        Ok(digits.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }
}

fn long_length(digits: &[u8]) -> Result<usize, Error> {
    let minimal = match digits {
        [] | [0, ..] => false,
        [one] => *one >= 0x80,
        _ => true,
    };
    if !minimal || digits.len() > 4 {
        return Err(broken("a length that is indefinite, not minimal or over 4 GiB"));
    }
    let length = digits.iter().fold(0_u64, |length, byte| length << 8 | u64::from(*byte));
    usize::try_from(length).map_err(|_| broken("a length over the address space"))
}

/// A value of tag `tag` around `content`.
pub(crate) fn encode(tag: Tag, content: &[&[u8]]) -> Vec<u8> {
    let length: usize = content.iter().map(|part| part.len()).sum();
    let mut out = Vec::with_capacity(length + 6);
    out.push(tag);
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let digits = length.to_be_bytes();
            let zeros = digits.iter().take_while(|byte| **byte == 0).count();
            let digits = digits.get(zeros..).unwrap_or_default();
            out.push(0x80 | u8::try_from(digits.len()).unwrap_or(8));
            out.extend_from_slice(digits);
        }
    }
    for part in content {
        out.extend_from_slice(part);
    }
    out
}

/// An integer with the magnitude `digits`.
pub(crate) fn unsigned(digits: &[u8]) -> Vec<u8> {
    let zeros = digits.iter().take_while(|byte| **byte == 0).count();
    let digits = digits.get(zeros..).unwrap_or_default();
    match digits.first() {
        Some(first) if first & 0x80 == 0 => encode(INTEGER, &[digits]),
        _ => encode(INTEGER, &[&[0], digits]),
    }
}

/// The dotted form of an object identifier's content.
pub(crate) fn dotted(content: &[u8]) -> Option<String> {
    let mut arcs: Vec<u64> = Vec::new();
    let mut arc = 0_u64;
    for (at, byte) in content.iter().enumerate() {
        arc = arc.checked_mul(128)? | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            arcs.push(arc);
            arc = 0;
        } else if at + 1 == content.len() {
            return None;
        }
    }
    let (first, rest) = arcs.split_first()?;
    let root = (first / 40).min(2);
    let mut text = format!("{root}.{}", first - root * 40);
    for arc in rest {
        text.push('.');
        text.push_str(&arc.to_string());
    }
    Some(text)
}

fn broken(why: impl Into<String>) -> Error {
    Error::malformed("DER", why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let content = vec![7; length];
            let bytes = encode(OCTET_STRING, &[&content]);
            assert_eq!(Reader::only(&bytes, OCTET_STRING).expect("value").content, content);
        }
    }

    #[test]
    fn lengths_are_minimal_and_inside_the_input() {
        for bytes in [
            &[0x30, 0x80, 0, 0][..],
            &[0x30, 0x81, 0x01, 0],
            &[0x30, 0x82, 0, 0x80],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[0x30, 0x88, 1, 0, 0, 0, 0, 0, 0, 0],
            &[0x30, 0x02, 0],
            &[0x3f, 0x01, 0],
            &[0x30],
        ] {
            assert!(Reader::new(bytes).next().is_err(), "{bytes:02x?}");
        }
    }

    #[test]
    fn an_integer_is_minimal_and_not_negative() {
        for digits in [&[][..], &[0, 0], &[0, 0x7f], &[0x80], &[1, 2, 3]] {
            let written = unsigned(digits);
            let read = Reader::new(&written).unsigned().expect("integer");
            let zeros = digits.iter().take_while(|byte| **byte == 0).count();
            assert_eq!(read, &digits[zeros..]);
        }
    }

    #[test]
    fn an_identifier_is_dotted() {
        assert_eq!(
            dotted(&[0x2b, 6, 1, 4, 1, 0x83, 0xbf, 0x30, 1, 8]).as_deref(),
            Some("1.3.6.1.4.1.57264.1.8")
        );
        assert_eq!(dotted(&[0x2b, 0x83]), None);
        assert_eq!(dotted(&[]), None);
    }
}
