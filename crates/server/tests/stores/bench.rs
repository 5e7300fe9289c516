//! A server without listeners in a folder of its own, on each store.

use std::sync::Arc;

use plimsoll_model::{Inventory, Package, PackageKind};
use plimsoll_server::app::App;
use plimsoll_server::serve::{Settings, open};
use tempfile::TempDir;

/// A server without listeners.
pub(crate) struct Bench {
    pub(crate) app: Arc<App>,
    /// Shared, so that it is there as long as the test runs, whatever that takes of the bench.
    pub(crate) folder: Arc<TempDir>,
}

impl Bench {
    pub(crate) async fn new(store: Option<String>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings { store, ..Settings::in_folder(folder.path()) };
        let app = open(&settings, Box::new(|line| eprintln!("{line}"))).await.unwrap();
        plimsoll_server::rematch::ensure(&app).await.unwrap();
        Self { app, folder: Arc::new(folder) }
    }

    /// Ingests an image with these packages of npm.
    pub(crate) async fn image(&self, name: &str, packages: &[(&str, &str)]) -> String {
        let mut inventory = Inventory::default();
        inventory.artifact.reference = name.into();
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
}

/// Runs a test on each store that there is.
pub(crate) fn each<F: Future<Output = ()>>(test: impl Fn(Bench) -> F) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        for store in [None].into_iter().chain(crate::postgres().map(Some)) {
            let bench = Bench::new(store).await;
            let folder = Arc::clone(&bench.folder);
            test(bench).await;
            drop(folder);
        }
    });
}
