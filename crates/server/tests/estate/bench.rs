//! A server in a folder of its own, and its API without a listener.

use std::sync::Arc;
use std::time::{Duration, Instant};

use plimsoll_model::{Inventory, Package, PackageKind};
use plimsoll_server::app::App;
use plimsoll_server::queue::worker;
use plimsoll_server::serve::{Settings, open};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;

/// A server that listens on this machine.
pub(crate) struct Bench {
    pub(crate) app: Arc<App>,
    pub(crate) client: reqwest::Client,
    address: std::net::SocketAddr,
    introspection: std::net::SocketAddr,
    _end: watch::Sender<bool>,
    folder: TempDir,
}

impl Bench {
    pub(crate) async fn new(store: Option<String>, insecure: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut reading = plimsoll_image::Options {
            registry: plimsoll_image::RegistryOptions::anonymous(),
            ..Default::default()
        };
        reading.registry.insecure = insecure.iter().map(ToString::to_string).collect();
        let settings = Settings {
            store,
            reading,
            // Registries of tests are on this machine.
            allowed_networks: vec!["127.0.0.0/8".parse().unwrap()],
            max_series: 1_000,
            ..Settings::in_folder(folder.path())
        };
        let app = open(&settings, Box::new(|line| eprintln!("{line}"))).await.unwrap();
        plimsoll_server::rematch::ensure(&app).await.unwrap();
        let (end, ended) = watch::channel(false);
        tokio::spawn(worker::work(Arc::clone(&app), "test".into(), ended));
        let address = listen(plimsoll_server::api::app(Arc::clone(&app))).await;
        let introspection = listen(plimsoll_server::api::introspection(Arc::clone(&app))).await;
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { app, client, address, introspection, _end: end, folder }
    }

    /// Where something of it is.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Where it keeps what it knows.
    pub(crate) fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    /// Changes the store behind its back.
    pub(crate) async fn sql(&self, text: &str) {
        let mut write = self.app.store.write().await.unwrap();
        sqlx::query(sqlx::AssertSqlSafe(text.to_owned())).execute(&mut *write).await.unwrap();
        write.commit().await.unwrap();
    }

    /// Asks the API; gives status and body.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.client.request(method, format!("http://{}{path}", self.address));
        if !body.is_null() {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(json!(text)))
    }

    /// Gets what must be there.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask("GET", path, Value::Null).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// Metrics as text.
    pub(crate) async fn metrics(&self, path: &str, accept: &str) -> String {
        let url = format!("http://{}{path}", self.introspection);
        let answer = self.client.get(url).header("accept", accept).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.text().await.unwrap()
    }

    /// Ingests an image with these packages of npm.
    pub(crate) async fn image(&self, reference: &str, packages: &[(&str, &str)]) -> String {
        let mut inventory = Inventory::default();
        inventory.artifact.reference = reference.into();
        inventory.artifact.source = "test".into();
        inventory.packages = packages
            .iter()
            .map(|(name, version)| Package::new(PackageKind::Npm, *name, *version))
            .collect();
        let (write, done) =
            plimsoll_server::catalogue::ingest(&self.app, &inventory).await.unwrap();
        write.commit().await.unwrap();
        plimsoll_server::catalogue::post::post(&self.app).await.unwrap();
        done.digest
    }

    /// Waits until something holds.
    pub(crate) async fn until(&self, what: &str, holds: impl AsyncFn() -> bool) {
        let began = Instant::now();
        while !holds().await {
            assert!(began.elapsed() < Duration::from_mins(1), "it never came to be: {what}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn listen(router: axum::Router) -> std::net::SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// One PostgreSQL for all tests of this program; `None` where there is none.
fn postgres() -> Option<String> {
    use std::sync::{Mutex, OnceLock};
    static SERVER: OnceLock<Option<Mutex<plimsoll_testkit::Postgres>>> = OnceLock::new();
    static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let start = || plimsoll_testkit::Postgres::start().map(Mutex::new);
    let server = SERVER.get_or_init(start).as_ref()?;
    let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    Some(server.lock().unwrap().database(&format!("estate{number}")))
}

/// Runs a test on each store that there is.
pub(crate) fn each<F: Future<Output = ()>>(insecure: &[&str], test: impl Fn(Bench) -> F) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        test(Bench::new(None, insecure).await).await;
        if let Some(address) = postgres() {
            test(Bench::new(Some(address), insecure).await).await;
        }
    });
}
