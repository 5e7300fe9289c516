//! An event as it stands in a capture: its head and its parameters in place.

use super::block::EventBlock;
use super::bytes::Bytes;
use super::schema::{self, EventType};

/// The most parameters that an event may have.
pub(super) const MOST: usize = 32;

/// The parameters of an event, each as its bytes; a missing one is empty.
#[derive(Debug, Clone, Copy)]
pub struct Parameters<'b> {
    slots: [&'b [u8]; MOST],
    count: usize,
}

impl<'b> Parameters<'b> {
    /// None.
    pub const NONE: Self = Self { slots: [&[]; MOST], count: 0 };

    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The bytes of one; empty where it is not there.
    pub fn get(&self, at: usize) -> &'b [u8] {
        self.slots.get(at).copied().unwrap_or_default()
    }

    /// All of them in their order.
    pub fn iter(&self) -> impl Iterator<Item = &'b [u8]> + '_ {
        self.slots.iter().take(self.count).copied()
    }

    /// Appends one; more than an event may have are left out.
    pub(super) fn push(&mut self, bytes: &'b [u8]) {
        if let Some(slot) = self.slots.get_mut(self.count) {
            *slot = bytes;
            self.count += 1;
        }
    }

    /// A number of one, two, four or eight bytes without a sign.
    pub fn unsigned(&self, at: usize) -> Option<u64> {
        let bytes = self.get(at);
        Some(match *bytes {
            [a] => u64::from(a),
            [a, b] => u64::from(u16::from_le_bytes([a, b])),
            [a, b, c, d] => u64::from(u32::from_le_bytes([a, b, c, d])),
            _ => u64::from_le_bytes(bytes.try_into().ok()?),
        })
    }

    /// A number with a sign.
    pub fn signed(&self, at: usize) -> Option<i64> {
        let bytes = self.get(at);
        Some(match *bytes {
            [a] => i64::from(a.cast_signed()),
            [a, b] => i64::from(i16::from_le_bytes([a, b])),
            [a, b, c, d] => i64::from(i32::from_le_bytes([a, b, c, d])),
            _ => i64::from_le_bytes(bytes.try_into().ok()?),
        })
    }

    /// A number of at most 32 bits.
    pub fn u32(&self, at: usize) -> Option<u32> {
        self.unsigned(at).and_then(|number| u32::try_from(number).ok())
    }

    /// A text without the NUL behind it; `<NA>` where the probe could not read it.
    pub fn text(&self, at: usize) -> &'b [u8] {
        let bytes = self.get(at);
        if bytes.is_empty() || bytes == b"(NULL)\0" {
            return b"<NA>";
        }
        let end = memchr::memchr(0, bytes).unwrap_or(bytes.len());
        bytes.get(..end).unwrap_or_default()
    }
}

/// An event of a capture before conversion.
#[derive(Debug, Clone, Copy)]
pub struct RawEvent<'b> {
    /// Where in the uncompressed capture its block begins.
    pub offset: u64,
    /// The processor that it happened on.
    pub cpu: u16,
    /// What the writer said of it: 1 where it is there for its effect on state only.
    pub flags: u32,
    /// Nanoseconds since 1970.
    pub time: u64,
    /// The thread that it happened in.
    pub tid: i64,
    /// Its type.
    pub event_type: &'static EventType,
    /// Its parameters.
    pub parameters: Parameters<'b>,
}

/// How long the head of an event is without and with the number of its parameters.
const HEAD: usize = 8 + 8 + 4 + 2;
const COUNTED_HEAD: usize = HEAD + 4;

/// Why an event cannot be read.
pub(super) enum Broken {
    /// Its type is newer than the table.
    NewType,
    /// In words.
    Because(String),
}

impl<'b> RawEvent<'b> {
    /// Reads the body of a block, without its padding where it has any.
    pub(super) fn read(body: &'b [u8], block: EventBlock, offset: u64) -> Result<Self, Broken> {
        let short = || Broken::Because("the event is shorter than its head".to_owned());
        let mut bytes = Bytes(body);
        let cpu = bytes.u16().ok_or_else(short)?;
        let flags = if block.flags { bytes.u32().ok_or_else(short)? } else { 0 };
        let event = bytes.0;
        let time = bytes.u64().ok_or_else(short)?;
        let tid = bytes.i64().ok_or_else(short)?;
        let length = bytes.u32().ok_or_else(short)? as usize;
        let code = bytes.u16().ok_or_else(short)?;
        let Some(event_type) = schema::event_type(code) else { return Err(Broken::NewType) };
        let head = if block.counted { COUNTED_HEAD } else { HEAD };
        // Old captures count three bytes too many of these two.
        let surplus = if !block.counted && matches!(code, 280 | 286) { 3 } else { 0 };
        let length = length.saturating_sub(surplus);
        let Some(whole) = event.get(..length).filter(|_| length >= head) else {
            return Err(Broken::Because(format!(
                "the event says that it has {length} bytes, of which {} are there",
                event.len()
            )));
        };
        let (count, rest) = if block.counted {
            let count = bytes.u32().ok_or_else(short)? as usize;
            (count, whole.get(COUNTED_HEAD..).unwrap_or_default())
        } else {
            let rest = whole.get(HEAD..).unwrap_or_default();
            let count = count_parameters(rest, event_type.parameters.len()).ok_or_else(|| {
                Broken::Because("no number of parameters fits the event's length".to_owned())
            })?;
            (count, rest)
        };
        let width = if event_type.is(schema::LARGE) { 4 } else { 2 };
        let parameters = split(rest, count, width)
            .ok_or_else(|| Broken::Because(format!("its {count} parameters do not fit in it")))?;
        Ok(Self { offset, cpu, flags, time, tid, event_type, parameters })
    }
}

/// The number of parameters of an event that does not say it: the greatest that uses up its bytes.
fn count_parameters(rest: &[u8], most: usize) -> Option<usize> {
    (0..=most).rev().find(|count| {
        rest.get(..count * 2).is_some_and(|lengths| {
            let sum: usize = lengths
                .chunks_exact(2)
                .map(|pair| pair.iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
                .sum();
            count * 2 + sum == rest.len()
        })
    })
}

fn split(rest: &[u8], count: usize, width: usize) -> Option<Parameters<'_>> {
    let (lengths, mut values) = rest.split_at_checked(count.checked_mul(width)?)?;
    let mut parameters = Parameters::NONE;
    for length in lengths.chunks_exact(width) {
        let length = length.iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        let (value, others) = values.split_at_checked(length)?;
        parameters.push(value);
        values = others;
    }
    Some(parameters)
}
