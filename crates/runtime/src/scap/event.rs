//! An event as it stands in a capture: its head and its parameters in place.

use super::block::EventBlock;
use super::bytes::Bytes;
use super::schema::{self, EventType};

/// The most parameters that an event may have.
pub(super) const MOST: usize = 32;

/// Where the bytes of a parameter lie.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    pub(super) fn new(start: usize, end: usize) -> Self {
        let number = |at| u32::try_from(at).unwrap_or(u32::MAX);
        Self { start: number(start), end: number(end) }
    }

    /// The same so many bytes further on.
    pub(super) fn behind(self, count: usize) -> Self {
        Self::new(
            count.saturating_add(self.start as usize),
            count.saturating_add(self.end as usize),
        )
    }
}

/// The spans of an event's parameters: made once an event, in the same place for all events.
#[derive(Debug, Default)]
pub(super) struct Spans {
    all: [Span; MOST],
    count: usize,
}

impl Spans {
    pub(super) fn clear(&mut self) {
        self.count = 0;
    }

    /// Appends one; more than an event may have are left out.
    pub(super) fn push(&mut self, span: Span) {
        if let Some(slot) = self.all.get_mut(self.count) {
            *slot = span;
            self.count += 1;
        }
    }

    pub(super) fn as_slice(&self) -> &[Span] {
        self.all.get(..self.count).unwrap_or_default()
    }
}

/// The parameters of an event, each as its bytes; a missing one is empty.
#[derive(Debug, Clone, Copy)]
pub struct Parameters<'b> {
    /// The bytes of the event.
    own: &'b [u8],
    /// Bytes that are not in it: spans count on behind its own.
    more: &'b [u8],
    spans: &'b [Span],
}

impl<'b> Parameters<'b> {
    /// None.
    pub const NONE: Self = Self { own: &[], more: &[], spans: &[] };

    /// The same bytes and others behind them in other spans.
    pub(super) fn arranged(&self, more: &'b [u8], spans: &'b [Span]) -> Self {
        Self { own: self.own, more, spans }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The bytes of one; empty where it is not there.
    pub fn get(&self, at: usize) -> &'b [u8] {
        self.spans.get(at).map_or(&[], |span| self.bytes(*span))
    }

    /// All of them in their order.
    pub fn iter(&self) -> impl Iterator<Item = &'b [u8]> + '_ {
        self.spans.iter().map(|span| self.bytes(*span))
    }

    pub(super) fn span(&self, at: usize) -> Span {
        self.spans.get(at).copied().unwrap_or_default()
    }

    /// How many bytes the event itself has.
    pub(crate) fn own_length(&self) -> usize {
        self.own.len()
    }

    fn bytes(&self, span: Span) -> &'b [u8] {
        let (start, end) = (span.start as usize, span.end as usize);
        let bytes = match start.checked_sub(self.own.len()) {
            None => self.own.get(start..end),
            Some(start) => self.more.get(start..end.saturating_sub(self.own.len())),
        };
        bytes.unwrap_or_default()
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

/// An event without its parameters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    offset: u64,
    cpu: u16,
    flags: u32,
    time: u64,
    tid: i64,
    event_type: &'static EventType,
}

impl Head {
    /// Reads the body of a block, without its padding where it has any, and notes where its
    /// parameters lie.
    pub(super) fn read(
        body: &[u8],
        block: EventBlock,
        offset: u64,
        spans: &mut Spans,
    ) -> Result<Self, Broken> {
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
        let rest = whole.get(head..).unwrap_or_default();
        let count = if block.counted {
            bytes.u32().ok_or_else(short)? as usize
        } else {
            count_parameters(rest, event_type.parameters.len()).ok_or_else(|| {
                Broken::Because("no number of parameters fits the event's length".to_owned())
            })?
        };
        let width = if event_type.is(schema::LARGE) { 4 } else { 2 };
        let before = body.len() - event.len() + head;
        split(rest, count, width, before, spans)
            .ok_or_else(|| Broken::Because(format!("its {count} parameters do not fit in it")))?;
        Ok(Self { offset, cpu, flags, time, tid, event_type })
    }

    /// The event with its parameters in the body that it was read from.
    pub(super) fn at<'b>(&self, body: &'b [u8], spans: &'b Spans) -> RawEvent<'b> {
        let Self { offset, cpu, flags, time, tid, event_type } = *self;
        let parameters = Parameters { own: body, more: &[], spans: spans.as_slice() };
        RawEvent { offset, cpu, flags, time, tid, event_type, parameters }
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

/// Where the values lie in a body of which so many bytes come before the rest.
fn split(rest: &[u8], count: usize, width: usize, before: usize, spans: &mut Spans) -> Option<()> {
    spans.clear();
    let lengths_end = count.checked_mul(width)?;
    let lengths = rest.get(..lengths_end)?;
    let mut at = lengths_end;
    for length in lengths.chunks_exact(width) {
        let length = match *length {
            [a, b] => usize::from(u16::from_le_bytes([a, b])),
            [a, b, c, d] => u32::from_le_bytes([a, b, c, d]) as usize,
            _ => return None,
        };
        let end = at.checked_add(length).filter(|end| *end <= rest.len())?;
        spans.push(Span::new(before + at, before + end));
        at = end;
    }
    Some(())
}
