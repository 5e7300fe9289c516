//! `plimsoll db` as a user meets it: what it prints, and what stays when it fails.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use plimsoll_advisory::database::Database;

fn plimsoll(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
    command
        .current_dir(folder)
        .env("PLIMSOLL_DB_DIR", "db")
        .env_remove("PLIMSOLL_CACHE_DIR")
        .env_remove("PLIMSOLL_MIRROR")
        .env("SOURCE_DATE_EPOCH", "1800000000");
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    plimsoll(folder).arg("db").args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    let text = format!("{}{}", text(&output.stdout), text(&output.stderr));
    format!("{} {text}", output.status.code().unwrap())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A mirror with a catalogue of this many exploited weaknesses, the last of them broken.
fn mirror(folder: &Path, listed: usize) {
    let one = |n: usize| format!(r#"{{"cveID":"CVE-2024-{n}","dateAdded":"2024-01-02"}}"#);
    let mut list: Vec<String> = (1..listed).map(one).collect();
    list.push(r#"{"cveID":"CVE-2024-X","dateAdded":"2024-01-02"}"#.into());
    let path = folder.join("mirror/kev");
    fs::create_dir_all(&path).unwrap();
    let json = format!(r#"{{"vulnerabilities":[{}]}}"#, list.join(","));
    fs::write(path.join("known_exploited_vulnerabilities.json"), json).unwrap();
}

fn shared_mirror() -> Option<PathBuf> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let shared = std::env::var_os("PLIMSOLL_SHARED").map_or_else(|| default.into(), PathBuf::from);
    let mirror = shared.join("data/mirror");
    if mirror.is_dir() {
        return fs::canonicalize(mirror).ok();
    }
    println!("skipped: no mirror of feeds in `{}`", mirror.display());
    None
}

#[test]
fn an_update_names_what_it_left_out_and_status_shows_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    mirror(folder.path(), 4);
    insta::assert_snapshot!(said(&run(folder.path(), &["update", "--no-starter", "--mirror", "mirror"])), @"
    0 left out: kev: `CVE-2024-X`: no CVE id
    db/advisories.db: 0 advisories from 1 feeds, 1 left out, 0.0 MB
    ");
    insta::assert_snapshot!(said(&run(folder.path(), &["status"])), @"
    0 FEED  RECORDS  LEFT OUT  NEWEST            AGE  SOURCE
    kev         3         1  2024-01-02  1109 days  mirror/kev/known_exploited_vulnerabilities.json

    0 advisories · compiled 2027-01-15T08:00:00Z · db/advisories.db
    ");
    let json = run(folder.path(), &["status", "-o", "json"]);
    let document: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(document["feeds"][0]["records"], 3);
    assert_eq!(document["newest"], "2024-01-02T00:00:00Z");
    assert_eq!(document["starter"], false);
}

#[test]
fn mirrors_and_folders_come_from_flags_and_environment() {
    let folder = tempfile::tempdir().unwrap();
    mirror(folder.path(), 4);
    let by_environment = plimsoll(folder.path())
        .args(["db", "update"])
        .env("PLIMSOLL_MIRROR", "nowhere,mirror")
        .env_remove("PLIMSOLL_DB_DIR")
        .env("PLIMSOLL_CACHE_DIR", "cache")
        .output()
        .unwrap();
    assert_eq!(by_environment.status.code(), Some(0), "{}", text(&by_environment.stderr));
    assert!(folder.path().join("cache/db/advisories.db").is_file());
    run(folder.path(), &["update", "--mirror", "mirror", "--db", "elsewhere"]);
    assert!(folder.path().join("elsewhere/advisories.db").is_file());
    assert!(!folder.path().join("db").exists());
}

#[test]
fn without_a_database_the_starter_set_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["status"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        text(&output.stderr),
        "note: no database yet, only the starter set; `plimsoll db update` fetches one\n"
    );
    let table = text(&output.stdout);
    assert!(table.contains("starter") && table.contains("built in"), "{table}");
}

#[test]
fn every_mistake_has_one_line_and_its_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let outcome = |arguments: &[&str]| said(&run(folder.path(), arguments));
    insta::assert_snapshot!(outcome(&["update", "--mirror", "nowhere"]), @"3 error: no feed could be read from nowhere");
    insta::assert_snapshot!(outcome(&["export", "out.db"]), @"3 error: cannot open `db/advisories.db`: No such file or directory (os error 2)");
    insta::assert_snapshot!(outcome(&["status", "-o", "pdf"]), @"
    2 note: no database yet, only the starter set; `plimsoll db update` fetches one
    error: unknown format `pdf`: expected table or json
    ");
    fs::write(folder.path().join("text"), "text").unwrap();
    insta::assert_snapshot!(outcome(&["import", "text"]), @"3 error: not an advisory database");
    fs::create_dir_all(folder.path().join("mirror/kev")).unwrap();
    fs::write(folder.path().join("mirror/kev/known_exploited_vulnerabilities.json"), "{").unwrap();
    insta::assert_snapshot!(outcome(&["update", "--mirror", "mirror"]), @"3 error: no feed could be read from mirror: `mirror/kev/known_exploited_vulnerabilities.json` is damaged or something else: EOF while parsing an object at line 1 column 1");
}

#[test]
fn a_feed_that_shrinks_is_refused_with_a_way_out() {
    let folder = tempfile::tempdir().unwrap();
    mirror(folder.path(), 11);
    run(folder.path(), &["update", "--mirror", "mirror"]);
    mirror(folder.path(), 3);
    insta::assert_snapshot!(said(&run(folder.path(), &["update", "--mirror", "mirror"])), @"
    3 error: `kev` has 2 records instead of 10; the present database stays
    hint: look at the feed; `--accept-jump` takes it as it is
    ");
    let accepted = run(folder.path(), &["update", "--mirror", "mirror", "--accept-jump"]);
    assert_eq!(accepted.status.code(), Some(0));
}

#[test]
fn a_database_goes_to_another_machine() {
    let folder = tempfile::tempdir().unwrap();
    mirror(folder.path(), 4);
    run(folder.path(), &["update", "--mirror", "mirror"]);
    insta::assert_snapshot!(said(&run(folder.path(), &["export", "out.db"])), @"0 checked and written: out.db");
    insta::assert_snapshot!(said(&run(folder.path(), &["import", "out.db", "--db", "there"])), @"0 checked and written: there/advisories.db");
    let database = Database::open(&folder.path().join("there/advisories.db")).unwrap();
    assert!(database.kev("CVE-2024-1").is_some());
}

#[test]
fn a_full_disk_leaves_the_present_database() {
    let Some(mirror) = shared_mirror() else { return };
    let folder = tempfile::tempdir().unwrap();
    self::mirror(folder.path(), 4);
    run(folder.path(), &["update", "--mirror", "mirror"]);
    let before = fs::read(folder.path().join("db/advisories.db")).unwrap();
    // A limit on the size of files fails in the same place as a disk that is full.
    let output = plimsoll_limited(folder.path(), &mirror).output().unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("error: cannot write `db/advisories.db`: File too large"), "{said}");
    assert_eq!(fs::read(folder.path().join("db/advisories.db")).unwrap(), before);
    assert_eq!(partial_files(folder.path()), 0);
}

fn plimsoll_limited(folder: &Path, mirror: &Path) -> Command {
    let mut command = Command::new("sh");
    command
        .current_dir(folder)
        .args([
            "-c",
            "trap '' XFSZ; ulimit -f 2000; exec \"$0\" db update --accept-jump --mirror \"$1\"",
        ])
        .arg(env!("CARGO_BIN_EXE_plimsoll"))
        .arg(mirror)
        .env("PLIMSOLL_DB_DIR", "db");
    command
}

fn partial_files(folder: &Path) -> usize {
    let names = fs::read_dir(folder.join("db")).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_str().unwrap().starts_with(".partial-")).count()
}

#[test]
fn an_update_that_is_killed_leaves_the_present_database_and_frees_the_lock() {
    let Some(mirror) = shared_mirror() else { return };
    let folder = tempfile::tempdir().unwrap();
    self::mirror(folder.path(), 4);
    run(folder.path(), &["update", "--mirror", "mirror"]);
    let path = folder.path().join("db/advisories.db");
    let before = fs::read(&path).unwrap();
    for pause in [5, 50, 300, 900, 1500] {
        let mut child = plimsoll(folder.path())
            .args(["db", "update", "--accept-jump", "--mirror"])
            .arg(&mirror)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(pause));
        child.kill().unwrap();
        child.wait().unwrap();
        let database = Database::open(&path).unwrap();
        database.verify().unwrap();
        assert!(fs::read(&path).unwrap() == before || database.advisories() > 50_000);
    }
    fs::write(folder.path().join("db/.partial-left"), "half").unwrap();
    let after = run(folder.path(), &["update", "--accept-jump", "--mirror", "mirror"]);
    assert_eq!(after.status.code(), Some(0), "{}", text(&after.stderr));
    assert_eq!(partial_files(folder.path()), 0);
}
