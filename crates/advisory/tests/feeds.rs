//! What each feed's reader makes of its publisher's files, whole and broken.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::needless_pass_by_value,
    clippy::format_collect,
    reason = "a test stops at the first surprise"
)]

mod shared;

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Read as _, Write};

use plimsoll_advisory::database::{Database, Enrichment, compile_to_bytes};
use plimsoll_advisory::feeds::{FeedError, FeedFile};
use plimsoll_model::{Advisory, Distro, EcosystemName, Event, RatingKind};
use proptest::prelude::*;
use serde_json::{Value, json};
use shared::Read;

/// Reads files with these contents as a source.
fn read_with(source: &str, files: &[(&str, &[u8])], enrichment: &mut Enrichment) -> Read {
    let folder = tempfile::tempdir().unwrap();
    let write = |(index, (part, bytes)): (usize, &(&str, &[u8]))| {
        let path = folder.path().join(index.to_string());
        fs::write(&path, bytes).unwrap();
        FeedFile { part: (*part).into(), path }
    };
    let files: Vec<FeedFile> = files.iter().enumerate().map(write).collect();
    shared::read(shared::feed(source), source, &files, enrichment)
}

fn read(source: &str, bytes: &[u8]) -> Read {
    read_with(source, &[("file", bytes)], &mut Enrichment::default())
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn osv(records: &[Value]) -> Read {
    let files: Vec<(String, Vec<u8>)> = records
        .iter()
        .enumerate()
        .map(|(index, record)| (format!("F-{index}.json"), record.to_string().into_bytes()))
        .collect();
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    read("osv/npm", &zip(&files))
}

fn record(id: &str, more: Value) -> Value {
    let mut record = json!({
        "id": id,
        "modified": "2024-01-02T03:04:05Z",
        "affected": [{
            "package": { "ecosystem": "npm", "name": "left-pad" },
            "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "0" }, { "fixed": "1.3.0" }] }]
        }]
    });
    for (key, value) in more.as_object().unwrap() {
        record[key] = value.clone();
    }
    record
}

#[test]
fn a_record_keeps_what_the_schema_knows() {
    let read = osv(&[record(
        "GHSA-1",
        json!({
            "schema_version": "1.6.0", "aliases": ["CVE-2024-1"], "upstream": null, "related": ["CVE-9"],
            "published": "2023-01-01T00:00:00Z", "summary": "s", "details": "d",
            "severity": [
                { "type": "CVSS_V4", "score": "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N" },
                { "type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" },
                { "type": "CVSS_V2", "score": "AV:N/AC:L/Au:N/C:P/I:P/A:P" },
                { "type": "CVSS_V3", "score": "CVSS:3.1/AV:N" },
                { "type": "Ubuntu", "score": "medium" }
            ],
            "database_specific": { "severity": "MODERATE" },
            "references": [{ "type": "FIX", "url": "https://example.org" }, { "type": "NEW", "url": "u" }]
        }),
    )]);
    let advisory = &read.records[0];
    let rating = |r: &plimsoll_model::Rating| {
        format!("{} {:?} {:?} {}\n", r.source, r.kind, r.score, r.severity)
    };
    insta::assert_snapshot!(advisory.ratings.iter().map(rating).collect::<String>(), @"
    ghsa CvssV4 Some(9.3) critical
    ghsa CvssV3 Some(9.8) critical
    ghsa CvssV2 Some(7.5) high
    ghsa CvssV3 None unknown
    ghsa Label None medium
    ghsa Label None medium
    ");
    assert_eq!(advisory.aliases, ["CVE-2024-1"]);
    assert!(advisory.upstream.is_empty());
    assert_eq!(advisory.modified.unwrap().to_string(), "2024-01-02T03:04:05Z");
    let links: String =
        advisory.references.iter().map(|l| format!("{:?} {}\n", l.kind, l.url)).collect();
    insta::assert_snapshot!(links, @"
    Fix https://example.org
    Web u
    ");
}

#[test]
fn a_broken_record_is_named_and_the_others_are_kept() {
    let range = |range: Value| json!({ "affected": [{ "package": { "ecosystem": "npm", "name": "p" }, "ranges": [range] }] });
    let events = |events: Value| range(json!({ "type": "SEMVER", "events": events }));
    let read = osv(&[
        record("GOOD-1", json!({})),
        record("BAD-1", events(json!([]))),
        record("BAD-2", events(json!([{ "fixed": "1" }]))),
        record("BAD-3", events(json!([{ "introduced": "" }]))),
        record("BAD-4", events(json!([{ "introduced": "0" }, { "until": "2" }]))),
        record("BAD-5", events(json!([{ "introduced": 0 }]))),
        record("BAD-6", events(json!([{ "introduced": "0" }, {}]))),
        record("BAD-7", range(json!({ "type": "CALVER", "events": [{ "introduced": "0" }] }))),
        record("BAD-8", json!({ "schema_version": "2.0.0" })),
        record("", json!({})),
        record("BAD-10", json!({ "affected": "everything" })),
        record("GOOD-2", json!({})),
    ]);
    read.result.as_ref().unwrap();
    let kept: Vec<&str> = read.records.iter().map(|record| record.id.as_str()).collect();
    assert_eq!(kept, ["GOOD-1", "GOOD-2"]);
    assert_eq!((read.report.records, read.report.rejected), (2, 10));
    insta::assert_snapshot!(read.rejected(), @r#"
    BAD-1: range of `p`: no `introduced` in it
    BAD-2: range of `p`: no `introduced` in it
    BAD-3: range of `p`: an empty version
    BAD-4: unknown field `until`, expected one of `introduced`, `fixed`, `last_affected`, `limit` at line 1 column 103
    BAD-5: invalid type: integer `0`, expected a string at line 1 column 91
    BAD-6: range of `p`: an event that says nothing
    BAD-7: range of `p`: type `CALVER` is not known
    BAD-8: schema version `2.0.0` is not known
    F-9: no id
    BAD-10: invalid type: string "everything", expected a sequence at line 1 column 24
    "#);
}

#[test]
fn what_nothing_can_be_decided_of_is_counted_or_passed_over() {
    let git = json!([{ "type": "GIT", "repo": "r", "events": [{ "introduced": "0" }] }]);
    let read = osv(&[
        record(
            "A-1",
            json!({ "affected": [
            { "package": { "ecosystem": "Homebrew:1", "name": "p" }, "versions": ["1"] },
            { "package": { "ecosystem": "npm", "name": "only-git" }, "ranges": git },
            { "ranges": git },
            { "package": { "ecosystem": "npm", "name": "listed" }, "ranges": git, "versions": ["1", "2"] }
        ] }),
        ),
        record("A-2", json!({ "withdrawn": "2024-01-01T00:00:00Z" })),
        record("A-3", json!({ "withdrawn": "some day" })),
    ]);
    assert_eq!(read.report.unknown_ecosystems, BTreeMap::from([("Homebrew".into(), 1)]));
    assert_eq!(read.report.rejected, 0);
    let names =
        |record: &Advisory| record.affected.iter().map(|a| a.package.clone()).collect::<Vec<_>>();
    assert_eq!(names(&read.records[0]), ["listed"]);
    assert!(read.records[1].withdrawn.is_some() && read.records[2].withdrawn.is_some());
}

#[test]
fn vendors_words_become_ratings_and_statuses() {
    let of = |id: &str, ecosystem: &str, more: Value| {
        let mut affected = json!({
            "package": { "ecosystem": ecosystem, "name": "p" },
            "ranges": [{ "type": "ECOSYSTEM", "events": [{ "introduced": "0" }] }]
        });
        for (key, value) in more.as_object().unwrap() {
            affected[key] = value.clone();
        }
        record(id, json!({ "affected": [affected] }))
    };
    let specific = |key: &str, word: &str| json!({ "ecosystem_specific": { key: word } });
    let mut notice = of("ALSA-2024:1", "AlmaLinux:9", json!({}));
    notice["related"] = json!(["CVE-2024-7", "ALSA-2023:5"]);
    let mut ubuntu = of("USN-1-1", "Ubuntu:24.04:LTS", specific("ubuntu_priority", "low"));
    ubuntu["database_specific"] = json!({ "package_names": "binary" });
    let read = osv(&[
        of("DEBIAN-CVE-1", "Debian:12", specific("urgency", "unimportant")),
        of("DEBIAN-CVE-2", "Debian:12", specific("urgency", "end-of-life")),
        of("DEBIAN-CVE-3", "Debian:12", specific("urgency", "not yet assigned")),
        of(
            "RUSTSEC-1",
            "crates.io",
            json!({ "database_specific": { "informational": "unmaintained", "cvss": null } }),
        ),
        of(
            "BIT-1",
            "Bitnami",
            json!({ "severity": [
            { "type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" } ] }),
        ),
        of("MAL-1", "npm", json!({})),
        ubuntu,
        notice,
    ]);
    assert_eq!(read.rejected(), "");
    let line = |record: &Advisory| {
        let affected = &record.affected[0];
        let show = |r: &plimsoll_model::Rating| format!("{} {} {}", r.source, r.value, r.severity);
        let own = affected.rating.as_ref().map(show).unwrap_or_default();
        let all = record.ratings.iter().map(show).collect::<Vec<_>>().join(", ");
        let binary = if affected.binary { "binary" } else { "source" };
        format!(
            "{} {:?} {binary} [{own}] [{all}] {:?}\n",
            record.id, affected.status, record.upstream
        )
    };
    insta::assert_snapshot!(read.records.iter().map(line).collect::<String>(), @r#"
    DEBIAN-CVE-1 ByRange source [debian unimportant negligible] [] []
    DEBIAN-CVE-2 EndOfLife source [] [] []
    DEBIAN-CVE-3 ByRange source [] [] []
    RUSTSEC-1 ByRange source [rustsec unmaintained negligible] [] []
    BIT-1 ByRange source [bitnami CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H critical] [] []
    MAL-1 ByRange source [] [ossf malicious critical] []
    USN-1-1 ByRange binary [ubuntu low low] [] []
    ALSA-2024:1 ByRange binary [] [] ["CVE-2024-7"]
    "#);
}

#[test]
fn a_truncated_archive_is_an_error_and_a_bomb_in_one_costs_one_record() {
    let good = record("A-1", json!({})).to_string();
    let bomb = vec![b' '; 40 << 20];
    let archive = zip(&[("A-1.json", good.as_bytes()), ("BOMB.json", &bomb)]);
    let whole = read("osv/npm", &archive);
    assert_eq!(whole.report.records, 1);
    let rejected = whole.rejected();
    assert!(rejected.starts_with("BOMB: inflates to more than 8") && rejected.lines().count() == 1);

    for cut in [0, 10, archive.len() / 2, archive.len() - 1] {
        let result = read("osv/npm", &archive[..cut]).result;
        assert!(matches!(result, Err(FeedError::Broken { .. })), "{cut}: {result:?}");
    }
    assert!(read("osv/npm", &zip(&[])).result.is_err());
    assert!(read("osv/npm", b"<html>moved</html>").result.is_err());
}

#[test]
fn a_damaged_file_in_an_archive_costs_one_record() {
    let files: Vec<(String, String)> = (0..9)
        .map(|n| (format!("A-{n}.json"), record(&format!("A-{n}"), json!({})).to_string()))
        .collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(n, t)| (n.as_str(), t.as_bytes())).collect();
    let mut archive = zip(&files);
    archive[60] ^= 0xff;
    let read = read("osv/npm", &archive);
    assert_eq!((read.report.records, read.report.rejected), (8, 1));
    assert_eq!(read.report.named[0].id, "A-0");
}

#[test]
fn secdb_folds_branches_and_reads_zero_as_never_affected() {
    let main = br#"{ "distroversion": "v3.20", "packages": [
        { "pkg": { "name": "tcpdump", "secfixes": {
            "4.9.3-r0": ["CVE-2018-10103 (SMB)", "CVE-2018-10105 CVE_2018-14461", "see ticket"],
            "0": ["CVE-2020-1", "CVE-2018-10103"] } } },
        { "pkg": { "name": "broken", "secfixes": [] } },
        { "pkg": { "name": "varnish", "secfixes": { "7.0-r0": ["VSV00008"], "7.1-r0": null } } } ] }"#;
    let edge = br#"{ "distroversion": "edge", "packages": [
        { "pkg": { "name": "tcpdump", "secfixes": { "4.9.9-r0": ["CVE-2018-10103"] } } } ] }"#;
    let read = read_with(
        "alpine-secdb",
        &[("v3.20/main.json", main), ("edge/main.json", edge), ("v3.19/main.json", b"{")],
        &mut Enrichment::default(),
    );
    read.result.as_ref().unwrap();
    let line = |record: &Advisory| {
        let affected = record.affected.iter().map(|a| {
            let fixed = a.ranges.iter().flat_map(|r| &r.events).filter_map(|e| match e {
                Event::Fixed(version) => Some(version.as_str()),
                _ => None,
            });
            let fixed = fixed.collect::<Vec<_>>().join("|");
            format!("{} {} {:?} {fixed}", a.ecosystem, a.package, a.status)
        });
        format!("{}: {}\n", record.id, affected.collect::<Vec<_>>().join(", "))
    };
    insta::assert_snapshot!(read.records.iter().map(line).collect::<String>(), @"
    CVE-2018-10103: Alpine:edge tcpdump ByRange 4.9.9-r0, Alpine:v3.20 tcpdump ByRange 4.9.3-r0
    CVE-2018-10105: Alpine:v3.20 tcpdump ByRange 4.9.3-r0
    CVE-2018-14461: Alpine:v3.20 tcpdump ByRange 4.9.3-r0
    CVE-2020-1: Alpine:v3.20 tcpdump NotAffected 
    VSV00008: Alpine:v3.20 varnish ByRange 7.0-r0
    ");
    let rejected = read.rejected();
    assert!(
        rejected.contains("v3.20/main.json tcpdump: `see ticket` names no weakness"),
        "{rejected}"
    );
    assert!(rejected.contains("v3.20/main.json packages[1]: invalid type"), "{rejected}");
    assert!(rejected.contains("v3.19/main.json: "), "{rejected}");
}

#[test]
fn kev_epss_and_ends_of_life_are_looked_up_after_compiling() {
    let mut enrichment = Enrichment::default();
    let kev = br#"{ "dateReleased": "2025-08-25T17:04:19.9796Z", "vulnerabilities": [
        { "cveID": "CVE-2021-44228", "dateAdded": "2021-12-10", "dueDate": "2021-12-24", "knownRansomwareCampaignUse": "Known" },
        { "cveID": "CVE-2021-1", "dateAdded": "soon" },
        { "cveID": "none", "dateAdded": "2021-12-10" } ] }"#;
    let kev = read_with("kev", &[("kev", kev)], &mut enrichment);
    assert_eq!(kev.report.newest.unwrap().date(), "2025-08-25");
    insta::assert_snapshot!(kev.rejected(), @"
    CVE-2021-1: `soon` is no time: expected RFC 3339, as 2026-11-24T08:00:00Z
    none: no CVE id
    ");

    let scores = "#model_version:v2025.03.14,score_date:2026-08-22T12:55:00Z\ncve,epss,percentile\n\
        CVE-1999-0001,0.01298,0.78412\nCVE-2021-44228,0.94358,0.99957\nCVE-2021-2,1.5,0.1\n\n";
    let epss = read_with("epss", &[("epss", &gzip(scores.as_bytes()))], &mut enrichment);
    assert_eq!(epss.report.newest.unwrap().date(), "2026-08-22");
    insta::assert_snapshot!(epss.rejected(), @"line 5: `CVE-2021-2,1.5,0.1` is no score");

    let debian = br#"[{ "cycle": "12", "codename": "Bookworm", "eol": "2026-07-11", "extendedSupport": "2028-06-30" },
        { "cycle": 7, "eol": true, "latestReleaseDate": "2016-06-04" }, { "cycle": "14", "eol": false }, { "eol": false }]"#;
    let ends = read_with("endoflife", &[("endoflife/api/debian.json", debian)], &mut enrichment);
    insta::assert_snapshot!(ends.rejected(), @"endoflife/api/debian.json[3]: missing field `cycle`");

    let bytes = compile_to_bytes(std::iter::empty(), &enrichment).unwrap();
    let database = Database::from_bytes(bytes).unwrap();
    let log4j = database.kev("CVE-2021-44228").unwrap();
    assert!(log4j.ransomware);
    assert_eq!(log4j.due.unwrap().date(), "2021-12-24");
    assert!((database.epss("CVE-2021-44228").unwrap().score - 0.94358).abs() < 1e-6);
    assert_eq!(database.epss("CVE-2021-2"), None);
    let end = |version: &str, codename: Option<&str>, extended_support| {
        let distro = Distro {
            id: "debian".into(),
            version: version.into(),
            codename: codename.map(str::to_owned),
            extended_support,
            ..Distro::default()
        };
        database.end_of_life(&distro).map(plimsoll_model::Timestamp::date)
    };
    assert_eq!(end("12", None, false).as_deref(), Some("2026-07-11"));
    assert_eq!(end("12.5", None, true).as_deref(), Some("2028-06-30"));
    assert_eq!(end("", Some("bookworm"), false).as_deref(), Some("2026-07-11"));
    assert_eq!(end("7", None, false).as_deref(), Some("2016-06-04"));
    assert_eq!(end("14", None, false), None);
    assert_eq!(end("1", None, false), None);
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::read::GzEncoder::new(bytes, flate2::Compression::default())
        .read_to_end(&mut out)
        .unwrap();
    out
}

