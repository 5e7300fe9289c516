//! What holds for blobs in a folder holds for blobs in S3.

use std::process::Command;

use plimsoll_model::{Inventory, Package, PackageKind};
use plimsoll_server::Fleet;
use plimsoll_server::backup::{Place, backup, restore};
use plimsoll_server::serve::{Settings, open};
use plimsoll_server::store::blobs::Blobs;
use plimsoll_testkit::S3;

use crate::{Process, Start};

const ADDRESS: &str = "PLIMSOLL_TEST_BLOBS";

#[test]
fn blobs_in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    suite(&path("one"), &path("two"));
}

/// The address of the bucket is said by the environment alone, as whoever runs the server says it: so the
/// suite runs in a process of its own.
#[test]
fn blobs_in_s3() {
    let Some(s3) = S3::start() else { return };
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "blobs::suite_by_environment", "--ignored", "--nocapture"])
        .envs(s3.environment())
        .env(ADDRESS, format!("s3://{}", S3::BUCKET))
        .status()
        .unwrap();
    assert!(status.success());
    // They are there, and nowhere else.
    assert!(s3.bucket().join("one/things").is_dir());
    assert!(s3.bucket().join("two/inventories").is_dir());
}

#[test]
#[ignore = "another test starts it as a process"]
fn suite_by_environment() {
    let Ok(address) = std::env::var(ADDRESS) else { return };
    suite(&format!("{address}/one"), &format!("{address}/two"));
}

fn suite(one: &str, two: &str) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        alone(&Blobs::open(one).unwrap()).await;
        backed_up(one, two).await;
    });
}

async fn alone(blobs: &Blobs) {
    blobs.check("test").await.unwrap();
    let content = b"content ".repeat(100_000);
    let name = blobs.put("things", &content).await.unwrap();
    assert_eq!(blobs.put("things", &content).await.unwrap(), name, "the same has one name");
    assert_eq!(blobs.fetch("things", &name).await.unwrap().unwrap(), content);
    assert!(blobs.has("things", &name).await.unwrap());
    assert_eq!(blobs.fetch("others", &name).await.unwrap(), None);
    assert!(!blobs.has("things", "nothing").await.unwrap());
    blobs.put_named("named", "a-name", b"first").await.unwrap();
    blobs.put_named("named", "a-name", b"second").await.unwrap();
    assert_eq!(blobs.fetch("named", "a-name").await.unwrap().unwrap(), b"second");
    blobs.put("things", b"").await.unwrap();
    for _ in 0..2 {
        blobs.remove("named", "a-name").await.unwrap();
        assert_eq!(blobs.fetch("named", "a-name").await.unwrap(), None);
    }
    // Many at a time, some of them the same.
    let all: Vec<_> = (0..40_u32)
        .map(|number| {
            let blobs = blobs.clone();
            tokio::spawn(async move {
                blobs.put("many", (number / 2).to_string().as_bytes()).await.unwrap()
            })
        })
        .collect();
    for (number, task) in all.into_iter().enumerate() {
        let name = task.await.unwrap();
        let content = blobs.fetch("many", &name).await.unwrap().unwrap();
        assert_eq!(content, (number / 2).to_string().as_bytes());
    }
}

fn settings(folder: &std::path::Path, blobs: &str) -> Settings {
    let fleet = Fleet { blobs: Some(blobs.to_owned()), ..Fleet::default() };
    Settings { fleet, ..Settings::in_folder(folder) }
}

/// A backup of a server whose blobs are in one place is brought into another.
async fn backed_up(one: &str, two: &str) {
    let folder = tempfile::tempdir().unwrap();
    let first = folder.path().join("first");
    let app = open(&settings(&first, one), Box::new(|_| ())).await.unwrap();
    plimsoll_server::rematch::ensure(&app).await.unwrap();
    let mut inventory = Inventory::default();
    inventory.artifact.reference = "one".into();
    inventory.packages = vec![Package::new(PackageKind::Npm, "lodash", "4.17.4")];
    let (write, done) = plimsoll_server::catalogue::ingest(&app, &inventory).await.unwrap();
    write.commit().await.unwrap();
    app.store.close().await;
    let (data_dir, key) = (first.join("data"), first.join("data/secret.key"));
    assert!(!data_dir.join("blobs").exists(), "they are elsewhere");
    let file = folder.path().join("backup.tar.zst");
    let place = Place { data_dir: &data_dir, store: None, blobs: Some(one), key: &key };
    let amount = backup(place, &file, false).await.unwrap();
    assert!(amount.blobs > 20, "{amount:?}");

    let second = folder.path().join("second");
    let data_dir = second.join("data");
    let place = Place { data_dir: &data_dir, store: None, blobs: Some(two), key: &key };
    assert_eq!(restore(place, &file).await.unwrap(), amount);
    let app = open(&settings(&second, two), Box::new(|_| ())).await.unwrap();
    let mut read = app.store.read().await.unwrap();
    let image = plimsoll_server::store::images::by_digest(&mut read, &done.digest).await.unwrap();
    let found = plimsoll_server::catalogue::inventory(&app, &image.unwrap().inventory).await;
    assert_eq!(found.unwrap().packages.len(), 1);
    drop(read);
    app.store.close().await;
}

#[test]
fn what_is_no_place_for_blobs_is_refused() {
    for address in ["", "http://bucket/x", "s3://", "gs://bucket", "s3://key:secret@bucket/x"] {
        let refused = Blobs::open(address).unwrap_err().to_string();
        assert!(refused.contains("s3:") || refused.contains("AWS_ACCESS_KEY_ID"), "{refused}");
        assert!(!refused.contains("secret@"), "{refused}");
    }
}

#[test]
fn a_bucket_that_is_away_is_told_and_jobs_wait_for_it() {
    let Some(mut s3) = S3::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let start = Start {
        blobs: Some(format!("s3://{}/estate", S3::BUCKET)),
        environment: s3.environment().to_vec(),
        ..Start::default()
    };
    let server = Process::start(folder.path(), "server", start);
    let first = server.scan(&crate::image(folder.path(), 1));
    server.done(first);
    s3.kill();
    let second = server.scan(&crate::image(folder.path(), 2));
    let health = server.until_health("blobs", "unreachable");
    assert_eq!(health["status"], "degraded", "{health}");
    let log = until_log(&server, "it is put off");
    assert!(!log.contains("for-tests-alone"), "no secret is told");
    s3.resume();
    let done = server.done(second);
    assert_eq!(done["attempt"], 1, "what was away counts for no attempt: {done}");
    server.until_health("blobs", "ready");
}

fn until_log(server: &Process, what: &str) -> String {
    crate::until(what, std::time::Duration::from_mins(1), || {
        Some(server.log()).filter(|log| log.contains(what))
    })
}
