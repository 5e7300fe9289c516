//! Tar archives, forward only, without reading what nobody asks for.
//!
//! Reads ustar, PAX (path, linkpath, size), GNU long names, all forms of sparse files and
//! base-256 numbers. Content that is not asked for is skipped: by seeking where the source
//! can, by reading over it where not. Every length that the archive states is bounded.
//!
//! Source: POSIX.1-2017 `pax`, <https://www.gnu.org/software/tar/manual/html_node/Standard.html>.

mod details;
mod forward;
mod header;
mod pax;
mod sparse;

use std::io;

pub use details::Details;
pub use forward::{FileWindow, Forward, Stream};
pub use header::EntryKind;
pub use sparse::SparseMap;

use header::{BLOCK, BLOCK_BYTES, Header};
use pax::Overrides;
use sparse::MapReader;

use crate::content::FileSlice;

/// The longest PAX record or GNU long name: 1 MiB.
const MAX_EXTENSION: u64 = 1 << 20;

/// One member of an archive.
#[derive(Debug, Clone, Default)]
pub struct Entry {
    /// Path as stored; bytes that are no UTF-8 became U+FFFD.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
    /// Bytes of content in the archive.
    pub size: u64,
    /// Permission bits.
    pub mode: u32,
    /// Target of a symbolic or hard link.
    pub link: String,
    /// The content is the pieces of a file with holes, not the file's bytes.
    pub sparse: Option<SparseMap>,
    /// Where the content begins, in bytes from the archive's start.
    pub offset: u64,
    /// Owner, time and attributes, where [`Archive::with_details`] asked for them.
    pub details: Option<Box<Details>>,
}

/// Reads an archive's members in order.
pub struct Archive<S> {
    source: S,
    /// Bytes from the archive's start.
    position: u64,
    /// Content of the current member that is not read yet.
    unread: u64,
    /// Filling up to the next block.
    padding: u64,
    entries: u64,
    max_entries: u64,
    global: Overrides,
    entry: Entry,
    details: bool,
}

impl<S: Forward> Archive<S> {
    /// An archive that may have `max_entries` members.
    pub fn new(source: S, max_entries: u64) -> Self {
        Self {
            source,
            position: 0,
            unread: 0,
            padding: 0,
            entries: 0,
            max_entries,
            global: Overrides::default(),
            entry: Entry::default(),
            details: false,
        }
    }

    /// Reads owner, time and attributes of every member as well.
    #[must_use]
    pub fn with_details(mut self) -> Self {
        self.details = true;
        self
    }

    /// Goes to the next member, past what is left of the one before; false at the end.
    pub fn advance(&mut self) -> Result<bool, TarError> {
        let mut local = Overrides::default();
        loop {
            self.skip_rest()?;
            let Some(header) = self.header()? else { return Ok(false) };
            self.entries += 1;
            if self.entries > self.max_entries {
                return Err(TarError::TooManyEntries { limit: self.max_entries });
            }
            let at = self.position - BLOCK;
            let bad = |what| TarError::BadHeader { offset: at, what };
            let size = header.size().ok_or(bad("size"))?;
            self.begin(size);
            match header.kind() {
                EntryKind::PaxLocal => local.read(&self.extension(at)?),
                EntryKind::PaxGlobal => {
                    let records = self.extension(at)?;
                    self.global.read(&records);
                }
                EntryKind::GnuLongName => local.path = Some(self.extension_text(at)?),
                EntryKind::GnuLongLink => local.link = Some(self.extension_text(at)?),
                kind => {
                    self.fill(&header, kind, local, at)?;
                    return Ok(true);
                }
            }
        }
    }

    /// The current member.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// The current member, for those who keep it; its content is still to be read.
    pub fn take_entry(&mut self) -> Entry {
        std::mem::take(&mut self.entry)
    }

    /// The rest of the current member's content where it lies, if it lies in a file.
    pub fn in_place(&self) -> Option<FileSlice> {
        self.source.in_place(self.unread)
    }

    /// Bytes of the current member's content that are not read yet.
    pub fn unread(&self) -> u64 {
        self.unread
    }

    /// The map of the current member if it is sparse; read from its content where it stands
    /// there. A map that makes no sense is an error which does not end the archive.
    pub fn sparse_map(&mut self) -> Result<Option<SparseMap>, TarError> {
        let Some(mut map) = self.entry.sparse.take() else { return Ok(None) };
        let bad = TarError::BadHeader { offset: self.position, what: "sparse map" };
        let mut reader = MapReader::default();
        while map.is_in_content {
            let mut block = [0; BLOCK_BYTES];
            self.read_exact(&mut block)?;
            match reader.block(&block, &mut map) {
                Some(is_complete) => map.is_in_content = !is_complete,
                None => return Err(bad),
            }
        }
        if map.is_sound() { Ok(Some(map)) } else { Err(bad) }
    }

