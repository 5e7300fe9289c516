//! What a database says, as two sorted lists of hashes: one of its records, one of what it says of
//! each package. Comparing the lists of two databases tells what a change of data can touch, without
//! having the older database still.
//!
//! The releases of a distribution are one family here: what is said of `openssl` in any release of
//! Debian is one row. Scores of FIRST's are left out, since all of them change every day.

use plimsoll_model::EcosystemName;
use xxhash_rust::xxh3::{Xxh3, xxh3_64, xxh3_64_with_seed};

use super::encoding::Reader;
use super::layout::Section;
use super::{Database, DatabaseError, Entry, EventKind, canonical_name, table};

/// Hashes of all that a database says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fingerprint {
    /// Hash of an id and feed, and hash of the record; sorted.
    advisories: Vec<(u64, u64)>,
    /// [`Database::package_key`], and hash of what is said of it; sorted.
    packages: Vec<(u64, u64)>,
}

/// In what two databases differ.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Hashes of ids of records that are new, changed or gone, sorted; see
    /// [`Database::names_of`].
    pub advisories: Vec<u64>,
    /// Keys of packages of which something else is said, sorted; see [`Database::package_key`].
    pub packages: Vec<u64>,
}

const MAGIC: &[u8; 8] = b"PLIMSFP1";
const ROW: usize = 16;

impl Fingerprint {
    /// In what a newer database differs.
    pub fn changes(&self, newer: &Self) -> Changes {
        Changes {
            advisories: differing(&self.advisories, &newer.advisories),
            packages: differing(&self.packages, &newer.packages),
        }
    }

    /// Number of records.
    pub fn advisories(&self) -> usize {
        self.advisories.len()
    }

    /// As bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let rows = self.advisories.len() + self.packages.len();
        let mut out = Vec::with_capacity(MAGIC.len() + 8 + rows * ROW);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&(self.advisories.len() as u64).to_le_bytes());
        for (key, content) in self.advisories.iter().chain(&self.packages) {
            out.extend_from_slice(&key.to_le_bytes());
            out.extend_from_slice(&content.to_le_bytes());
        }
        out
    }

    /// From bytes; `None` where they are none of a fingerprint.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        if reader.take(8)? != MAGIC {
            return None;
        }
        let count = usize::try_from(reader.u64()?).ok()?;
        let (rows, rest) = bytes.get(16..)?.as_chunks::<ROW>();
        if !rest.is_empty() {
            return None;
        }
        let (advisories, packages) = rows.split_at_checked(count)?;
        let read = |rows: &[[u8; ROW]]| -> Option<Vec<(u64, u64)>> {
            let row = |row: &[u8; ROW]| {
                let mut reader = Reader::new(row);
                Some((reader.u64()?, reader.u64()?))
            };
            let rows: Vec<(u64, u64)> = rows.iter().map(row).collect::<Option<_>>()?;
            rows.is_sorted().then_some(rows)
        };
        Some(Self { advisories: read(advisories)?, packages: read(packages)? })
    }
}

