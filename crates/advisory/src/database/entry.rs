//! What an advisory says of one package, read in place from the mapped bytes.
//!
//! An entry is checked as a whole before anybody sees it, so that its iterators cannot end early
//! on damaged bytes.
//!
//! ```text
//! advisory, flags, [module], [arches], [rating], ranges, [versions]
//! ```

#![allow(
    clippy::copy_iterator,
    reason = "a view of a few words, of which each call hands out a fresh one"
)]

use plimsoll_model::{
    Affected, AffectedStatus, Event, Range, RangeKind, Rating, RatingKind, Severity,
};

use super::DatabaseError;
use super::codes::{
    rating_kind, rating_kind_byte, severity, severity_byte, status_bits, status_of_bits,
};
use super::encoding::{Reader, put_count, put_varint};
use super::head::Head;
use super::strings::{Interner, Strings};

const BINARY: u8 = 1;
const STATUS_SHIFT: u8 = 1;
const STATUS_BITS: u8 = 0b111;
const MODULE: u8 = 1 << 4;
const RATING: u8 = 1 << 5;
const ARCHES: u8 = 1 << 6;
const VERSIONS: u8 = 1 << 7;

/// What one advisory says of one package of one release.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'d> {
    head: Head<'d>,
    advisory: u32,
    flags: u8,
    module: &'d str,
    arches: Texts<'d>,
    rating: Option<RatingBytes<'d>>,
    ranges: Ranges<'d>,
    versions: Texts<'d>,
}

impl<'d> Entry<'d> {
    /// Checks and opens an entry.
    pub(super) fn read(
        bytes: &'d [u8],
        strings: Strings<'d>,
        head: impl FnOnce(u32) -> Option<Head<'d>>,
    ) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let advisory = u32::try_from(reader.varint()?).ok()?;
        let head = head(advisory)?;
        let flags = reader.byte()?;
        status(flags)?;
        let has = |flag| flags & flag != 0;
        let module = if has(MODULE) { strings.read(&mut reader)? } else { "" };
        let none = Texts { strings, reader, left: 0 };
        let arches = if has(ARCHES) { Texts::read(strings, &mut reader)? } else { none };
        let rating =
            if has(RATING) { Some(RatingBytes::read(strings, &mut reader)?) } else { None };
        let ranges = Ranges::read(strings, &mut reader)?;
        let versions = if has(VERSIONS) { Texts::read(strings, &mut reader)? } else { none };
        reader.is_empty().then_some(Self {
            head,
            advisory,
            flags,
            module,
            arches,
            rating,
            ranges,
            versions,
        })
    }

    /// Index of the advisory, for [`Database::advisory`](super::Database::advisory).
    pub fn advisory(&self) -> u32 {
        self.advisory
    }

    /// The advisory's id.
    pub fn id(&self) -> &'d str {
        self.head.id
    }

    /// Name of the feed that it came from: `osv/PyPI`, `alpine-secdb`.
    pub fn feed(&self) -> &'d str {
        self.head.feed
    }

    /// Other ids: aliases first, then the upstream weaknesses that it is about.
    pub fn aliases(&self) -> impl Iterator<Item = &'d str> + use<'d> {
        self.head.aliases
    }

    /// Whether the package is meant by the name of its binary package.
    pub fn binary(&self) -> bool {
        self.flags & BINARY != 0
    }

    /// The vendor's word.
    pub fn status(&self) -> AffectedStatus {
        status(self.flags).unwrap_or_default()
    }

    /// The rpm module stream that it is limited to.
    pub fn module(&self) -> Option<&'d str> {
        (self.flags & MODULE != 0).then_some(self.module)
    }

    /// The architectures that it is limited to; none means all.
    pub fn arches(&self) -> impl Iterator<Item = &'d str> + use<'d> {
        self.arches
    }

    /// Ranges of versions; a version in any of them is affected.
    pub fn ranges(&self) -> impl Iterator<Item = RangeRef<'d>> + use<'d> {
        self.ranges
    }

    /// Versions named one by one.
    pub fn versions(&self) -> impl Iterator<Item = &'d str> + use<'d> {
        self.versions
    }

    /// A rating for this package alone.
    pub fn rating(&self) -> Option<Rating> {
        self.rating.map(RatingBytes::to_rating)
    }
}