    /// Reads content of the current member; 0 at its end.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize, TarError> {
        let wanted = usize::try_from(self.unread).unwrap_or(usize::MAX).min(buffer.len());
        let Some(buffer) = buffer.get_mut(..wanted).filter(|b| !b.is_empty()) else { return Ok(0) };
        let read = self.source.read(buffer).map_err(|error| self.io(error))?;
        if read == 0 {
            return Err(TarError::Truncated { offset: self.position });
        }
        self.position += read as u64;
        self.unread -= read as u64;
        Ok(read)
    }

    /// Fills `buffer` with content of the current member, which must have as much.
    pub fn read_exact(&mut self, buffer: &mut [u8]) -> Result<(), TarError> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.read(rest)? {
                0 => return Err(TarError::Truncated { offset: self.position }),
                read => filled += read,
            }
        }
        Ok(())
    }

    /// Bytes passed so far.
    pub fn position(&self) -> u64 {
        self.position
    }

    fn begin(&mut self, size: u64) {
        self.unread = size;
        self.padding = (BLOCK - size % BLOCK) % BLOCK;
    }

    fn skip_rest(&mut self) -> Result<(), TarError> {
        let rest = self.unread.saturating_add(self.padding);
        if rest > 0 {
            let skipped = self.source.skip(rest).map_err(|error| self.io(error))?;
            self.position += skipped;
            // An archive may end without the filling of its last member.
            if skipped < self.unread {
                return Err(TarError::Truncated { offset: self.position });
            }
        }
        self.unread = 0;
        self.padding = 0;
        Ok(())
    }

    /// The next header; `None` at the end mark or at a clean end of the bytes.
    fn header(&mut self) -> Result<Option<Header>, TarError> {
        let at = self.position;
        let mut block = [0; BLOCK_BYTES];
        let mut filled = 0;
        while let Some(rest) = block.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let read = self.source.read(rest).map_err(|error| self.io(error))?;
            self.position += read as u64;
            match (read, filled) {
                (0, 0) => return Ok(None),
                (0, _) => return Err(TarError::Truncated { offset: self.position }),
                _ => filled += read,
            }
        }
        if block.iter().all(|&byte| byte == 0) {
            return Ok(None);
        }
        let header = Header::new(block);
        if !header.checksum_holds() {
            return Err(TarError::BadHeader { offset: at, what: "checksum" });
        }
        Ok(Some(header))
    }

    fn extension(&mut self, at: u64) -> Result<Vec<u8>, TarError> {
        if self.unread > MAX_EXTENSION {
            return Err(TarError::ExtensionTooLarge { offset: at, limit: MAX_EXTENSION });
        }
        let mut bytes = vec![0; usize::try_from(self.unread).unwrap_or(0)];
        self.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn extension_text(&mut self, at: u64) -> Result<String, TarError> {
        let bytes = self.extension(at)?;
        let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
        Ok(String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned())
    }

    fn fill(
        &mut self,
        header: &Header,
        kind: EntryKind,
        mut local: Overrides,
        at: u64,
    ) -> Result<(), TarError> {
        if kind == EntryKind::GnuSparse {
            let (mut map, goes_on) = header.sparse_map();
            if goes_on {
                self.sparse_extensions(&mut map)?;
            }
            local.sparse = Some(map);
        }
        let size = match local.size.or(self.global.size) {
            Some(size) => {
                self.begin(size);
                size
            }
            None => self.unread,
        };
        // Links and folders have no content, whatever the header says of their size.
        if matches!(kind, EntryKind::HardLink | EntryKind::Symlink | EntryKind::Folder)
            && header.is_ustar()
        {
            self.begin(0);
        }
        self.entry.kind = if kind == EntryKind::GnuSparse { EntryKind::File } else { kind };
        self.entry.size = self.unread.min(size);
        self.entry.details =
            self.details.then(|| Box::new(Details::of(header, &mut local, &self.global)));
        self.entry.mode = header.mode().ok_or(TarError::BadHeader { offset: at, what: "mode" })?;
        if let Some(path) = local.take_path() {
            self.entry.path = path;
        } else if let Some(path) = &self.global.path {
            self.entry.path.clone_from(path);
        } else {
            self.entry.path.clear();
            header.path(&mut self.entry.path);
        }
        self.entry.link.clear();
        match local.link {
            Some(link) => self.entry.link = link,
            None if matches!(kind, EntryKind::HardLink | EntryKind::Symlink) => {
                header.link(&mut self.entry.link);
            }
            None => {}
        }
        self.entry.sparse = local.sparse;
        self.entry.offset = self.position;
        Ok(())
    }

    /// Old GNU sparse files continue their map in blocks between header and content.
    fn sparse_extensions(&mut self, map: &mut SparseMap) -> Result<(), TarError> {
        loop {
            let mut block = [0; BLOCK_BYTES];
            let mut filled = 0;
            while let Some(rest) = block.get_mut(filled..).filter(|rest| !rest.is_empty()) {
                let read = self.source.read(rest).map_err(|error| self.io(error))?;
                if read == 0 {
                    return Err(TarError::Truncated { offset: self.position });
                }
                self.position += read as u64;
                filled += read;
            }
            map.read_old(block.get(..504).unwrap_or_default());
            if block.get(504).is_none_or(|&more| more == 0) {
                return Ok(());
            }
        }
    }

    fn io(&self, source: io::Error) -> TarError {
        TarError::Io { offset: self.position, source }
    }
}

