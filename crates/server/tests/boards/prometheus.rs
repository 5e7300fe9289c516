//! A real Prometheus scrapes a real server, and is asked what the boards ask.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use plimsoll_model::{Inventory, Package, PackageKind};
use plimsoll_server::api;
use plimsoll_server::app::App;
use plimsoll_server::serve::{Settings, open};
use plimsoll_testkit::free_address;
use serde_json::Value;

use crate::description;

/// A process that ends with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(folder: &Path, at: SocketAddr, target: SocketAddr) -> Option<Ended> {
    let rules = crate::deploy().join("prometheus/plimsoll.rules.yaml");
    let config = format!(
        "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\n\
         rule_files: [{:?}]\n\
         scrape_configs:\n\
         - job_name: plimsoll\n  static_configs: [{{targets: ['{target}']}}]\n\
         - job_name: trivy\n  metrics_path: /metrics/trivy-operator\n  \
         static_configs: [{{targets: ['{target}']}}]\n",
        rules.canonicalize().unwrap().to_str().unwrap()
    );
    let file = folder.join("prometheus.yaml");
    std::fs::write(&file, config).unwrap();
    let child = Command::new("prometheus")
        .arg(format!("--config.file={}", file.display()))
        .arg(format!("--storage.tsdb.path={}", folder.join("tsdb").display()))
        .arg(format!("--web.listen-address={at}"))
        .arg("--enable-feature=exemplar-storage")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    Some(Ended(child))
}

async fn ask(client: &reqwest::Client, at: SocketAddr, query: &str) -> Option<Value> {
    let url =
        reqwest::Url::parse_with_params(&format!("http://{at}/api/v1/query"), &[("query", query)])
            .unwrap();
    let answer = client.get(url).send().await.ok()?.text().await.ok()?;
    serde_json::from_str(&answer).ok()
}

async fn seeded(folder: &Path) -> Arc<App> {
    let settings = Settings::in_folder(folder);
    let app = open(&settings, Box::new(|line| eprintln!("{line}"))).await.unwrap();
    plimsoll_server::rematch::ensure(&app).await.unwrap();
    image(&app, "first", "4.17.4").await;
    app.metrics.measure(&app).await.unwrap();
    app
}

async fn image(app: &App, name: &str, version: &str) {
    let mut inventory = Inventory::default();
    inventory.artifact.reference = format!("registry.example/team/{name}:1");
    inventory.artifact.source = "test".into();
    inventory.artifact.created = Some(plimsoll_model::Timestamp::from_unix(1_700_000_000));
    inventory.packages = vec![Package::new(PackageKind::Npm, "lodash", version)];
    let (write, _) = plimsoll_server::catalogue::ingest(app, &inventory).await.unwrap();
    write.commit().await.unwrap();
    plimsoll_server::catalogue::post::post(&app.store).await.unwrap();
}

/// What happens in an estate within a moment.
async fn live(app: &App, turn: usize) {
    let estate = &app.metrics.estate;
    estate.alerted("Critical", "Shell in a container", "syscall", 1);
    estate.saw(1_000, &[("buffer full", 3)]);
    estate.decided("deny", "privileged", 1);
    estate.notified("slack", true);
    app.metrics.job(7, "scan", true, Duration::from_millis(300));
    image(app, &format!("image{turn}"), "4.17.4").await;
    plimsoll_server::store::summaries::refresh(app).await.unwrap();
    app.metrics.measure(app).await.unwrap();
}

/// Feeds are not there in the starter set, whose queries have nothing to find.
fn has_no_data_here(query: &str) -> bool {
    query.contains("plimsoll_db_feed_age_seconds")
}

#[test]
fn every_query_of_every_board_finds_something() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let app = seeded(folder.path()).await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = listener.local_addr().unwrap();
        let router = api::introspection(Arc::clone(&app));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let at = free_address();
        let Some(_prometheus) = start(folder.path(), at, target) else {
            eprintln!("skipped: no prometheus here");
            return;
        };
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut missing: Vec<(&str, &str, String)> = Vec::new();
        for board in description::all() {
            for panel in board.panels {
                for (query, _) in panel.queries {
                    let query = query.replace("$__rate_interval", "1m");
                    missing.push((board.file, panel.title, query));
                }
            }
        }
        assert!(missing.len() > 40);
        missing.retain(|(_, _, query)| !has_no_data_here(query));
        let began = Instant::now();
        let mut turn = 0;
        while !missing.is_empty() {
            assert!(began.elapsed() < Duration::from_secs(90), "nothing for {missing:#?}");
            turn += 1;
            live(&app, turn).await;
            tokio::time::sleep(Duration::from_millis(700)).await;
            let mut still = Vec::new();
            for it in missing {
                let answer = ask(&client, at, &it.2).await;
                if let Some(answer) = &answer {
                    assert_ne!(answer["status"], "error", "{it:?}: {answer}");
                }
                let found = answer.as_ref().and_then(|it| it["data"]["result"].as_array());
                if found.is_none_or(Vec::is_empty) {
                    still.push(it);
                }
            }
            missing = still;
        }
        let up = ask(&client, at, "min(up)").await.unwrap();
        assert_eq!(up["data"]["result"][0]["value"][1], "1", "both paths are scraped: {up}");
        // Rules are worked out once in a while.
        let began = Instant::now();
        loop {
            let recorded = ask(&client, at, "plimsoll:findings:sum").await.unwrap();
            if !recorded["data"]["result"].as_array().unwrap().is_empty() {
                break;
            }
            assert!(began.elapsed() < Duration::from_secs(90), "{recorded}");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        let url = format!("http://{at}/api/v1/query_exemplars?query=plimsoll_scan_duration_seconds_bucket&start=0&end=9999999999");
        let exemplars = client.get(url).send().await.unwrap().text().await.unwrap();
        assert!(exemplars.contains("\"scan\":\"7\""), "{exemplars}");
    });
}
