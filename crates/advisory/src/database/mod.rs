//! All advisories in one file, mapped into memory and read in place.
//!
//! Opening checks a header; looking a package up touches the few pages that speak of it. Nothing
//! in the file is trusted: damaged parts are errors or missing entries, which are counted
//! ([`Database::damaged`]), and never a panic.
//!
//! Layout: `layout.rs`; entries: `entry.rs`; whole records: `records.rs`.

mod codes;
mod compile;
mod encoding;
mod enrichment;
mod entry;
mod error;
mod fingerprint;
mod head;
mod layout;
mod lock;
mod map;
mod meta;
mod names;
mod records;
mod replace;
mod strings;
mod table;
mod transfer;
mod update;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use plimsoll_model::{Advisory, AdvisoryData, Digest, Distro, Ecosystem, Epss, Kev, Timestamp};

use sha2::Digest as _;

use encoding::Reader;
use head::Head;
use layout::{Layout, Section};
use map::Bytes;
use strings::Strings;

pub use compile::{Compiled, Compiler, compile, compile_to_bytes};
pub(crate) use enrichment::PRODUCTS;
pub use enrichment::{CveKey, EndOfLife, Enrichment};
pub use entry::{Entry, EventKind, RangeRef};
pub use error::DatabaseError;
pub use fingerprint::{Changes, Fingerprint};
pub use names::canonical_name;
pub use transfer::{export, import};
pub use update::{Jump, Step, Update, UpdateProblem, Updated};

/// A compiled database.
#[derive(Debug)]
pub struct Database {
    bytes: Bytes,
    layout: Layout,
    path: PathBuf,
    damaged: AtomicU64,
}

impl Database {
    /// Maps a file. Only its header is read; see [`Database::verify`] for the rest.
    pub fn open(path: &Path) -> Result<Self, DatabaseError> {
        Self::new(Bytes::map(path)?, path.into())
    }

