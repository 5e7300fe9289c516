//! A server that listens, with a worker and a folder of its own.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use plimsoll_server::serve::{Role, Settings, serve};
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

    pub(crate) fn start_in(folder: TempDir, change: impl FnOnce(&mut Settings)) -> Self {
        let reading = plimsoll_image::Options {
            registry: plimsoll_image::RegistryOptions::anonymous(),
            ..Default::default()
        };
        let mut settings = Settings {
            data_dir: folder.path().join("data"),
            store: None,
            advisories: folder.path().join("advisories.db"),
            listen: "127.0.0.1:0".parse().unwrap(),
            introspection: "127.0.0.1:0".parse().unwrap(),
            role: Role::All,
            workers: 1,
            reading,
            allowed_networks: Vec::new(),
            access: plimsoll_server::auth::Access::open(),
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
            let served = runtime.block_on(serve(
                settings,
                Box::new(|line| eprintln!("{line}")),
                |at| ready.send(at).unwrap(),
                async {
                    let _ = ended.await;
                },
            ));
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
