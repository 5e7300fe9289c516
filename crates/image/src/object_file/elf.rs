//! ELF: programs of Linux and the BSDs.
//!
//! Source: <https://gabi.xinuos.com/elf/>.

use std::io;

use crate::byte_order::ByteOrder;
use crate::content::ReadAt;
use crate::object_file::{MAX_PARTS, MAX_TABLE, ObjectFile, Part, name, table};

const LOADED_SEGMENT: u32 = 1;
const NO_BITS: u32 = 8;
/// A count that does not fit its field stands in the first section.
const EXTENDED: u16 = 0xffff;

/// Fields that differ between 32 and 64 bits.
struct Class {
    order: ByteOrder,
    is_64: bool,
}

impl Class {
    /// An address or offset, which begins at `at32` or `at64`.
    fn word(&self, bytes: &[u8], at32: usize, at64: usize) -> Option<u64> {
        if self.is_64 {
            self.order.u64(bytes, at64)
        } else {
            self.order.u32(bytes, at32).map(u64::from)
        }
    }

    fn half(&self, bytes: &[u8], at32: usize, at64: usize) -> Option<u16> {
        self.order.u16(bytes, if self.is_64 { at64 } else { at32 })
    }
}

pub(super) fn read(content: &dyn ReadAt, start: &[u8]) -> io::Result<Option<ObjectFile>> {
    let order = match start.get(5) {
        Some(1) => ByteOrder::Little,
        Some(2) => ByteOrder::Big,
        _ => return Ok(None),
    };
    let class = Class { order, is_64: start.get(4) == Some(&2) };
    let mut object = ObjectFile { order, sections: Vec::new(), segments: Vec::new() };
    if let (Some(offset), Some(size), Some(count)) =
        (class.word(start, 28, 32), class.half(start, 42, 54), class.half(start, 44, 56))
    {
        let rows = rows(content, offset, size, u64::from(count))?;
        object.segments = rows.iter().filter_map(|row| segment(&class, row)).collect();
    }
    if let (Some(offset), Some(size), Some(count), Some(names)) = (
        class.word(start, 32, 40),
        class.half(start, 46, 58),
        class.half(start, 48, 60),
        class.half(start, 50, 62),
    ) {
        object.sections = sections(content, &class, offset, size, count, names)?;
    }
    Ok(Some(object))
}

fn sections(
    content: &dyn ReadAt,
    class: &Class,
    offset: u64,
    size: u16,
    count: u16,
    names: u16,
) -> io::Result<Vec<Part>> {
    if offset == 0 {
        return Ok(Vec::new());
    }
    let (mut count, mut names) = (u64::from(count), u64::from(names));
    if count == 0 || names == u64::from(EXTENDED) {
        let first = rows(content, offset, size, 1)?;
        let first = first.first().map(Vec::as_slice).unwrap_or_default();
        if count == 0 {
            count = class.word(first, 20, 32).unwrap_or(0);
        }
        if names == u64::from(EXTENDED) {
            let link = if class.is_64 { 40 } else { 24 };
            names = class.order.u32(first, link).map_or(0, u64::from);
        }
    }
    let rows = rows(content, offset, size, count)?;
    let names = usize::try_from(names).ok().and_then(|at| rows.get(at));
    let names = match names.and_then(|row| section(class, row)) {
        Some((_, part)) => part.bytes(content, MAX_TABLE)?.unwrap_or_default(),
        None => Vec::new(),
    };
    let parts = rows.iter().filter_map(|row| {
        let (at, mut part) = section(class, row)?;
        part.name = name(names.get(at..).unwrap_or_default());
        Some(part)
    });
    Ok(parts.collect())
}

/// The part and where its name stands in the table of names.
fn section(class: &Class, row: &[u8]) -> Option<(usize, Part)> {
    const WRITE: u64 = 1;
    const EXECUTE: u64 = 4;
    let kind = class.order.u32(row, 4)?;
    let flags = class.word(row, 8, 8)?;
    let part = Part {
        name: String::new(),
        address: class.word(row, 12, 16)?,
        offset: class.word(row, 16, 24)?,
        size: if kind == NO_BITS { 0 } else { class.word(row, 20, 32)? },
        is_data: flags & (WRITE | EXECUTE) == WRITE,
    };
    Some((class.order.len32(row, 0)?, part))
}

fn segment(class: &Class, row: &[u8]) -> Option<Part> {
    const EXECUTE: u32 = 1;
    const WRITE: u32 = 2;
    if class.order.u32(row, 0)? != LOADED_SEGMENT {
        return None;
    }
    let flags = class.order.u32(row, if class.is_64 { 4 } else { 24 })?;
    Some(Part {
        name: String::new(),
        address: class.word(row, 8, 16)?,
        offset: class.word(row, 4, 8)?,
        size: class.word(row, 16, 32)?,
        is_data: flags & (WRITE | EXECUTE) == WRITE,
    })
}

/// The rows of a table, as many as the file and the limits hold.
fn rows(content: &dyn ReadAt, offset: u64, size: u16, count: u64) -> io::Result<Vec<Vec<u8>>> {
    if size == 0 {
        return Ok(Vec::new());
    }
    let count = count.min(MAX_PARTS as u64);
    let bytes = table(content, offset, (u64::from(size) * count).min(MAX_TABLE))?;
    Ok(bytes.chunks_exact(usize::from(size)).map(<[u8]>::to_vec).collect())
}
