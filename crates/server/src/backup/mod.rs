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
use std::io::{self, Read};
use std::path::Path;

use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};
use sqlx::Executor;

use crate::error::{Error, Result};
use crate::moment;
use crate::serve::Lock;
use crate::store::blobs::Blobs;
use crate::store::{Dialect, Store, migrations};
use archive::{Draft, Piece, entries};
use tables::{Rows, Table};

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
    /// Its blobs, where they are not in that folder.
    pub blobs: Option<&'p str>,
    /// The key of sealed secrets.
    pub key: &'p Path,
}

impl Place<'_> {
    fn address(&self) -> String {
        self.store.map_or_else(|| Store::in_folder(self.data_dir), str::to_owned)
    }

    /// That there is a store.
    ///
    /// # Errors
    /// [`Error::Refused`] where its folder has none.
    pub(crate) fn has_store(&self) -> Result<()> {
        if self.store.is_none() && !self.data_dir.join("plimsoll.db").exists() {
            return Err(Error::Refused(format!(
                "`{}` has no store: name the server's folder with --data-dir",
                self.data_dir.display()
            )));
        }
        Ok(())
    }

    fn blobs(&self) -> Result<Blobs> {
        Blobs::of(self.blobs, self.data_dir)
    }
}

/// Writes all that the server of a place knows into a file, which must not be there.
pub async fn backup(place: Place<'_>, file: &Path, with_key: bool) -> Result<Amount> {
    place.has_store()?;
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

/// Brings what a file has into an empty place. A file that is no whole backup leaves nothing there.
pub async fn restore(place: Place<'_>, file: &Path) -> Result<Amount> {
    let path = file.to_owned();
    tokio::task::spawn_blocking(move || is_whole(&path)).await??;
    let lock = Lock::take(place.data_dir)?;
    let store = Store::open(&place.address()).await?;
    is_empty(&store, &place).await?;
    let restored = fill(&place, &store, file).await;
    store.close().await;
    drop(lock);
    restored
}

fn is_whole(file: &Path) -> Result<()> {
    let failed = |source| Error::Io { action: "read", path: file.into(), source };
    let opened = File::open(file).map_err(failed)?;
    let about = opened.metadata().map_err(failed)?;
    if about.is_dir() {
        return Err(failed(io::ErrorKind::IsADirectory.into()));
    }
    match check(opened, about.len()) {
        Some(_) => Ok(()),
        None => Err(Error::Refused(format!(
            "`{}` is no backup, or damaged, or was cut short, or of a newer program",
            file.display()
        ))),
    }
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

async fn fill(place: &Place<'_>, store: &Store, file: &Path) -> Result<Amount> {
    let damaged = || Error::Refused(format!("`{}` is no backup, or damaged", file.display()));
    let failed = |source| Error::Io { action: "read", path: file.into(), source };
    let opened = File::open(file).map_err(failed)?;
    let length = opened.metadata().map_err(failed)?.len();
    let mut archive = archive::open(opened, length).map_err(failed)?;
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
        match archive::piece(&entry).ok_or_else(damaged)? {
            Piece::Rows(name) => {
                let table = known.iter().find(|table| table.name == name).ok_or_else(damaged)?;
                let rows =
                    table.load(&mut write, &mut entry).await.map_err(|error| match error {
                        Error::Damaged(_) => damaged(),
                        other => other,
                    })?;
                *amount.rows.entry(table.name.clone()).or_default() += rows;
            }
            Piece::Blob(path) => {
                let content = archive::blob(entry).map_err(|_| damaged())?;
                blobs.put_raw(&path, content).await?;
                amount.blobs += 1;
            }
            Piece::Key => archive::key(&mut entry, place.key)?,
            Piece::End => {
                end = Some(archive::json::<Amount, _>(entry).map_err(|_| damaged())?);
            }
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

/// Reads what [`restore`] would, and brings it nowhere; `None` where it is no whole backup.
///
/// `length` is that of what is packed, which bounds how much it may unpack to.
pub fn check(packed: impl Read, length: u64) -> Option<Amount> {
    let mut archive = archive::open(packed, length).ok()?;
    let mut entries = entries(&mut archive).ok()?;
    let head: Head = archive::json(entries.next()?.ok()?).ok()?;
    if head.format != FORMAT {
        return None;
    }
    let (mut amount, mut end) = (Amount::default(), None);
    for entry in entries {
        let mut entry = entry.ok()?;
        match archive::piece(&entry)? {
            Piece::Rows(name) => {
                let rows = Rows::new(&mut entry)?;
                let count = rows.map(|row| row.map(|_| 1)).sum::<Option<u64>>()?;
                *amount.rows.entry(name).or_default() += count;
            }
            Piece::Blob(_) => {
                archive::blob(entry).ok()?;
                amount.blobs += 1;
            }
            Piece::Key => {}
            Piece::End => end = Some(archive::json::<Amount, _>(entry).ok()?),
        }
    }
    archive::ended(archive).ok()?;
    let said = end?;
    let is_whole = said.blobs == amount.blobs
        && said.rows.iter().all(|(name, rows)| amount.rows.get(name).unwrap_or(&0) == rows)
        && amount.rows.keys().all(|name| said.rows.contains_key(name));
    is_whole.then_some(amount)
}

/// The tables of a store with their columns.
type Tables = Vec<Table>;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packed(entries: &[(tar::EntryType, &str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (kind, path, content) in entries {
            let mut header = tar::Header::new_gnu();
            // As a hostile writer would: no check of the path.
            header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
            header.set_entry_type(*kind);
            header.set_size(content.len() as u64);
            header.set_cksum();
            builder.append(&header, *content).unwrap();
        }
        zstd::encode_all(builder.into_inner().unwrap().as_slice(), 3).unwrap()
    }

    fn checked(packed: &[u8]) -> Option<Amount> {
        check(packed, packed.len() as u64)
    }

    const HEAD: (tar::EntryType, &str, &[u8]) = (
        tar::EntryType::Regular,
        "backup.json",
        br#"{"format":1,"layout":1,"program":"0","created":"2026-01-01T00:00:00Z"}"#,
    );

    const END: (tar::EntryType, &str, &[u8]) =
        (tar::EntryType::Regular, "end.json", br#"{"rows":{"jobs":2},"blobs":1}"#);

    const ROWS: (tar::EntryType, &str, &[u8]) =
        (tar::EntryType::Regular, "tables/jobs/000000.jsonl", b"[\"id\"]\n[1]\n[2]\n");

    const BLOB: (tar::EntryType, &str, &[u8]) =
        (tar::EntryType::Regular, "blobs/inventories/ab/abcd", b"x");

    #[test]
    fn what_is_whole_is_counted_and_what_is_not_is_none() {
        let amount = checked(&packed(&[HEAD, ROWS, BLOB, END])).unwrap();
        assert_eq!((amount.rows["jobs"], amount.blobs), (2, 1));
        for broken in [&[HEAD, ROWS, END][..], &[HEAD, ROWS, BLOB], &[ROWS, BLOB, END], &[HEAD]] {
            assert_eq!(checked(&packed(broken)), None);
        }
    }

    #[test]
    fn no_entry_leads_out_of_the_blobs() {
        use tar::EntryType;
        for (kind, path) in [
            (EntryType::Regular, "blobs/../../etc/cron.d/x"),
            (EntryType::Regular, "/blobs/x"),
            (EntryType::Regular, "blobs//x"),
            (EntryType::Regular, "blobs/./x"),
            (EntryType::Regular, "blobs/a b"),
            (EntryType::Regular, "secret.key/x"),
            (EntryType::Regular, "elsewhere"),
            (EntryType::Symlink, "blobs/x"),
            (EntryType::Link, "blobs/x"),
            (EntryType::Directory, "blobs/x"),
            (EntryType::GNULongName, "blobs/x"),
            (EntryType::XHeader, "blobs/x"),
            (EntryType::GNUSparse, "blobs/x"),
        ] {
            let hostile = (kind, path, &b"x"[..]);
            let end = (EntryType::Regular, "end.json", &br#"{"rows":{},"blobs":1}"#[..]);
            assert_eq!(checked(&packed(&[HEAD, hostile, end])), None, "{kind:?} {path}");
        }
    }

    #[test]
    fn a_small_file_does_not_unpack_to_a_large_one() {
        let zeros = vec![b' '; 80 << 20];
        let row = (tar::EntryType::Regular, "tables/jobs/000000.jsonl", zeros.as_slice());
        let bomb = packed(&[HEAD, row, END]);
        assert!(bomb.len() < 20_000, "{}", bomb.len());
        assert_eq!(checked(&bomb), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            checked(&bytes);
            checked(&zstd::encode_all(bytes.as_slice(), 1).unwrap());
        }

        #[test]
        fn a_whole_one_with_some_bytes_changed_does_not_panic(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)
        ) {
            let whole = packed(&[HEAD, ROWS, BLOB, END]);
            let mut bytes = zstd::decode_all(whole.as_slice()).unwrap();
            for (place, value) in changes {
                let place = place.index(bytes.len());
                bytes[place] = value;
            }
            checked(&zstd::encode_all(bytes.as_slice(), 1).unwrap());
        }
    }
}
