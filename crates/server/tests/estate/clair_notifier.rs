//! Clair's notifier: clients that had images indexed are told what a change of the advisories did to them.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use plimsoll_advisory::database::{Enrichment, compile};
use plimsoll_model::{
    Advisory, Affected, Range, RangeKind, Rating, RatingKind, Severity, Timestamp,
};
use plimsoll_server::notify::round;
use plimsoll_server::rematch;
use plimsoll_server::store::{notifiers, settings};
use plimsoll_testkit::{Compression, Image, Served, Server};
use serde_json::{Value, json};

use crate::notices::{add, listener};
use crate::{Bench, each};

/// A record of npm about everything before 9.
fn record(id: &str, package: &str, severity: Severity) -> Advisory {
    let mut record = Advisory::new(id, "osv/npm");
    record.details = format!("{package} is weak");
    record.ratings.push(Rating {
        source: "ghsa".into(),
        kind: RatingKind::Label,
        value: severity.to_string(),
        score: None,
        severity,
    });
    record.affected.push(Affected::in_ranges(
        "npm".parse().unwrap(),
        package,
        vec![Range::below(RangeKind::Semver, "9.0.0")],
    ));
    record
}

async fn change(bench: &Bench, records: &[Advisory], at: i64) {
    // The job of the first start is done before anything else changes.
    let is_settled = async || {
        let edition = bench.app.advisories.current().edition.clone();
        let mut read = bench.app.store.read().await.unwrap();
        settings::value(&mut read, settings::MATCHED).await.unwrap() == Some(edition)
    };
    bench.until("findings are those of the advisories", is_settled).await;
    let path = bench.data().parent().unwrap().join("advisories.db");
    let enrichment =
        Enrichment { compiled: Some(Timestamp::from_unix(at)), ..Enrichment::default() };
    compile(records.iter().cloned(), &enrichment, &path).unwrap();
    assert!(bench.app.advisories.refresh().unwrap());
    rematch::run(&bench.app).await.unwrap();
}

/// Has an image of these packages of npm indexed, as clients of Clair do.
async fn index(bench: &Bench, packages: &[&str]) -> String {
    let file = |name: &&str| {
        let text = format!(r#"{{"name":"{name}","version":"1.0.0"}}"#);
        (format!("app/node_modules/{name}/package.json"), text)
    };
    let files: Vec<(String, String)> = packages.iter().map(file).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|it| (&*it.0, &*it.1)).collect();
    let served = Served::new(&Image::new().layer("RUN npm install", &files), Compression::Gzip);
    let (hash, layers) = (served.root.clone(), served.layers.clone());
    let registry = Server::start(move |request| served.reply(request));
    let layer = |digest: &String| json!({"hash": digest, "uri": format!("http://{}/v2/x/blobs/{digest}", registry.host()), "headers": {}});
    let layers: Vec<Value> = layers.iter().map(layer).collect();
    let manifest = json!({"hash": hash, "layers": layers});
    let (status, answer) = bench.ask("POST", "/indexer/api/v1/index_report", manifest).await;
    assert_eq!((status, &answer["state"]), (201, &json!("IndexFinished")), "{answer}");
    hash
}

async fn tell(bench: &Bench) {
    let all = notifiers::all(&mut bench.app.store.read().await.unwrap()).await.unwrap();
    for notifier in all {
        round(&bench.app, &notifier).await.unwrap();
    }
}

/// All notifications of a set, in pages of this size.
async fn pages(bench: &Bench, id: &str, size: usize) -> Vec<Value> {
    let path = format!("/notifier/api/v1/notification/{id}?page_size={size}");
    let (mut all, mut next) = (Vec::new(), String::new());
    loop {
        let page = bench.get(&format!("{path}{next}")).await;
        assert_eq!(page["page"]["size"], size);
        let items = page["notifications"].as_array().unwrap();
        assert!(items.len() <= size, "{page}");
        all.extend(items.iter().cloned());
        let Some(after) = page["page"]["next"].as_str() else { return all };
        assert_eq!(items.len(), size);
        next = format!("&next={after}");
    }
}

