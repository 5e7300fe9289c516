//! Bringing a database up to date: from folders and servers, good and bad, alone or at once.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod server;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use plimsoll_advisory::database::{
    self, Database, DatabaseError, Step, Update, UpdateProblem, Updated,
};
use plimsoll_advisory::feeds::{Mirror, Patience};
use plimsoll_model::Timestamp;
use server::{Reply, Server};

const PATH: &str = "/osv/npm/all.zip";

fn record(id: &str) -> String {
    format!(
        r#"{{"id":"{id}","modified":"2024-01-02T03:04:05Z","affected":[{{"package":{{"ecosystem":"npm","name":"p"}},"versions":["1"]}}]}}"#
    )
}

fn archive(records: usize) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for number in 0..records {
        let options = zip::write::SimpleFileOptions::default();
        writer.start_file(format!("A-{number}.json"), options).unwrap();
        writer.write_all(record(&format!("A-{number}")).as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn mirror(folder: &Path, name: &str, records: usize) -> Mirror {
    let mirror = folder.join(name);
    fs::create_dir_all(mirror.join("osv/npm")).unwrap();
    fs::write(mirror.join("osv/npm/all.zip"), archive(records)).unwrap();
    Mirror::Folder(mirror)
}

fn update(folder: &Path, mirrors: Vec<Mirror>) -> Update {
    let ms = Duration::from_millis;
    Update {
        file: folder.join("db/advisories.db"),
        mirrors,
        accept_jump: false,
        starter_fills_in: false,
        wait: Duration::ZERO,
        patience: Patience {
            connect: ms(2000),
            stall: ms(400),
            attempts: 4,
            pause: ms(10),
            longest_pause: Duration::from_secs(3),
        },
        now: Timestamp::from_unix(1_800_000_000),
    }
}

fn run(update: &Update) -> Result<Updated, DatabaseError> {
    update.run(&|_| {})
}

fn records(update: &Update) -> u64 {
    let database = Database::open(&update.file).unwrap();
    database.verify().unwrap();
    database.advisories()
}

#[test]
fn the_starter_set_fills_in_what_no_feed_speaks_of() {
    let folder = tempfile::tempdir().unwrap();
    let mut update = update(folder.path(), vec![mirror(folder.path(), "m", 2)]);
    update.starter_fills_in = true;
    run(&update).unwrap();
    let database = Database::open(&update.file).unwrap();
    let found = |ecosystem: &str, package| {
        let ecosystem = ecosystem.parse().unwrap();
        database.affected(&ecosystem, package).map(|entry| entry.feed()).collect::<BTreeSet<_>>()
    };
    let log4j = found("Maven", "org.apache.logging.log4j:log4j-core");
    assert_eq!(log4j, BTreeSet::from(["starter"]));
    assert!(found("Debian:12", "glibc").is_empty());
    assert!(!database.data().starter);
}

#[test]
fn a_folder_becomes_a_database_with_its_figures() {
    let folder = tempfile::tempdir().unwrap();
    let update = update(folder.path(), vec![mirror(folder.path(), "m", 3)]);
    let steps = RefCell::new(Vec::new());
    let updated = update
        .run(&|step| {
            if let Step::Reading(source) = step {
                steps.borrow_mut().push(source.to_owned());
            }
        })
        .unwrap();
    assert_eq!(steps.into_inner(), ["osv/npm"]);
    assert_eq!((updated.compiled.advisories, updated.problems.len()), (3, 0));
    let data = Database::open(&update.file).unwrap().data();
    assert_eq!(data.compiled, Some(update.now));
    assert_eq!(data.feeds.len(), 1);
    assert!(data.feeds[0].source.ends_with("m/osv/npm/all.zip"));
    assert!(data.feeds[0].fetched.is_some());
}

#[test]
fn the_first_mirror_that_has_a_source_whole_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let empty = Mirror::Folder(folder.path().join("nowhere"));
    let cut = mirror(folder.path(), "cut", 3);
    let zip = archive(3);
    fs::write(folder.path().join("cut/osv/npm/all.zip"), &zip[..zip.len() / 2]).unwrap();
    let good = mirror(folder.path(), "good", 2);
    let update = update(folder.path(), vec![empty, cut, good]);
    let updated = run(&update).unwrap();
    assert_eq!(records(&update), 2);
    let [UpdateProblem { feed, why, recovered: true }] = updated.problems.as_slice() else {
        panic!("{:?}", updated.problems)
    };
    assert_eq!(feed, "osv/npm");
    assert!(why.contains("cut/osv/npm/all.zip` is damaged or something else"), "{why}");
}

#[test]
fn a_feed_that_no_mirror_has_whole_is_named_and_the_others_are_compiled() {
    let folder = tempfile::tempdir().unwrap();
    let good = mirror(folder.path(), "m", 2);
    fs::create_dir_all(folder.path().join("m/kev")).unwrap();
    fs::write(folder.path().join("m/kev/known_exploited_vulnerabilities.json"), "{").unwrap();
    let update = update(folder.path(), vec![good]);
    let updated = run(&update).unwrap();
    assert_eq!(records(&update), 2);
    assert_eq!((updated.problems[0].feed.as_str(), updated.problems[0].recovered), ("kev", false));
}

#[test]
fn without_any_feed_the_present_database_stays() {
    let folder = tempfile::tempdir().unwrap();
    let mut update = update(folder.path(), vec![mirror(folder.path(), "m", 2)]);
    run(&update).unwrap();
    update.mirrors = vec![Mirror::Folder("/nowhere".into()), Mirror::Folder("/else".into())];
    insta::assert_snapshot!(run(&update).unwrap_err(), @"no feed could be read from /nowhere, /else");
    assert_eq!(records(&update), 2);
}

#[test]
fn a_feed_that_loses_more_than_half_is_refused_unless_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let mut update = update(folder.path(), vec![mirror(folder.path(), "m", 10)]);
    run(&update).unwrap();
    mirror(folder.path(), "m", 5);
    run(&update).unwrap();
    assert_eq!(records(&update), 5);
    mirror(folder.path(), "m", 2);
    insta::assert_snapshot!(run(&update).unwrap_err(), @"`osv/npm` has 2 records instead of 5; the present database stays");
    assert_eq!(records(&update), 5);
    update.accept_jump = true;
    run(&update).unwrap();
    assert_eq!(records(&update), 2);
}

