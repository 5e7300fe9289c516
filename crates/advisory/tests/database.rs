//! A compiled database gives back what went in, and survives whatever happens to its bytes.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod shared;

use std::collections::BTreeMap;
use std::fs;
use std::sync::OnceLock;
use std::time::Instant;

use plimsoll_advisory::database::{
    CveKey, Database, DatabaseError, EndOfLife, Enrichment, EventKind, compile, compile_to_bytes,
};
use plimsoll_model::{
    Advisory, Affected, AffectedStatus, Distro, Ecosystem, Epss, Event, FeedStatus, Kev, Link,
    LinkKind, Range, RangeKind, Rating, RatingKind, Severity, Timestamp,
};
use proptest::prelude::*;

fn ecosystem(text: &str) -> Ecosystem {
    text.parse().unwrap()
}

fn affected(of: &str, package: &str) -> Affected {
    Affected::in_ranges(ecosystem(of), package, vec![Range::below(RangeKind::Ecosystem, "1.2-3")])
}

/// A record that uses everything there is.
fn everything() -> Advisory {
    let mut record = Advisory::new("TEST-1", "osv/test");
    record.aliases = vec!["CVE-2024-1".into(), "GHSA-aaaa".into()];
    record.upstream = vec!["CVE-2024-2".into()];
    record.summary = "one line".into();
    record.details = "många\nlines ".repeat(9);
    record.ratings = vec![Rating {
        source: "nvd".into(),
        kind: RatingKind::CvssV3,
        value: "CVSS:3.1/AV:N".into(),
        score: Some(9.8),
        severity: Severity::Critical,
    }];
    record.published = Some(Timestamp::from_unix(-5));
    record.modified = Some(Timestamp::from_unix(1_700_000_000));
    record.references = vec![Link { kind: LinkKind::Fix, url: "https://example.org/1".into() }];
    let mut second = affected("Rocky Linux:8", "nginx");
    second.binary = true;
    second.status = AffectedStatus::WillNotFix;
    second.module = Some("nginx:1.16".into());
    second.arches = vec!["x86_64".into(), "aarch64".into()];
    second.versions = vec!["1.0".into(), "1.1".into()];
    second.rating = Some(Rating {
        source: "rocky".into(),
        kind: RatingKind::Label,
        value: "Important".into(),
        score: None,
        severity: Severity::High,
    });
    second.ranges.push(Range {
        kind: RangeKind::Semver,
        events: vec![Event::LastAffected("2".into()), Event::Limit("3".into())],
        constraint: ">=1, <2".into(),
    });
    record.affected = vec![affected("PyPI", "Some_Thing"), second];
    record
}

fn enrichment() -> Enrichment {
    let at = Timestamp::from_unix;
    let kev = Kev { added: at(86_400), due: None, ransomware: true };
    let epss = Epss { score: 0.5, percentile: 0.9 };
    let release = |cycle: &str, end: i64| EndOfLife {
        product: "alpine-linux".into(),
        cycle: cycle.into(),
        codename: String::new(),
        end: Some(at(end)),
        extended_end: Some(at(end + 1)),
    };
    Enrichment {
        kev: BTreeMap::from([("CVE-2024-1".into(), kev)]),
        epss: BTreeMap::from([(CveKey::of("CVE-2024-2").unwrap(), epss)]),
        end_of_life: vec![release("3.2", 10), release("3.20", 20)],
        feeds: vec![FeedStatus {
            name: "osv/test".into(),
            source: "here".into(),
            records: 0,
            rejected: 3,
            newest: None,
            fetched: Some(at(9)),
        }],
        compiled: Some(at(1_800_000_000)),
        starter: false,
    }
}

fn database(records: Vec<Advisory>) -> Database {
    Database::from_bytes(compile_to_bytes(records.into_iter(), &enrichment()).unwrap()).unwrap()
}