#[test]
fn a_change_of_the_advisories_is_notified_once_with_the_worst_of_each_indexed_image() {
    each(&[], |bench| async move {
        let (server, heard) = listener();
        bench.app.web.allow(&server.host());
        change(&bench, &[], 1).await;
        let callback = bench.url("/notifier/api/v1/notification/");
        let settings =
            json!({"url": format!("http://{}/hook", server.host()), "callback": callback});
        let number = add(&bench, "clair", settings).await;
        let both = index(&bench, &["alpha", "beta"]).await;
        let one = index(&bench, &["alpha"]).await;
        let none = index(&bench, &["gamma"]).await;
        // Nobody had this one indexed by Clair's API.
        bench.image("registry.invalid/a/other:1", &[("alpha", "1.0.0")]).await;
        tell(&bench).await;
        assert!(heard.lock().unwrap().is_empty(), "no advisory has changed");

        let alpha = record("CVE-2026-0001", "alpha", Severity::High);
        let beta = record("CVE-2026-0002", "beta", Severity::Critical);
        change(&bench, &[alpha.clone(), beta.clone()], 2).await;
        tell(&bench).await;
        bench.until("it is told", async || !heard.lock().unwrap().is_empty()).await;
        tell(&bench).await;
        let told = heard.lock().unwrap()[0].2.clone();
        let id = told["notification_id"].as_str().unwrap().to_owned();
        assert_eq!(told["callback"], format!("{callback}{id}"));
        let all = pages(&bench, &id, 500).await;
        let said = |all: &[Value]| {
            let one = |it: &Value| {
                let weakness = &it["vulnerability"];
                let text = |value: &Value| value.as_str().unwrap().to_owned();
                [
                    &it["manifest"],
                    &it["reason"],
                    &weakness["name"],
                    &weakness["normalized_severity"],
                ]
                .map(text)
            };
            let mut said: Vec<[String; 4]> = all.iter().map(one).collect();
            said.sort();
            said
        };
        let mut expected = vec![
            [both.as_str(), "added", "CVE-2026-0002", "Critical"].map(str::to_owned),
            [one.as_str(), "added", "CVE-2026-0001", "High"].map(str::to_owned),
        ];
        expected.sort();
        assert_eq!(said(&all), expected, "one for each image, the worst: {all:?}");
        assert!(!said(&all).iter().any(|it| it[0] == none));
        let worst = &all.iter().find(|it| it["manifest"] == both).unwrap()["vulnerability"];
        assert_eq!(worst["package"]["name"], "beta");
        assert_eq!(worst["package"]["version"], "1.0.0");
        assert_eq!(worst["fixed_in_version"], "9.0.0");
        assert_eq!(worst["description"], "beta is weak");
        assert_eq!(said(&pages(&bench, &id, 1).await), expected, "page by page");
        let ids: std::collections::BTreeSet<&str> =
            all.iter().map(|it| it["id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), all.len());

        // What is taken back is another set.
        change(&bench, &[alpha], 3).await;
        tell(&bench).await;
        bench.until("the next is told", async || heard.lock().unwrap().len() > 1).await;
        let second = heard.lock().unwrap()[1].2["notification_id"].as_str().unwrap().to_owned();
        assert_ne!(second, id);
        let removed = pages(&bench, &second, 500).await;
        let gone = [both.as_str(), "removed", "CVE-2026-0002", "Critical"].map(str::to_owned);
        assert_eq!(said(&removed), [gone]);

        // Deleted, it is empty; so is one that never was, as with Clair.
        let path = format!("/notifier/api/v1/notification/{id}");
        assert_eq!(bench.ask("DELETE", &path, Value::Null).await.0, 200);
        assert!(pages(&bench, &id, 500).await.is_empty());
        assert_eq!(bench.ask("DELETE", &path, Value::Null).await.0, 200);
        for wrong in ["x", &format!("{id}?page_size=many"), &format!("{id}?next=x")] {
            let path = format!("/notifier/api/v1/notification/{wrong}");
            assert_eq!(bench.ask("GET", &path, Value::Null).await.0, 400, "{wrong}");
        }
        // A test goes to where sets are told.
        let test = format!("/api/v1/notifiers/{number}/test");
        assert_eq!(bench.ask("POST", &test, Value::Null).await.0, 204);
        assert_eq!(heard.lock().unwrap().len(), 3, "each set once, and the test");
    });
}

#[test]
fn notifications_that_nobody_fetched_are_forgotten_after_two_weeks_and_with_their_notifier() {
    each(&[], |bench| async move {
        let (server, heard) = listener();
        bench.app.web.allow(&server.host());
        change(&bench, &[], 1).await;
        let callback = bench.url("/notifier/api/v1/notification");
        let settings =
            json!({"url": format!("http://{}/hook", server.host()), "callback": callback});
        let number = add(&bench, "clair", settings).await;
        index(&bench, &["alpha"]).await;
        change(&bench, &[record("CVE-2026-0001", "alpha", Severity::High)], 2).await;
        tell(&bench).await;
        bench.until("it is told", async || !heard.lock().unwrap().is_empty()).await;
        let id = heard.lock().unwrap()[0].2["notification_id"].as_str().unwrap().to_owned();
        let forget = async || {
            plimsoll_server::schedule::ALL
                .iter()
                .find(|task| task.name() == "retention")
                .unwrap()
                .run(&bench.app)
                .await
                .unwrap();
        };
        forget().await;
        assert_eq!(pages(&bench, &id, 500).await.len(), 1);
        bench.sql("UPDATE clair_notifications SET at = at - 1209700000").await;
        forget().await;
        assert!(pages(&bench, &id, 500).await.is_empty());
        let path = format!("/api/v1/notifiers/{number}");
        assert_eq!(bench.ask("DELETE", &path, Value::Null).await.0, 204);
    });
}

/// The receiver of quay/clair's own repository, and what it wrote.
struct Webhookd(Child, Arc<Mutex<String>>);

impl Webhookd {
    fn start(address: &str) -> Option<Self> {
        let paths = std::env::var_os("PATH").unwrap_or_default();
        let given = std::env::var_os("PLIMSOLL_PEERS").map(std::path::PathBuf::from);
        let found = std::env::split_paths(&paths)
            .chain(given)
            .map(|it| it.join("webhookd"))
            .find(|it: &std::path::PathBuf| Path::is_file(it));
        let Some(program) = found else {
            eprintln!("skipped: there is no webhookd in PATH or PLIMSOLL_PEERS");
            return None;
        };
        let mut child = Command::new(program)
            .args(["-listen", address])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said: Arc<Mutex<String>> = Arc::default();
        let (mut pipe, ears) = (child.stderr.take().unwrap(), Arc::clone(&said));
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = std::io::Read::read(&mut pipe, &mut bytes) {
                ears.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        });
        Some(Self(child, said))
    }
}

impl Drop for Webhookd {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_receiver_of_clairs_own_repository_fetches_all_pages_and_deletes_them() {
    each(&[], |bench| async move {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let Some(receiver) = Webhookd::start(&port.to_string()) else { return };
        bench.app.web.allow(&port.to_string());
        change(&bench, &[], 1).await;
        let callback = bench.url("/notifier/api/v1/notification/");
        add(&bench, "clair", json!({"url": format!("http://{port}/"), "callback": callback})).await;
        let one = index(&bench, &["alpha"]).await;
        let other = index(&bench, &["alpha", "beta"]).await;
        change(&bench, &[record("CVE-2026-0001", "alpha", Severity::High)], 2).await;
        tell(&bench).await;
        let said = || receiver.1.lock().unwrap().clone();
        bench.until("it deletes them", async || said().contains("deleted")).await;
        let said = said();
        for manifest in [one, other] {
            let line = said.lines().find(|line| line.contains(&manifest)).unwrap_or(&said);
            assert!(line.contains("added") && line.contains("CVE-2026-0001"), "{line}");
        }
    });
}
