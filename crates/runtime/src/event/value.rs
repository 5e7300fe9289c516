//! What a field has: nothing, a value, or several.

use std::net::IpAddr;

/// A value of a field, by the [`Kind`](crate::fields::Kind) of the field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'e> {
    /// Of `Text` and `Bytes`. A text has no NUL in it: it ends where a string of C would.
    Bytes(&'e [u8]),
    /// Of `Signed`.
    Signed(i64),
    /// Of `Unsigned`, `Port`, `Duration` and `Time`.
    Unsigned(u64),
    /// Of `Bool`.
    Bool(bool),
    /// Of `Double`.
    Double(f64),
    /// Of `Address` and `Network`: an address of IPv4 is never written as one of IPv6.
    Address(IpAddr),
}

impl<'e> Value<'e> {
    /// A text as a value, cut at its first NUL.
    pub fn text(text: &'e str) -> Self {
        Self::c_string(text.as_bytes())
    }

    /// Bytes as the text that a string of C would be.
    pub fn c_string(bytes: &'e [u8]) -> Self {
        let end = memchr::memchr(0, bytes).unwrap_or(bytes.len());
        Self::Bytes(bytes.get(..end).unwrap_or_default())
    }

    /// The bytes of a text.
    pub fn bytes(self) -> Option<&'e [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

/// The values of a field in an event.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Values<'e> {
    /// The field has none: `<NA>` where it is shown.
    #[default]
    Absent,
    /// One.
    One(Value<'e>),
    /// Several, or none of a list that is there and empty.
    Many(&'e [Value<'e>]),
}

impl<'e> Values<'e> {
    /// A text, or absent.
    pub fn text(text: Option<&'e str>) -> Self {
        text.map_or(Self::Absent, |text| Self::One(Value::text(text)))
    }

    /// All of them in their order.
    pub fn as_slice(&self) -> &[Value<'e>] {
        match self {
            Self::Absent => &[],
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }

    /// Whether there is none because the field is not there.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

impl<'e> From<Value<'e>> for Values<'e> {
    fn from(value: Value<'e>) -> Self {
        Self::One(value)
    }
}

impl<'e> From<Option<Value<'e>>> for Values<'e> {
    fn from(value: Option<Value<'e>>) -> Self {
        value.map_or(Self::Absent, Self::One)
    }
}
