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
    // Once a minute is too seldom for a test.
    let rules = crate::deploy().join("prometheus/plimsoll.rules.yaml");
    let text = std::fs::read_to_string(rules).unwrap().replace("interval: 1m", "interval: 1s");
    let rules = folder.join("rules.yaml");
    std::fs::write(&rules, text).unwrap();
    let config = format!(
        "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\n\
         rule_files: [{:?}]\n\
         scrape_configs:\n\
         - job_name: plimsoll\n  static_configs: [{{targets: ['{target}']}}]\n\
         - job_name: trivy\n  metrics_path: /metrics/trivy-operator\n  \
         static_configs: [{{targets: ['{target}']}}]\n",
        rules.to_str().unwrap()
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

/// A client of the loopback.
pub(crate) fn client() -> reqwest::Client {
    // Another test may have chosen it before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// A server that has read an image.
pub(crate) async fn seeded(folder: &Path) -> Arc<App> {
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
    plimsoll_server::catalogue::post::post(app).await.unwrap();
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

/// As many series as there may be: rules, registries and places of strangers.
async fn crowd(app: &App) {
    for rule in 0..3_000 {
        let priority = plimsoll_server::intake::PRIORITIES[rule % 8];
        app.metrics.estate.alerted(priority, &format!("rule {rule}"), "syscall", 3);
    }
    for registry in 0..95 {
        image(app, &format!("crowd{registry}"), "4.17.4").await;
    }
    let mut write = app.store.write().await.unwrap();
    // Names of registries come with names of images.
    for text in [
        "UPDATE images SET reference = 'registry' || id || '.example/team/app:1'",
        "INSERT INTO running (place, namespace, kind, name, container, image, repository, tag, \
         digest, first_seen, last_seen) WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 \
         FROM n WHERE n < 1500) SELECT 'place ' || n, '', '', '', 'c', 'i', 'r', 't', '', 1, 1 FROM n",
    ] {
        sqlx::query(text).execute(&mut *write).await.unwrap();
    }
    write.commit().await.unwrap();
    plimsoll_server::store::summaries::refresh(app).await.unwrap();
    app.metrics.measure(app).await.unwrap();
}

/// The most that a panel may take: 100 ms, and twice that beside other tests.
const QUICK: Duration = Duration::from_millis(200);

/// How long the queries of all panels take where there are as many series as there may be: each the best
/// of some, slowest first.
async fn times(client: &reqwest::Client, at: SocketAddr) -> Vec<(Duration, String)> {
    let mut times = Vec::new();
    for panel in description::all().into_iter().flat_map(|board| board.panels) {
        for (query, _) in panel.queries {
            let query = query.replace("$__rate_interval", "1m");
            let now = plimsoll_server::moment::now() / 1000;
            let range = [
                ("start", (now - 7 * 86_400).to_string()),
                ("end", now.to_string()),
                ("step", "300".to_owned()),
                ("query", query.clone()),
            ];
            let is_instant = panel.kind.is_instant();
            let path = if is_instant { "query" } else { "query_range" };
            let from = if is_instant { 3 } else { 0 };
            let url = format!("http://{at}/api/v1/{path}");
            let url = reqwest::Url::parse_with_params(&url, &range[from..]).unwrap();
            let mut best = Duration::MAX;
            for _ in 0..5 {
                let began = Instant::now();
                let answer = client.get(url.clone()).send().await.unwrap();
                assert_eq!(answer.status(), 200, "{query}");
                answer.bytes().await.unwrap();
                best = best.min(began.elapsed());
            }
            times.push((best, query));
        }
    }
    times.sort_unstable_by(|a, b| b.cmp(a));
    times
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
        let client = client();
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
        crowd(&app).await;
        let scraped = "count({job=\"plimsoll\", __name__=~\"plimsoll_.*\"})";
        let began = Instant::now();
        let series = loop {
            let answer = ask(&client, at, scraped).await.unwrap();
            let count = answer["data"]["result"][0]["value"][1].as_str().unwrap_or("0").to_owned();
            let count: u64 = count.parse().unwrap();
            // Three scrapes and as many rounds of rules later.
            if count > 5_000 && began.elapsed() > Duration::from_secs(3) {
                break count;
            }
            assert!(began.elapsed() < Duration::from_mins(1), "{count} series");
            tokio::time::sleep(Duration::from_millis(500)).await;
        };
        let times = times(&client, at).await;
        eprintln!("{series} series; the slowest of {} queries: {:?}", times.len(), &times[..3]);
        assert!(series <= 10_000 && times[0].0 < QUICK, "{:?}", &times[..5]);
        let up = ask(&client, at, "min(up)").await.unwrap();
        assert_eq!(up["data"]["result"][0]["value"][1], "1", "both paths are scraped: {up}");
        let url = format!("http://{at}/api/v1/query_exemplars?query=plimsoll_scan_duration_seconds_bucket&start=0&end=9999999999");
        let exemplars = client.get(url).send().await.unwrap().text().await.unwrap();
        assert!(exemplars.contains("\"scan\":\"7\""), "{exemplars}");
    });
}
