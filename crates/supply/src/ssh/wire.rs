//! How SSH writes numbers and strings.
//!
//! Source: RFC 4251, section 5.

use crate::error::Error;

/// What is still to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    what: &'static str,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads `bytes`, of which errors say that they are `what`.
    pub(super) fn new(what: &'static str, bytes: &'a [u8]) -> Self {
        Self { what, rest: bytes }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// What was not read yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Error> {
        let cut = || Error::malformed(self.what, "it is cut off");
        let (taken, rest) = self.rest.split_at_checked(length).ok_or_else(cut)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Error> {
        Ok(self.take(1)?.iter().fold(0, |_, byte| *byte))
    }

    pub(super) fn u32(&mut self) -> Result<u32, Error> {
        Ok(self.take(4)?.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }

    pub(super) fn u64(&mut self) -> Result<u64, Error> {
        Ok(self.take(8)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// Bytes behind their number.
    pub(super) fn string(&mut self) -> Result<&'a [u8], Error> {
        let length = self.u32()?;
        self.take(usize::try_from(length).unwrap_or(usize::MAX))
    }

    pub(super) fn text(&mut self) -> Result<&'a str, Error> {
        let bytes = self.string()?;
        std::str::from_utf8(bytes)
            .map_err(|_| Error::malformed(self.what, "text that is not UTF-8"))
    }

    /// The digits of a number that is not negative, without leading zeros. A longer form than is
    /// needed is refused, so that one number has one form.
    pub(super) fn positive(&mut self) -> Result<&'a [u8], Error> {
        let digits = self.string()?;
        match digits {
            [0, rest @ ..] if rest.first().is_some_and(|it| *it >= 0x80) => Ok(rest),
            [1..0x80, ..] => Ok(digits),
            _ => Err(Error::malformed(self.what, "a number that is not in its shortest form")),
        }
    }

    pub(super) fn end(&self) -> Result<(), Error> {
        if self.is_empty() {
            return Ok(());
        }
        Err(Error::malformed(self.what, format!("{} bytes too many", self.rest.len())))
    }
}

/// Appends `bytes` behind their number.
pub(super) fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(bytes);
}