/// Keys that only one of two sorted lists has, or both with another content.
fn differing(older: &[(u64, u64)], newer: &[(u64, u64)]) -> Vec<u64> {
    let mut found = Vec::new();
    let (mut left, mut right) = (older.iter().peekable(), newer.iter().peekable());
    loop {
        match (left.peek(), right.peek()) {
            (Some(a), Some(b)) if a == b => {
                left.next();
                right.next();
            }
            (Some(a), Some(b)) if a < b => found.extend(left.next().map(|row| row.0)),
            (Some(_), None) => found.extend(left.next().map(|row| row.0)),
            (_, Some(_)) => found.extend(right.next().map(|row| row.0)),
            (None, None) => break,
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

impl Database {
    /// A name for what this database says: databases that were compiled from the same records at
    /// different times have the same. Reads the header alone and believes the sums in it, which
    /// [`Database::verify`] checks.
    pub fn edition(&self) -> String {
        format!("{:016x}", self.layout.sum_of_sums(Section::Feeds))
    }

    /// The key of a package in a [`Fingerprint`], whichever release of a distribution it is of.
    pub fn package_key(family: EcosystemName, name: &str) -> u64 {
        let name = canonical_name(family, name);
        xxh3_64_with_seed(name.as_bytes(), xxh3_64(family.as_str().as_bytes()))
    }

    /// Ids and aliases of the records whose hash is in a sorted list of [`Changes::advisories`].
    pub fn names_of(&self, hashes: &[u64]) -> Vec<String> {
        let count = u32::try_from(self.advisories()).unwrap_or(u32::MAX);
        // Most are not among them, and of those the ids need not be read.
        let is_wanted = |index: &u32| {
            let key = self.head_reader(*index).and_then(|mut reader| {
                let strings = self.strings();
                Some(record_key(strings.read(&mut reader)?, strings.read(&mut reader)?))
            });
            key.is_some_and(|key| hashes.binary_search(&key).is_ok())
        };
        let heads = (0..count).filter(is_wanted).filter_map(|index| self.head(index));
        let mut names: Vec<String> = Vec::new();
        for head in heads {
            names.push(head.id.to_owned());
            names.extend(head.aliases.map(str::to_owned));
        }
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Hashes of all that it says. Reads the whole database.
    pub fn fingerprint(&self) -> Result<Fingerprint, DatabaseError> {
        let count = u32::try_from(self.advisories()).unwrap_or(u32::MAX);
        let mut advisories = Vec::with_capacity(count as usize);
        let mut contents = Vec::with_capacity(count as usize);
        for index in 0..count {
            let record = self.advisory(index)?;
            let mut hash = Hasher::default();
            for text in [&record.id, &record.feed, &record.summary, &record.details] {
                hash.text(text);
            }
            for text in record.aliases.iter().chain(&record.upstream) {
                hash.text(text);
            }
            for time in [record.published, record.modified, record.withdrawn] {
                hash.number(
                    time.map_or(i64::MIN, plimsoll_model::Timestamp::as_unix).cast_unsigned(),
                );
            }
            for rating in &record.ratings {
                hash.rating(rating);
            }
            for link in &record.references {
                hash.text(&link.url);
            }
            let cves = [&record.id].into_iter().chain(&record.aliases).chain(&record.upstream);
            for kev in cves.filter_map(|cve| self.kev(cve)) {
                hash.number(kev.added.as_unix().cast_unsigned());
                hash.number(u64::from(kev.ransomware));
            }
            let content = hash.finish();
            contents.push(content);
            advisories.push((record_key(&record.id, &record.feed), content));
        }
        advisories.sort_unstable();
        Ok(Fingerprint { advisories, packages: self.package_hashes(&contents) })
    }

    /// One row a package of a family, from the hashes of the records.
    fn package_hashes(&self, contents: &[u64]) -> Vec<(u64, u64)> {
        let (lists, strings) = (self.section(Section::Entries), self.strings());
        let mut packages: Vec<(u64, u64)> = Vec::new();
        for offset in table::numbers(self.section(Section::Packages)) {
            let Some(mut reader) = Reader::at(lists, offset.into()) else { continue };
            let (Some(ecosystem), Some(name), Some(left)) =
                (strings.read(&mut reader), strings.read(&mut reader), reader.count())
            else {
                continue;
            };
            let family = ecosystem.split(':').next().unwrap_or_default();
            let key = xxh3_64_with_seed(name.as_bytes(), xxh3_64(family.as_bytes()));
            let mut hash = Hasher::default();
            hash.text(ecosystem);
            for entry in (super::Entries { database: self, reader, left }) {
                hash.entry(&entry, contents);
            }
            packages.push((key, hash.finish()));
        }
        packages.sort_unstable();
        // The releases of a family in one row.
        packages.dedup_by(|next, row| {
            let same = next.0 == row.0;
            if same {
                row.1 = row.1.rotate_left(1) ^ next.1;
            }
            same
        });
        packages
    }
}

fn record_key(id: &str, feed: &str) -> u64 {
    xxh3_64_with_seed(id.as_bytes(), xxh3_64(feed.as_bytes()))
}

#[derive(Default)]
struct Hasher(Xxh3);

impl Hasher {
    fn text(&mut self, text: &str) {
        self.0.update(text.as_bytes());
        // No byte of UTF-8.
        self.0.update(&[0xff]);
    }

    fn number(&mut self, number: u64) {
        self.0.update(&number.to_le_bytes());
    }

    fn rating(&mut self, rating: &plimsoll_model::Rating) {
        self.text(&rating.source);
        self.text(&rating.value);
        self.number(u64::from(rating.score.unwrap_or(f32::NAN).to_bits()));
        self.number(rating.severity as u64);
    }

    fn entry(&mut self, entry: &Entry<'_>, contents: &[u64]) {
        let record = usize::try_from(entry.advisory()).ok().and_then(|at| contents.get(at));
        self.number(record.copied().unwrap_or_default());
        self.number(u64::from(entry.binary()));
        self.number(entry.status() as u64);
        self.text(entry.module().unwrap_or_default());
        for arch in entry.arches() {
            self.text(arch);
        }
        if let Some(rating) = entry.rating() {
            self.rating(&rating);
        }
        for range in entry.ranges() {
            self.number(range.kind() as u64);
            self.text(range.constraint());
            for (kind, version) in range.events() {
                self.number(match kind {
                    EventKind::Introduced => 0,
                    EventKind::Fixed => 1,
                    EventKind::LastAffected => 2,
                    EventKind::Limit => 3,
                });
                self.text(version);
            }
        }
        for version in entry.versions() {
            self.text(version);
        }
    }

    fn finish(&self) -> u64 {
        self.0.digest()
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::{Advisory, Affected, Range, RangeKind};

    use super::*;
    use crate::database::{Enrichment, compile_to_bytes};

    fn record(id: &str, package: &str, fixed: &str) -> Advisory {
        let mut record = Advisory::new(id, "osv/npm");
        record.affected.push(Affected::in_ranges(
            "npm".parse().unwrap(),
            package,
            vec![Range::below(RangeKind::Semver, fixed)],
        ));
        record
    }

    fn database(records: &[Advisory]) -> Database {
        let bytes = compile_to_bytes(records.iter().cloned(), &Enrichment::default()).unwrap();
        Database::from_bytes(bytes).unwrap()
    }

    #[test]
    fn only_what_was_changed_added_or_removed_differs() {
        let older = database(&[
            record("GHSA-1", "same", "1.0.0"),
            record("GHSA-2", "changed", "1.0.0"),
            record("GHSA-3", "gone", "1.0.0"),
        ]);
        let newer = database(&[
            record("GHSA-4", "new", "1.0.0"),
            record("GHSA-2", "changed", "2.0.0"),
            record("GHSA-1", "same", "1.0.0"),
        ]);
        let changes = older.fingerprint().unwrap().changes(&newer.fingerprint().unwrap());
        let mut expected: Vec<u64> = ["changed", "gone", "new"]
            .map(|name| Database::package_key(EcosystemName::Npm, name))
            .to_vec();
        expected.sort_unstable();
        assert_eq!(changes.packages, expected);
        assert_eq!(
            newer.names_of(&changes.advisories),
            ["GHSA-4"],
            "the record of GHSA-2 is the same"
        );
        assert_ne!(older.edition(), newer.edition());
        let again = database(&[
            record("GHSA-1", "same", "1.0.0"),
            record("GHSA-2", "changed", "1.0.0"),
            record("GHSA-3", "gone", "1.0.0"),
        ]);
        assert_eq!(older.edition(), again.edition());
    }

    #[test]
    fn a_fingerprint_comes_back_from_its_bytes_and_from_no_others() {
        let print = database(&[record("GHSA-1", "a", "1"), record("GHSA-2", "b", "1")])
            .fingerprint()
            .unwrap();
        let bytes = print.to_bytes();
        assert_eq!(Fingerprint::from_bytes(&bytes), Some(print));
        for cut in 0..bytes.len() {
            let short = Fingerprint::from_bytes(&bytes[..cut]);
            assert!(short.is_none_or(|it| it.packages.len() < 2), "{cut}");
        }
    }
}
