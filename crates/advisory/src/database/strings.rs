//! Every text of the index once: names, versions, ids.
//!
//! A text is known by its offset; offset 0 is the empty text.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::DatabaseError;
use super::encoding::{Reader, put_text};

/// The table in a compiled database.
#[derive(Debug, Clone, Copy)]
pub(super) struct Strings<'d>(&'d [u8]);

impl<'d> Strings<'d> {
    pub(super) fn new(bytes: &'d [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn text(self, offset: u64) -> Option<&'d str> {
        Reader::at(self.0, offset)?.text()
    }

    /// Reads a reference to a text, and the text.
    pub(super) fn read(self, reader: &mut Reader<'_>) -> Option<&'d str> {
        self.text(reader.varint()?)
    }
}

/// Collects texts while a database is compiled.
#[derive(Debug)]
pub(super) struct Interner {
    bytes: Vec<u8>,
    /// From hash to offset. Where another text has the hash, the next seed is tried.
    known: HashMap<u64, u32>,
}

impl Interner {
    pub(super) fn new() -> Self {
        Self { bytes: vec![0], known: HashMap::new() }
    }

    /// The offset of a text, which is added if it is new.
    pub(super) fn intern(&mut self, text: &str) -> Result<u32, DatabaseError> {
        if text.is_empty() {
            return Ok(0);
        }
        let mut seed = 0;
        loop {
            match self.known.entry(xxh3_64_with_seed(text.as_bytes(), seed)) {
                Entry::Occupied(known) => {
                    let offset = *known.get();
                    if Strings::new(&self.bytes).text(offset.into()) == Some(text) {
                        return Ok(offset);
                    }
                    seed += 1;
                }
                Entry::Vacant(free) => {
                    let offset = u32::try_from(self.bytes.len())
                        .map_err(|_| DatabaseError::TooLarge { what: "texts" })?;
                    free.insert(offset);
                    put_text(&mut self.bytes, text);
                    return Ok(offset);
                }
            }
        }
    }

    /// What was collected so far.
    pub(super) fn view(&self) -> Strings<'_> {
        Strings::new(&self.bytes)
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
