//! What the server knows, in SQLite or PostgreSQL, and the blobs beside it.
//!
//! One set of SQL for both: `$1` stands for a value, times are milliseconds, `RETURNING` and
//! `ON CONFLICT` are there in both. Where the two differ, [`Dialect`] has the words. Each family of
//! tables has one file, and functions take a connection, so that a caller can do several things in
//! one transaction.
//!
//! SQLite has one writer: [`Store::write`] hands out the only connection that writes.

pub mod access;
pub mod alerts;
pub mod audit;
pub mod blobs;
pub mod clair;
pub mod components;
pub mod ended;
pub mod estate;
pub mod facts;
pub mod findings;
pub mod foreign;
pub mod hosts;
pub mod images;
pub mod jobs;
pub mod lists;
pub mod measures;
pub mod migrations;
pub mod names;
pub mod namespaces;
pub mod notifiers;
pub mod postings;
pub mod presence;
pub mod projects;
pub mod registries;
pub mod repeats;
pub mod running;
pub mod settings;
mod sql;
pub mod summaries;
pub mod triage;

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, Executor, Transaction};

use crate::error::{Error, Result};

pub(crate) use sql::{NUMBERS, chunks, in_list, joined, rows};

/// What functions on tables take.
pub type Connection = AnyConnection;

/// A transaction that writes.
pub type Write = Transaction<'static, Any>;

/// How many connections read at a time.
const READERS: u32 = 4;

/// How long a connection is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Embedded.
    Sqlite,
    /// A server.
    Postgres,
}

impl Dialect {
    /// Behind a SELECT: holds the rows until the transaction ends. SQLite has one writer anyway.
    pub fn for_update(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR UPDATE",
        }
    }

    /// Behind a SELECT: others may read the rows but not change them until the transaction ends.
    pub fn for_share(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR SHARE",
        }
    }

    /// Behind a SELECT: the same, and rows that others hold are left out.
    pub fn skip_locked(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR UPDATE SKIP LOCKED",
        }
    }
}

/// The store.
#[derive(Debug, Clone)]
pub struct Store {
    readers: AnyPool,
    writers: AnyPool,
    dialect: Dialect,
    /// The file of SQLite, and which one it is.
    file: Option<(PathBuf, u64)>,
}

impl Store {
    /// Opens what `address` names: `postgres://…`, or `sqlite:FILE`. It is made where it is not there
    /// yet, and brought to the layout of this program.
    pub async fn open(address: &str) -> Result<Self> {
        let store = Self::connect(address).await?;
        migrations::up(&store).await?;
        Ok(store)
    }

    /// The SQLite file in a folder.
    pub fn in_folder(folder: &Path) -> String {
        format!("sqlite:{}", folder.join("plimsoll.db").display())
    }

    /// The same as [`Store::open`], without a look at the layout.
    pub async fn connect(address: &str) -> Result<Self> {
        sqlx::any::install_default_drivers();
        if let Some(file) = address.strip_prefix("sqlite:") {
            return Self::sqlite(Path::new(file.trim_start_matches("//"))).await;
        }
        if !address.starts_with("postgres://") && !address.starts_with("postgresql://") {
            return Err(Error::NoStore(without_password(address)));
        }
        let options: AnyConnectOptions =
            address.parse().map_err(|_| Error::NoStore(without_password(address)))?;
        let pool = AnyPoolOptions::new()
            .max_connections(READERS * 4)
            .min_connections(0)
            .acquire_timeout(PATIENCE)
            .connect_with(options)
            .await?;
        Ok(Self { readers: pool.clone(), writers: pool, dialect: Dialect::Postgres, file: None })
    }

    async fn sqlite(file: &Path) -> Result<Self> {
        let refused = || Error::NoStore(format!("sqlite:{}", file.display()));
        let address = |mode: &str| -> Result<AnyConnectOptions> {
            let path = file.to_str().ok_or_else(refused)?;
            let path = path.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
            format!("sqlite:{path}?mode={mode}").parse().map_err(|_| refused())
        };
        let pool = |size: u32, writes: bool| {
            AnyPoolOptions::new()
                .max_connections(size)
                .min_connections(0)
                .acquire_timeout(PATIENCE)
                .after_connect(move |connection, _| {
                    Box::pin(async move {
                        connection.execute(SQLITE_START).await?;
                        connection.execute(if writes { WRITES } else { READS }).await?;
                        Ok(())
                    })
                })
        };
        let writers = pool(1, true).connect_with(address("rwc")?).await?;
        let readers = pool(READERS, false).connect_lazy_with(address("rw")?);
        let opened = inode(file).map(|inode| (file.to_owned(), inode));
        Ok(Self { readers, writers, dialect: Dialect::Sqlite, file: opened })
    }

    /// Which database it is.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// A connection to read by.
    pub async fn read(&self) -> Result<PoolConnection<Any>> {
        Ok(self.readers.acquire().await?)
    }

    /// A transaction that may write. Nothing of it is there before it is committed.
    pub async fn write(&self) -> Result<Write> {
        if self.dialect == Dialect::Postgres {
            return Ok(self.writers.begin().await?);
        }
        match self.writers.begin_with(BEGIN).await {
            // Where there is no room, SQLite takes a transaction back by itself, and the one connection
            // goes on believing that it has not ended.
            Err(sqlx::Error::InvalidSavePointStatement) => {
                self.writers.acquire().await?.close().await?;
                Ok(self.writers.begin_with(BEGIN).await?)
            }
            begun => Ok(begun?),
        }
    }

    /// Whether it answers.
    pub async fn answers(&self) -> bool {
        let ask = async {
            let mut connection = self.read().await.ok()?;
            sqlx::query("SELECT 1").execute(&mut *connection).await.ok()
        };
        tokio::time::timeout(Duration::from_secs(2), ask).await.ok().flatten().is_some()
    }

    /// The file, where it is not the one any more that was opened.
    pub fn moved(&self) -> Option<&Path> {
        let (file, opened) = self.file.as_ref()?;
        (inode(file) != Some(*opened)).then_some(file.as_path())
    }

    /// Lets go of all connections.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writers.close().await;
    }
}

fn inode(file: &Path) -> Option<u64> {
    std::fs::metadata(file).ok().map(|it| std::os::unix::fs::MetadataExt::ino(&it))
}

/// A transaction that takes the place of the writer at once.
const BEGIN: &str = "BEGIN IMMEDIATE";

/// Whoever is killed loses nothing that was committed; a machine that loses power may lose the last
/// commits, and nothing else.
const SQLITE_START: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; \
     PRAGMA busy_timeout = 15000; PRAGMA foreign_keys = 1; PRAGMA temp_store = MEMORY; \
     PRAGMA journal_size_limit = 67108864;";

/// The writer meets the pages of indexes again and again; what it changes is brought into place once
/// there are 64 MiB of it, and not every few images.
const WRITES: &str = "PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 16384";

const READS: &str = "PRAGMA query_only = 1; PRAGMA cache_size = -8192";

/// An address as it may be shown.
pub fn without_password(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    match rest.rsplit_once('@') {
        Some((who, place)) => {
            let user = who.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}@{place}")
        }
        None => address.to_owned(),
    }
}
