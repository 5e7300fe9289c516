//! Whole records, in blocks that are compressed each by itself: a finding inflates one of them.

use plimsoll_model::{Advisory, Link, LinkKind, Rating, Timestamp};

use super::DatabaseError;
use super::codes::{rating_kind, rating_kind_byte, severity, severity_byte};
use super::encoding::{Reader, put_count, put_signed, put_text, put_varint};
use super::head::Head;

/// A block is closed once it has this many bytes: large enough to compress, small enough that
/// inflating one is not felt.
const BLOCK: usize = 16 << 10;
/// No block inflates to more; no feed gives a record as large.
const MAX_BLOCK: usize = 64 << 20;
const LEVEL: i32 = 12;

/// Collects records into blocks.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    open: Vec<u8>,
    closed: u64,
    bytes: Vec<u8>,
    /// Offset, length and inflated length of each block.
    offsets: Vec<u8>,
}

impl Blocks {
    /// Adds a record and says where it is: block, and offset in it.
    pub(super) fn add(&mut self, advisory: &Advisory) -> Result<(u64, u64), DatabaseError> {
        if self.open.len() >= BLOCK {
            self.close()?;
        }
        let place = (self.closed, self.open.len() as u64);
        put(&mut self.open, advisory);
        if self.open.len() > MAX_BLOCK {
            return Err(DatabaseError::TooLarge { what: "text in one record" });
        }
        Ok(place)
    }

    fn close(&mut self) -> Result<(), DatabaseError> {
        let failed = |_| DatabaseError::TooLarge { what: "records" };
        let block = zstd::bulk::compress(&self.open, LEVEL).map_err(|source| {
            DatabaseError::Io { action: "compress", path: "records".into(), source }
        })?;
        for number in [self.bytes.len(), block.len(), self.open.len()] {
            self.offsets.extend_from_slice(&u32::try_from(number).map_err(failed)?.to_le_bytes());
        }
        self.bytes.extend_from_slice(&block);
        self.open.clear();
        self.closed += 1;
        Ok(())
    }

    /// The sections of offsets and of blocks.
    pub(super) fn finish(mut self) -> Result<(Vec<u8>, Vec<u8>), DatabaseError> {
        if !self.open.is_empty() {
            self.close()?;
        }
        Ok((self.offsets, self.bytes))
    }
}

/// Inflates the block that a head points to, and reads its record.
pub(super) fn read(offsets: &[u8], blocks: &[u8], head: &Head<'_>) -> Option<Advisory> {
    let (rows, _) = offsets.as_chunks::<12>();
    let mut row = Reader::new(rows.get(usize::try_from(head.block).ok()?)?);
    let (start, length, inflated) = (row.u32()?, row.u32()?, usize::try_from(row.u32()?).ok()?);
    if inflated > MAX_BLOCK + BLOCK {
        return None;
    }
    let compressed = Reader::at(blocks, start.into())?.take(length.into())?;
    let mut block = vec![0; inflated];
    let length = zstd::bulk::decompress_to_buffer(compressed, &mut block).ok()?;
    let reader = Reader::at(block.get(..length)?, head.offset)?;
    record(reader, head)
}

fn put(out: &mut Vec<u8>, advisory: &Advisory) {
    put_text(out, &advisory.summary);
    put_text(out, &advisory.details);
    for time in [advisory.published, advisory.modified, advisory.withdrawn] {
        out.push(u8::from(time.is_some()));
        if let Some(time) = time {
            put_signed(out, time.as_unix());
        }
    }
    put_count(out, advisory.ratings.len());
    for rating in &advisory.ratings {
        put_text(out, &rating.source);
        out.push(rating_kind_byte(rating.kind));
        put_text(out, &rating.value);
        out.extend_from_slice(&rating.score.unwrap_or(f32::NAN).to_bits().to_le_bytes());
        out.push(severity_byte(rating.severity));
    }
    put_count(out, advisory.references.len());
    for link in &advisory.references {
        put_varint(out, link_kind_number(link.kind));
        put_text(out, &link.url);
    }
}

fn record(mut reader: Reader<'_>, head: &Head<'_>) -> Option<Advisory> {
    let mut advisory = Advisory::new(head.id, head.feed);
    (advisory.aliases, advisory.upstream) = head.split_aliases();
    advisory.summary = reader.text()?.into();
    advisory.details = reader.text()?.into();
    let mut time = || -> Option<Option<Timestamp>> {
        Some(match reader.byte()? {
            0 => None,
            _ => Some(Timestamp::from_unix(reader.signed()?)),
        })
    };
    (advisory.published, advisory.modified, advisory.withdrawn) = (time()?, time()?, time()?);
    for _ in 0..reader.count()? {
        let (source, kind) = (reader.text()?.to_owned(), rating_kind(reader.byte()?)?);
        let value = reader.text()?.to_owned();
        let score = Some(reader.f32()?).filter(|score| !score.is_nan());
        let severity = severity(reader.byte()?)?;
        advisory.ratings.push(Rating { source, kind, value, score, severity });
    }
    for _ in 0..reader.count()? {
        let kind = link_kind(reader.varint()?)?;
        advisory.references.push(Link { kind, url: reader.text()?.into() });
    }
    Some(advisory)
}

fn link_kind(number: u64) -> Option<LinkKind> {
    Some(match number {
        0 => LinkKind::Advisory,
        1 => LinkKind::Fix,
        2 => LinkKind::Report,
        3 => LinkKind::Evidence,
        4 => LinkKind::Package,
        5 => LinkKind::Web,
        _ => return None,
    })
}

fn link_kind_number(kind: LinkKind) -> u64 {
    match kind {
        LinkKind::Advisory => 0,
        LinkKind::Fix => 1,
        LinkKind::Report => 2,
        LinkKind::Evidence => 3,
        LinkKind::Package => 4,
        LinkKind::Web => 5,
    }
}
