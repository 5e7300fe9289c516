//! A server on the loopback with what a test puts into it, and the plainest of clients.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use plimsoll_model::{Inventory, Package, PackageKind};
use plimsoll_server::app::App;
use plimsoll_server::auth::Access;
use plimsoll_server::serve::{Settings, open};
use plimsoll_server::store::summaries;
use plimsoll_server::{api, catalogue};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub(crate) struct Site {
    pub(crate) app: Arc<App>,
    pub(crate) address: SocketAddr,
    _folder: TempDir,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    heads: HashMap<String, String>,
    pub(crate) body: String,
    pub(crate) length: usize,
}

impl Answer {
    pub(crate) fn head(&self, name: &str) -> Option<String> {
        self.heads.get(name).cloned()
    }
}

impl Site {
    pub(crate) fn run<F: Future<Output = ()>>(test: impl FnOnce(Site) -> F) {
        Self::run_with(|_| {}, test);
    }

    /// Where nobody may see anything who did not sign in.
    pub(crate) fn run_closed<F: Future<Output = ()>>(test: impl FnOnce(Site) -> F) {
        let access = Access { require_auth: true, ..Access::default() };
        Self::start(|_| {}, access, test);
    }

    /// With advisories that the first function writes where it is told.
    pub(crate) fn run_with<F: Future<Output = ()>>(
        advisories: fn(&Path),
        test: impl FnOnce(Site) -> F,
    ) {
        Self::start(advisories, Access::open(), test);
    }

    fn start<F: Future<Output = ()>>(
        advisories: fn(&Path),
        access: Access,
        test: impl FnOnce(Site) -> F,
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async { test(Site::new(advisories, access).await).await });
    }

    async fn new(advisories: fn(&Path), access: Access) -> Self {
        let folder = tempfile::tempdir().unwrap();
        advisories(&folder.path().join("advisories.db"));
        let store = crate::again::database(folder.path());
        let settings = Settings { access, store, ..Settings::in_folder(folder.path()) };
        let app = open(&settings, Box::new(|line| eprintln!("{line}"))).await.unwrap();
        plimsoll_server::rematch::ensure(&app).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = api::app(Arc::clone(&app));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { app, address, _folder: folder }
    }

    pub(crate) async fn image(&self, name: &str, packages: &[(&str, &str)]) -> String {
        let mut inventory = Inventory::default();
        inventory.artifact.reference = name.into();
        inventory.artifact.source = "test".into();
        inventory.packages = packages
            .iter()
            .map(|(name, version)| Package::new(PackageKind::Npm, *name, *version))
            .collect();
        self.inventory(&inventory).await
    }

    pub(crate) async fn inventory(&self, inventory: &Inventory) -> String {
        let (write, done) = catalogue::ingest(&self.app, inventory).await.unwrap();
        write.commit().await.unwrap();
        catalogue::post::post(&self.app).await.unwrap();
        summaries::refresh(&self.app).await.unwrap();
        self.app.metrics.measure(&self.app).await.unwrap();
        done.digest
    }

    pub(crate) async fn alert(&self, rule: &str, priority: &str) {
        let now = plimsoll_server::moment::now();
        let mut write = self.app.store.write().await.unwrap();
        sqlx::query(
            "INSERT INTO runtime_alerts (day, at, rule, priority, source, hostname, image, output, \
             fields) VALUES ($1, $2, $3, $4, 'syscall', 'node-1', 'registry.example/shop', $5, $6)",
        )
        .bind(now / summaries::DAY)
        .bind(now)
        .bind(rule)
        .bind(priority)
        .bind(format!("{rule} (user=root)"))
        .bind(
            r#"{"output_fields": {"proc.name": "bash", "proc.pname": "runc"}, "explanation":
               {"conditions": [{"condition": "proc.name = bash", "holds": true, "values": {"proc.name": "bash"}}],
                "ancestry": [{"pid": 1, "name": "systemd", "exe": "/sbin/init"}, {"pid": 7, "name": "bash", "exe": "/bin/bash"}]}}"#,
        )
        .execute(&mut *write)
        .await
        .unwrap();
        write.commit().await.unwrap();
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(path, "").await
    }

    pub(crate) async fn get_packed(&self, path: &str) -> Answer {
        self.ask(path, "Accept-Encoding: gzip\r\n").await
    }

    pub(crate) async fn ask(&self, path: &str, more: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n{more}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        let end = bytes.windows(4).position(|it| it == b"\r\n\r\n").unwrap();
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let heads = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let body = String::from_utf8_lossy(&bytes[end + 4..]).into_owned();
        Answer { status, heads, body, length: bytes.len() - end - 4 }
    }
}
