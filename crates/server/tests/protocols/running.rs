//! A server that listens, with a worker and a folder of its own.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use plimsoll_server::app::Tell;
use plimsoll_server::serve::{Settings, serve};
use plimsoll_server::store::Store;
use plimsoll_testkit::Image;
use reqwest::blocking::{Client, Response};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::oneshot;

/// A server; it ends when it is dropped.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) introspection: SocketAddr,
    end: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
    folder: Option<TempDir>,
}

impl Running {
    pub(crate) fn start() -> Self {
        Self::start_with(|_| {})
    }

    pub(crate) fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), change)
    }

    /// One that says things to somebody.
    pub(crate) fn telling(tell: Tell) -> Self {
        Self::begin(tempfile::tempdir().unwrap(), |_| {}, tell)
    }

    pub(crate) fn start_in(folder: TempDir, change: impl FnOnce(&mut Settings)) -> Self {
        Self::begin(folder, change, Box::new(|line| eprintln!("{line}")))
    }

    fn begin(folder: TempDir, change: impl FnOnce(&mut Settings), tell: Tell) -> Self {
        let reading = plimsoll_image::Options {
            registry: plimsoll_image::RegistryOptions::anonymous(),
            ..Default::default()
        };
        let mut settings = Settings {
            store: database(folder.path()),
            reading,
            ..Settings::in_folder(folder.path())
        };
        change(&mut settings);
        let (end, ended) = oneshot::channel::<()>();
        let (ready, told) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            let served =
                runtime.block_on(serve(settings, tell, |at| ready.send(at).unwrap(), async {
                    let _ = ended.await;
                }));
            served.unwrap();
        });
        let at = told.recv_timeout(Duration::from_mins(1)).unwrap();
        Self {
            address: at.clients.unwrap(),
            introspection: at.introspection,
            end: Some(end),
            thread: Some(thread),
            folder: Some(folder),
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Ends it, and gives what it left.
    pub(crate) fn stop(mut self) -> TempDir {
        self.finish();
        self.folder.take().unwrap()
    }

    fn finish(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }

    /// Looks until something is so.
    pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(began.elapsed() < Duration::from_mins(1), "{what}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.finish();
    }
}

/// The server of databases that a run on PostgreSQL has.
const SERVER: &str = "PLIMSOLL_TEST_POSTGRES";

/// The database of a folder in a run on PostgreSQL.
fn database(folder: &std::path::Path) -> Option<String> {
    let server = std::env::var(SERVER).ok()?;
    let name = folder.file_name().unwrap().as_encoded_bytes();
    let name: String = name.iter().map(|byte| format!("{byte:02x}")).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::connect(&format!("{server}/postgres")).await.unwrap();
        let mut connection = store.read().await.unwrap();
        let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE t{name}"));
        if let Err(error) = sqlx::query(create).execute(&mut *connection).await {
            // The folder is used again.
            assert!(error.to_string().contains("already exists"), "{error}");
        }
        drop(connection);
        store.close().await;
    });
    Some(format!("{server}/t{name}"))
}

/// All of this again, on the other store.
#[test]
fn all_of_it_holds_on_postgresql() {
    if std::env::var_os(SERVER).is_some() {
        return;
    }
    let Some(postgres) = plimsoll_testkit::Postgres::start() else { return };
    let address = postgres.database("template");
    let server = address.strip_suffix("/template").unwrap();
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--skip", "all_of_it_holds_on_postgresql", "--test-threads", "2"])
        .env(SERVER, server)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

pub(crate) fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_mins(1))
        .build()
        .unwrap()
}

pub(crate) fn get(url: &str) -> Response {
    client().get(url).send().unwrap()
}

pub(crate) fn post(url: &str, body: impl Into<reqwest::blocking::Body>) -> Response {
    client().post(url).header("content-type", "application/json").body(body).send().unwrap()
}

pub(crate) fn body(response: Response) -> Value {
    let text = response.text().unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Packages with findings in the starter set, on Debian, in two layers.
pub(crate) fn image() -> Image {
    let status = "Package: libssl3\nStatus: install ok installed\nArchitecture: amd64\n\
                  Source: openssl\nVersion: 3.0.2-1\n\n";
    Image::new()
        .layer(
            "FROM debian",
            &[
                (
                    "etc/os-release",
                    "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n\
                                PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n",
                ),
                ("var/lib/dpkg/status", status),
            ],
        )
        .layer(
            "RUN npm install",
            &[(
                "app/node_modules/lodash/package.json",
                r#"{"name":"lodash","version":"4.17.4","license":"MIT"}"#,
            )],
        )
}
