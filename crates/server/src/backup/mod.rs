//! All that a server knows in one file, and back: a tar under zstd, the same from SQLite and from
//! PostgreSQL, so that what was kept in one can go on in the other.
//!
//! ```text
//! backup.json                    format, version of the layout
//! tables/NAME/NNNNNN.jsonl       columns on the first line, then a row a line
//! blobs/FAMILY/PREFIX/NAME       as they are stored
//! secret.key                     only where it was asked for
//! end.json                       how much there was: a file without it was cut short
//! ```
//!
//! The tables are read in one transaction, beside a server that runs; blobs are only ever added, and
//! before the rows that name them.

mod archive;
mod tables;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};
use sqlx::Executor;

use crate::error::{Error, Result};
use crate::moment;
use crate::serve::Lock;
use crate::store::blobs::Blobs;
use crate::store::{Dialect, Store, migrations};
use archive::{Draft, entries};
use tables::Table;

/// Version of the format.
const FORMAT: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
struct Head {
    format: u32,
    layout: i64,
    program: String,
    created: String,
}

/// How much was written or read.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    /// Rows of each table.
    pub rows: BTreeMap<String, u64>,
    /// Blobs.
    pub blobs: u64,
}

impl Amount {
    /// Rows of all tables.
    pub fn all_rows(&self) -> u64 {
        self.rows.values().sum()
    }
}

/// Where a server keeps what it knows.
#[derive(Debug, Clone, Copy)]
pub struct Place<'p> {
    /// Its folder.
    pub data_dir: &'p Path,
    /// Its store, where it is not in that folder.
    pub store: Option<&'p str>,
    /// The key of sealed secrets.
    pub key: &'p Path,
}

impl Place<'_> {
    fn address(&self) -> String {
        self.store.map_or_else(|| Store::in_folder(self.data_dir), str::to_owned)
    }

    fn blobs(&self) -> Result<Blobs> {
        Blobs::in_folder(&self.data_dir.join("blobs"))
    }
}

/// Writes all that the server of a place knows into a file, which must not be there.
pub async fn backup(place: Place<'_>, file: &Path, with_key: bool) -> Result<Amount> {
    if place.store.is_none() && !place.data_dir.join("plimsoll.db").exists() {
        return Err(Error::Refused(format!(
            "`{}` has no store: name the server's folder with --data-dir",
            place.data_dir.display()
        )));
    }
    let store = Store::connect(&place.address()).await?;
    let mut connection = store.read().await?;
    connection
        .execute(match store.dialect() {
            Dialect::Sqlite => "BEGIN",
            Dialect::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        })
        .await?;
    let layout = migrations::stored(&mut connection).await?;
    if layout > migrations::newest() {
        return Err(Error::Newer { found: layout, known: migrations::newest() });
    }
    let mut draft = Draft::new(file)?;
    draft.json(
        "backup.json",
        &Head {
            format: FORMAT,
            layout,
            program: env!("CARGO_PKG_VERSION").into(),
            created: moment::timestamp(moment::now()).to_string(),
        },
    )?;
    let mut amount = Amount::default();
    for table in tables::all(&mut connection, store.dialect()).await? {
        let rows = table.dump(&mut connection, &mut draft).await?;
        amount.rows.insert(table.name, rows);
    }
    connection.execute("COMMIT").await?;
    drop(connection);
    let blobs = place.blobs()?;
    let mut list = blobs.list();
    while let Some(path) = list.try_next().await? {
        if let Some(content) = blobs.raw(&path).await? {
            draft.add(&format!("blobs/{path}"), &content)?;
            amount.blobs += 1;
        }
    }
    drop(list);
    if with_key {
        let read = std::fs::read(place.key);
        let failed = |source| Error::Io { action: "read", path: place.key.into(), source };
        draft.add("secret.key", &read.map_err(failed)?)?;
    }
    draft.json("end.json", &amount)?;
    draft.finish()?;
    store.close().await;
    Ok(amount)
}

