//! A made-up estate of many images, and what a change of the advisories costs on it.
//!
//! ```console
//! $ cargo run --release -p plimsoll-server --example estate -- 100000
//! ```
//! Images share layers as real ones do: one of 60 bases, one of 2,000 applications, and a few packages of
//! their own. Which packages layers have, and which packages advisories are about, is as uneven as it is in
//! the world:
//!
//! - In the lock files of 544 published crates the most used name is in 88 %, the 10th in 56 %, the 50th in
//!   24 %, the 100th in 16 %, the 200th in 7 % and the 500th in 2 %, which is 1/(1 + rank/15).
//! - In OSV's lists for PyPI and Go the number of advisories falls with the rank of the package by a power of
//!   0.82 and 0.96: one package in a hundred has 42 % and 24 % of them. Here it is 0.9, and which package is
//!   advised of how often has nothing to do with how much it is used.
//!
//! With `uniform` among the arguments all packages are alike; `postgres://…` is another store.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a measurement stops at the first surprise"
)]

use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use plimsoll_advisory::database::{Enrichment, compile};
use plimsoll_model::{
    Advisory, Affected, PackageKind, Range, RangeKind, Rating, RatingKind, Severity, Timestamp,
};
use plimsoll_server::app::App;
use plimsoll_server::catalogue::{Component, post};
use plimsoll_server::rematch;
use plimsoll_server::serve::{Settings, open};
use plimsoll_server::store::{components, images};
use roaring::RoaringBitmap;
use sqlx::AssertSqlSafe;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const BASES: u64 = 60;
const APPLICATIONS: u64 = 2_000;
const NAMES: u64 = 30_000;
const VERSIONS: u64 = 3;
const PER_LAYER: u64 = 145;
const OWN: usize = 10;

/// The same numbers at every run: xorshift.
struct Dice(u64);

