//! Where the Go linker left the toolchain's version and the list of modules in a program.
//!
//! A block aligned to 16 bytes begins with a magic. Since Go 1.18 both texts follow it, their
//! lengths as varints before them; earlier it points at two Go strings, in the byte order and
//! pointer size of the target. The block has a section of its own in ELF and Mach-O; in PE, and
//! where the section table was taken away, it lies in writable data.
//!
//! Source: <https://pkg.go.dev/debug/buildinfo>.

use std::io;

use crate::byte_order::ByteOrder;
use crate::content::ReadAt;
use crate::object_file::{ObjectFile, Part};

const MAGIC: &[u8] = b"\xff Go buildinf:";
const ALIGN: u64 = 16;
const HEAD: usize = 32;
/// Read at once while searching.
const CHUNK: usize = 1 << 20;
/// Searched of one program, all its parts together: 64 MiB. The linker puts the block first.
const MAX_SEARCH: u64 = 64 << 20;
const MAX_TOOLCHAIN: usize = 4096;
/// The longest list of modules that is read: 16 MiB. Large programs have 100 KiB.
const MAX_MODULES: usize = 16 << 20;

/// The two texts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BuildInfo {
    /// `go1.21.3`.
    pub(super) toolchain: String,
    /// Lines of fields between tabs; empty for a program built without modules.
    pub(super) modules: String,
}

/// What the program says, or `None` where no Go toolchain built it.
pub(super) fn read(content: &dyn ReadAt, object: &ObjectFile) -> io::Result<Option<BuildInfo>> {
    let mut room = MAX_SEARCH;
    for part in places(object) {
        let part = Part { size: part.size.min(room), ..part.clone() };
        room -= part.size;
        if let Some(address) = find(content, object, &part)? {
            return decode(content, object, address);
        }
    }
    Ok(None)
}

/// Parts in which the block may lie. Data of programs that are plainly not Go is not searched:
/// that would be half of what a system's programs and libraries hold.
fn places(object: &ObjectFile) -> Vec<&Part> {
    let starts = |starts: &[&str]| {
        object.sections.iter().any(|part| starts.iter().any(|start| part.name.starts_with(start)))
    };
    let own = |part: &&Part| matches!(part.name.as_str(), ".go.buildinfo" | "__go_buildinfo");
    if let Some(own) = object.sections.iter().find(own) {
        return vec![own];
    }
    // PE has no section that only Go writes.
    let is_elf_or_macho = starts(&[".shstrtab", "__text"]);
    if is_elf_or_macho && !starts(&[".go.", ".gopclntab", ".note.go", "__go_", "__gopclntab"]) {
        return Vec::new();
    }
    object.segments.iter().filter(|part| part.is_data).collect()
}

fn find(content: &dyn ReadAt, object: &ObjectFile, part: &Part) -> io::Result<Option<u64>> {
    let Some(mut at) = part.address.checked_next_multiple_of(ALIGN) else { return Ok(None) };
    let end = part.address.saturating_add(part.size);
    while at < end {
        let len = usize::try_from(end - at).unwrap_or(CHUNK).min(CHUNK);
        let bytes = object.memory(content, at, len)?;
        let mut aligned = (at..).step_by(16).zip(bytes.chunks(16));
        if let Some((found, _)) = aligned.find(|(_, bytes)| bytes.starts_with(MAGIC)) {
            return Ok(Some(found));
        }
        if bytes.len() < CHUNK {
            break;
        }
        at += bytes.len() as u64;
    }
    Ok(None)
}

