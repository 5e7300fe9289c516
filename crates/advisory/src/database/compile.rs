//! Makes a database of records, one after the other, so that memory holds the result and not the
//! feeds.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

use plimsoll_model::{Advisory, FeedStatus, Timestamp};

use super::encoding::{put_count, put_varint};
use super::enrichment::{Enrichment, end_of_life_section, epss_section, kev_section};
use super::layout::Layout;
use super::records::Blocks;
use super::strings::Interner;
use super::{DatabaseError, canonical_name, entry, head, meta, replace, table};

/// Collects records into a database.
#[derive(Debug)]
pub struct Compiler {
    texts: Interner,
    blocks: Blocks,
    heads: Vec<u8>,
    head_offsets: Vec<u8>,
    ids: Vec<(u64, u32)>,
    /// Entries in the order of their coming.
    entries: Vec<u8>,
    /// Package and where its entries are in `entries`.
    places: Vec<(u32, u32, u32)>,
    /// References to ecosystem and name, and the number of the package.
    packages: HashMap<(u32, u32), u32>,
    ecosystems: BTreeSet<String>,
    feeds: BTreeMap<String, (u64, Option<Timestamp>)>,
    /// Weaknesses and packages that records so far are about, by [`about`].
    spoken_of: HashSet<u64>,
    count: u32,
}

/// What was compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiled {
    /// Advisories.
    pub advisories: u64,
    /// What they say of packages.
    pub entries: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// Figures of each feed, sorted by name.
    pub feeds: Vec<FeedStatus>,
}

/// Every id of a weakness that a record has.
fn ids_of(advisory: &Advisory) -> impl Iterator<Item = &String> {
    [&advisory.id].into_iter().chain(&advisory.aliases).chain(&advisory.upstream)
}

/// The hash of a weakness in a package.
fn about(id: &str, ecosystem: &str, package: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64(format!("{id}\n{ecosystem}\n{package}").as_bytes())
}

impl Default for Compiler {
    fn default() -> Self {
        Self::new()
    }
}

impl Compiler {
    /// Nothing collected yet.
    pub fn new() -> Self {
        Self {
            texts: Interner::new(),
            blocks: Blocks::default(),
            heads: Vec::new(),
            head_offsets: Vec::new(),
            ids: Vec::new(),
            entries: Vec::new(),
            places: Vec::new(),
            packages: HashMap::new(),
            ecosystems: BTreeSet::new(),
            feeds: BTreeMap::new(),
            spoken_of: HashSet::new(),
            count: 0,
        }
    }

    /// Records so far of a feed.
    pub fn records(&self, feed: &str) -> u64 {
        self.feeds.get(feed).map_or(0, |(records, _)| *records)
    }

    /// Whether a record so far is about the same weakness of one of the same packages.
    pub fn speaks_of(&self, advisory: &Advisory) -> bool {
        advisory.affected.iter().any(|affected| {
            let ecosystem = affected.ecosystem.to_string();
            let name = canonical_name(affected.ecosystem.name(), &affected.package);
            ids_of(advisory).any(|id| self.spoken_of.contains(&about(id, &ecosystem, &name)))
        })
    }

    /// Adds a record. One that was withdrawn is found by its id and matches nothing.
    pub fn add(&mut self, advisory: &Advisory) -> Result<(), DatabaseError> {
        let number = self.count;
        let too_large = |_| DatabaseError::TooLarge { what: "entries" };
        self.count = number.checked_add(1).ok_or(DatabaseError::TooLarge { what: "records" })?;
        let place = self.blocks.add(advisory)?;
        let offset = u32::try_from(self.heads.len()).map_err(too_large)?;
        self.head_offsets.extend_from_slice(&offset.to_le_bytes());
        head::put(&mut self.heads, &mut self.texts, advisory, place)?;
        self.ids.extend(ids_of(advisory).map(|id| (table::id_hash(id), number)));
        let (records, newest) = self.feeds.entry(advisory.feed.clone()).or_default();
        *records += 1;
        *newest = (*newest).max(advisory.modified);
        if advisory.withdrawn.is_some() {
            return Ok(());
        }
        for affected in &advisory.affected {
            let ecosystem = affected.ecosystem.to_string();
            let name = canonical_name(affected.ecosystem.name(), &affected.package);
            self.spoken_of.extend(ids_of(advisory).map(|id| about(id, &ecosystem, &name)));
            let key = (self.texts.intern(&ecosystem)?, self.texts.intern(&name)?);
            let next = u32::try_from(self.packages.len()).map_err(too_large)?;
            let package = *self.packages.entry(key).or_insert(next);
            self.ecosystems.insert(ecosystem);
            let start = self.entries.len();
            entry::put(&mut self.entries, &mut self.texts, number, affected)?;
            self.places.push((
                package,
                u32::try_from(start).map_err(too_large)?,
                u32::try_from(self.entries.len()).map_err(too_large)?,
            ));
        }
        Ok(())
    }

