//! A fleet of four: one that answers, two that work, one that goes by the clock; and what they share.

use std::collections::BTreeMap;
use std::path::Path;

use plimsoll_server::store::Store;
use plimsoll_testkit::{Compression, Image, Nats, Postgres, S3};
use sqlx::Row;
use tempfile::TempDir;

use crate::{Process, Start};

/// The servers and what they share; NATS and S3 where they are installed.
pub(crate) struct Estate {
    pub(crate) servers: Vec<Process>,
    pub(crate) postgres: Postgres,
    pub(crate) nats: Option<Nats>,
    pub(crate) s3: Option<S3>,
    pub(crate) store: String,
    pub(crate) folder: TempDir,
}

impl Estate {
    /// Starts all; `None` where there is no PostgreSQL.
    pub(crate) fn start(insecure: &[String], workers: usize) -> Option<Self> {
        let postgres = Postgres::start()?;
        let (nats, s3) = (Nats::start(), S3::start());
        let folder = tempfile::tempdir().unwrap();
        let store = postgres.database("fleet");
        let start = Start {
            store: Some(store.clone()),
            blobs: Some(match &s3 {
                Some(_) => format!("s3://{}/estate", S3::BUCKET),
                None => folder.path().join("blobs").display().to_string(),
            }),
            queue: nats.as_ref().map(Nats::address),
            environment: s3.as_ref().map(|it| it.environment().to_vec()).unwrap_or_default(),
            insecure: insecure.to_vec(),
            ..Start::default()
        };
        let roles = [("api", "api"), ("scheduler", "scheduler")].into_iter();
        let roles =
            roles.chain([("worker-1", "worker"), ("worker-2", "worker")].into_iter().take(workers));
        let servers = roles
            .map(|(name, role)| {
                Process::start(folder.path(), name, Start { role, ..start.clone() })
            })
            .collect();
        Some(Self { servers, postgres, nats, s3, store, folder })
    }

    pub(crate) fn api(&self) -> &Process {
        &self.servers[0]
    }

    /// What the store knows, by the name of the image.
    pub(crate) fn results(&self) -> BTreeMap<String, Outcome> {
        results(&self.store)
    }
}

/// What came of an image.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Jobs that are done.
    pub(crate) done: i64,
    /// Jobs that are anything else.
    pub(crate) other: i64,
    /// How often it was stored.
    pub(crate) stored: i64,
}

/// What a store knows, by the name of the image.
pub(crate) fn results(store: &str) -> BTreeMap<String, Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::connect(store).await.unwrap();
        let mut read = store.read().await.unwrap();
        let mut found: BTreeMap<String, Outcome> = BTreeMap::new();
        let jobs = "SELECT key, state FROM jobs WHERE kind = 'scan'";
        for row in sqlx::query(jobs).fetch_all(&mut *read).await.unwrap() {
            let outcome = found.entry(row.get(0)).or_default();
            if row.get::<i64, _>(1) == 2 { outcome.done += 1 } else { outcome.other += 1 }
        }
        let images = "SELECT reference, scans FROM images";
        for row in sqlx::query(images).fetch_all(&mut *read).await.unwrap() {
            found.entry(row.get(0)).or_default().stored += row.get::<i64, _>(1);
        }
        drop(read);
        store.close().await;
        found
    })
}

/// An image of its own in an OCI layout, as a reference.
pub(crate) fn image(folder: &Path, number: usize) -> String {
    let path = folder.join(format!("image-{number}"));
    let package = format!(r#"{{"name":"lodash","version":"4.17.{}"}}"#, number % 20);
    let own = format!(r#"{{"name":"own-{number}","version":"1.0.0"}}"#);
    Image::new()
        .layer(
            "FROM debian:12",
            &[
                ("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n"),
                (
                    "var/lib/dpkg/status",
                    "Package: bash\nStatus: install ok installed\nVersion: 5.2-1\n\n",
                ),
            ],
        )
        .layer(
            "COPY . /app",
            &[
                ("app/node_modules/lodash/package.json", package.as_str()),
                ("app/node_modules/own/package.json", own.as_str()),
            ],
        )
        .write_oci_dir(Compression::Gzip, &path);
    format!("oci-dir:{}", path.display())
}