fn decode(content: &dyn ReadAt, object: &ObjectFile, at: u64) -> io::Result<Option<BuildInfo>> {
    const INLINE: u8 = 2;
    const BIG: u8 = 1;
    let head = object.memory(content, at, HEAD)?;
    let (Some(&size), Some(&flags)) = (head.get(14), head.get(15)) else { return Ok(None) };
    let texts = if flags & INLINE != 0 {
        let Some(start) = at.checked_add(HEAD as u64) else { return Ok(None) };
        let toolchain = inline(content, object, start, MAX_TOOLCHAIN)?;
        let Some((toolchain, behind)) = toolchain else { return Ok(None) };
        let modules = inline(content, object, behind, MAX_MODULES)?;
        modules.map(|(modules, _)| (toolchain, modules))
    } else {
        let order = if flags & BIG != 0 { ByteOrder::Big } else { ByteOrder::Little };
        let pointer = |bytes: &[u8], index: usize| match size {
            4 => order.u32(bytes, 4 * index).map(u64::from),
            8 => order.u64(bytes, 8 * index),
            _ => None,
        };
        let text = |index: usize, limit: usize| -> io::Result<Option<Vec<u8>>> {
            let Some(at) = pointer(head.get(16..).unwrap_or_default(), index) else {
                return Ok(None);
            };
            let string = object.memory(content, at, 2 * usize::from(size))?;
            let Some((data, len)) = pointer(&string, 0).zip(pointer(&string, 1)) else {
                return Ok(None);
            };
            let len = usize::try_from(len).unwrap_or(usize::MAX);
            if len > limit {
                return Ok(None);
            }
            let bytes = object.memory(content, data, len)?;
            Ok((bytes.len() == len).then_some(bytes))
        };
        let toolchain = text(0, MAX_TOOLCHAIN)?;
        let modules = text(1, MAX_MODULES)?.unwrap_or_default();
        toolchain.map(|toolchain| (toolchain, modules))
    };
    Ok(texts.and_then(|(toolchain, modules)| build_info(&toolchain, &modules)))
}

/// A text behind its length, and the address after it.
fn inline(
    content: &dyn ReadAt,
    object: &ObjectFile,
    at: u64,
    limit: usize,
) -> io::Result<Option<(Vec<u8>, u64)>> {
    let start = object.memory(content, at, 10)?;
    let Some((len, used)) = varint(&start) else { return Ok(None) };
    let Some(len) = usize::try_from(len).ok().filter(|&len| len <= limit) else { return Ok(None) };
    let Some(at) = at.checked_add(used) else { return Ok(None) };
    let text = object.memory(content, at, len)?;
    Ok((text.len() == len).then(|| (text, at.saturating_add(len as u64))))
}

/// Seven bits a byte, least significant first; and how many bytes it has.
fn varint(bytes: &[u8]) -> Option<(u64, u64)> {
    let mut number = 0_u64;
    for (at, &byte) in (0_u32..).zip(bytes) {
        number |= u64::from(byte & 0x7f).checked_shl(7 * at)?;
        if byte < 0x80 {
            return Some((number, u64::from(at) + 1));
        }
    }
    None
}

