//! PE: programs of Windows.
//!
//! Source: <https://learn.microsoft.com/windows/win32/debug/pe-format>.

use std::io;

use crate::byte_order::ByteOrder::Little;
use crate::content::ReadAt;
use crate::object_file::{MAX_PARTS, ObjectFile, Part, name, table};

const SECTION: usize = 40;
const IMAGE_BASE_32: usize = 28;
const IMAGE_BASE_64: usize = 24;
const PE32_PLUS: u16 = 0x20b;

pub(super) fn read(content: &dyn ReadAt, start: &[u8]) -> io::Result<Option<ObjectFile>> {
    let Some(at) = Little.u32(start, 0x3c).map(u64::from) else { return Ok(None) };
    let head = table(content, at, 24 + 32)?;
    if head.get(..4) != Some(b"PE\0\0") {
        return Ok(None);
    }
    let count = Little.u16(&head, 6).map_or(0, usize::from).min(MAX_PARTS);
    let optional = Little.u16(&head, 20).map_or(0, u64::from);
    let fields = head.get(24..).unwrap_or_default();
    let base = match Little.u16(fields, 0) {
        Some(PE32_PLUS) => Little.u64(fields, IMAGE_BASE_64),
        _ => Little.u32(fields, IMAGE_BASE_32).map(u64::from),
    };
    let offset = at + 24 + optional;
    let rows = table(content, offset, (count * SECTION) as u64)?;
    let sections: Vec<Part> =
        rows.chunks_exact(SECTION).filter_map(|row| section(row, base.unwrap_or(0))).collect();
    Ok(Some(ObjectFile { order: Little, segments: sections.clone(), sections }))
}

fn section(row: &[u8], base: u64) -> Option<Part> {
    const EXECUTE: u32 = 0x2000_0000;
    const READ_WRITE: u32 = 0xc000_0000;
    let flags = Little.u32(row, 36)?;
    Some(Part {
        name: name(row.get(..8)?),
        address: base.wrapping_add(u64::from(Little.u32(row, 12)?)),
        offset: u64::from(Little.u32(row, 20)?),
        // In the file a section is padded, in memory it can be longer than that.
        size: u64::from(Little.u32(row, 16)?),
        is_data: flags & READ_WRITE == READ_WRITE && flags & EXECUTE == 0,
    })
}
