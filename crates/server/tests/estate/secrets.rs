//! What the server has to keep and nobody may find in its store.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plimsoll_server::auth::rotate;
use plimsoll_server::auth::seal::Seal;
use plimsoll_server::jobs;
use plimsoll_server::notify;
use plimsoll_server::store::{notifiers, registries};
use serde_json::json;

use crate::Bench;
use crate::notices::add;

/// Every file below a folder that has one of these texts in it.
fn having(folder: &Path, texts: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            for text in texts {
                if bytes.windows(text.len()).any(|it| it == text.as_bytes()) {
                    found.push(format!("{}: {text}", path.display()));
                }
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_lies_in_the_store_as_it_is() {
    let bench = Bench::new(None, &[]).await;
    add(&bench, "slack", json!({"url": "https://hooks.invalid/T/B/hunter2-slack"})).await;
    add(
        &bench,
        "email",
        json!({"host": "mail.invalid", "from": "a@example.org", "to": "b@example.org",
            "username": "robot", "password": "hunter2-mail"}),
    )
    .await;
    let url = json!({"url": "https://w.invalid/", "secret": "hunter2-hook"});
    let webhook = add(&bench, "webhook", url).await;
    let registry = json!({"name": "ours", "host": "127.0.0.1:1", "repositories": "a/b",
        "username": "robot", "password": "hunter2-registry", "enabled": false});
    assert_eq!(bench.ask("POST", "/api/v1/registries", registry).await.0, 201);
    let digest = format!("sha256:{:064}", 1);
    let manifest = json!({"hash": digest, "layers": [{"hash": digest,
        "uri": "http://10.255.255.1/layer?signature=hunter2-address",
        "headers": {"Authorization": ["Bearer hunter2-layer"]}}]});
    assert_eq!(bench.ask("POST", "/indexer/api/v1/index_report", manifest).await.0, 500);
    let basic = STANDARD.encode("robot:hunter2-harbor");
    let scan = json!({"registry": {"url": "https://10.255.255.1", "authorization": format!("Basic {basic}")},
        "artifact": {"repository": "a/b", "digest": digest, "mime_type": ""}});
    let (status, body) = bench.ask("POST", "/harbor/api/v1/scan", scan).await;
    assert_eq!(status, 202, "{body}");
    let one = json!({"Layer": {"Name": "one", "Path": "http://10.255.255.1/layer.tar",
        "Format": "Docker", "Headers": {"Authorization": "Bearer hunter2-first"}}});
    let (status, body) = bench.ask("POST", "/v1/layers", one).await;
    assert_eq!(status, 500, "{body}");
    let made = bench
        .client
        .post(bench.url("/api/v1/keys"))
        .header("content-type", "application/json")
        .header("idempotency-key", "once")
        .body(json!({"name": "ci", "role": "scanner"}).to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(made.status(), 201);
    let made: serde_json::Value = serde_json::from_str(&made.text().await.unwrap()).unwrap();
    let key = made["secret"].as_str().unwrap().to_owned();
    let encoded = STANDARD.encode(&key);

    let stored = bench.data();
    let texts = ["hunter2".to_owned(), basic, key, encoded];
    assert_eq!(having(&stored, &texts), Vec::<String>::new());
    // It would have been found.
    assert!(!having(&stored, &["hooks.invalid".into(), "w.invalid".into()]).is_empty());

    // A new key: what was sealed under the old one is sealed under it.
    let file = stored.join("secret.key");
    let before = std::fs::read(&file).unwrap();
    let waiting = jobs::Chained { name: "two".into(), ..jobs::Chained::default() };
    let job = jobs::layer(&bench.app.auth.seal, &waiting).unwrap();
    let job = plimsoll_server::queue::NewJob { due: i64::MAX, ..job };
    let (number, _) = bench.app.queue.push(job).await.unwrap();
    let count = rotate::rotate(&bench.app.store, &file).await.unwrap();
    // And jobs of before that are tried again.
    assert!(count >= 5, "three notifiers, a registry, a job: {count}");
    assert_ne!(std::fs::read(&file).unwrap(), before);
    assert!(!stored.join("secret.key.next").exists());
    let seal = Seal::open(&file).unwrap();
    let mut read = bench.app.store.read().await.unwrap();
    let id: i64 = webhook.as_i64().unwrap();
    let notifier = notifiers::by_id(&mut read, id).await.unwrap().unwrap();
    let channel = notify::channel("webhook").unwrap();
    let opened = notify::opened(channel, &seal, &notifier.settings).unwrap();
    assert_eq!(opened["secret"], "hunter2-hook");
    assert!(notify::opened(channel, &bench.app.auth.seal, &notifier.settings).is_err());
    let registry = registries::all(&mut read).await.unwrap().remove(0);
    assert_eq!(
        seal.unseal("registry 127.0.0.1:1", &registry.password).unwrap(),
        "hunter2-registry"
    );
    let status = bench.app.queue.status(number).await.unwrap().unwrap();
    assert!(seal.unseal("job layer", &status.job.payload).unwrap().contains("\"two\""));
}
