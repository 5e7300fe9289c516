//! Large things by their hash: inventories, fingerprints of advisories.
//!
//! In a folder by default; in a bucket of S3 where several servers share them.

mod s3;
mod sweep;

use std::path::Path as FilePath;
use std::sync::Arc;

use futures_util::TryStreamExt;
use futures_util::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

pub use sweep::{Kept, SETTLED};

/// Nothing that is stored inflates to more.
const MOST: usize = 512 << 20;

/// Blobs.
#[derive(Debug, Clone)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
}

impl Blobs {
    /// Where `address` says: `s3://BUCKET/PREFIX`, or a folder, which is made.
    pub fn open(address: &str) -> Result<Self> {
        if address.starts_with("s3://") {
            return Ok(Self { store: s3::open(address)? });
        }
        if address.is_empty() || address.contains("://") {
            return Err(Error::Refused(format!(
                "`{address}` is no place for blobs: expected a folder, or `s3://BUCKET/PREFIX`"
            )));
        }
        Self::in_folder(FilePath::new(address))
    }

    /// Where an address says; in a server's folder where there is none.
    pub fn of(address: Option<&str>, data_dir: &FilePath) -> Result<Self> {
        address.map_or_else(|| Self::in_folder(&data_dir.join("blobs")), Self::open)
    }

    /// In a folder, which is made.
    pub fn in_folder(folder: &FilePath) -> Result<Self> {
        let failed = |source| Error::Io { action: "make", path: folder.into(), source };
        std::fs::create_dir_all(folder).map_err(failed)?;
        Ok(Self { store: Arc::new(LocalFileSystem::new_with_prefix(folder)?) })
    }

    /// The hash that content is stored under.
    pub fn name_of(content: &[u8]) -> String {
        plimsoll_supply::hash::hex(Sha256::digest(content).get(..20).unwrap_or_default())
    }

    /// Stores content compressed under its hash, in a family, and gives the hash.
    pub async fn put(&self, family: &str, content: &[u8]) -> Result<String> {
        let hash = Self::name_of(content);
        let path = place(family, &hash);
        // What is old may be about to be swept: it becomes new.
        let is_there = self.store.head(&path).await.is_ok_and(|it| sweep::age(&it) < sweep::OLD);
        if !is_there {
            self.write(&path, content).await?;
        }
        Ok(hash)
    }

    /// Stores content compressed under a name.
    pub async fn put_named(&self, family: &str, name: &str, content: &[u8]) -> Result<()> {
        self.write(&place(family, name), content).await
    }

    async fn write(&self, path: &Path, content: &[u8]) -> Result<()> {
        let packed = zstd::bulk::compress(content, 3).map_err(|source| Error::Io {
            action: "compress",
            path: path.to_string().into(),
            source,
        })?;
        self.store.put(path, PutPayload::from(packed)).await?;
        Ok(())
    }

    /// Whether something is stored there.
    pub async fn has(&self, family: &str, name: &str) -> Result<bool> {
        match self.store.head(&place(family, name)).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes what is stored there, if anything is.
    pub async fn remove(&self, family: &str, name: &str) -> Result<()> {
        match self.store.delete(&place(family, name)).await {
            Err(object_store::Error::NotFound { .. }) | Ok(()) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// What is stored there; `None` where nothing is.
    pub async fn fetch(&self, family: &str, name: &str) -> Result<Option<Vec<u8>>> {
        let got = match self.store.get(&place(family, name)).await {
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            got => got?,
        };
        let packed = got.bytes().await?;
        let mut reader =
            zstd::stream::read::Decoder::new(&*packed).map_err(|_| Error::Damaged("a blob"))?;
        let mut content = Vec::new();
        let most = u64::try_from(MOST).unwrap_or(u64::MAX);
        std::io::Read::read_to_end(&mut std::io::Read::take(&mut reader, most), &mut content)
            .map_err(|_| Error::Damaged("a blob"))?;
        Ok(Some(content))
    }
}

/// Whether they can be read and written.
impl Blobs {
    /// Writes something small under a name that nobody else has, and reads it again.
    ///
    /// # Errors
    /// What the store said.
    pub async fn check(&self, name: &str) -> Result<()> {
        let path = place("health", name);
        self.store.put(&path, PutPayload::from_static(b"plimsoll")).await?;
        self.store.get(&path).await?.bytes().await?;
        Ok(())
    }
}

/// Blobs as they are stored, for backups.
impl Blobs {
    /// Where they are.
    pub(crate) fn list(&self) -> BoxStream<'_, Result<Path>> {
        let all = self.store.list(None);
        let is_kept = |path: &Path| !path.as_ref().starts_with("health/");
        let kept = all.try_filter(move |found| std::future::ready(is_kept(&found.location)));
        Box::pin(kept.map_ok(|found| found.location).map_err(Error::from))
    }

    /// What lies there; `None` where it is gone.
    pub(crate) async fn raw(&self, path: &Path) -> Result<Option<Vec<u8>>> {
        match self.store.get(path).await {
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            got => Ok(Some(got?.bytes().await?.to_vec())),
        }
    }

    /// Puts it there.
    pub(crate) async fn put_raw(&self, path: &str, content: Vec<u8>) -> Result<()> {
        self.store.put(&Path::from(path), PutPayload::from(content)).await?;
        Ok(())
    }
}

/// Folders of at most 256 others: a million files in one would be slow to list.
fn place(family: &str, name: &str) -> Path {
    let prefix = name.get(..2).unwrap_or("_");
    Path::from(format!("{family}/{prefix}/{name}"))
}
