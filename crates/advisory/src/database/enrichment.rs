//! What is known beside advisories: what is exploited, how likely it is to be, and which release
//! of a distribution has ended.

use std::collections::BTreeMap;

use plimsoll_model::{Distro, Epss, FeedStatus, Kev, Timestamp};

use super::encoding::{Reader, put_signed, put_text};

/// Everything in a database that is no advisory.
#[derive(Debug, Clone, Default)]
pub struct Enrichment {
    /// CISA's catalogue, by CVE.
    pub kev: BTreeMap<String, Kev>,
    /// FIRST's scores, by CVE.
    pub epss: BTreeMap<CveKey, Epss>,
    /// Releases and their ends.
    pub end_of_life: Vec<EndOfLife>,
    /// Source, rejected records and time of fetching of each feed. Records and newest date of
    /// feeds of advisories are counted while compiling, and stand here only for the others.
    pub feeds: Vec<FeedStatus>,
    /// When the database is compiled.
    pub compiled: Option<Timestamp>,
    /// Whether this is the starter set alone.
    pub starter: bool,
}

/// A release in endoflife.date's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndOfLife {
    /// `debian`, `alpine-linux`.
    pub product: String,
    /// `12`, `3.20`.
    pub cycle: String,
    /// Code name; empty where it has none.
    pub codename: String,
    /// When its maker stops to fix it.
    pub end: Option<Timestamp>,
    /// When extended support stops to fix it.
    pub extended_end: Option<Timestamp>,
}

/// A CVE id as a number: year and number within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CveKey(u64);

impl CveKey {
    /// `None` for an id that is no CVE's.
    pub fn of(id: &str) -> Option<Self> {
        let (prefix, rest) = id.split_at_checked(4)?;
        let (year, number) = rest.split_once('-')?;
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty();
        if !prefix.eq_ignore_ascii_case("CVE-")
            || year.len() != 4
            || !digits(year)
            || !digits(number)
        {
            return None;
        }
        let number = number.parse::<u64>().ok().filter(|number| *number < 1 << 48)?;
        Some(Self(year.parse::<u64>().ok()? << 48 | number))
    }
}

const NO_TIME: i64 = i64::MIN;
const KEV_ROW: usize = 25;
const EPSS_ROW: usize = 16;

pub(super) fn kev_section(kev: &BTreeMap<String, Kev>) -> Vec<u8> {
    let keyed: BTreeMap<CveKey, &Kev> =
        kev.iter().filter_map(|(cve, kev)| Some((CveKey::of(cve)?, kev))).collect();
    let mut out = Vec::with_capacity(keyed.len() * KEV_ROW);
    for (key, kev) in keyed {
        out.extend_from_slice(&key.0.to_le_bytes());
        out.extend_from_slice(&kev.added.as_unix().to_le_bytes());
        out.extend_from_slice(&kev.due.map_or(NO_TIME, Timestamp::as_unix).to_le_bytes());
        out.push(u8::from(kev.ransomware));
    }
    out
}

pub(super) fn kev(section: &[u8], cve: &str) -> Option<Kev> {
    let mut row = row::<KEV_ROW>(section, cve)?;
    let mut time = || Some(i64::from_le_bytes(row.u64()?.to_le_bytes()));
    let (added, due) = (time()?, time()?);
    Some(Kev {
        added: Timestamp::from_unix(added),
        due: (due != NO_TIME).then(|| Timestamp::from_unix(due)),
        ransomware: row.byte()? != 0,
    })
}

pub(super) fn epss_section(epss: &BTreeMap<CveKey, Epss>) -> Vec<u8> {
    let mut out = Vec::with_capacity(epss.len() * EPSS_ROW);
    for (key, epss) in epss {
        out.extend_from_slice(&key.0.to_le_bytes());
        out.extend_from_slice(&epss.score.to_bits().to_le_bytes());
        out.extend_from_slice(&epss.percentile.to_bits().to_le_bytes());
    }
    out
}

pub(super) fn epss(section: &[u8], cve: &str) -> Option<Epss> {
    let mut row = row::<EPSS_ROW>(section, cve)?;
    Some(Epss { score: row.f32()?, percentile: row.f32()? })
}

/// Finds the row of a CVE among sorted rows, and reads over its key.
fn row<'d, const N: usize>(section: &'d [u8], cve: &str) -> Option<Reader<'d>> {
    let key = CveKey::of(cve)?;
    let key_of = |row: &[u8; N]| Reader::new(row).u64();
    let (rows, _) = section.as_chunks::<N>();
    let at = rows.partition_point(|row| key_of(row).is_some_and(|found| found < key.0));
    let mut reader = Reader::new(rows.get(at)?);
    (reader.u64()? == key.0).then_some(reader)
}

pub(super) fn end_of_life_section(releases: &[EndOfLife]) -> Vec<u8> {
    let mut out = Vec::new();
    for release in releases {
        for text in [&release.product, &release.cycle, &release.codename] {
            put_text(&mut out, text);
        }
        for time in [release.end, release.extended_end] {
            out.push(u8::from(time.is_some()));
            put_signed(&mut out, time.map_or(0, Timestamp::as_unix));
        }
    }
    out
}

pub(super) fn end_of_life(section: &[u8], distro: &Distro) -> Option<Timestamp> {
    let product = product(&distro.id)?;
    let mut reader = Reader::new(section);
    let mut best: Option<(usize, Option<Timestamp>)> = None;
    while !reader.is_empty() {
        let (found, cycle, codename) = (reader.text()?, reader.text()?, reader.text()?);
        let mut time = || -> Option<Option<Timestamp>> {
            let known = reader.byte()? != 0;
            let seconds = reader.signed()?;
            Some(known.then(|| Timestamp::from_unix(seconds)))
        };
        let (end, extended) = (time()?, time()?);
        let by_version = !distro.version.is_empty() && is_in_cycle(&distro.version, cycle);
        let by_name = distro.version.is_empty()
            && distro.codename.as_deref().is_some_and(|name| codename.eq_ignore_ascii_case(name));
        if found == product
            && (by_version || by_name)
            && best.is_none_or(|(length, _)| length < cycle.len())
        {
            let end = if distro.extended_support { extended.or(end) } else { end };
            best = Some((cycle.len(), end));
        }
    }
    best?.1
}

/// `3.20.3` is in the cycle `3.20`, and `3.2` is not in `3.20`.
fn is_in_cycle(version: &str, cycle: &str) -> bool {
    version.strip_prefix(cycle).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// endoflife.date's name for an `ID` of os-release.
fn product(id: &str) -> Option<&'static str> {
    PRODUCTS.iter().find(|(known, _)| *known == id).map(|(_, product)| *product)
}

/// `ID` of os-release, and the product at endoflife.date.
pub(crate) const PRODUCTS: &[(&str, &str)] = &[
    ("almalinux", "almalinux"),
    ("alpine", "alpine-linux"),
    ("amzn", "amazon-linux"),
    ("azurelinux", "azure-linux"),
    ("centos", "centos"),
    ("debian", "debian"),
    ("fedora", "fedora"),
    ("mariner", "cbl-mariner"),
    ("ol", "oracle-linux"),
    ("opensuse-leap", "opensuse"),
    ("photon", "photon"),
    ("rhel", "rhel"),
    ("rocky", "rocky-linux"),
    ("sles", "sles"),
    ("ubuntu", "ubuntu"),
];
