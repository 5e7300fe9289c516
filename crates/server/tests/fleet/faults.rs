//! What is full, read-only, gone or set wrong has a name while it lasts, and nothing is lost by it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use plimsoll_testkit::Postgres;

use crate::kills::{alert, stored_alerts};
use crate::{Process, Start, ask, image, until};

/// A small file system in memory; it goes with the test.
struct Small(PathBuf);

impl Small {
    /// `None`, and a line that says so, where nothing may be mounted.
    fn mount(at: &Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let options = format!("size={size},mode=0777");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(at).output();
        if !mounted.is_ok_and(|it| it.status.success()) {
            eprintln!("skipped: no file system may be mounted here (run it as root)");
            return None;
        }
        Some(Self(at.to_owned()))
    }

    fn remount(&self, mode: &str) {
        let options = format!("remount,{mode}");
        let done = Command::new("mount").args(["-o", &options]).arg(&self.0).status().unwrap();
        assert!(done.success(), "remount {mode}");
    }

    /// Writes a file until there is no room left.
    fn fill(&self, number: usize) -> PathBuf {
        use std::io::Write as _;
        let path = self.0.join(format!("filler{number}"));
        let mut file = std::fs::File::create(&path).unwrap();
        for part in [1 << 20, 4096] {
            while file.write_all(&vec![0; part]).is_ok() {}
        }
        path
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_has_a_name_and_what_was_accepted_is_there_when_there_is_room_again() {
    let folder = tempfile::tempdir().unwrap();
    let Some(small) = Small::mount(&folder.path().join("server"), "48m") else { return };
    let server = Process::start(folder.path(), "server", Start::default());
    let first = server.scan(&image(folder.path(), 1));
    server.done(first);
    let send = |number| ask("POST", &server.url("/falco"), None, &alert(number));
    assert_eq!(send(1).unwrap().0, 202);

    // What the server lets go of meanwhile is filled as well.
    let mut fillers = Vec::new();
    let health = until("the folder is full", Duration::from_mins(1), || {
        fillers.push(small.fill(fillers.len()));
        std::thread::sleep(Duration::from_secs(1));
        let health = server.health();
        (health["folder"] == "full").then_some(health)
    });
    assert_eq!(health["status"], "degraded", "{health}");
    // What does not fit is refused: files that are there already may still have room for some. A scan
    // is refused, or waits.
    let mut accepted = vec![1];
    for number in 100..300 {
        match send(number).unwrap().0 {
            202 => accepted.push(number),
            status => assert!([500, 503].contains(&status), "{status}"),
        }
    }
    let reference = image(folder.path(), 2);
    let body = serde_json::json!({"reference": reference}).to_string();
    let asked = ask("POST", &server.url("/api/v1/scans"), None, &body).unwrap();
    assert!([202, 503].contains(&asked.0), "{asked:?}");
    std::thread::sleep(Duration::from_secs(3));

    for filler in fillers {
        std::fs::remove_file(filler).unwrap();
    }
    server.until_health("folder", "ready");
    let id = server.scan(&reference);
    server.done(id);
    assert_eq!(server.job(first)["state"], "done");
    until("an alert is accepted again", Duration::from_secs(20), || {
        (send(3)?.0 == 202).then_some(())
    });
    accepted.push(3);
    let stored = until("they are stored", Duration::from_secs(30), || {
        let stored = stored_alerts(&server, None);
        accepted.iter().all(|number| stored.contains(number)).then_some(stored)
    });
    for number in &accepted {
        assert_eq!(stored.iter().filter(|it| *it == number).count(), 1, "{number}: {stored:?}");
    }
    eprintln!("{} of 200 alerts were accepted beside a full disk", accepted.len() - 2);
}

#[test]
fn blobs_that_may_not_be_written_have_a_name_and_jobs_wait_for_them() {
    let folder = tempfile::tempdir().unwrap();
    let Some(small) = Small::mount(&folder.path().join("blobs"), "32m") else { return };
    let blobs = folder.path().join("blobs").display().to_string();
    let start = Start { blobs: Some(blobs), ..Start::default() };
    let server = Process::start(folder.path(), "server", start);
    let first = server.scan(&image(folder.path(), 1));
    server.done(first);

    small.remount("ro");
    let second = server.scan(&image(folder.path(), 2));
    server.until_health("blobs", "read-only");
    assert_ne!(server.job(second)["state"], "done");
    small.remount("rw");
    assert_eq!(server.done(second)["attempt"], 1, "it counted for no attempt");
    server.until_health("blobs", "ready");

    let filler = small.fill(0);
    let third = server.scan(&image(folder.path(), 3));
    server.until_health("blobs", "full");
    std::fs::remove_file(filler).unwrap();
    assert_eq!(server.done(third)["attempt"], 1);
    server.until_health("blobs", "ready");
}

#[test]
fn a_database_that_is_away_has_a_name_and_its_jobs_go_on_when_it_is_back() {
    let Some(postgres) = Postgres::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let start = Start { store: Some(postgres.database("faults")), ..Start::default() };
    let server = Process::start(folder.path(), "server", start);
    let first = server.scan(&image(folder.path(), 1));
    server.done(first);
    let second = server.scan(&image(folder.path(), 2));
    postgres.stop();
    let health = server.until_health("store", "unreachable");
    assert_eq!(health["status"], "failing");
    let (status, _) = ask("GET", &server.url("/healthz"), None, "").unwrap();
    assert_eq!(status, 503);
    postgres.resume();
    server.done(second);
    assert_eq!(server.until_health("store", "ready")["status"], "ok");
}

/// Whether transactions of a database may write; whoever is connected has to come again.
fn may_write(postgres: &Postgres, name: &str, may: bool) {
    let address = postgres.database(if may { "again" } else { "aside" });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = plimsoll_server::store::Store::connect(&address).await.unwrap();
        let mut connection = store.read().await.unwrap();
        let off = if may { "off" } else { "on" };
        for text in [
            format!("ALTER DATABASE {name} SET default_transaction_read_only = {off}"),
            format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
            ),
        ] {
            sqlx::query(sqlx::AssertSqlSafe(text)).execute(&mut *connection).await.unwrap();
        }
        drop(connection);
        store.close().await;
    });
}

