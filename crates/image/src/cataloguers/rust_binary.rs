//! Crates in a Rust program that was built with `cargo auditable`.
//!
//! The section `.dep-v0` holds the dependency tree as JSON, compressed with zlib. Crates that
//! only ran during the build are listed as well.
//!
//! Source: <https://github.com/rust-secure-code/cargo-auditable/blob/master/PARSING.md>.

use std::io::Read;

use plimsoll_model::{Package, PackageKind, Scope};
use serde::Deserialize;

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};
use crate::object_file::ObjectFile;

/// Reads what `cargo auditable` left in programs and libraries.
#[derive(Debug)]
pub(crate) struct RustBinary;

const SECTION: &str = ".dep-v0";
/// Compressed bytes; the largest known trees have under 100 KiB.
const MAX_STORED: u64 = 8 << 20;
/// Inflated bytes.
const MAX_INFLATED: u64 = 32 << 20;
/// A longer name is not repeated in edges.
const MAX_NAME: usize = 256;
/// Edges that are kept of one program.
const MAX_EDGES: usize = 1_000_000;

#[derive(Deserialize)]
struct Tree {
    packages: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    version: String,
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    dependencies: Vec<usize>,
}

impl Cataloguer for RustBinary {
    fn name(&self) -> &'static str {
        "rust-binary"
    }

    fn wants(&self) -> &'static [Want] {
        &[Want::Executable]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        let Some(object) = ObjectFile::read(file.content())? else { return Ok(()) };
        let Some(section) = object.section(SECTION) else { return Ok(()) };
        let Some(stored) = section.bytes(file.content(), MAX_STORED)? else {
            return Err(CatalogueError::TooLarge { size: section.size, limit: MAX_STORED });
        };
        let mut json = Vec::new();
        let mut inflated = flate2::read::ZlibDecoder::new(stored.as_slice()).take(MAX_INFLATED + 1);
        inflated
            .read_to_end(&mut json)
            .map_err(|error| CatalogueError::malformed(SECTION, error))?;
        if json.len() as u64 > MAX_INFLATED {
            return Err(CatalogueError::TooLarge { size: MAX_INFLATED + 1, limit: MAX_INFLATED });
        }
        let tree: Tree = serde_json::from_slice(&json)
            .map_err(|error| CatalogueError::malformed(SECTION, error))?;
        let mut room = MAX_EDGES;
        for entry in &tree.packages {
            found.add(package(entry, &tree.packages, &mut room));
        }
        Ok(())
    }
}

fn package(entry: &Entry, all: &[Entry], room: &mut usize) -> Package {
    let mut package = Package::new(PackageKind::Cargo, &entry.name, &entry.version);
    if entry.kind.as_deref() == Some("build") {
        package.scope = Scope::Development;
    }
    if let Some(source) = entry.source.as_deref().filter(|source| *source != "crates.io") {
        package.notes.push(format!("built from a source of kind `{source}`"));
    }
    let needs = entry.dependencies.iter().take(*room).filter_map(|&at| all.get(at));
    let names = needs.map(|needed| &needed.name).filter(|name| name.len() <= MAX_NAME);
    package.depends_on = names.cloned().collect();
    package.depends_on.sort_unstable();
    package.depends_on.dedup();
    *room = room.saturating_sub(package.depends_on.len());
    package
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::cataloguer::listing;

    /// A little-endian ELF file of 64 bits with one section of this content and that of names.
    fn elf(content: &[u8]) -> Vec<u8> {
        let names = b"\0.dep-v0\0.shstrtab\0";
        let mut file = b"\x7fELF\x02\x01\x01".to_vec();
        file.resize(64, 0);
        let table = (64 + content.len() + names.len()) as u64;
        file.splice(40..48, table.to_le_bytes());
        file.splice(58..64, [64, 0, 2, 0, 1, 0]);
        file.extend(content);
        file.extend(names);
        let mut section = |name: u32, offset: usize, size: usize| {
            file.extend(name.to_le_bytes());
            file.extend(1_u32.to_le_bytes());
            file.extend([0; 16]);
            file.extend((offset as u64).to_le_bytes());
            file.extend((size as u64).to_le_bytes());
            file.extend([0; 24]);
        };
        section(1, 64, content.len());
        section(9, 64 + content.len(), names.len());
        file
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    const TREE: &[u8] = br#"{"packages":[
        {"name":"cc","version":"1.0.1","source":"crates.io","kind":"build"},
        {"name":"app","version":"0.1.0","source":"local","dependencies":[0,2,9],"root":true},
        {"name":"libc","version":"0.2.9","source":"crates.io"}],"format":1}"#;

    #[test]
    fn the_tree_gives_crates_scopes_and_edges() {
        let program = elf(&zlib(TREE));
        insta::assert_snapshot!(listing(&RustBinary, "usr/bin/app", &program), @r"
        cargo cc 1.0.1 (Development)
        cargo app 0.1.0
        cargo libc 0.2.9
        ");
        let mut found = Found::default();
        RustBinary.catalogue(&File::new("app", &program, true), &mut found).unwrap();
        assert_eq!(found.packages[1].depends_on, ["cc", "libc"]);
        assert_eq!(found.packages[1].notes, ["built from a source of kind `local`"]);
    }

    #[test]
    fn damage_and_bombs_are_named() {
        let stored = zlib(TREE);
        let cut = listing(&RustBinary, "app", &elf(&stored[..stored.len() - 9]));
        assert!(cut.starts_with("error: not a valid .dep-v0"), "{cut}");
        let bomb = zlib(&vec![b' '; (32 << 20) + 2]);
        let bomb = listing(&RustBinary, "app", &elf(&bomb));
        assert!(bomb.contains("are more than the 33554432 that are read"), "{bomb}");
        assert_eq!(listing(&RustBinary, "app", &elf(&stored)[..70]), "");
    }

    proptest::proptest! {
        #[test]
        fn no_section_panics(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            listing(&RustBinary, "app", &elf(&bytes));
        }

        #[test]
        fn no_change_panics(at in 0_usize..64, byte in proptest::num::u8::ANY) {
            let mut program = elf(&zlib(TREE));
            program[at] = byte;
            listing(&RustBinary, "app", &program);
        }
    }
}