#[test]
fn a_damaged_present_database_does_not_stand_in_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let update = update(folder.path(), vec![mirror(folder.path(), "m", 2)]);
    fs::create_dir_all(update.file.parent().unwrap()).unwrap();
    fs::write(&update.file, "garbage").unwrap();
    run(&update).unwrap();
    assert_eq!(records(&update), 2);
}

#[test]
fn what_a_killed_update_left_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let update = update(folder.path(), vec![mirror(folder.path(), "m", 2)]);
    let stale = folder.path().join("db/.partial-abc");
    fs::create_dir_all(stale.parent().unwrap()).unwrap();
    fs::write(&stale, "half").unwrap();
    run(&update).unwrap();
    assert!(!stale.exists());
}

#[test]
fn a_second_update_is_told_who_is_first_or_waits() {
    let folder = tempfile::tempdir().unwrap();
    let (mut first, server) =
        from_server(folder.path(), |_, _| Reply::Slow(archive(2), Duration::from_secs(1)));
    first.patience.stall = Duration::from_secs(20);
    let mut second = first.clone();
    second.mirrors = vec![mirror(folder.path(), "m", 3)];
    std::thread::scope(|scope| {
        let running = scope.spawn(|| run(&first));
        let deadline = Instant::now() + Duration::from_secs(20);
        while requests(&server).is_empty() {
            assert!(Instant::now() < deadline);
            std::thread::sleep(Duration::from_millis(10));
        }
        let said = run(&second).unwrap_err().to_string();
        let expected = format!(
            "database is being updated by process {} since 2027-01-15T08:00:00Z",
            std::process::id()
        );
        assert_eq!(said, expected);
        let from = folder.path().join("x.db");
        database::compile(std::iter::empty(), &database::Enrichment::default(), &from).unwrap();
        let refused = database::import(&from, &second.file, second.now).unwrap_err();
        assert!(matches!(refused, DatabaseError::Locked { .. }));
        second.wait = Duration::from_mins(1);
        run(&second).unwrap();
        running.join().unwrap().unwrap();
    });
    assert_eq!(records(&second), 3);
}

#[test]
fn an_exported_database_is_imported_and_a_damaged_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let update = update(folder.path(), vec![mirror(folder.path(), "m", 2)]);
    run(&update).unwrap();
    let exported = folder.path().join("exported.db");
    database::export(&update.file, &exported).unwrap();
    let there = folder.path().join("air-gapped/db/advisories.db");
    database::import(&exported, &there, update.now).unwrap();
    assert_eq!(fs::read(&there).unwrap(), fs::read(&update.file).unwrap());

    let mut bytes = fs::read(&exported).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&exported, &bytes).unwrap();
    let refused = database::import(&exported, &there, update.now).unwrap_err();
    insta::assert_snapshot!(refused, @"advisory database is damaged: checksum of a section");
    Database::open(&there).unwrap().verify().unwrap();
}

/// An update from a server that answers requests for one file by number, and has no other.
fn from_server(
    folder: &Path,
    reply: impl Fn(usize, &server::Request) -> Reply + Send + Sync + 'static,
) -> (Update, Server) {
    let count = std::sync::atomic::AtomicUsize::new(0);
    let server = Server::start(move |_, request| {
        if request.path == PATH {
            let number = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            reply(number, request)
        } else {
            Reply::Status(404, Vec::new())
        }
    });
    (update(folder, vec![Mirror::named(&server.url())]), server)
}

fn requests(server: &Server) -> Vec<server::Request> {
    server.requests().into_iter().filter(|request| request.path == PATH).collect()
}