#[test]
fn a_store_that_may_not_be_written_has_a_name_and_takes_again_what_comes_later() {
    let Some(postgres) = Postgres::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let start = Start { store: Some(postgres.database("faults")), ..Start::default() };
    let server = Process::start(folder.path(), "server", start);
    let first = server.scan(&image(folder.path(), 1));
    server.done(first);
    may_write(&postgres, "faults", false);
    let health = server.until_health("store", "read-only");
    assert_ne!(health["status"], "ok", "{health}");
    let (status, body) = ask("GET", &server.url("/api/v1/images"), None, "").unwrap();
    assert!(
        status == 200 && body.to_string().contains("digest"),
        "what is known is told: {status} {body}"
    );
    let reference = image(folder.path(), 2);
    let asked = serde_json::json!({"reference": reference}).to_string();
    let (status, body) = ask("POST", &server.url("/api/v1/scans"), None, &asked).unwrap();
    assert_eq!(status, 503, "{body}");
    // What needs no store to be accepted is.
    assert_eq!(ask("POST", &server.url("/falco"), None, &alert(1)).unwrap().0, 202);
    may_write(&postgres, "faults", true);
    server.until_health("store", "ready");
    let second = server.scan(&reference);
    server.done(second);
    until("the alert is stored", Duration::from_secs(30), || {
        stored_alerts(&server, None).contains(&1).then_some(())
    });
}

/// A folder that may not be written as long as this is there: whatever is open in it stays so.
struct ReadOnly(PathBuf);

