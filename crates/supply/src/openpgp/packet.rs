//! Packets, and the subpackets of signatures.
//!
//! Source: RFC 4880, sections 4 and 5.2.3; RFC 9580 for the names.

use std::borrow::Cow;

use crate::error::Error;

/// One packet: its type and its body.
#[derive(Debug, Clone)]
pub(super) struct Packet<'a> {
    pub(super) tag: u8,
    pub(super) body: Cow<'a, [u8]>,
}

pub(super) const SIGNATURE: u8 = 2;
pub(super) const ONE_PASS: u8 = 4;
pub(super) const PUBLIC_KEY: u8 = 6;
pub(super) const COMPRESSED: u8 = 8;
pub(super) const MARKER: u8 = 10;
pub(super) const LITERAL: u8 = 11;
pub(super) const TRUST: u8 = 12;
pub(super) const USER_ID: u8 = 13;
pub(super) const PUBLIC_SUBKEY: u8 = 14;
pub(super) const USER_ATTRIBUTE: u8 = 17;

/// The most packets in one document.
const MAX_PACKETS: usize = 10_000;

/// Reads every packet of `bytes`.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Packet<'_>>, Error> {
    let mut cursor = Cursor { rest: bytes };
    let mut found = Vec::new();
    while !cursor.rest.is_empty() {
        if found.len() == MAX_PACKETS {
            return Err(broken(format!("more than {MAX_PACKETS} packets")));
        }
        found.push(cursor.packet()?);
    }
    Ok(found)
}

/// What is still to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    pub(super) rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) =
            self.rest.split_at_checked(length).ok_or_else(|| broken("a packet is cut off"))?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn number(&mut self, bytes: usize) -> Result<usize, Error> {
        Ok(self.take(bytes)?.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }

    pub(super) fn byte(&mut self) -> Result<u8, Error> {
        self.take(1).map(|bytes| bytes.first().copied().unwrap_or_default())
    }

    /// A number of any size without leading zeros.
    pub(super) fn integer(&mut self) -> Result<&'a [u8], Error> {
        let bits = self.number(2)?;
        self.take(bits.div_ceil(8))
    }

    fn packet(&mut self) -> Result<Packet<'a>, Error> {
        let head = self.byte()?;
        if head & 0x80 == 0 {
            return Err(broken("no packet begins here"));
        }
        if head & 0x40 == 0 {
            let tag = head >> 2 & 0x0f;
            let length = match head & 3 {
                3 => self.rest.len(),
                size => self.number(1 << size)?,
            };
            return Ok(Packet { tag, body: Cow::Borrowed(self.take(length)?) });
        }
        let tag = head & 0x3f;
        let mut whole: Option<Vec<u8>> = None;
        loop {
            let (length, is_partial) = self.new_length()?;
            let part = self.take(length)?;
            let body = match (whole.take(), is_partial) {
                (None, false) => return Ok(Packet { tag, body: Cow::Borrowed(part) }),
                (None, true) => part.to_vec(),
                (Some(before), _) => [&before, part].concat(),
            };
            if !is_partial {
                return Ok(Packet { tag, body: Cow::Owned(body) });
            }
            whole = Some(body);
        }
    }

    fn new_length(&mut self) -> Result<(usize, bool), Error> {
        Ok(match self.byte()? {
            short @ 0..=191 => (usize::from(short), false),
            first @ 192..=223 => {
                ((usize::from(first) - 192) * 256 + usize::from(self.byte()?) + 192, false)
            }
            255 => (self.number(4)?, false),
            partial => (1 << (partial & 0x1f), true),
        })
    }

    /// The next subpacket: its type, whether it must be understood, and its body.
    pub(super) fn subpacket(&mut self) -> Result<(u8, bool, &'a [u8]), Error> {
        let length = match self.byte()? {
            short @ 0..=191 => usize::from(short),
            first @ 192..=254 => (usize::from(first) - 192) * 256 + usize::from(self.byte()?) + 192,
            255 => self.number(4)?,
        };
        let mut inside = Cursor { rest: self.take(length)? };
        let kind = inside.byte()?;
        Ok((kind & 0x7f, kind & 0x80 != 0, inside.rest))
    }
}

pub(super) fn broken(why: impl Into<String>) -> Error {
    Error::malformed("OpenPGP", why)
}