    /// Takes the bytes of a file.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, DatabaseError> {
        Self::new(Bytes::Owned(bytes), PathBuf::new())
    }

    /// The advisories that are built into the program.
    pub fn starter() -> Result<Self, DatabaseError> {
        let (records, enrichment) = crate::feeds::starter()?;
        Self::from_bytes(compile_to_bytes(records.into_iter(), &enrichment)?)
    }

    /// The compiled database, or where there is none the starter set.
    pub fn open_or_starter(path: &Path) -> Result<Self, DatabaseError> {
        match Self::open(path) {
            Err(DatabaseError::Io { source, .. })
                if source.kind() == std::io::ErrorKind::NotFound =>
            {
                Self::starter()
            }
            opened => opened,
        }
    }

    fn new(bytes: Bytes, path: PathBuf) -> Result<Self, DatabaseError> {
        let layout = Layout::read(&bytes)?;
        Ok(Self { bytes, layout, path, damaged: AtomicU64::new(0) })
    }

    /// Reads every byte and compares checksums.
    pub fn verify(&self) -> Result<(), DatabaseError> {
        self.layout.verify(&self.bytes)
    }

    /// The SHA-256 digest of all that findings come from: every section but the one that says when
    /// and from where feeds were fetched, each with its length before it. Databases that were
    /// compiled from the same records at different times have the same.
    pub fn digest(&self) -> Digest {
        let mut sum = sha2::Sha256::new();
        for section in Section::ALL.into_iter().filter(|it| *it != Section::Feeds) {
            let bytes = self.section(section);
            sum.update((bytes.len() as u64).to_le_bytes());
            sum.update(bytes);
        }
        Digest::sha256(&sum.finalize().into())
    }

    /// Entries and records that could not be read so far.
    pub fn damaged(&self) -> u64 {
        self.damaged.load(Ordering::Relaxed)
    }

    /// What all advisories say of a package, in the order of the feeds.
    ///
    /// The release is compared exactly as OSV writes it (`Debian:12`, `Alpine:v3.20`), the name in
    /// the canonical form of its ecosystem ([`canonical_name`]).
    pub fn affected<'d>(
        &'d self,
        ecosystem: &Ecosystem,
        package: &str,
    ) -> impl Iterator<Item = Entry<'d>> + use<'d> {
        let name = canonical_name(ecosystem.name(), package);
        let (reader, left) = self.list(&ecosystem.to_string(), &name).unwrap_or_default();
        Entries { database: self, reader, left }
    }

    fn list(&self, ecosystem: &str, name: &str) -> Option<(Reader<'_>, usize)> {
        let (lists, strings) = (self.section(Section::Entries), self.strings());
        let hash = table::package_hash(ecosystem, name);
        table::find(self.section(Section::Packages), hash).find_map(|offset| {
            let mut reader = Reader::at(lists, offset.into())?;
            let same =
                strings.read(&mut reader)? == ecosystem && strings.read(&mut reader)? == name;
            let left = reader.count()?;
            same.then_some((reader, left))
        })
    }

    /// The whole record, but for what it says of packages: that is in its entries.
    pub fn advisory(&self, index: u32) -> Result<Advisory, DatabaseError> {
        if u64::from(index) >= self.advisories() {
            return Err(DatabaseError::NoRecord(index));
        }
        let (offsets, blocks) =
            (self.section(Section::BlockOffsets), self.section(Section::Blocks));
        self.head(index).and_then(|head| records::read(offsets, blocks, &head)).ok_or_else(|| {
            self.damaged.fetch_add(1, Ordering::Relaxed);
            DatabaseError::Damaged { what: "a record" }
        })
    }

    /// Number of advisories; their indices are below it.
    pub fn advisories(&self) -> u64 {
        (self.section(Section::HeadOffsets).len() / 4) as u64
    }

    /// Advisories with this id or alias, in any case of letters, sorted by index.
    pub fn by_id(&self, id: &str) -> Vec<u32> {
        let has_id = |index: &u32| {
            self.head(*index).is_some_and(|mut head| {
                head.id.eq_ignore_ascii_case(id)
                    || head.aliases.any(|alias| alias.eq_ignore_ascii_case(id))
            })
        };
        table::find(self.section(Section::Ids), table::id_hash(id)).filter(has_id).collect()
    }

    /// CISA's word on a CVE.
    pub fn kev(&self, cve: &str) -> Option<Kev> {
        enrichment::kev(self.section(Section::Kev), cve)
    }

    /// FIRST's score of a CVE.
    pub fn epss(&self, cve: &str) -> Option<Epss> {
        enrichment::epss(self.section(Section::Epss), cve)
    }

    /// When the maker of a distribution stops to fix this release; with extended support, when
    /// that stops.
    pub fn end_of_life(&self, distro: &Distro) -> Option<Timestamp> {
        enrichment::end_of_life(self.section(Section::EndOfLife), distro)
    }

    /// Ecosystems and releases that any advisory speaks of, sorted: `Debian:12`, `npm`.
    pub fn ecosystems(&self) -> impl Iterator<Item = String> {
        let mut reader = Reader::new(self.section(Section::Ecosystems));
        let left = reader.count().unwrap_or(0);
        let strings = self.strings();
        (0..left).map_while(move |_| strings.read(&mut reader)).map(str::to_owned)
    }

    /// Feeds, their figures and their age.
    pub fn data(&self) -> AdvisoryData {
        let meta = meta::read(self.section(Section::Feeds)).unwrap_or_else(|| {
            self.damaged.fetch_add(1, Ordering::Relaxed);
            meta::Meta::default()
        });
        AdvisoryData {
            starter: meta.starter,
            path: self.path.display().to_string(),
            compiled: Some(self.layout.compiled).filter(|&at| at != 0).map(Timestamp::from_unix),
            feeds: meta.feeds,
        }
    }

    fn section(&self, section: Section) -> &[u8] {
        self.layout.section(&self.bytes, section)
    }

    fn strings(&self) -> Strings<'_> {
        Strings::new(self.section(Section::Strings))
    }

    fn head(&self, index: u32) -> Option<Head<'_>> {
        Head::read(self.head_reader(index)?, self.strings())
    }

    fn head_reader(&self, index: u32) -> Option<Reader<'_>> {
        let (offsets, _) = self.section(Section::HeadOffsets).as_chunks::<4>();
        let offset = u32::from_le_bytes(*offsets.get(usize::try_from(index).ok()?)?);
        Reader::at(self.section(Section::Heads), offset.into())
    }
}

/// The entries of a package.
struct Entries<'d> {
    database: &'d Database,
    reader: Reader<'d>,
    left: usize,
}

impl<'d> Iterator for Entries<'d> {
    type Item = Entry<'d>;

    fn next(&mut self) -> Option<Entry<'d>> {
        let (database, strings) = (self.database, self.database.strings());
        while self.left > 0 {
            self.left -= 1;
            let bytes = self.reader.varint().and_then(|length| self.reader.take(length));
            let entry =
                bytes.and_then(|bytes| Entry::read(bytes, strings, |index| database.head(index)));
            if entry.is_some() {
                return entry;
            }
            database.damaged.fetch_add(1, Ordering::Relaxed);
            if bytes.is_none() {
                self.left = 0;
            }
        }
        None
    }
}