/// Why an archive could not be read on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TarError {
    /// It ends in the middle of a member.
    #[error("tar is cut off at byte {offset}")]
    Truncated {
        /// Bytes from the archive's start.
        offset: u64,
    },
    /// A header that no tar program writes.
    #[error("tar header at byte {offset} is damaged: wrong {what}")]
    BadHeader {
        /// Bytes from the archive's start.
        offset: u64,
        /// Which field.
        what: &'static str,
    },
    /// A name or PAX record that is larger than any real one.
    #[error("tar extension header at byte {offset} is larger than {limit} bytes")]
    ExtensionTooLarge {
        /// Bytes from the archive's start.
        offset: u64,
        /// The limit.
        limit: u64,
    },
    /// More members than allowed.
    #[error("tar has more than {limit} entries")]
    TooManyEntries {
        /// The limit.
        limit: u64,
    },
    /// The bytes could not be had.
    #[error("tar at byte {offset}: {source}")]
    Io {
        /// Bytes from the archive's start.
        offset: u64,
        /// The cause; for a compressed layer also what the decompressor says.
        source: io::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(bytes: &[u8]) -> Result<Vec<(String, u64, String)>, TarError> {
        let mut archive = Archive::new(Stream::new(bytes), 100);
        let mut all = Vec::new();
        while archive.advance()? {
            let (path, size) = (archive.entry().path.clone(), archive.entry().size);
            let mut content = vec![0; 16];
            let read = archive.read(&mut content)?;
            all.push((path, size, String::from_utf8_lossy(&content[..read]).into_owned()));
        }
        Ok(all)
    }

    fn archive_of(files: &[(&str, &str)]) -> Vec<u8> {
        let mut tar = ::tar::Builder::new(Vec::new());
        for (path, content) in files {
            let mut header = ::tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, path, content.as_bytes()).unwrap();
        }
        tar.into_inner().unwrap()
    }

    #[test]
    fn long_names_and_contents_come_back_as_written() {
        let long = "folder/".repeat(40) + "file";
        let bytes = archive_of(&[("a", "one"), (&long, "two"), ("b", "")]);
        let all = members(&bytes).unwrap();
        assert_eq!(
            all,
            [
                ("a".to_owned(), 3, "one".to_owned()),
                (long, 3, "two".to_owned()),
                ("b".to_owned(), 0, String::new()),
            ]
        );
    }

    #[test]
    fn pax_records_override_path_and_size() {
        let mut tar = ::tar::Builder::new(Vec::new());
        tar.append_pax_extensions([("path", "from/pax".as_bytes())]).unwrap();
        let mut header = ::tar::Header::new_ustar();
        header.set_size(2);
        header.set_mode(0o755);
        tar.append_data(&mut header, "short", &b"hi"[..]).unwrap();
        assert_eq!(
            members(&tar.into_inner().unwrap()).unwrap(),
            [("from/pax".to_owned(), 2, "hi".to_owned())]
        );
    }

    #[test]
    fn every_cut_ends_cleanly_or_names_the_byte() {
        let bytes = archive_of(&[("a", "one"), ("b", &"x".repeat(2000))]);
        for end in 0..bytes.len() {
            match members(&bytes[..end]) {
                Ok(all) => assert!(all.len() <= 2),
                Err(error) => assert!(error.to_string().contains("at byte"), "{error}"),
            }
        }
    }

    #[test]
    fn a_flipped_header_bit_is_a_named_error() {
        let mut bytes = archive_of(&[("a", "one")]);
        bytes[3] ^= 1;
        assert_eq!(
            members(&bytes).unwrap_err().to_string(),
            "tar header at byte 0 is damaged: wrong checksum"
        );
    }

    #[test]
    fn more_members_than_allowed_are_refused() {
        let bytes = archive_of(&[("a", ""), ("b", ""), ("c", "")]);
        let mut archive = Archive::new(Stream::new(bytes.as_slice()), 2);
        assert!(archive.advance().is_ok() && archive.advance().is_ok());
        assert!(matches!(archive.advance(), Err(TarError::TooManyEntries { limit: 2 })));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..3000)) {
            let _ = members(&bytes);
        }

        #[test]
        fn no_damaged_archive_panics(at in 0_usize..3000, byte in proptest::num::u8::ANY) {
            let mut bytes = archive_of(&[(&"n".repeat(200), "one"), ("b", "two")]);
            if let Some(slot) = bytes.get_mut(at) {
                *slot = byte;
            }
            let _ = members(&bytes);
        }
    }
}
