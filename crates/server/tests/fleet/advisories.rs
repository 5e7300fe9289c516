//! Advisories that are put back take no finding away.

use std::path::Path;

use plimsoll_advisory::database::{Enrichment, compile};
use plimsoll_model::{
    Advisory, Affected, Range, RangeKind, Rating, RatingKind, Severity, Timestamp,
};
use serde_json::Value;

use crate::{Process, Start, ask, image, until};

fn record(id: &str) -> Advisory {
    let mut record = Advisory::new(id, "osv/npm");
    record.summary = "lodash is weak".into();
    record.ratings.push(Rating {
        source: "ghsa".into(),
        kind: RatingKind::Label,
        value: "high".into(),
        score: None,
        severity: Severity::High,
    });
    record.affected.push(Affected::in_ranges(
        "npm".parse().unwrap(),
        "lodash",
        vec![Range::below(RangeKind::Semver, "5.0.0")],
    ));
    record
}

/// Replaces the file, as `plimsoll db update` does.
fn put(file: &Path, records: &[&str], at: i64) {
    let draft = file.with_extension("new");
    let enrichment =
        Enrichment { compiled: Some(Timestamp::from_unix(at)), ..Enrichment::default() };
    compile(records.iter().map(|id| record(id)), &enrichment, &draft).unwrap();
    std::fs::rename(draft, file).unwrap();
}

fn open_findings(server: &Process) -> Vec<String> {
    let (_, page) = ask("GET", &server.url("/api/v1/findings?limit=500"), None, "").unwrap();
    let items = page["items"].as_array().unwrap();
    let open = items.iter().filter(|it| it["state"] != "resolved");
    let mut open: Vec<String> =
        open.map(|it| it["weakness"].as_str().unwrap().to_owned()).collect();
    open.sort();
    // Each image has a version of its own.
    open.dedup();
    open
}

#[test]
fn advisories_that_are_put_back_damaged_or_gone_take_no_finding_away() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("advisories.db");
    put(&file, &["GHSA-1", "GHSA-2"], 2_000_000);
    let start = Start { advisories: Some(file.clone()), ..Start::default() };
    let mut server = Process::start(folder.path(), "server", start);
    let first = server.scan(&image(folder.path(), 1));
    server.done(first);
    let both = ["GHSA-1", "GHSA-2"];
    let found = |server: &Process| {
        until("findings", std::time::Duration::from_secs(20), || {
            Some(open_findings(server)).filter(|it| !it.is_empty())
        })
    };
    assert_eq!(found(&server), both);

    // An older file, then none, then no database at all.
    put(&file, &["GHSA-1"], 1_000_000);
    let health = server.until_health("advisories", "rolled-back");
    assert_eq!(health["status"], "degraded");
    let said = |health: &Value| health["problems"][0]["detail"].as_str().unwrap().to_owned();
    assert!(said(&health).contains("--accept-older-advisories"), "{health}");
    std::fs::remove_file(&file).unwrap();
    server.until_health("advisories", "missing");
    std::fs::write(&file, "no database").unwrap();
    server.until_health("advisories", "damaged");
    let second = server.scan(&image(folder.path(), 2));
    server.done(second);
    assert_eq!(found(&server), both);

    // A server that starts with an older file judges nothing by it, and waits.
    put(&file, &["GHSA-1"], 1_000_000);
    server.kill();
    server.resume();
    server.wait();
    server.until_health("advisories", "behind");
    let third = server.scan(&image(folder.path(), 3));
    std::thread::sleep(std::time::Duration::from_secs(8));
    assert_ne!(server.job(third)["state"], "done");
    assert_eq!(found(&server), both);

    // A newer one ends all that.
    put(&file, &["GHSA-1", "GHSA-3"], 3_000_000);
    let health = server.until_health("advisories", "ready");
    assert_eq!(health["status"], "ok", "{health}");
    let done = server.done(third);
    assert_eq!(done["attempt"], 1, "waiting counts for no attempt: {done}");
    until("findings follow", std::time::Duration::from_mins(1), || {
        (open_findings(&server) == ["GHSA-1", "GHSA-3"]).then_some(())
    });
}
