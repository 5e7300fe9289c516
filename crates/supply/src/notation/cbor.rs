//! Concise binary objects, read in place: what an envelope of COSE is made of.
//!
//! Lengths are definite, no map has a key twice, and depth and number of values are bounded.
//! Source: RFC 8949.

use crate::error::Error;

/// One value. Floats and simple values beyond the truths are kept as what they are not: nothing
/// that is read here may be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// A whole number; a negative one is stored as itself.
    Integer(i128),
    Bytes(&'a [u8]),
    Text(&'a str),
    Array(Vec<Value<'a>>),
    Map(Vec<(Value<'a>, Value<'a>)>),
    Tag(u64, Box<Value<'a>>),
    Null,
    Other,
}

impl<'a> Value<'a> {
    pub(super) fn text(&self) -> Option<&'a str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(super) fn bytes(&self) -> Option<&'a [u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    /// The value under `key` in a map.
    pub(super) fn get(&self, key: &Value<'_>) -> Option<&Value<'a>> {
        let Self::Map(entries) = self else { return None };
        entries.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }
}

/// How deep values may be nested.
const MAX_DEPTH: usize = 8;

/// The most values in one document.
const MAX_VALUES: usize = 4096;

/// Reads the one value that `bytes` are.
pub(super) fn read(bytes: &[u8]) -> Result<Value<'_>, Error> {
    let mut reader = Reader { rest: bytes, values: 0 };
    let value = reader.value(0)?;
    if reader.rest.is_empty() { Ok(value) } else { Err(broken("bytes after the last value")) }
}

struct Reader<'a> {
    rest: &'a [u8],
    values: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Result<Value<'a>, Error> {
        self.values += 1;
        if depth > MAX_DEPTH || self.values > MAX_VALUES {
            return Err(broken(format!(
                "more than {MAX_VALUES} values, or nested deeper than {MAX_DEPTH}"
            )));
        }
        let (major, short, argument) = self.head()?;
        Ok(match major {
            0 => Value::Integer(i128::from(argument)),
            1 => Value::Integer(-1 - i128::from(argument)),
            2 => Value::Bytes(self.take(argument)?),
            3 => Value::Text(
                std::str::from_utf8(self.take(argument)?)
                    .map_err(|_| broken("a text that is not UTF-8"))?,
            ),
            4 => {
                let mut items = Vec::new();
                for _ in 0..argument {
                    items.push(self.value(depth + 1)?);
                }
                Value::Array(items)
            }
            5 => {
                let mut entries: Vec<(Value<'a>, Value<'a>)> = Vec::new();
                for _ in 0..argument {
                    let key = self.value(depth + 1)?;
                    if entries.iter().any(|(other, _)| *other == key) {
                        return Err(broken("a map with a key twice"));
                    }
                    entries.push((key, self.value(depth + 1)?));
                }
                Value::Map(entries)
            }
            6 => Value::Tag(argument, Box::new(self.value(depth + 1)?)),
            _ if short == 22 => Value::Null,
            _ => Value::Other,
        })
    }

    /// The major type, the low bits and the argument that follows.
    fn head(&mut self) -> Result<(u8, u8, u64), Error> {
        let (&first, rest) = self.rest.split_first().ok_or_else(|| broken("a value is missing"))?;
        self.rest = rest;
        let short = first & 0x1f;
        let argument = match short {
            0..=23 => u64::from(short),
            24..=27 => {
                let digits = self.take(1 << (short - 24))?;
                digits.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
            }
            _ => return Err(broken("an indefinite or reserved length")),
        };
        Ok((first >> 5, short, argument))
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], Error> {
        let length = usize::try_from(length).map_err(|_| broken("a value is cut off"))?;
        let (taken, rest) =
            self.rest.split_at_checked(length).ok_or_else(|| broken("a value is cut off"))?;
        self.rest = rest;
        Ok(taken)
    }
}

/// The head of a value with the shortest argument.
fn head(major: u8, argument: usize, out: &mut Vec<u8>) {
    let argument = u64::try_from(argument).unwrap_or(u64::MAX);
    let digits = argument.to_be_bytes();
    let (short, used) = match argument {
        0..=23 => (digits[7], 0),
        24..=0xff => (24, 1),
        0x100..=0xffff => (25, 2),
        0x1_0000..=0xffff_ffff => (26, 4),
        _ => (27, 8),
    };
    out.push(major << 5 | short);
    out.extend_from_slice(digits.get(8 - used..).unwrap_or_default());
}

/// A text and then byte strings in one array: what a signature of COSE is over.
pub(super) fn array(text: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    head(4, parts.len() + 1, &mut out);
    head(3, text.len(), &mut out);
    out.extend_from_slice(text.as_bytes());
    for part in parts {
        head(2, part.len(), &mut out);
        out.extend_from_slice(part);
    }
    out
}

fn broken(why: impl Into<String>) -> Error {
    Error::malformed("CBOR", why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 1, 23, 24, 255, 256, 65_535, 65_536, 70_000] {
            let part = vec![7; length];
            let bytes = array("Signature1", &[&part, &[]]);
            let expected = Value::Array(vec![
                Value::Text("Signature1"),
                Value::Bytes(&part),
                Value::Bytes(&[]),
            ]);
            assert_eq!(read(&bytes).expect("array"), expected);
        }
    }

    #[test]
    fn numbers_tags_and_maps_are_read() {
        // RFC 8949, appendix A.
        assert_eq!(
            read(&[0x3b, 255, 255, 255, 255, 255, 255, 255, 255]).expect("number"),
            Value::Integer(-18_446_744_073_709_551_616)
        );
        let time = read(&[0xc1, 0x1a, 0x51, 0x4b, 0x67, 0xb0]).expect("time");
        assert_eq!(time, Value::Tag(1, Box::new(Value::Integer(1_363_896_240))));
        let map = read(&[0xa2, 0x61, 0x61, 0x01, 0x02, 0xf6]).expect("map");
        assert_eq!(map.get(&Value::Text("a")), Some(&Value::Integer(1)));
        assert_eq!(map.get(&Value::Integer(2)), Some(&Value::Null));
    }

    #[test]
    fn what_is_cut_off_deep_double_or_indefinite_is_refused() {
        let deep = vec![0x81; 100_000];
        for bytes in [
            &[][..],
            &[0x18],
            &[0x42, 1],
            &[0x9f, 0xff],
            &[0x1c],
            &[0x9b, 255, 255, 255, 255, 255, 255, 255, 255],
            &[0xa2, 1, 1, 1, 1],
            &[0x61, 0xff],
            &[0, 0],
            &deep,
        ] {
            assert!(read(bytes).is_err(), "{:02x?}", &bytes[..bytes.len().min(10)]);
        }
    }
}