/// The list of modules stands between two marks of 16 bytes, so that it can be found in memory.
fn build_info(toolchain: &[u8], modules: &[u8]) -> Option<BuildInfo> {
    const MARK: usize = 16;
    let inner = modules.len().checked_sub(MARK).and_then(|end| modules.get(MARK..end));
    let inner = inner.filter(|inner| inner.ends_with(b"\n")).unwrap_or_default();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let found = BuildInfo { toolchain: text(toolchain), modules: text(inner) };
    (!found.toolchain.is_empty()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(parts: Vec<Part>) -> ObjectFile {
        ObjectFile { order: ByteOrder::Little, sections: Vec::new(), segments: parts }
    }

    fn data(address: u64, bytes: &[u8]) -> Part {
        let size = bytes.len() as u64;
        Part { name: String::new(), address, offset: 0, size, is_data: true }
    }

    fn marked(modules: &str) -> String {
        format!("0123456789abcdef{modules}fedcba9876543210")
    }

    fn inline_block(toolchain: &str, modules: &str) -> Vec<u8> {
        let mut block = [MAGIC, &[8, 2], &[0; 16]].concat();
        for text in [toolchain, &marked(modules)] {
            block.push(u8::try_from(text.len()).unwrap());
            block.extend(text.bytes());
        }
        block
    }

    /// A block as before Go 1.18, at address 0x1000, its strings behind it.
    fn pointer_block(order: ByteOrder, size: u8, toolchain: &str, modules: &str) -> Vec<u8> {
        let modules = marked(modules);
        let number = |number: usize| {
            let bytes = (number as u64).to_be_bytes();
            let mut bytes = bytes[8 - usize::from(size)..].to_vec();
            if order == ByteOrder::Little {
                bytes.reverse();
            }
            bytes
        };
        let mut block = [MAGIC, &[size, u8::from(order == ByteOrder::Big)]].concat();
        block.extend(number(0x1020));
        block.extend(number(0x1040));
        block.resize(0x20, 0);
        block.extend(number(0x1060));
        block.extend(number(toolchain.len()));
        block.resize(0x40, 0);
        block.extend(number(0x1060 + toolchain.len()));
        block.extend(number(modules.len()));
        block.resize(0x60, 0);
        block.extend(toolchain.bytes());
        block.extend(modules.bytes());
        block
    }

    fn expected(toolchain: &str) -> BuildInfo {
        BuildInfo { toolchain: toolchain.into(), modules: "path\tcmd/app\n".into() }
    }

    #[test]
    fn the_older_form_is_read_in_both_byte_orders_and_pointer_sizes() {
        for order in [ByteOrder::Little, ByteOrder::Big] {
            for size in [4, 8] {
                let bytes = pointer_block(order, size, "go1.13.4", "path\tcmd/app\n");
                let object = object(vec![data(0x1000, &bytes)]);
                assert_eq!(read(&bytes, &object).unwrap(), Some(expected("go1.13.4")));
            }
        }
    }

    #[test]
    fn the_block_is_found_only_where_it_is_aligned() {
        let block = inline_block("go1.21.3", "path\tcmd/app\n");
        let aligned = [vec![0; 32], block.clone()].concat();
        let parts = object(vec![data(0x40_0000, &aligned)]);
        assert_eq!(read(&aligned, &parts).unwrap(), Some(expected("go1.21.3")));
        let not = [vec![0; 24], block].concat();
        assert_eq!(read(&not, &object(vec![data(0x40_0000, &not)])).unwrap(), None);
        // The address counts, not the place in the file.
        assert!(read(&not, &object(vec![data(0x40_0008, &not)])).unwrap().is_some());
    }

    #[test]
    fn data_of_programs_that_are_plainly_not_go_is_not_searched() {
        let block = inline_block("go1.21.3", "");
        let named = |name: &str| Part { name: name.into(), is_data: false, ..data(0, &[]) };
        let mut object = object(vec![data(0x1000, &block)]);
        object.sections = vec![named(".shstrtab"), named(".got"), named(".data")];
        assert_eq!(read(&block, &object).unwrap(), None);
        object.sections.push(named(".gopclntab"));
        assert!(read(&block, &object).unwrap().is_some());
    }

    #[test]
    fn overlapping_parts_are_not_searched_without_end() {
        struct Endless(std::sync::atomic::AtomicU64);
        impl ReadAt for Endless {
            fn read_at(&self, buffer: &mut [u8], _: u64) -> io::Result<usize> {
                self.0.fetch_add(buffer.len() as u64, std::sync::atomic::Ordering::Relaxed);
                Ok(buffer.len())
            }
            fn size(&self) -> u64 {
                u64::MAX
            }
        }
        let content = Endless(0.into());
        let part = Part { size: 60 << 20, ..data(0x1000, &[]) };
        assert_eq!(read(&content, &object(vec![part; 100])).unwrap(), None);
        assert_eq!(content.0.into_inner(), MAX_SEARCH);
    }

    #[test]
    fn lengths_beyond_the_part_give_nothing() {
        let mut block = inline_block("go1.21.3", "path\tcmd/app\n");
        block.truncate(block.len() - 1);
        assert_eq!(read(&block, &object(vec![data(0x1000, &block)])).unwrap(), None);
        block.splice(32..33, [0xff; 9]);
        assert_eq!(read(&block, &object(vec![data(0x1000, &block)])).unwrap(), None);
    }

    proptest::proptest! {
        #[test]
        fn no_block_panics(head in proptest::array::uniform18(proptest::num::u8::ANY), rest in proptest::collection::vec(proptest::num::u8::ANY, 0..200), address in proptest::num::u64::ANY) {
            let bytes = [MAGIC, &head, &rest].concat();
            let size = bytes.len() as u64;
            let part = Part { name: String::new(), address: address & !15, offset: 0, size, is_data: true };
            read(&bytes, &object(vec![part])).unwrap();
        }
    }
}
