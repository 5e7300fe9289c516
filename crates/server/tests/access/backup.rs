//! A backup brought into an empty folder answers as the server that it was made of.

use std::path::Path;
use std::sync::Arc;

use plimsoll_server::Error;
use plimsoll_server::app::App;
use plimsoll_server::auth::Access;
use plimsoll_server::backup::{Place, backup, restore};
use plimsoll_server::serve::open;
use plimsoll_testkit::Postgres;
use serde_json::Value;
use tower::ServiceExt;

use crate::bench::{Bench, settings};

const ASKED: &[&str] = &[
    "/api/v1/images",
    "/api/v1/findings?limit=500",
    "/api/v1/scans",
    "/api/v1/users",
    "/api/v1/teams",
    "/api/v1/keys",
    "/api/v1/audit",
];

async fn answers(app: &Arc<App>, digest: &str) -> Vec<Value> {
    let router = plimsoll_server::api::app(Arc::clone(app));
    let mut all = Vec::new();
    let image = format!("/api/v1/images/{digest}");
    for path in ASKED.iter().copied().chain([image.as_str()]) {
        let request = axum::http::Request::builder().uri(path).header("host", "localhost");
        let request = request.body(axum::body::Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        let body = axum::body::to_bytes(response.into_body(), 64 << 20).await.unwrap();
        all.push(serde_json::from_slice(&body).unwrap());
    }
    all
}

async fn filled(access: Access) -> (Bench, String) {
    let bench = Bench::new(access).await;
    let admin = bench.admin().await;
    bench.session(&admin, "alice", plimsoll_server::auth::Role::Viewer).await;
    let team = r#"{"name":"shop","repositories":["r.example/shop/*"]}"#;
    bench.by(&admin, "POST", "/api/v1/teams", team).await;
    let digest = bench.image("r.example/shop/web:1", &[("lodash", "4.17.4")]).await;
    (bench, digest)
}

async fn restored(folder: &Path, file: &Path, store: Option<String>) -> Arc<App> {
    let data_dir = folder.join("data");
    let key = data_dir.join("secret.key");
    let place = Place { data_dir: &data_dir, store: store.as_deref(), blobs: None, key: &key };
    restore(place, file).await.unwrap();
    let mut settings = settings(folder, Access::open());
    settings.store = store;
    open(&settings, Box::new(|line| eprintln!("{line}"))).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_answers_as_before_in_a_fresh_folder_and_in_the_other_database() {
    let (bench, digest) = filled(Access::open()).await;
    let before = answers(&bench.app, &digest).await;
    let data_dir = bench.folder.path().join("data");
    let (key, file) = (data_dir.join("secret.key"), bench.folder.path().join("backup.tar.zst"));
    let place = Place { data_dir: &data_dir, store: None, blobs: None, key: &key };
    // The server is up meanwhile.
    let amount = backup(place, &file, false).await.unwrap();
    assert!(amount.rows["images"] == 1 && amount.rows["users"] == 1 && amount.blobs > 0);
    assert!(matches!(backup(place, &file, false).await, Err(Error::Refused(_))), "it is there");

    let folder = tempfile::tempdir().unwrap();
    let app = restored(folder.path(), &file, None).await;
    assert_eq!(answers(&app, &digest).await, before);
    app.store.close().await;
    let other = folder.path().join("data");
    let into = Place { data_dir: &other, store: None, blobs: None, key: &key };
    let full = restore(into, &file).await.unwrap_err().to_string();
    assert!(full.contains("has rows in"), "{full}");

    let Some(server) = Postgres::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let address = server.database("restored");
    let app = restored(folder.path(), &file, Some(address.clone())).await;
    assert_eq!(answers(&app, &digest).await, before);
    // Numbers go on behind those that came.
    let mut write = app.store.write().await.unwrap();
    plimsoll_server::store::audit::note(&mut write, "a", "b", "c", "d").await.unwrap();
    write.commit().await.unwrap();
    let second = folder.path().join("second.tar.zst");
    let data_dir = folder.path().join("data");
    let place = Place { data_dir: &data_dir, store: Some(&address), blobs: None, key: &key };
    backup(place, &second, true).await.unwrap();
    app.store.close().await;

    let folder = tempfile::tempdir().unwrap();
    let app = restored(folder.path(), &second, None).await;
    let back = answers(&app, &digest).await;
    assert_eq!((&back[0], &back[3]), (&before[0], &before[3]));
    assert!(folder.path().join("data/secret.key").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_cut_bent_or_none_is_refused_and_leaves_nothing() {
    let (bench, _) = filled(Access::default()).await;
    let data_dir = bench.folder.path().join("data");
    let (key, file) = (data_dir.join("secret.key"), bench.folder.path().join("backup.tar.zst"));
    backup(Place { data_dir: &data_dir, store: None, blobs: None, key: &key }, &file, false)
        .await
        .unwrap();
    let whole = std::fs::read(&file).unwrap();
    // Wherever a byte is bent, and by however little; some are another way to write the same.
    let content = zstd::decode_all(whole.as_slice()).unwrap();
    let bent = (0..40_usize).map(|step| {
        let mut bent = whole.clone();
        let place = step * (whole.len() - 1) / 39;
        bent[place] ^= 1 << (step % 8);
        (format!("bent at {place}"), bent)
    });
    let bent =
        bent.filter(|(_, it)| zstd::decode_all(it.as_slice()).ok().as_ref() != Some(&content));
    let cut =
        (1..8).map(|part| (format!("cut at {part}/8"), whole[..whole.len() * part / 8].to_vec()));
    let none = [("none".to_owned(), b"hello".to_vec()), ("empty".to_owned(), Vec::new())];
    for (what, bytes) in bent.chain(cut).chain(none) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, bytes).unwrap();
        let data_dir = folder.path().join("data");
        let key = data_dir.join("secret.key");
        let place = Place { data_dir: &data_dir, store: None, blobs: None, key: &key };
        assert!(restore(place, &file).await.is_err(), "{what}");
    }
}