/// Brings what a file has into an empty place.
pub async fn restore(place: Place<'_>, file: &Path) -> Result<Amount> {
    let lock = Lock::take(place.data_dir)?;
    let store = Store::open(&place.address()).await?;
    is_empty(&store, &place).await?;
    let restored = fill(&place, &store, file).await;
    store.close().await;
    drop(lock);
    restored
}

async fn is_empty(store: &Store, place: &Place<'_>) -> Result<()> {
    let mut connection = store.read().await?;
    for table in tables::all(&mut connection, store.dialect()).await? {
        if table.rows(&mut connection).await? > 0 {
            return Err(Error::Refused(format!(
                "the store of `{}` has rows in `{}`: restore into an empty folder, or an empty \
                 database",
                place.data_dir.display(),
                table.name
            )));
        }
    }
    Ok(())
}

/// A blob has at most so many bytes.
const BLOB: u64 = 1 << 30;

async fn fill(place: &Place<'_>, store: &Store, file: &Path) -> Result<Amount> {
    let damaged = || Error::Refused(format!("`{}` is no backup, or damaged", file.display()));
    let failed = |source| Error::Io { action: "read", path: file.into(), source };
    let mut archive = archive::open(File::open(file).map_err(failed)?).map_err(failed)?;
    let mut entries = entries(&mut archive).map_err(failed)?;
    let head = entries.next().ok_or_else(damaged)?.map_err(|_| damaged())?;
    let head: Head = archive::json(head).map_err(|_| damaged())?;
    if head.format != FORMAT {
        return Err(Error::Refused(format!(
            "`{}` has format {}, and this program reads {FORMAT}",
            file.display(),
            head.format
        )));
    }
    if head.layout > migrations::newest() {
        return Err(Error::Newer { found: head.layout, known: migrations::newest() });
    }
    // The tables are those of the program that wrote it; they are brought to today's afterwards.
    migrations::down(store, head.layout).await?;
    let mut write = store.write().await?;
    if store.dialect() == Dialect::Sqlite {
        write.execute("PRAGMA defer_foreign_keys = 1").await?;
    }
    let known = tables::all(&mut write, store.dialect()).await?;
    let blobs = place.blobs()?;
    let (mut amount, mut end) = (Amount::default(), None);
    for table in &known {
        amount.rows.insert(table.name.clone(), 0);
    }
    for entry in entries {
        let mut entry = entry.map_err(|_| damaged())?;
        let path = archive::path(&entry).ok_or_else(damaged)?;
        match path.split('/').collect::<Vec<_>>().as_slice() {
            ["tables", name, _] => {
                let table = known.iter().find(|table| table.name == *name).ok_or_else(damaged)?;
                let rows =
                    table.load(&mut write, &mut entry).await.map_err(|error| match error {
                        Error::Damaged(_) => damaged(),
                        other => other,
                    })?;
                *amount.rows.entry(table.name.clone()).or_default() += rows;
            }
            ["blobs", rest @ ..] if !rest.is_empty() => {
                let mut content = Vec::new();
                let read = entry.by_ref().take(BLOB).read_to_end(&mut content);
                read.map_err(|_| damaged())?;
                blobs.put_raw(&rest.join("/"), content).await?;
                amount.blobs += 1;
            }
            ["secret.key"] => archive::key(&mut entry, place.key)?,
            ["end.json"] => end = Some(archive::json::<Amount>(entry).map_err(|_| damaged())?),
            _ => return Err(damaged()),
        }
    }
    archive::ended(archive).map_err(|_| damaged())?;
    if end.as_ref() != Some(&amount) {
        return Err(Error::Refused(format!("`{}` was cut short", file.display())));
    }
    for table in &known {
        table.count_on(&mut write, store.dialect()).await?;
    }
    write.commit().await?;
    migrations::up(store).await?;
    Ok(amount)
}

/// The tables of a store with their columns.
type Tables = Vec<Table>;