impl ReadOnly {
    fn mount(at: &Path) -> Option<Self> {
        let mount = |options: &[&str]| {
            let done = Command::new("mount").args(options).arg(at).output();
            done.is_ok_and(|it| it.status.success())
        };
        if !mount(&["--bind", &at.display().to_string()]) {
            eprintln!("skipped: no file system may be mounted here (run it as root)");
            return None;
        }
        let own = Self(at.to_owned());
        // Whoever writes something by it at the moment is in the way.
        until("it is read-only", Duration::from_secs(20), || {
            mount(&["-o", "remount,bind,ro"]).then_some(())
        });
        Some(own)
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn a_folder_that_may_not_be_written_has_a_name_and_alerts_are_taken_when_it_may_again() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), "server", Start::default());
    server.until_health("folder", "ready");
    let Some(mounted) = ReadOnly::mount(&server.data().join("spool")) else { return };
    let health = server.until_health("folder", "read-only");
    assert_ne!(health["status"], "ok", "{health}");
    let send = |number| ask("POST", &server.url("/falco"), None, &alert(number)).unwrap().0;
    let early = send(1);
    assert!([202, 503].contains(&early), "{early}");
    drop(mounted);
    server.until_health("folder", "ready");
    assert_eq!(send(2), 202);
    let stored = until("it is stored", Duration::from_secs(30), || {
        let stored = stored_alerts(&server, None);
        stored.contains(&2).then_some(stored)
    });
    assert_eq!(stored.contains(&1), early == 202, "{stored:?}");
}

#[test]
fn a_database_that_was_removed_has_a_name() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), "server", Start::default());
    server.until_health("store", "ready");
    let file = server.data().join("plimsoll.db");
    std::fs::rename(&file, file.with_extension("elsewhere")).unwrap();
    let health = server.until_health("store", "lost");
    assert_eq!(health["status"], "degraded", "{health}");
    std::fs::rename(file.with_extension("elsewhere"), &file).unwrap();
    server.until_health("store", "ready");
    let id = server.scan(&image(folder.path(), 1));
    server.done(id);
}

/// The library that gives a program another time of day.
fn faketime() -> Option<PathBuf> {
    let found = std::fs::read_dir("/usr/lib").ok()?.filter_map(Result::ok);
    let mut found = found.map(|it| it.path().join("faketime/libfaketime.so.1"));
    let library = found.find(|it| it.is_file());
    if library.is_none() {
        eprintln!("skipped: libfaketime is not installed (apt-get install faketime)");
    }
    library
}

#[test]
fn a_clock_that_is_set_back_has_a_name_and_holds_nothing_up() {
    let Some(library) = faketime() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("time");
    std::fs::write(&file, "+2h\n").unwrap();
    let start = Start {
        environment: vec![
            ("LD_PRELOAD", library.display().to_string()),
            ("FAKETIME_TIMESTAMP_FILE", file.display().to_string()),
            ("FAKETIME_NO_CACHE", "1".into()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
            ("DONT_FAKE_MONOTONIC", "1".into()),
            ("NO_FAKE_STAT", "1".into()),
        ],
        ..Start::default()
    };
    let server = Process::start(folder.path(), "server", start);
    let first = server.scan(&image(folder.path(), 1));
    server.done(first);
    assert_eq!(server.until_health("clock", "ready")["status"], "ok");
    std::fs::write(&file, "+0\n").unwrap();
    // A job that waits, one that is new, and alerts.
    let second = server.scan(&image(folder.path(), 2));
    server.done(second);
    let health = server.until_health("clock", "stepped-back");
    assert_eq!(health["status"], "degraded", "{health}");
    let third = server.scan(&image(folder.path(), 3));
    server.done(third);
    assert_eq!(ask("POST", &server.url("/falco"), None, &alert(1)).unwrap().0, 202);
    until("it is stored", Duration::from_secs(20), || {
        (stored_alerts(&server, None) == [1]).then_some(())
    });
    std::fs::write(&file, "+3h\n").unwrap();
    server.until_health("clock", "stepped-forward");
    let fourth = server.scan(&image(folder.path(), 4));
    server.done(fourth);
}
