//! Sections and segments of ELF, PE and Mach-O files, as far as embedded metadata needs them.
//!
//! Only the tables are read, never the code: a program of 200 MB costs a few kilobytes. Names
//! and addresses are the file's own claims; every read of content is bounded by the file's size.

mod elf;
mod macho;
mod pe;

use std::io;

use crate::byte_order::ByteOrder;
use crate::content::{ReadAt, read_exact_at};

/// Sections or segments that are looked at; linkers write under a hundred, some compilers a few
/// thousand in unlinked objects.
const MAX_PARTS: usize = 4096;

/// The most bytes that one table is read in: 4 MiB.
const MAX_TABLE: u64 = 4 << 20;

/// The tables of one program or library.
#[derive(Debug, Clone)]
pub struct ObjectFile {
    /// Byte order of the target machine.
    pub order: ByteOrder,
    /// Named parts; empty where the file was stripped of its section table.
    pub sections: Vec<Part>,
    /// What is mapped when the program starts; for PE the sections once more.
    pub segments: Vec<Part>,
}

/// A section or segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Name without the segment's; for segments of ELF empty.
    pub name: String,
    /// Address in memory.
    pub address: u64,
    /// Place in the file.
    pub offset: u64,
    /// Bytes in the file, which can be fewer than in memory.
    pub size: u64,
    /// Mapped so that the program may write to it, and not run it.
    pub is_data: bool,
}

impl ObjectFile {
    /// Reads the tables; `None` where the file is in none of the formats. Tables that lead out
    /// of the file are cut or empty. An error is one of reading.
    pub fn read(content: &dyn ReadAt) -> io::Result<Option<Self>> {
        let start = table(content, 0, 64)?;
        match start.get(..4) {
            Some(b"\x7fELF") => elf::read(content, &start),
            Some([b'M', b'Z', ..]) => pe::read(content, &start),
            Some(_) => macho::read(content, 0, &start),
            None => Ok(None),
        }
    }

    /// The section of this name.
    pub fn section(&self, name: &str) -> Option<&Part> {
        self.sections.iter().find(|section| section.name == name)
    }

    /// The bytes that are mapped at `address`: `len` of them, fewer where the part ends.
    pub fn memory(&self, content: &dyn ReadAt, address: u64, len: usize) -> io::Result<Vec<u8>> {
        let part = self.segments.iter().find(|part| part.holds(address));
        let Some(part) = part.or_else(|| self.sections.iter().find(|part| part.holds(address)))
        else {
            return Ok(Vec::new());
        };
        let into = address - part.address;
        let left = part.size - into;
        table(content, part.offset.saturating_add(into), left.min(len as u64))
    }
}

impl Part {
    fn holds(&self, address: u64) -> bool {
        address.checked_sub(self.address).is_some_and(|into| into < self.size)
    }

    /// The bytes, cut where the file ends; `None` where they are more than `limit`.
    pub fn bytes(&self, content: &dyn ReadAt, limit: u64) -> io::Result<Option<Vec<u8>>> {
        if self.size > limit {
            return Ok(None);
        }
        table(content, self.offset, self.size).map(Some)
    }
}

/// `len` bytes at `offset`, fewer where the file ends.
fn table(content: &dyn ReadAt, offset: u64, len: u64) -> io::Result<Vec<u8>> {
    let len = len.min(content.size().saturating_sub(offset));
    read_exact_at(content, offset, usize::try_from(len).unwrap_or(usize::MAX))
}

/// Text up to the first NUL.
fn name(bytes: &[u8]) -> String {
    let text = bytes.split(|&byte| byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_very_program_has_sections_and_segments() {
        let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let object = ObjectFile::read(&program).unwrap().unwrap();
        let text = object.section(".text").or(object.section("__text")).unwrap();
        let found = object.memory(&program, text.address + 1, 7).unwrap();
        let at = usize::try_from(text.offset).unwrap() + 1;
        assert_eq!(found, program[at..at + 7]);
        assert!(!text.is_data);
    }

    #[test]
    fn other_files_are_none() {
        assert!(ObjectFile::read(&b"#!/bin/sh\n".to_vec()).unwrap().is_none());
        assert!(ObjectFile::read(&Vec::new()).unwrap().is_none());
        assert!(
            ObjectFile::read(&b"\xca\xfe\xba\xbe\0\0\0\x34 a Java class".to_vec())
                .unwrap()
                .is_none()
        );
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(mut bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400), form in 0..6, address in proptest::num::u64::ANY) {
            let magic: &[u8] = match form {
                0 => b"\x7fELF\x02\x01\x01",
                1 => b"\x7fELF\x01\x02\x01",
                2 => b"MZ",
                3 => b"\xcf\xfa\xed\xfe",
                4 => b"\xca\xfe\xba\xbe\0\0\0\x01",
                _ => b"\xfe\xed\xfa\xce",
            };
            bytes.splice(0..0, magic.iter().copied());
            if form == 2 && bytes.len() > 0x50 {
                bytes.splice(0x3c..0x40, [0x40, 0, 0, 0]);
                bytes.splice(0x40..0x44, *b"PE\0\0");
            }
            if let Some(object) = ObjectFile::read(&bytes).unwrap() {
                object.memory(&bytes, address, 100).unwrap();
                for part in object.sections.iter().chain(&object.segments) {
                    object.memory(&bytes, part.address, 100).unwrap();
                    part.bytes(&bytes, 1000).unwrap();
                }
            }
        }
    }
}