    /// The whole file.
    pub fn finish(mut self, enrichment: &Enrichment) -> Result<(Vec<u8>, Compiled), DatabaseError> {
        let feeds = self.feed_status(enrichment);
        let ecosystems = {
            let mut out = Vec::new();
            put_count(&mut out, self.ecosystems.len());
            for ecosystem in &self.ecosystems {
                put_varint(&mut out, self.texts.intern(ecosystem)?.into());
            }
            out
        };
        let entries = self.places.len() as u64;
        let (packages, lists) = self.lists()?;
        let (block_offsets, blocks) = self.blocks.finish()?;
        let sections = [
            meta::section(&feeds, enrichment.starter)?,
            ecosystems,
            self.texts.into_bytes(),
            packages,
            lists,
            self.head_offsets,
            self.heads,
            table::build(self.ids),
            block_offsets,
            blocks,
            kev_section(&enrichment.kev),
            epss_section(&enrichment.epss),
            end_of_life_section(&enrichment.end_of_life),
        ];
        let compiled = enrichment.compiled.map_or(0, Timestamp::as_unix);
        let bytes = Layout::write(compiled, &sections);
        let result =
            Compiled { advisories: self.count.into(), entries, bytes: bytes.len() as u64, feeds };
        Ok((bytes, result))
    }

    /// The table of packages, and the list of entries of each.
    fn lists(&mut self) -> Result<(Vec<u8>, Vec<u8>), DatabaseError> {
        let mut keys: Vec<((u32, u32), u32)> = self.packages.drain().collect();
        keys.sort_unstable_by_key(|(_, package)| *package);
        // Stable by package, so that entries stay in the order of the feeds.
        self.places.sort_by_key(|(package, ..)| *package);
        let texts = self.texts.view();
        let damaged = DatabaseError::Damaged { what: "entries while compiling" };
        let mut rows = Vec::with_capacity(keys.len());
        let mut out = Vec::with_capacity(self.entries.len() + self.entries.len() / 4);
        let mut places = self.places.chunk_by(|a, b| a.0 == b.0);
        for ((ecosystem, name), _) in keys {
            let (Some(ecosystem_text), Some(name_text), Some(places)) =
                (texts.text(ecosystem.into()), texts.text(name.into()), places.next())
            else {
                return Err(damaged);
            };
            let offset = u32::try_from(out.len())
                .map_err(|_| DatabaseError::TooLarge { what: "entries" })?;
            rows.push((table::package_hash(ecosystem_text, name_text), offset));
            put_varint(&mut out, ecosystem.into());
            put_varint(&mut out, name.into());
            put_count(&mut out, places.len());
            for (_, start, end) in places {
                let entry = self.entries.get(*start as usize..*end as usize).unwrap_or_default();
                put_count(&mut out, entry.len());
                out.extend_from_slice(entry);
            }
        }
        Ok((table::build(rows), out))
    }

    /// What was counted, with what the enrichment knows of each feed.
    fn feed_status(&self, enrichment: &Enrichment) -> Vec<FeedStatus> {
        let mut all: BTreeMap<&str, FeedStatus> =
            enrichment.feeds.iter().map(|feed| (feed.name.as_str(), feed.clone())).collect();
        for (name, (records, newest)) in &self.feeds {
            let status = all.entry(name).or_insert_with(|| FeedStatus {
                name: name.clone(),
                source: String::new(),
                records: 0,
                rejected: 0,
                newest: None,
                fetched: None,
            });
            status.records = *records;
            status.newest = *newest;
        }
        all.into_values().collect()
    }
}

/// Compiles records into a file, which appears whole or not at all.
pub fn compile(
    records: impl Iterator<Item = Advisory>,
    enrichment: &Enrichment,
    out: &Path,
) -> Result<Compiled, DatabaseError> {
    let (bytes, compiled) = collect(records, enrichment)?;
    replace::write(out, &bytes)?;
    Ok(compiled)
}

/// Compiles records in memory.
pub fn compile_to_bytes(
    records: impl Iterator<Item = Advisory>,
    enrichment: &Enrichment,
) -> Result<Vec<u8>, DatabaseError> {
    Ok(collect(records, enrichment)?.0)
}

fn collect(
    records: impl Iterator<Item = Advisory>,
    enrichment: &Enrichment,
) -> Result<(Vec<u8>, Compiled), DatabaseError> {
    let mut compiler = Compiler::new();
    for record in records {
        compiler.add(&record)?;
    }
    compiler.finish(enrichment)
}