/// The affected part that an entry was compiled from.
fn rebuilt(entry: &plimsoll_advisory::database::Entry<'_>, of: &str, package: &str) -> Affected {
    Affected {
        ecosystem: ecosystem(of),
        package: package.into(),
        binary: entry.binary(),
        ranges: entry.ranges().map(|range| range.to_range()).collect(),
        versions: entry.versions().map(str::to_owned).collect(),
        status: entry.status(),
        module: entry.module().map(str::to_owned),
        arches: entry.arches().map(str::to_owned).collect(),
        rating: entry.rating(),
    }
}

#[test]
fn every_field_of_a_record_comes_back() {
    let record = everything();
    let database = database(vec![Advisory::new("OTHER", "osv/test"), record.clone()]);
    database.verify().unwrap();
    let entry = database.affected(&ecosystem("Rocky Linux:8"), "nginx").next().unwrap();
    assert_eq!(rebuilt(&entry, "Rocky Linux:8", "nginx"), record.affected[1]);
    assert_eq!((entry.id(), entry.feed(), entry.advisory()), ("TEST-1", "osv/test", 1));
    assert_eq!(entry.aliases().collect::<Vec<_>>(), ["CVE-2024-1", "GHSA-aaaa", "CVE-2024-2"]);
    assert_eq!(
        entry.ranges().next().unwrap().events().collect::<Vec<_>>(),
        [(EventKind::Introduced, "0"), (EventKind::Fixed, "1.2-3")]
    );
    let whole = database.advisory(1).unwrap();
    assert_eq!(Advisory { affected: record.affected.clone(), ..whole }, record);
    assert_eq!(database.damaged(), 0);
}

#[test]
fn packages_are_found_by_canonical_name_and_exact_release() {
    let database = database(vec![everything()]);
    let count = |of: &str, name: &str| database.affected(&ecosystem(of), name).count();
    assert_eq!(count("PyPI", "some-thing"), 1);
    assert_eq!(count("PyPI", "SOME.thing"), 1);
    assert_eq!(count("PyPI", "something"), 0);
    assert_eq!(count("npm", "some-thing"), 0);
    assert_eq!(count("Rocky Linux:9", "nginx"), 0);
    assert_eq!(count("Rocky Linux", "nginx"), 0);
    assert_eq!(database.ecosystems().collect::<Vec<_>>(), ["PyPI", "Rocky Linux:8"]);
}

#[test]
fn a_withdrawn_record_is_found_by_id_and_matches_nothing() {
    let mut record = everything();
    record.withdrawn = Some(Timestamp::from_unix(1));
    let database = database(vec![record]);
    assert_eq!(database.affected(&ecosystem("PyPI"), "some-thing").count(), 0);
    assert_eq!(database.by_id("TEST-1"), [0]);
    assert!(database.advisory(0).unwrap().withdrawn.is_some());
    assert_eq!(database.ecosystems().count(), 0);
}

#[test]
fn ids_aliases_and_upstream_ids_are_found_in_any_case() {
    let database = database(vec![everything(), Advisory::new("CVE-2024-2", "nvd")]);
    assert_eq!(database.by_id("test-1"), [0]);
    assert_eq!(database.by_id("ghsa-AAAA"), [0]);
    assert_eq!(database.by_id("CVE-2024-2"), [0, 1]);
    assert!(database.by_id("CVE-2024-3").is_empty());
    assert!(matches!(database.advisory(2), Err(DatabaseError::NoRecord(2))));
}

#[test]
fn exploited_scored_and_ended_are_known() {
    let database = database(vec![everything()]);
    assert!(database.kev("CVE-2024-1").unwrap().ransomware);
    assert!(database.kev("cve-2024-1").is_some());
    assert!(database.kev("CVE-2024-2").is_none());
    assert!((database.epss("CVE-2024-2").unwrap().score - 0.5).abs() < f32::EPSILON);
    assert!(database.epss("GHSA-aaaa").is_none());
    let mut distro = Distro { id: "alpine".into(), version: "3.20.3".into(), ..Distro::default() };
    assert_eq!(database.end_of_life(&distro), Some(Timestamp::from_unix(20)));
    distro.extended_support = true;
    assert_eq!(database.end_of_life(&distro), Some(Timestamp::from_unix(21)));
    distro.version = "3.21.0".into();
    assert_eq!(database.end_of_life(&distro), None);
}