impl Dice {
    fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }

    /// A number below 1.
    #[allow(clippy::cast_precision_loss, reason = "53 bits are enough for a share")]
    fn share(&mut self) -> f64 {
        (self.next(u64::MAX) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A rank below `count`, each with a chance that is as 1/(1 + rank/15).
    #[allow(clippy::cast_precision_loss, reason = "there are not so many")]
    fn popular(&mut self, count: u64) -> u64 {
        let most = (count as f64 / 15.0 + 1.0).ln();
        let rank = 15.0 * ((most * self.share()).exp() - 1.0);
        (rank as u64).min(count - 1)
    }

    /// A rank below `count`, each with a chance that is as 1/(1 + rank)^0.9.
    #[allow(clippy::cast_precision_loss, reason = "there are not so many")]
    fn advised(&mut self, count: u64) -> u64 {
        let most = ((count + 1) as f64).powf(0.1) - 1.0;
        let rank = (most * self.share() + 1.0).powi(10) - 1.0;
        (rank as u64).min(count - 1)
    }
}

/// Whether packages are used and advised of as in the world, or all alike.
fn is_uniform() -> bool {
    static IS_UNIFORM: LazyLock<bool> =
        LazyLock::new(|| std::env::args().any(|it| it == "uniform"));
    *IS_UNIFORM
}

/// The package that an advisory is about.
fn package_of(number: u64) -> u64 {
    if is_uniform() {
        return number % NAMES;
    }
    // One dice for each advisory, so that it is about the same whatever others there are.
    let mut dice = Dice((number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    dice.next(2);
    // What is advised of most is not what is used most: a step that meets every package once.
    (dice.advised(NAMES) * 7_919 + 11_003) % NAMES
}

fn component(number: u64) -> Component {
    Component {
        kind: PackageKind::Npm,
        name: format!("package-{}", number / VERSIONS),
        version: format!("1.{}.0", number % VERSIONS),
        arch: None,
        source: None,
        module: None,
        notes: Vec::new(),
        release: None,
        judged: true,
    }
}

fn record(number: u64, package: u64, severity: Severity) -> Advisory {
    let mut record = Advisory::new(format!("GHSA-{number:08}"), "osv/npm");
    record.summary = format!("package-{package} is weak in way {number}");
    record.details = "It is weak. ".repeat(40);
    record.ratings.push(Rating {
        source: "ghsa".into(),
        kind: RatingKind::Label,
        value: severity.to_string(),
        score: None,
        severity,
    });
    record.affected.push(Affected::in_ranges(
        "npm".parse().unwrap(),
        format!("package-{package}"),
        vec![Range::below(RangeKind::Semver, format!("1.{}.0", 1 + number % 2))],
    ));
    record
}

fn write(path: &Path, records: impl Iterator<Item = Advisory>, at: i64) {
    let enrichment =
        Enrichment { compiled: Some(Timestamp::from_unix(at)), ..Enrichment::default() };
    compile(records, &enrichment, path).unwrap();
}

/// A figure of this process in `/proc/self/status`, in MiB.
fn memory(what: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(what)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|it| it.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn say(what: &str, took: Duration) {
    println!("{what:<58} {:>10.3} s   {:>6} MiB", took.as_secs_f64(), memory("VmRSS"));
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let count: u64 = std::env::args().nth(1).map_or(100_000, |it| it.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let advisories = folder.path().join("advisories.db");
    let old = || (0..60_000).map(|number| record(number, package_of(number), Severity::Medium));
    write(&advisories, old(), 1);
    let settings = Settings {
        store: std::env::args().find(|it| it.contains(':')),
        ..Settings::in_folder(folder.path())
    };
    let app = open(&settings, Box::new(|line| eprintln!("{line}"))).await.unwrap();
    println!(
        "{count} images, {BASES} bases, {APPLICATIONS} applications, {} components",
        NAMES * VERSIONS
    );
    let began = Instant::now();
    let ids = catalogue(&app).await;
    say("components", began.elapsed());
    let began = Instant::now();
    fill(&app, &ids, count).await;
    say("images", began.elapsed());
    let began = Instant::now();
    post::post(&app).await.unwrap();
    say("postings", began.elapsed());
    let began = Instant::now();
    let outcome = rematch::run(&app).await.unwrap();
    say("all components judged for the first time", began.elapsed());
    println!("    {outcome:?}");

    let newer = old().chain((60_000..80_000).map(|n| record(n, package_of(n), Severity::High)));
    write(&advisories, newer, 2);
    app.advisories.refresh().unwrap();
    let began = Instant::now();
    let outcome = rematch::run(&app).await.unwrap();
    say("20,000 new advisories, fingerprint included", began.elapsed());
    println!("    {outcome:?}");

    let before = app.advisories.current().database.fingerprint().unwrap();
    let newer = old()
        .chain((60_000..80_000).map(|n| record(n, package_of(n), Severity::High)))
        .chain([record(90_000, 7, Severity::Critical)]);
    write(&advisories, newer, 3);
    app.advisories.refresh().unwrap();
    let current = app.advisories.current();
    let began = Instant::now();
    let after = current.database.fingerprint().unwrap();
    say("the fingerprint alone", began.elapsed());
    let changes = before.changes(&after);
    let began = Instant::now();
    let affected = rematch::affected(&app.store, &current.database, &changes).await.unwrap();
    let outcome = rematch::again(&app.store, &current.database, &affected, "one").await.unwrap();
    say("one new advisory, once it is known which", began.elapsed());
    println!("    {outcome:?}");
    println!("most memory: {} MiB", memory("VmHWM"));
    if settings.store.is_none() {
        let bytes = size_of(&settings.data_dir);
        println!("the store: {} MiB, {} B an image", bytes >> 20, bytes / count);
    }
    pages(&app).await;
}

/// The bytes of all files of a folder.
fn size_of(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let size = |entry: std::fs::DirEntry| {
        let data = entry.metadata().unwrap();
        if data.is_dir() { size_of(&entry.path()) } else { data.len() }
    };
    entries.map(size).sum()
}

/// The answer to a request on a connection of its own.
async fn get(address: std::net::SocketAddr, path: &str) -> Vec<u8> {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    answer
}

/// How long answers take at so many requests a second, for ten seconds.
async fn load(what: &str, address: std::net::SocketAddr, paths: &[String], rate: u32) {
    // As clients do that ask often: a connection serves for the next request.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut tick = tokio::time::interval(Duration::from_secs(1) / rate);
    let mut running = tokio::task::JoinSet::new();
    for number in 0..rate * 10 {
        // What is late is counted from when it was due.
        let due = tick.tick().await;
        let path = paths[number as usize % paths.len()].clone();
        let client = client.clone();
        running.spawn(async move {
            let answer = client.get(format!("http://{address}{path}")).send().await.ok()?;
            assert_eq!(answer.status(), 200, "{path}");
            answer.bytes().await.ok()?;
            Some(due.elapsed().as_secs_f64() * 1000.0)
        });
    }
    let all = running.join_all().await;
    let mut times: Vec<f64> = all.iter().filter_map(|time| *time).collect();
    println!("{} requests without an answer", all.len() - times.len());
    times.sort_by(f64::total_cmp);
    let at = |thousandth: usize| times[(times.len() - 1) * thousandth / 1000];
    println!(
        "{what}, {rate} requests/s: p50 {:.1} ms, p99 {:.1} ms, most {:.1} ms",
        at(500),
        at(990),
        at(1000)
    );
}

/// How long pages take, the first time and after that.
async fn pages(app: &Arc<App>) {
    let began = Instant::now();
    plimsoll_server::store::summaries::refresh(app).await.unwrap();
    say("rows that lists of images are sorted by", began.elapsed());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = plimsoll_server::api::app(Arc::clone(app));
    tokio::spawn(async move { axum::serve(listener, router.into_make_service()).await });
    let digest = format!("sha256:{:064x}", 77);
    let other = format!("sha256:{:064x}", 78);
    let began = Instant::now();
    while !get(address, "/").await.starts_with(b"HTTP/1.0 200") {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    say("figures of the overview, which a page is not kept waiting for", began.elapsed());
    let began = Instant::now();
    app.metrics.measure(app).await.unwrap();
    say("sums over all images for metrics", began.elapsed());
    for path in [
        "/".to_owned(),
        "/images".into(),
        "/images?sort=score".into(),
        "/images?sort=name".into(),
        "/images?q=app77:".into(),
        "/images?q=nothing".into(),
        "/images?flag=clean".into(),
        format!("/images/{digest}"),
        format!("/images/{digest}?view=timeline"),
        "/findings".into(),
        "/findings?fix=not_fixed".into(),
        "/weaknesses/GHSA-00000777".into(),
        "/components".into(),
        "/components/77".into(),
        "/remediation".into(),
        format!("/compare?a={digest}&b={other}"),
        "/coverage".into(),
        "/trends/vulnerabilities".into(),
        "/search?q=package-77".into(),
        "/api/v1/images?limit=50".into(),
        "/api/v1/findings?limit=20&weakness=GHSA-00000077".into(),
        "/api/v1/findings?limit=20&severity=high".into(),
    ] {
        let mut times = Vec::new();
        let mut size = 0;
        for _ in 0..4 {
            let began = Instant::now();
            let answer = get(address, &path).await;
            assert!(answer.starts_with(b"HTTP/1.0 200"), "{path}");
            times.push(began.elapsed().as_secs_f64() * 1000.0);
            size = answer.len();
        }
        let short: String = path.chars().take(40).collect();
        println!(
            "{short:<42} first {:>8.1} ms   then {:>7.1} ms   {size:>8} B",
            times[0], times[3]
        );
    }
    let of = |paths: fn(u32) -> [String; 4]| (0..200).flat_map(paths).collect::<Vec<String>>();
    let api = of(|number| {
        [
            format!("/api/v1/findings?limit=20&weakness=GHSA-{number:08}"),
            format!("/api/v1/images?limit={}", 20 + number % 50),
            format!("/api/v1/images/sha256:{:064x}/findings?limit=20", number * 400),
            format!("/api/v1/findings?limit={}&severity=high", 20 + number % 30),
        ]
    });
    load("API", address, &api, 200).await;
    let pages = of(|number| {
        [
            format!("/weaknesses/GHSA-{number:08}"),
            format!("/components/{}", number * 7 + 1),
            format!("/images?q=app{number}"),
            format!("/images/sha256:{:064x}", number * 400),
        ]
    });
    load("pages", address, &pages, 50).await;
}

async fn catalogue(app: &App) -> Vec<u32> {
    let mut ids = Vec::new();
    let all: Vec<Component> = (0..NAMES * VERSIONS).map(component).collect();
    for part in all.chunks(5_000) {
        let mut write = app.store.write().await.unwrap();
        let part: Vec<&Component> = part.iter().collect();
        let added = components::add(&mut write, &part).await.unwrap();
        ids.extend(added.values().map(|id| *id as u32));
        write.commit().await.unwrap();
    }
    ids.sort_unstable();
    ids
}

async fn fill(app: &App, ids: &[u32], count: u64) {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let any = |dice: &mut Dice| {
        let number = if is_uniform() {
            dice.next(NAMES * VERSIONS)
        } else {
            dice.popular(NAMES) * VERSIONS + dice.next(VERSIONS)
        };
        ids[number as usize]
    };
    let layer = |dice: &mut Dice| {
        let mut layer = RoaringBitmap::new();
        while layer.len() < PER_LAYER {
            layer.insert(any(dice));
        }
        layer
    };
    let layers: Vec<RoaringBitmap> = (0..BASES + APPLICATIONS).map(|_| layer(&mut dice)).collect();
    let mut made = 0;
    while made < count {
        let mut write = app.store.write().await.unwrap();
        let upto = (made + 2_000).min(count);
        let mut rows = Vec::new();
        for number in made..upto {
            let rank = |dice: &mut Dice, count| {
                if is_uniform() { dice.next(count) } else { dice.popular(count) }
            };
            let base = &layers[rank(&mut dice, BASES) as usize];
            let application = &layers[(BASES + rank(&mut dice, APPLICATIONS)) as usize];
            let mut set = base | application;
            (0..OWN).for_each(|_| {
                set.insert(any(&mut dice));
            });
            let id = images::set(&mut write, &format!("{number:064x}"), &set).await.unwrap();
            rows.push(format!(
                "('sha256:{number:064x}', 'registry.example/app{}:{number}', 'registry', '', \
                 'linux/amd64', 0, 0, 0, '', {id}, 0, 0)",
                number % 5_000
            ));
        }
        let text = format!(
            "INSERT INTO images (digest, reference, source, distro, platform, created, size, \
             partial, inventory, set_id, first_seen, last_seen) VALUES {}",
            rows.join(", ")
        );
        sqlx::query(AssertSqlSafe(text)).execute(&mut *write).await.unwrap();
        write.commit().await.unwrap();
        made = upto;
    }
}
