//! Images, the sets of components that they have, and the names that lead to them.

use std::collections::HashMap;

use roaring::RoaringBitmap;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::{Any, AssertSqlSafe, Row};

use super::postings::{decode, encode};
use super::{Connection, Dialect, NUMBERS, chunks, in_list, joined, names};
use crate::error::Result;
use crate::moment::{Millis, now};

/// What is stored of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Its number.
    pub id: i64,
    /// Digest of its manifest, or what stands for one.
    pub digest: String,
    /// How it was asked for the last time.
    pub reference: String,
    /// Which source answered.
    pub source: String,
    /// Name of its distribution; empty where it has none.
    pub distro: String,
    /// Operating system and architecture; empty where they are not known.
    pub platform: String,
    /// When it was built.
    pub created: Option<Millis>,
    /// Bytes of its layers as stored.
    pub size: i64,
    /// Whether something of it could not be read.
    pub partial: bool,
    /// Name of its inventory among the blobs.
    pub inventory: String,
    /// Its set of components.
    pub set: i64,
    /// How often it was read.
    pub scans: i64,
    /// When it was read first.
    pub first_seen: Millis,
    /// When it was read last.
    pub last_seen: Millis,
}

/// What an image is written from.
#[derive(Debug, Clone)]
pub struct NewImage<'i> {
    /// See [`Image`].
    pub digest: &'i str,
    /// See [`Image`].
    pub reference: &'i str,
    /// See [`Image`].
    pub source: &'i str,
    /// See [`Image`].
    pub distro: &'i str,
    /// See [`Image`].
    pub platform: &'i str,
    /// See [`Image`].
    pub created: Option<Millis>,
    /// See [`Image`].
    pub size: i64,
    /// See [`Image`].
    pub partial: bool,
    /// See [`Image`].
    pub inventory: &'i str,
    /// See [`Image`].
    pub set: i64,
}

const COLUMNS: &str = "id, digest, reference, source, distro, platform, created, size, partial, \
     inventory, set_id, scans, first_seen, last_seen";

fn image(row: &AnyRow) -> Result<Image> {
    Ok(Image {
        id: row.try_get(0)?,
        digest: row.try_get(1)?,
        reference: row.try_get(2)?,
        source: row.try_get(3)?,
        distro: row.try_get(4)?,
        platform: row.try_get(5)?,
        created: row.try_get(6)?,
        size: row.try_get(7)?,
        partial: row.try_get::<i64, _>(8)? != 0,
        inventory: row.try_get(9)?,
        set: row.try_get(10)?,
        scans: row.try_get(11)?,
        first_seen: row.try_get(12)?,
        last_seen: row.try_get(13)?,
    })
}

/// The number of a set of components, which is stored if it is new.
pub async fn set(
    connection: &mut Connection,
    hash: &str,
    components: &RoaringBitmap,
) -> Result<i64> {
    let size = i64::try_from(components.len()).unwrap_or(i64::MAX);
    sqlx::query(
        "INSERT INTO component_sets (hash, components, size) VALUES ($1, $2, $3) \
         ON CONFLICT (hash) DO NOTHING",
    )
    .bind(hash)
    .bind(encode(components))
    .bind(size)
    .execute(&mut *connection)
    .await?;
    let row = sqlx::query("SELECT id FROM component_sets WHERE hash = $1")
        .bind(hash)
        .fetch_one(connection)
        .await?;
    Ok(row.try_get(0)?)
}

/// How many components a set has.
pub async fn set_size(connection: &mut Connection, id: i64) -> Result<i64> {
    let row = sqlx::query("SELECT size FROM component_sets WHERE id = $1")
        .bind(id)
        .fetch_optional(connection)
        .await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?.unwrap_or(0))
}

/// Forgets sets that no image has, at most `limit` of them; says how many it were.
pub async fn forget_sets(connection: &mut Connection, limit: i64) -> Result<u64> {
    let done = sqlx::query(
        "DELETE FROM component_sets WHERE id IN (SELECT s.id FROM component_sets s \
         WHERE NOT EXISTS (SELECT 1 FROM images i WHERE i.set_id = s.id) \
         AND NOT EXISTS (SELECT 1 FROM images i WHERE i.posted_set = s.id) LIMIT $1)",
    )
    .bind(limit)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// These sets.
pub async fn sets(connection: &mut Connection, ids: &[i64]) -> Result<HashMap<i64, RoaringBitmap>> {
    let mut found = HashMap::with_capacity(ids.len());
    for part in ids.chunks(NUMBERS) {
        let text =
            format!("SELECT id, components FROM component_sets WHERE id IN ({})", joined(part));
        let query = sqlx::query(AssertSqlSafe(text)).persistent(false);
        for row in query.fetch_all(&mut *connection).await? {
            found.insert(row.try_get(0)?, decode(row.try_get::<&[u8], _>(1)?)?);
        }
    }
    Ok(found)
}

/// Stores an image, or what is new about it, and gives its number.
pub async fn put(connection: &mut Connection, image: &NewImage<'_>) -> Result<i64> {
    // An INSERT that meets a conflict takes a number on PostgreSQL, and numbers are to stay dense.
    let known = bind(sqlx::query(UPDATE), image).fetch_optional(&mut *connection).await?;
    let row = match known {
        Some(row) => row,
        None => bind(sqlx::query(INSERT), image).fetch_one(connection).await?,
    };
    Ok(row.try_get(0)?)
}

const UPDATE: &str = "UPDATE images SET reference = $2, source = $3, distro = $4, platform = $5, \
     created = $6, size = $7, partial = $8, inventory = $9, set_id = $10, \
     unposted = CASE WHEN posted_set = $10 THEN 0 ELSE 1 END, scans = scans + 1, last_seen = $11 \
     WHERE digest = $1 RETURNING id";

const INSERT: &str = "INSERT INTO images (digest, reference, source, distro, platform, created, \
     size, partial, inventory, set_id, first_seen, last_seen) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11) \
     ON CONFLICT (digest) DO UPDATE SET reference = excluded.reference, \
     source = excluded.source, distro = excluded.distro, platform = excluded.platform, \
     created = excluded.created, size = excluded.size, partial = excluded.partial, \
     inventory = excluded.inventory, set_id = excluded.set_id, \
     unposted = CASE WHEN images.posted_set = excluded.set_id THEN 0 ELSE 1 END, \
     scans = images.scans + 1, last_seen = excluded.last_seen RETURNING id";

type Query<'q> = sqlx::query::Query<'q, Any, AnyArguments>;

fn bind<'q>(query: Query<'q>, image: &'q NewImage<'_>) -> Query<'q> {
    query
        .bind(image.digest)
        .bind(image.reference)
        .bind(image.source)
        .bind(image.distro)
        .bind(image.platform)
        .bind(image.created)
        .bind(image.size)
        .bind(i64::from(image.partial))
        .bind(image.inventory)
        .bind(image.set)
        .bind(now())
}