#[test]
fn figures_of_a_feed_join_what_was_counted_and_what_was_fetched() {
    let data = database(vec![everything()]).data();
    assert_eq!(data.compiled, Some(Timestamp::from_unix(1_800_000_000)));
    assert_eq!(data.feeds.len(), 1);
    let feed = &data.feeds[0];
    assert_eq!((feed.records, feed.rejected, feed.source.as_str()), (1, 3, "here"));
    assert_eq!(feed.newest, Some(Timestamp::from_unix(1_700_000_000)));
}

#[test]
fn what_is_no_database_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("advisories.db");
    let outcome = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        Database::open(&path).unwrap_err().to_string()
    };
    compile([everything()].into_iter(), &enrichment(), &path).unwrap();
    let good = fs::read(&path).unwrap();
    assert_eq!(outcome(b""), "not an advisory database");
    assert_eq!(outcome(b"PK\x03\x04 something else"), "not an advisory database");
    assert_eq!(
        outcome(&good[..good.len() - 1]),
        format!(
            "advisory database is damaged: {} bytes long instead of {}",
            good.len() - 1,
            good.len()
        )
    );
    assert_eq!(outcome(&good[..20]), "advisory database is damaged: header is cut off");
    let mut newer = good.clone();
    newer[8] = 99;
    assert_eq!(outcome(&newer), "advisory database has schema version 99, this program reads 1");
    let mut header = good.clone();
    header[40] ^= 1;
    assert_eq!(outcome(&header), "advisory database is damaged: checksum of the header");
    let mut inside = good.clone();
    *inside.last_mut().unwrap() ^= 1;
    let database = Database::from_bytes(inside).unwrap();
    assert_eq!(
        database.verify().unwrap_err().to_string(),
        "advisory database is damaged: checksum of a section"
    );
    assert!(Database::open(folder.path()).unwrap_err().to_string().contains("not an advisory"));
}

#[test]
fn the_same_records_give_the_same_bytes() {
    let bytes = || compile_to_bytes([everything()].into_iter(), &enrichment()).unwrap();
    assert_eq!(bytes(), bytes());
}

/// Asks everything that can be asked; the answers do not matter.
fn ask(database: &Database) {
    for of in database.ecosystems().take(5).collect::<Vec<_>>() {
        let Ok(of) = of.parse::<Ecosystem>() else { continue };
        for name in ["some-thing", "nginx", "pkg-7"] {
            for entry in database.affected(&of, name) {
                rebuilt(&entry, "npm", name);
                entry.aliases().for_each(drop);
                let _ = database.advisory(entry.advisory());
            }
        }
    }
    for index in 0..u32::try_from(database.advisories().min(50)).unwrap() {
        let _ = database.advisory(index);
    }
    for id in ["TEST-1", "CVE-2024-1", "CVE-2024-2"] {
        database.by_id(id);
        database.kev(id);
        database.epss(id);
    }
    let distro = Distro { id: "alpine".into(), version: "3.20.3".into(), ..Distro::default() };
    database.end_of_life(&distro);
    database.data();
    let _ = database.verify();
}

fn sample() -> &'static [u8] {
    static SAMPLE: OnceLock<Vec<u8>> = OnceLock::new();
    SAMPLE.get_or_init(|| {
        let record = |number: usize| {
            let mut record = everything();
            record.id = format!("TEST-{number}");
            record.affected.push(affected("PyPI", &format!("pkg-{number}")));
            record
        };
        compile_to_bytes((0..40).map(record), &enrichment()).unwrap()
    })
}

