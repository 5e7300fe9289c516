//! Which images have a component: a bitmap for every 65,536 images, which is one container of a
//! roaring bitmap, of 8 KiB at most.
//!
//! New images have the highest numbers, so that only the last bitmap of a component is ever written,
//! and many images are posted at once ([`crate::catalogue::post`]).

use std::collections::{BTreeMap, HashMap};

use roaring::RoaringBitmap;
use sqlx::{AssertSqlSafe, Row};

use super::{Connection, Dialect, NUMBERS, chunks, in_list, joined, rows};
use crate::error::{Error, Result};

/// How many images a bitmap is about.
pub const SHARD: u32 = 1 << 16;

/// The bitmap of bytes.
pub fn decode(bytes: &[u8]) -> Result<RoaringBitmap> {
    RoaringBitmap::deserialize_from(bytes).map_err(|_| Error::Damaged("a bitmap"))
}

/// The bytes of a bitmap.
pub fn encode(bitmap: &RoaringBitmap) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(bitmap.serialized_size());
    // Writing into memory cannot fail.
    let _ = bitmap.serialize_into(&mut bytes);
    bytes
}

/// The images that have any of these components.
pub async fn union(connection: &mut Connection, components: &[i64]) -> Result<RoaringBitmap> {
    let mut all = RoaringBitmap::new();
    for part in components.chunks(NUMBERS) {
        let text = format!("SELECT images FROM postings WHERE component_id IN ({})", joined(part));
        let query = sqlx::query(AssertSqlSafe(text)).persistent(false);
        for row in query.fetch_all(&mut *connection).await? {
            all |= decode(row.try_get::<&[u8], _>(0)?)?;
        }
    }
    Ok(all)
}

/// Components of which something is to be said that was not, because of the images that have them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moved {
    /// No image has them any more.
    pub vanished: Vec<i64>,
    /// None had them, and now one does again.
    pub returned: Vec<i64>,
}

/// What is to be put in and taken out of the bitmaps of components.
#[derive(Debug, Default)]
pub struct Delta {
    changes: BTreeMap<(i64, i64), (RoaringBitmap, RoaringBitmap)>,
}

impl Delta {
    /// An image has a component.
    pub fn add(&mut self, component: u32, image: u32) {
        self.of(component, image).0.insert(image);
    }

    /// An image has it no more.
    pub fn remove(&mut self, component: u32, image: u32) {
        self.of(component, image).1.insert(image);
    }

    fn of(&mut self, component: u32, image: u32) -> &mut (RoaringBitmap, RoaringBitmap) {
        self.changes.entry((component.into(), (image / SHARD).into())).or_default()
    }

    /// Writes it, and says of which components nobody or somebody has any from now on. Whoever calls this
    /// sees to it that nobody else does at the same time.
    pub async fn write(&self, connection: &mut Connection) -> Result<Moved> {
        let keys: Vec<(i64, i64)> = self.changes.keys().copied().collect();
        let mut stored: HashMap<(i64, i64), RoaringBitmap> = HashMap::with_capacity(keys.len());
        let mut by_shard: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        for (component, shard) in &keys {
            by_shard.entry(*shard).or_default().push(*component);
        }
        for (shard, components) in &by_shard {
            for part in chunks(components, 1) {
                let text = format!(
                    "SELECT component_id, images FROM postings \
                     WHERE shard = $1 AND component_id IN ({})",
                    in_list(2, part.len())
                );
                let mut query = sqlx::query(AssertSqlSafe(text)).bind(*shard);
                for id in part {
                    query = query.bind(*id);
                }
                for row in query.fetch_all(&mut *connection).await? {
                    let key = (row.try_get(0)?, *shard);
                    stored.insert(key, decode(row.try_get::<&[u8], _>(1)?)?);
                }
            }
        }
        let mut written: Vec<((i64, i64), Vec<u8>)> = Vec::with_capacity(keys.len());
        let mut counts: BTreeMap<i64, i64> = BTreeMap::new();
        for (key, (added, removed)) in &self.changes {
            let mut images = stored.remove(key).unwrap_or_default();
            let before = images.len();
            images -= removed;
            images |= added;
            let more =
                i64::try_from(images.len()).unwrap_or(0) - i64::try_from(before).unwrap_or(0);
            *counts.entry(key.0).or_default() += more;
            written.push((*key, encode(&images)));
        }
        for part in chunks(&written, 3) {
            let text = format!(
                "INSERT INTO postings (component_id, shard, images) VALUES {} \
                 ON CONFLICT (component_id, shard) DO UPDATE SET images = excluded.images",
                rows(connection, part.len(), 3)
            );
            let mut query = sqlx::query(AssertSqlSafe(text));
            for ((component, shard), images) in part {
                query = query.bind(*component).bind(*shard).bind(images.as_slice());
            }
            query.execute(&mut *connection).await?;
        }
        counts.retain(|_, more| *more != 0);
        count(connection, &counts).await?;
        moved(connection, &counts.into_keys().collect::<Vec<_>>()).await
    }
}

/// Which of these components, whose numbers of images changed, have none now or had none before.
async fn moved(connection: &mut Connection, components: &[i64]) -> Result<Moved> {
    let mut found = Moved::default();
    for part in chunks(components, 1) {
        let text = format!(
            "SELECT id, absent FROM components WHERE id IN ({}) \
             AND ((images = 0 AND absent = 0) OR (images > 0 AND absent = 1))",
            in_list(1, part.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(text));
        for id in part {
            query = query.bind(*id);
        }
        for row in query.fetch_all(&mut *connection).await? {
            let list = match row.try_get::<i64, _>(1)? {
                0 => &mut found.vanished,
                _ => &mut found.returned,
            };
            list.push(row.try_get(0)?);
        }
    }
    Ok(found)
}

/// Adds to the numbers of images that components have.
async fn count(connection: &mut Connection, counts: &BTreeMap<i64, i64>) -> Result<()> {
    let mut by_change: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for (component, more) in counts {
        by_change.entry(*more).or_default().push(*component);
    }
    for (more, components) in by_change {
        for part in chunks(&components, 1) {
            let text = format!(
                "UPDATE components SET images = images + $1 WHERE id IN ({})",
                in_list(2, part.len())
            );
            let mut query = sqlx::query(AssertSqlSafe(text)).bind(more);
            for id in part {
                query = query.bind(*id);
            }
            query.execute(&mut *connection).await?;
        }
    }
    Ok(())
}

/// Sees to it that nobody else posts until the transaction ends.
pub async fn hold(connection: &mut Connection, dialect: Dialect) -> Result<()> {
    if dialect == Dialect::Postgres {
        sqlx::query("SELECT pg_advisory_xact_lock(8100398471294121069)")
            .execute(connection)
            .await?;
    }
    Ok(())
}
