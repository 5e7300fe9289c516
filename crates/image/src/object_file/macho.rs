//! Mach-O: programs of Apple's systems; of several in one file the first is read.
//!
//! Source: <https://github.com/apple-oss-distributions/xnu/blob/main/EXTERNAL_HEADERS/mach-o/loader.h>.

use std::io;

use crate::byte_order::ByteOrder::{self, Big};
use crate::content::ReadAt;
use crate::object_file::{MAX_PARTS, MAX_TABLE, ObjectFile, Part, name, table};

const MAGIC_32: u32 = 0xfeed_face;
const MAGIC_64: u32 = 0xfeed_facf;
const FAT: u32 = 0xcafe_babe;
const FAT_64: u32 = 0xcafe_babf;
const SEGMENT_32: u32 = 1;
const SEGMENT_64: u32 = 0x19;

pub(super) fn read(
    content: &dyn ReadAt,
    base: u64,
    start: &[u8],
) -> io::Result<Option<ObjectFile>> {
    if base == 0
        && let Some(first) = first_of_fat(start)
    {
        let start = table(content, first, 64)?;
        return if first == 0 { Ok(None) } else { read(content, first, &start) };
    }
    let known = |order: ByteOrder| order.u32(start, 0).filter(|m| [MAGIC_32, MAGIC_64].contains(m));
    let found = [ByteOrder::Little, Big].into_iter().find_map(|o| known(o).map(|m| (o, m)));
    let Some((order, magic)) = found else { return Ok(None) };
    let is_64 = magic == MAGIC_64;
    let head = if is_64 { 32 } else { 28 };
    let count = order.u32(start, 16).unwrap_or(0);
    let length = order.u32(start, 20).map_or(0, u64::from);
    let commands = table(content, base.saturating_add(head), length.min(MAX_TABLE))?;
    let mut object = ObjectFile { order, sections: Vec::new(), segments: Vec::new() };
    let mut rest = commands.as_slice();
    for _ in 0..count {
        let (Some(kind), Some(size)) = (order.u32(rest, 0), order.len32(rest, 4)) else { break };
        // A size of 0 would never end.
        let Some((command, behind)) = rest.split_at_checked(size).filter(|_| size >= 8) else {
            break;
        };
        if kind == if is_64 { SEGMENT_64 } else { SEGMENT_32 } {
            segment(command, order, is_64, base, &mut object);
        }
        if object.sections.len() + object.segments.len() > MAX_PARTS {
            break;
        }
        rest = behind;
    }
    Ok(Some(object))
}

/// Where the first program of a universal file begins. A Java class begins with the same bytes:
/// its version, 45 and more, stands where the number of programs would.
fn first_of_fat(start: &[u8]) -> Option<u64> {
    let magic = Big.u32(start, 0).filter(|magic| [FAT, FAT_64].contains(magic))?;
    Big.u32(start, 4).filter(|count| (1..45).contains(count))?;
    if magic == FAT { Big.u32(start, 16).map(u64::from) } else { Big.u64(start, 16) }
}

fn segment(command: &[u8], order: ByteOrder, is_64: bool, base: u64, object: &mut ObjectFile) {
    const WRITE: u32 = 2;
    const EXECUTE: u32 = 4;
    let word = |bytes: &[u8], at32: usize, at64: usize| {
        if is_64 { order.u64(bytes, at64) } else { order.u32(bytes, at32).map(u64::from) }
    };
    let place = |at32: usize, at64: usize| if is_64 { at64 } else { at32 };
    let protection = order.u32(command, place(44, 60)).unwrap_or(0);
    let is_data = protection & (WRITE | EXECUTE) == WRITE;
    let part = || {
        Some(Part {
            name: name(command.get(8..24)?),
            address: word(command, 24, 24)?,
            offset: base.saturating_add(word(command, 32, 40)?),
            size: word(command, 36, 48)?,
            is_data,
        })
    };
    object.segments.extend(part());
    let count = order.len32(command, place(48, 64)).unwrap_or(0).min(MAX_PARTS);
    let rows = command.get(place(56, 72)..).unwrap_or_default();
    let sections = rows.chunks_exact(place(68, 80)).take(count).filter_map(|row| {
        Some(Part {
            name: name(row.get(..16)?),
            address: word(row, 32, 32)?,
            size: word(row, 36, 40)?,
            offset: base.saturating_add(u64::from(order.u32(row, place(40, 48))?)),
            is_data,
        })
    });
    object.sections.extend(sections);
}