/// Puts a right checksum on a changed header, as somebody hostile would.
fn signed(mut bytes: Vec<u8>) -> Vec<u8> {
    let header = 32 + 24 * 13;
    let length = bytes.len() as u64;
    if bytes.len() >= header + 8 {
        bytes[16..24].copy_from_slice(&length.to_le_bytes());
        let sum = xxhash_rust::xxh3::xxh3_64(&bytes[..header]);
        bytes[header..header + 8].copy_from_slice(&sum.to_le_bytes());
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(400)
    })]

    #[test]
    fn no_change_of_bytes_makes_it_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = sample().to_vec();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(database) = Database::from_bytes(signed(bytes)) {
            ask(&database);
        }
    }

    #[test]
    fn no_bytes_are_opened_by_chance(bytes: Vec<u8>) {
        prop_assert!(Database::from_bytes(bytes).is_err());
    }
}

#[test]
fn damaged_entries_are_counted_and_the_others_found() {
    let good = sample();
    let (mut damaged, mut found_others) = (0, 0);
    for at in (360..good.len()).step_by(97) {
        let mut bytes = good.to_vec();
        bytes[at] ^= 0x55;
        let database = Database::from_bytes(signed(bytes)).unwrap();
        assert!(database.verify().is_err(), "byte {at}");
        let found = database.affected(&ecosystem("PyPI"), "some-thing").count();
        damaged += database.damaged();
        found_others += usize::from(found > 0 && found < 40);
    }
    assert!(damaged > 0 && found_others > 0, "{damaged} damaged, {found_others} partly found");
}

#[test]
fn every_record_of_the_mirror_comes_back() {
    let Some(mirror) = shared::mirror() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("advisories.db");
    let mut enrichment = Enrichment::default();
    let (mut records, mut reports) = (Vec::new(), 0);
    for feed in plimsoll_advisory::feeds::ALL {
        for source in feed.sources() {
            let files = shared::files(&mirror, &source);
            if !files.is_empty() {
                let read = shared::read(*feed, &source.name, &files, &mut enrichment);
                records.extend(read.records);
                reports += 1;
            }
        }
    }
    assert!(reports > 12 && records.len() > 50_000, "{reports} sources");
    let started = Instant::now();
    let compiled = compile(records.iter().cloned(), &enrichment, &path).unwrap();
    println!("{} bytes in {:?}", compiled.bytes, started.elapsed());
    assert!(compiled.bytes < 60 << 20);

    let started = Instant::now();
    let database = Database::open(&path).unwrap();
    println!("opened in {:?}", started.elapsed());
    database.verify().unwrap();
    assert_eq!(database.advisories(), records.len() as u64);
    // By package, in the order of the feeds: what each record says.
    let mut expected: BTreeMap<(String, String), Vec<(u32, &Affected)>> = BTreeMap::new();
    for (index, record) in (0_u32..).zip(&records) {
        let whole = database.advisory(index).unwrap();
        assert_eq!(Advisory { affected: record.affected.clone(), ..whole }, *record);
        assert!(database.by_id(&record.id).contains(&index), "{}", record.id);
        if record.withdrawn.is_none() {
            for affected in &record.affected {
                let name = plimsoll_advisory::database::canonical_name(
                    affected.ecosystem.name(),
                    &affected.package,
                );
                let key = (affected.ecosystem.to_string(), name.into_owned());
                expected.entry(key).or_default().push((index, affected));
            }
        }
    }
    for ((of, name), expected) in expected {
        let found: Vec<_> = database.affected(&ecosystem(&of), &name).collect();
        assert_eq!(found.len(), expected.len(), "{of} {name}");
        for (entry, (index, affected)) in found.iter().zip(expected) {
            assert_eq!(entry.advisory(), index);
            assert_eq!(rebuilt(entry, &of, &affected.package), *affected);
        }
    }
    for (cve, kev) in &enrichment.kev {
        assert_eq!(database.kev(cve).as_ref(), Some(kev));
    }
    assert_eq!(database.damaged(), 0);
}