/// Writes down that a name led to an image.
pub async fn name(
    connection: &mut Connection,
    repository: &str,
    tag: &str,
    digest: &str,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO image_refs (repository, tag, digest, first_seen, last_seen) \
         VALUES ($1, $2, $3, $4, $4) ON CONFLICT (repository, tag, digest) \
         DO UPDATE SET last_seen = excluded.last_seen",
    )
    .bind(repository)
    .bind(tag)
    .bind(digest)
    .bind(now())
    .execute(connection)
    .await?;
    Ok(())
}

/// The names of an image, newest first.
pub async fn names(connection: &mut Connection, digest: &str) -> Result<Vec<(String, String)>> {
    let rows = sqlx::query(
        "SELECT repository, tag FROM image_refs WHERE digest = $1 ORDER BY last_seen DESC LIMIT 100",
    )
    .bind(digest)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// The image of a digest.
pub async fn by_digest(connection: &mut Connection, digest: &str) -> Result<Option<Image>> {
    let text = format!("SELECT {COLUMNS} FROM images WHERE digest = $1");
    let row = sqlx::query(AssertSqlSafe(text)).bind(digest).fetch_optional(connection).await?;
    row.as_ref().map(image).transpose()
}

/// Images with a number below `before`, newest first, whose reference has `containing` in it.
pub async fn page(
    connection: &mut Connection,
    dialect: Dialect,
    before: i64,
    containing: &str,
    limit: i64,
) -> Result<Vec<Image>> {
    if let Some(mut few) = names::of_reference(connection, dialect, containing).await? {
        few.retain(|id| *id < before);
        few.sort_unstable_by(|a, b| b.cmp(a));
        few.truncate(usize::try_from(limit).unwrap_or(0));
        let mut found = by_ids(connection, &few).await?;
        found.reverse();
        return Ok(found);
    }
    let text = format!(
        "SELECT {COLUMNS} FROM images WHERE id < $1 AND reference LIKE $2 ESCAPE '!' \
         ORDER BY id DESC LIMIT $3"
    );
    let rows = sqlx::query(AssertSqlSafe(text))
        .bind(before)
        .bind(like(containing))
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(image).collect()
}

/// A pattern for texts that contain another.
pub fn like(text: &str) -> String {
    let escaped = text.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{escaped}%")
}

/// Images of these numbers, in the order of their numbers.
pub async fn by_ids(connection: &mut Connection, ids: &[i64]) -> Result<Vec<Image>> {
    let mut found = Vec::with_capacity(ids.len());
    for part in ids.chunks(NUMBERS) {
        let text = format!("SELECT {COLUMNS} FROM images WHERE id IN ({})", joined(part));
        let query = sqlx::query(AssertSqlSafe(text)).persistent(false);
        for row in query.fetch_all(&mut *connection).await? {
            found.push(image(&row)?);
        }
    }
    found.sort_by_key(|image| image.id);
    Ok(found)
}

/// How many images there are.
pub async fn count(connection: &mut Connection) -> Result<i64> {
    Ok(sqlx::query("SELECT COUNT(*) FROM images").fetch_one(connection).await?.try_get(0)?)
}

/// An image that the postings do not have as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unposted {
    /// Its number.
    pub id: i64,
    /// Its set.
    pub set: i64,
    /// The set that the postings have of it.
    pub posted: Option<i64>,
}

/// Images that the postings do not have as they are, oldest first; nobody changes them until the
/// transaction ends.
pub async fn unposted(
    connection: &mut Connection,
    dialect: Dialect,
    limit: i64,
) -> Result<Vec<Unposted>> {
    let text = format!(
        "SELECT id, set_id, posted_set FROM images WHERE unposted = 1 ORDER BY id LIMIT $1{}",
        dialect.for_update()
    );
    let rows = sqlx::query(AssertSqlSafe(text)).bind(limit).fetch_all(connection).await?;
    let one = |row: &AnyRow| {
        Ok(Unposted { id: row.try_get(0)?, set: row.try_get(1)?, posted: row.try_get(2)? })
    };
    rows.iter().map(one).collect()
}

/// Says that the postings have these images with the sets that they had when they were read.
pub async fn posted(connection: &mut Connection, images: &[Unposted]) -> Result<()> {
    for part in chunks(images, 1) {
        let text = format!(
            "UPDATE images SET posted_set = set_id, unposted = 0 WHERE id IN ({})",
            in_list(1, part.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(text));
        for image in part {
            query = query.bind(image.id);
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}