/// Texts one after the other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Texts<'d> {
    strings: Strings<'d>,
    reader: Reader<'d>,
    left: usize,
}

impl<'d> Texts<'d> {
    /// Checks the texts and steps over them.
    pub(super) fn read(strings: Strings<'d>, reader: &mut Reader<'d>) -> Option<Self> {
        let left = reader.count()?;
        let texts = Self { strings, reader: *reader, left };
        for _ in 0..left {
            strings.read(reader)?;
        }
        Some(texts)
    }

    pub(super) fn len(&self) -> usize {
        self.left
    }
}

impl<'d> Iterator for Texts<'d> {
    type Item = &'d str;

    fn next(&mut self) -> Option<&'d str> {
        self.left = self.left.checked_sub(1)?;
        self.strings.read(&mut self.reader)
    }
}

/// A range of versions.
#[derive(Debug, Clone, Copy)]
pub struct RangeRef<'d> {
    kind: RangeKind,
    constraint: &'d str,
    events: Events<'d>,
}

impl<'d> RangeRef<'d> {
    fn read(strings: Strings<'d>, reader: &mut Reader<'d>) -> Option<Self> {
        let form = reader.byte()?;
        let kind = match form & 1 {
            0 => RangeKind::Semver,
            _ => RangeKind::Ecosystem,
        };
        let constraint = match form {
            0 | 1 => "",
            2 | 3 => strings.read(reader)?,
            _ => return None,
        };
        let left = reader.count()?;
        let events = Events { strings, reader: *reader, left };
        for _ in 0..left {
            strings.text(reader.varint()? >> 2)?;
        }
        Some(Self { kind, constraint, events })
    }

    /// How its versions are ordered.
    pub fn kind(&self) -> RangeKind {
        self.kind
    }

    /// A constraint in the ecosystem's syntax; empty where there are events.
    pub fn constraint(&self) -> &'d str {
        self.constraint
    }

    /// Its bounds, in the feed's order.
    pub fn events(&self) -> impl Iterator<Item = (EventKind, &'d str)> + use<'d> {
        self.events
    }

    /// The same, as the model's type.
    pub fn to_range(&self) -> Range {
        let event = |(kind, version): (EventKind, &str)| match kind {
            EventKind::Introduced => Event::Introduced(version.into()),
            EventKind::Fixed => Event::Fixed(version.into()),
            EventKind::LastAffected => Event::LastAffected(version.into()),
            EventKind::Limit => Event::Limit(version.into()),
        };
        Range {
            kind: self.kind,
            events: self.events.map(event).collect(),
            constraint: self.constraint.into(),
        }
    }
}

/// What a bound of a range means; see [`Event`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventKind {
    /// From this version on, it included.
    Introduced,
    /// Up to this version, it excluded.
    Fixed,
    /// Up to this version, it included.
    LastAffected,
    /// No claim is made from this version on.
    Limit,
}

#[derive(Debug, Clone, Copy)]
struct Events<'d> {
    strings: Strings<'d>,
    reader: Reader<'d>,
    left: usize,
}

impl<'d> Iterator for Events<'d> {
    type Item = (EventKind, &'d str);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let event = self.reader.varint()?;
        let kind = match event & 3 {
            0 => EventKind::Introduced,
            1 => EventKind::Fixed,
            2 => EventKind::LastAffected,
            _ => EventKind::Limit,
        };
        Some((kind, self.strings.text(event >> 2)?))
    }
}

#[derive(Debug, Clone, Copy)]
struct Ranges<'d> {
    strings: Strings<'d>,
    reader: Reader<'d>,
    left: usize,
}

impl<'d> Ranges<'d> {
    fn read(strings: Strings<'d>, reader: &mut Reader<'d>) -> Option<Self> {
        let left = reader.count()?;
        let ranges = Self { strings, reader: *reader, left };
        for _ in 0..left {
            RangeRef::read(strings, reader)?;
        }
        Some(ranges)
    }
}