#[test]
fn a_file_that_has_not_changed_is_not_fetched_again() {
    let folder = tempfile::tempdir().unwrap();
    let (update, server) = from_server(folder.path(), |_, request| {
        if request.header("if-none-match") == Some("\"one\"") {
            Reply::Status(304, Vec::new())
        } else {
            Reply::Ok(archive(4), vec![("ETag", "\"one\"".into())])
        }
    });
    run(&update).unwrap();
    fs::remove_file(&update.file).unwrap();
    run(&update).unwrap();
    assert_eq!(records(&update), 4);
    let seen = requests(&server);
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[1].header("if-none-match"), Some("\"one\""));
    let source = &Database::open(&update.file).unwrap().data().feeds[0].source;
    assert_eq!(*source, format!("{}{PATH}", server.url()));
}

#[test]
fn a_body_that_was_cut_is_continued_where_it_ended() {
    let folder = tempfile::tempdir().unwrap();
    let body = archive(200);
    let (update, server) = from_server(folder.path(), move |number, request| {
        let tag = vec![("ETag", "\"v1\"".into())];
        if number == 0 {
            return Reply::Cut(body.clone(), 3000, tag);
        }
        assert_eq!(request.header("if-range"), Some("\"v1\""));
        Reply::Range(body.clone(), tag)
    });
    run(&update).unwrap();
    assert_eq!(records(&update), 200);
    assert_eq!(requests(&server)[1].header("range"), Some("bytes=3000-"));
}

#[test]
fn a_file_that_changed_meanwhile_is_fetched_from_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let (update, server) = from_server(folder.path(), |number, _| match number {
        0 => Reply::Cut(archive(200), 3000, vec![("ETag", "\"v1\"".into())]),
        1 => Reply::Status(416, Vec::new()),
        _ => Reply::Ok(archive(100), vec![("ETag", "\"v2\"".into())]),
    });
    run(&update).unwrap();
    assert_eq!(records(&update), 100);
    assert_eq!(requests(&server)[2].header("range"), None);
}

#[test]
fn an_overloaded_server_is_waited_for_as_it_asks() {
    let folder = tempfile::tempdir().unwrap();
    let (update, server) = from_server(folder.path(), |number, _| match number {
        0 => Reply::Status(429, vec![("Retry-After", "1".into())]),
        1 => Reply::Status(500, Vec::new()),
        _ => Reply::Ok(archive(2), Vec::new()),
    });
    let started = Instant::now();
    run(&update).unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!((records(&update), requests(&server).len()), (2, 3));
}

#[test]
fn a_silent_server_is_given_up_and_the_next_mirror_asked() {
    let folder = tempfile::tempdir().unwrap();
    let (mut update, server) =
        from_server(folder.path(), |_, _| Reply::Stall(archive(200), 1000, Duration::from_secs(2)));
    update.mirrors.push(mirror(folder.path(), "m", 7));
    let updated = run(&update).unwrap();
    assert_eq!(records(&update), 7);
    assert!(updated.problems[0].recovered);
    assert!(updated.problems[0].why.contains("cannot fetch"), "{}", updated.problems[0].why);
    assert_eq!(requests(&server).len(), 4);
}

#[test]
fn a_server_that_refuses_says_why() {
    let said = |status: u16, headers: Vec<(&'static str, String)>| {
        let folder = tempfile::tempdir().unwrap();
        let (update, server) =
            from_server(folder.path(), move |_, _| Reply::Status(status, headers.clone()));
        run(&update).unwrap_err().to_string().replace(&server.url(), "URL")
    };
    insta::assert_snapshot!(said(403, Vec::new()), @"no feed could be read from URL: cannot fetch `URL/osv/npm/all.zip`: the server answers 403 Forbidden");
    insta::assert_snapshot!(said(503, Vec::new()), @"no feed could be read from URL: cannot fetch `URL/osv/npm/all.zip`: the server answers 503 Service Unavailable");
    insta::assert_snapshot!(said(429, vec![("Retry-After", "9999".into())]), @"no feed could be read from URL: cannot fetch `URL/osv/npm/all.zip`: the server asks to wait 9999 s");
    insta::assert_snapshot!(said(404, Vec::new()), @"no feed could be read from URL");
}

#[test]
fn a_server_without_tls_is_no_mirror_with_tls() {
    let server = Server::start(|_, _| Reply::Ok(archive(1), Vec::new()));
    let folder = tempfile::tempdir().unwrap();
    let url = server.url().replace("http:", "https:");
    let mut update = update(folder.path(), vec![Mirror::named(&url)]);
    update.patience.attempts = 1;
    let said = run(&update).unwrap_err().to_string();
    assert!(said.contains("cannot fetch `https://"), "{said}");
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_refused() {
    let address = server::start_tls();
    let folder = tempfile::tempdir().unwrap();
    let url = format!("https://{address}");
    let mut update = update(folder.path(), vec![Mirror::named(&url)]);
    update.patience.attempts = 1;
    let said = run(&update).unwrap_err().to_string();
    assert!(said.contains("certificate"), "{said}");
}