#[test]
fn broken_files_of_facts_are_errors_and_change_nothing() {
    let scores = gzip(b"cve,epss,percentile\nCVE-1999-0001,0.01298,0.78412\n");
    let cases: [(&str, Vec<u8>); 7] = [
        ("kev", b"{}".to_vec()),
        ("kev", b"[".to_vec()),
        ("epss", scores[..scores.len() - 6].to_vec()),
        ("epss", b"cve,epss,percentile\n".to_vec()),
        ("epss", gzip(b"other,columns\n")),
        ("endoflife", b"{}".to_vec()),
        ("alpine-secdb", b"{}".to_vec()),
    ];
    for (source, bytes) in cases {
        let mut enrichment = Enrichment::default();
        let read = read_with(source, &[("file", &bytes)], &mut enrichment);
        assert!(read.result.is_err() && read.records.is_empty(), "{source}");
        assert!(enrichment.kev.is_empty() && enrichment.epss.is_empty(), "{source}");
    }
}

#[test]
fn the_debian_tracker_says_what_stays_open_and_why() {
    let tracker = json!({ "glibc": {
        "CVE-2024-1": { "description": "text", "scope": "remote", "releases": {
            "bookworm": { "status": "resolved", "repositories": { "bookworm": "2.36-9" }, "fixed_version": "2.36-9+deb12u4", "urgency": "not yet assigned" },
            "trixie": { "status": "resolved", "fixed_version": "0", "urgency": "unimportant" },
            "sid": { "status": "resolved", "fixed_version": "2.40-1", "urgency": "not yet assigned" } } },
        "CVE-2024-2": { "releases": {
            "bullseye": { "status": "open", "urgency": "end-of-life" },
            "bookworm": { "status": "open", "urgency": "medium**", "nodsa": "Minor issue", "nodsa_reason": "" },
            "buster": { "status": "open", "urgency": "low", "nodsa": "Minor", "nodsa_reason": "ignored" },
            "trixie": { "status": "open", "urgency": "not yet assigned" } } },
        "CVE-2024-3": { "releases": { "bookworm": { "status": "undetermined" } } },
        "CVE-2024-4": { "releases": { "bookworm": { "status": "thinking" } } },
        "CVE-2024-5": 5 } });
    let read = read("debian", tracker.to_string().as_bytes());
    let line = |record: &Advisory| {
        let one = |a: &plimsoll_model::Affected| {
            let rating = a.rating.as_ref().map(|r| r.severity.to_string()).unwrap_or_default();
            let fixed =
                a.ranges.iter().flat_map(|r| &r.events).any(|e| matches!(e, Event::Fixed(_)));
            format!("{} {:?} {rating} {}", a.ecosystem, a.status, if fixed { "fixed" } else { "" })
        };
        let all = record.affected.iter().map(one).map(|text| text.trim().to_owned());
        format!("{}: {}\n", record.id, all.collect::<Vec<_>>().join(", "))
    };
    insta::assert_snapshot!(read.records.iter().map(line).collect::<String>(), @"
    CVE-2024-1: Debian:12 ByRange  fixed, Debian:13 NotAffected negligible
    CVE-2024-2: Debian:12 Deferred medium, Debian:11 EndOfLife, Debian:10 WillNotFix low, Debian:13 Affected
    CVE-2024-3: Debian:12 UnderInvestigation
    ");
    insta::assert_snapshot!(read.rejected(), @"
    glibc CVE-2024-4: bookworm: status `thinking` is not known
    glibc CVE-2024-5: invalid type: integer `5`, expected struct Issue
    ");
    let cut = self::read("debian", &tracker.to_string().as_bytes()[..200]);
    assert!(cut.result.is_err() && cut.records.is_empty());
}

/// Reads the archives a second time, without the reader, and compares what they say.
#[test]
fn the_reader_leaves_nothing_out_of_the_mirrors_records() {
    let Some(mirror) = shared::mirror() else { return };
    let osv = shared::feed("osv/PyPI");
    for source in osv.sources() {
        let files = shared::files(&mirror, &source);
        let Some(file) = files.first() else { continue };
        let read = shared::read(osv, &source.name, &files, &mut Enrichment::default());
        assert_eq!(read.rejected(), "", "{}", source.name);
        let by_id: BTreeMap<&str, &Advisory> =
            read.records.iter().map(|record| (record.id.as_str(), record)).collect();
        let mut archive = zip::ZipArchive::new(fs::File::open(&file.path).unwrap()).unwrap();
        assert_eq!(archive.len(), by_id.len());
        for index in 0..archive.len() {
            let mut json = String::new();
            archive.by_index(index).unwrap().read_to_string(&mut json).unwrap();
            let raw: Value = serde_json::from_str(&json).unwrap();
            let record = by_id[raw["id"].as_str().unwrap()];
            assert_eq!(record.withdrawn.is_some(), raw["withdrawn"].is_string());
            assert_eq!(said_by(record), said_by_json(&raw), "{}", record.id);
        }
    }
}

/// Package, then each bound and version, as text.
type Said = Vec<(String, String, Vec<String>)>;

fn said_by(record: &Advisory) -> Said {
    let event = |event: &Event| match event {
        Event::Introduced(version) => format!("introduced {version}"),
        Event::Fixed(version) => format!("fixed {version}"),
        Event::LastAffected(version) => format!("last_affected {version}"),
        Event::Limit(version) => format!("limit {version}"),
    };
    let one = |affected: &plimsoll_model::Affected| {
        let bounds = affected.ranges.iter().flat_map(|range| &range.events).map(event);
        let bounds = bounds.chain(affected.versions.iter().cloned()).collect();
        (affected.ecosystem.to_string(), affected.package.clone(), bounds)
    };
    record.affected.iter().map(one).collect()
}

fn said_by_json(raw: &Value) -> Said {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut said = Said::new();
    for affected in list(&raw["affected"]) {
        let mut bounds = Vec::new();
        for range in list(&affected["ranges"]).iter().filter(|range| range["type"] != "GIT") {
            for event in list(&range["events"]) {
                let (key, version) = event.as_object().unwrap().iter().next().unwrap();
                bounds.push(format!("{key} {}", text(version)));
            }
        }
        bounds.extend(list(&affected["versions"]).iter().map(text));
        if !bounds.is_empty() {
            let package = &affected["package"];
            said.push((text(&package["ecosystem"]), text(&package["name"]), bounds));
        }
    }
    said
}

#[test]
fn every_cvss_vector_of_the_mirror_is_scored() {
    let Some(mirror) = shared::mirror() else { return };
    let osv = shared::feed("osv/PyPI");
    let (mut scored, mut without) = (0, Vec::new());
    for source in osv.sources() {
        let files = shared::files(&mirror, &source);
        if files.is_empty() {
            continue;
        }
        let read = shared::read(osv, &source.name, &files, &mut Enrichment::default());
        for record in &read.records {
            let own = record.affected.iter().filter_map(|affected| affected.rating.as_ref());
            for rating in record.ratings.iter().chain(own) {
                if rating.kind != RatingKind::Label {
                    scored += u32::from(rating.score.is_some());
                    if rating.score.is_none() {
                        without.push(rating.value.clone());
                    }
                }
            }
        }
    }
    assert!(scored > 8000, "{scored}");
    // The publisher's slip: there is no `U`.
    assert_eq!(without, ["CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:U/A:U"]);
}

#[test]
fn every_known_ecosystem_is_asked_for() {
    let sources = plimsoll_advisory::feeds::ALL.iter().flat_map(|feed| feed.sources());
    let sources: Vec<String> = sources.map(|source| source.name).collect();
    for name in EcosystemName::ALL {
        assert!(sources.contains(&format!("osv/{}", name.as_str())), "{}", name.as_str());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn no_bytes_make_a_reader_panic(bytes: Vec<u8>) {
        for source in ["osv/npm", "alpine-secdb", "kev", "epss", "endoflife", "debian"] {
            read(source, &bytes);
        }
    }

    #[test]
    fn no_change_of_a_record_makes_the_reader_panic(
        at in any::<prop::sample::Index>(), value: u8, vector in "(CVSS:[234].[01]/)?([A-Za-z]{1,3}:[A-Z]/){0,14}[A-Z]:[A-Z]",
    ) {
        let record = record("A-1", json!({ "severity": [
            { "type": "CVSS_V3", "score": vector }, { "type": "CVSS_V4", "score": vector } ] }));
        let mut bytes = record.to_string().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = value;
        let read = read("osv/npm", &zip(&[("A-1.json", &bytes)]));
        prop_assert_eq!(read.report.records + read.report.rejected, 1);
    }
}