impl<'d> Iterator for Ranges<'d> {
    type Item = RangeRef<'d>;

    fn next(&mut self) -> Option<RangeRef<'d>> {
        self.left = self.left.checked_sub(1)?;
        RangeRef::read(self.strings, &mut self.reader)
    }
}

#[derive(Debug, Clone, Copy)]
struct RatingBytes<'d> {
    source: &'d str,
    kind: RatingKind,
    value: &'d str,
    score: f32,
    severity: Severity,
}

impl<'d> RatingBytes<'d> {
    fn read(strings: Strings<'d>, reader: &mut Reader<'d>) -> Option<Self> {
        Some(Self {
            source: strings.read(reader)?,
            kind: rating_kind(reader.byte()?)?,
            value: strings.read(reader)?,
            score: reader.f32()?,
            severity: severity(reader.byte()?)?,
        })
    }

    fn to_rating(self) -> Rating {
        Rating {
            source: self.source.into(),
            kind: self.kind,
            value: self.value.into(),
            score: (!self.score.is_nan()).then_some(self.score),
            severity: self.severity,
        }
    }
}

/// Appends an entry; its package is known from the list that it stands in.
pub(super) fn put(
    out: &mut Vec<u8>,
    texts: &mut Interner,
    advisory: u32,
    affected: &Affected,
) -> Result<(), DatabaseError> {
    let flag = |flag: u8, set: bool| if set { flag } else { 0 };
    put_varint(out, advisory.into());
    out.push(
        flag(BINARY, affected.binary)
            | status_bits(affected.status) << STATUS_SHIFT
            | flag(MODULE, affected.module.is_some())
            | flag(RATING, affected.rating.is_some())
            | flag(ARCHES, !affected.arches.is_empty())
            | flag(VERSIONS, !affected.versions.is_empty()),
    );
    if let Some(module) = &affected.module {
        put_varint(out, texts.intern(module)?.into());
    }
    if !affected.arches.is_empty() {
        put_texts(out, texts, &affected.arches)?;
    }
    if let Some(rating) = &affected.rating {
        put_varint(out, texts.intern(&rating.source)?.into());
        out.push(rating_kind_byte(rating.kind));
        put_varint(out, texts.intern(&rating.value)?.into());
        out.extend_from_slice(&rating.score.unwrap_or(f32::NAN).to_bits().to_le_bytes());
        out.push(severity_byte(rating.severity));
    }
    put_count(out, affected.ranges.len());
    for range in &affected.ranges {
        put_range(out, texts, range)?;
    }
    if !affected.versions.is_empty() {
        put_texts(out, texts, &affected.versions)?;
    }
    Ok(())
}

fn put_range(out: &mut Vec<u8>, texts: &mut Interner, range: &Range) -> Result<(), DatabaseError> {
    let kind = u8::from(range.kind == RangeKind::Ecosystem);
    if range.constraint.is_empty() {
        out.push(kind);
    } else {
        out.push(kind | 2);
        put_varint(out, texts.intern(&range.constraint)?.into());
    }
    put_count(out, range.events.len());
    for event in &range.events {
        let (kind, version) = match event {
            Event::Introduced(version) => (0, version),
            Event::Fixed(version) => (1, version),
            Event::LastAffected(version) => (2, version),
            Event::Limit(version) => (3, version),
        };
        put_varint(out, u64::from(texts.intern(version)?) << 2 | kind);
    }
    Ok(())
}

/// Appends references to texts after their number.
pub(super) fn put_texts(
    out: &mut Vec<u8>,
    texts: &mut Interner,
    list: &[String],
) -> Result<(), DatabaseError> {
    put_count(out, list.len());
    for text in list {
        put_varint(out, texts.intern(text)?.into());
    }
    Ok(())
}

fn status(flags: u8) -> Option<AffectedStatus> {
    status_of_bits(flags >> STATUS_SHIFT & STATUS_BITS)
}
