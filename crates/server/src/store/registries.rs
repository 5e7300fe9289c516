//! Registries that are watched, and what their tags led to when they were looked at last.

use std::collections::HashMap;

use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::{Connection, chunks, rows};
use crate::error::Result;
use crate::moment::{Millis, now};

/// A registry, or a part of one, and how it is watched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Registry {
    /// Its number.
    pub id: i64,
    /// What people call it.
    pub name: String,
    /// Host, and port where it has one.
    pub host: String,
    /// Patterns of repositories.
    pub repositories: String,
    /// Patterns of tags.
    pub tags: String,
    /// Images that are older are left alone.
    pub max_age_days: Option<i64>,
    /// When it is looked at, in cron's form.
    pub schedule: String,
    /// The time zone of that.
    pub zone: String,
    /// How many requests a minute it is asked at most; 0 is as many as there are.
    pub per_minute: i64,
    /// How many of its images are read at a time; 0 is as many as there are workers.
    pub at_once: i64,
    /// Whether it is looked at.
    pub enabled: bool,
    /// By whom it is asked; empty where the server's own credentials are used.
    pub username: String,
    /// The password, sealed; empty where there is none.
    pub password: String,
    /// Since when it has been known.
    pub created: Millis,
    /// When it is looked at next.
    pub due: Millis,
    /// When it was looked at last.
    pub walked: Option<Millis>,
    /// What went wrong then.
    pub error: String,
    /// How many of its repositories were looked at.
    pub repositories_seen: i64,
}

const COLUMNS: &str = "id, name, host, repositories, tags, max_age_days, schedule, zone, per_minute, \
     enabled, created, due, walked, error, repositories_seen, username, password, at_once";

fn registry(row: &AnyRow) -> Result<Registry> {
    Ok(Registry {
        id: row.try_get(0)?,
        name: row.try_get(1)?,
        host: row.try_get(2)?,
        repositories: row.try_get(3)?,
        tags: row.try_get(4)?,
        max_age_days: row.try_get(5)?,
        schedule: row.try_get(6)?,
        zone: row.try_get(7)?,
        per_minute: row.try_get(8)?,
        enabled: row.try_get::<i64, _>(9)? != 0,
        created: row.try_get(10)?,
        due: row.try_get(11)?,
        walked: row.try_get(12)?,
        error: row.try_get(13)?,
        repositories_seen: row.try_get(14)?,
        username: row.try_get(15)?,
        password: row.try_get(16)?,
        at_once: row.try_get(17)?,
    })
}

/// Stores a registry; `None` where another one has its name.
pub async fn add(connection: &mut Connection, it: &Registry) -> Result<Option<i64>> {
    let row = sqlx::query(
        "INSERT INTO registries (name, host, repositories, tags, max_age_days, schedule, zone, \
         per_minute, enabled, created, due, username, password, at_once) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
         ON CONFLICT (name) DO NOTHING RETURNING id",
    )
    .bind(&it.name)
    .bind(&it.host)
    .bind(&it.repositories)
    .bind(&it.tags)
    .bind(it.max_age_days)
    .bind(&it.schedule)
    .bind(&it.zone)
    .bind(it.per_minute)
    .bind(i64::from(it.enabled))
    .bind(now())
    .bind(it.due)
    .bind(&it.username)
    .bind(&it.password)
    .bind(it.at_once)
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// Stores what is new about a registry; `false` where there is none.
pub async fn change(connection: &mut Connection, it: &Registry) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE registries SET name = $2, host = $3, repositories = $4, tags = $5, \
         max_age_days = $6, schedule = $7, zone = $8, per_minute = $9, enabled = $10, due = $11, \
         username = $12, password = $13, at_once = $14 WHERE id = $1",
    )
    .bind(it.id)
    .bind(&it.name)
    .bind(&it.host)
    .bind(&it.repositories)
    .bind(&it.tags)
    .bind(it.max_age_days)
    .bind(&it.schedule)
    .bind(&it.zone)
    .bind(it.per_minute)
    .bind(i64::from(it.enabled))
    .bind(it.due)
    .bind(&it.username)
    .bind(&it.password)
    .bind(it.at_once)
    .execute(&mut *connection)
    .await?;
    // Other patterns need the whole lists again.
    sqlx::query("DELETE FROM registry_lists WHERE registry_id = $1")
        .bind(it.id)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Seals its password in another way.
pub async fn set_password(connection: &mut Connection, id: i64, password: &str) -> Result<()> {
    sqlx::query("UPDATE registries SET password = $2 WHERE id = $1")
        .bind(id)
        .bind(password)
        .execute(connection)
        .await?;
    Ok(())
}

/// Forgets a registry; `false` where there is none.
pub async fn remove(connection: &mut Connection, id: i64) -> Result<bool> {
    let done =
        sqlx::query("DELETE FROM registries WHERE id = $1").bind(id).execute(connection).await?;
    Ok(done.rows_affected() > 0)
}

/// All registries.
pub async fn all(connection: &mut Connection) -> Result<Vec<Registry>> {
    let text = format!("SELECT {COLUMNS} FROM registries ORDER BY id");
    let rows = sqlx::query(AssertSqlSafe(text)).fetch_all(connection).await?;
    rows.iter().map(registry).collect()
}

/// One registry.
pub async fn by_id(connection: &mut Connection, id: i64) -> Result<Option<Registry>> {
    let text = format!("SELECT {COLUMNS} FROM registries WHERE id = $1");
    let row = sqlx::query(AssertSqlSafe(text)).bind(id).fetch_optional(connection).await?;
    row.as_ref().map(registry).transpose()
}

/// Says when it is looked at next.
pub async fn set_due(connection: &mut Connection, id: i64, due: Millis) -> Result<()> {
    sqlx::query("UPDATE registries SET due = $2 WHERE id = $1")
        .bind(id)
        .bind(due)
        .execute(connection)
        .await?;
    Ok(())
}

/// Says how looking at it went.
pub async fn walked(
    connection: &mut Connection,
    id: i64,
    repositories: i64,
    error: &str,
) -> Result<()> {
    sqlx::query(
        "UPDATE registries SET walked = $2, repositories_seen = $3, error = $4 WHERE id = $1",
    )
    .bind(id)
    .bind(now())
    .bind(repositories)
    .bind(error)
    .execute(connection)
    .await?;
    Ok(())
}

/// A tag and what it led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Its repository, without the host.
    pub repository: String,
    /// The tag.
    pub tag: String,
    /// Digest of an index or a manifest.
    pub digest: String,
    /// Since when it has led there.
    pub moved: Millis,
    /// What hangs on the image: a sum of [`SIGNATURE`], [`ATTESTATION`] and [`BILL`].
    pub evidence: i64,
    /// Whether it is young enough to be read.
    pub selected: bool,
}

/// A signature hangs on the image.
pub const SIGNATURE: i64 = 1;
/// An attestation.
pub const ATTESTATION: i64 = 2;
/// A bill of materials.
pub const BILL: i64 = 4;

/// What hangs on each image to which a tag leads: its `digest`, and `bits`, the sum of those above.
pub(crate) const EVIDENCE: &str = "SELECT COALESCE(a.digest, t.digest) AS digest, \
     MAX(t.evidence & 1) + MAX(t.evidence & 2) + MAX(t.evidence & 4) AS bits \
     FROM registry_tags t LEFT JOIN image_aliases a ON a.asked = t.digest \
     GROUP BY COALESCE(a.digest, t.digest)";

fn tag(row: &AnyRow) -> Result<Tag> {
    Ok(Tag {
        repository: row.try_get(0)?,
        tag: row.try_get(1)?,
        digest: row.try_get(2)?,
        moved: row.try_get(3)?,
        evidence: row.try_get(4)?,
        selected: row.try_get::<i64, _>(5)? != 0,
    })
}

/// All tags of a registry as they were known.
pub async fn tags(connection: &mut Connection, registry: i64) -> Result<Vec<Tag>> {
    let found = sqlx::query(
        "SELECT repository, tag, digest, moved, evidence, selected FROM registry_tags \
         WHERE registry_id = $1 ORDER BY repository, tag",
    )
    .bind(registry)
    .fetch_all(connection)
    .await?;
    found.iter().map(tag).collect()
}

/// Tags of a registry behind one, by repository and tag, at most `limit`.
pub async fn tags_after(
    connection: &mut Connection,
    registry: i64,
    repository: &str,
    name: &str,
    limit: i64,
) -> Result<Vec<Tag>> {
    let found = sqlx::query(
        "SELECT repository, tag, digest, moved, evidence, selected FROM registry_tags \
         WHERE registry_id = $1 AND (repository, tag) > ($2, $3) ORDER BY repository, tag LIMIT $4",
    )
    .bind(registry)
    .bind(repository)
    .bind(name)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    found.iter().map(tag).collect()
}

/// Stores what tags lead to.
pub async fn put_tags(connection: &mut Connection, registry: i64, tags: &[Tag]) -> Result<()> {
    for part in chunks(tags, 8) {
        let text = format!(
            "INSERT INTO registry_tags (registry_id, repository, tag, digest, first_seen, moved, \
             evidence, selected) VALUES {} ON CONFLICT (registry_id, repository, tag) DO UPDATE \
             SET digest = excluded.digest, moved = excluded.moved, evidence = excluded.evidence, \
             selected = excluded.selected",
            rows(connection, part.len(), 8)
        );
        let mut query = sqlx::query(AssertSqlSafe(text));
        for it in part {
            query = query
                .bind(registry)
                .bind(&it.repository)
                .bind(&it.tag)
                .bind(&it.digest)
                .bind(it.moved)
                .bind(it.moved)
                .bind(it.evidence)
                .bind(i64::from(it.selected));
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// Forgets a tag.
pub async fn drop_tag(
    connection: &mut Connection,
    registry: i64,
    repository: &str,
    tag: &str,
) -> Result<()> {
    sqlx::query(
        "DELETE FROM registry_tags WHERE registry_id = $1 AND repository = $2 AND tag = $3",
    )
    .bind(registry)
    .bind(repository)
    .bind(tag)
    .execute(connection)
    .await?;
    Ok(())
}

/// `ETag`s of lists as they were known, by repository.
pub async fn lists(connection: &mut Connection, registry: i64) -> Result<HashMap<String, String>> {
    let found = sqlx::query("SELECT repository, etag FROM registry_lists WHERE registry_id = $1")
        .bind(registry)
        .fetch_all(connection)
        .await?;
    found.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// Stores the `ETag` of a list.
pub async fn put_list(
    connection: &mut Connection,
    registry: i64,
    repository: &str,
    etag: &str,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO registry_lists (registry_id, repository, etag) VALUES ($1, $2, $3) \
         ON CONFLICT (registry_id, repository) DO UPDATE SET etag = excluded.etag",
    )
    .bind(registry)
    .bind(repository)
    .bind(etag)
    .execute(connection)
    .await?;
    Ok(())
}

/// How many of a registry's tags are selected, and of how many the image was read.
pub async fn coverage(connection: &mut Connection, registry: i64) -> Result<(i64, i64)> {
    let text = format!(
        "SELECT COUNT(*), COALESCE(SUM(CASE WHEN {READ} THEN 1 ELSE 0 END), 0) \
         FROM registry_tags t WHERE t.registry_id = $1 AND t.selected = 1"
    );
    let row = sqlx::query(AssertSqlSafe(text)).bind(registry).fetch_one(connection).await?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

/// Whether the image that the tag `t` leads to was read.
const READ: &str = "(EXISTS (SELECT 1 FROM images i WHERE i.digest = t.digest) \
     OR EXISTS (SELECT 1 FROM image_aliases a JOIN images i ON i.digest = a.digest \
     WHERE a.asked = t.digest))";

/// Selected tags of a registry whose image was not read yet.
pub async fn unread(connection: &mut Connection, registry: i64) -> Result<Vec<Tag>> {
    let text = format!(
        "SELECT repository, tag, digest, moved, evidence, selected FROM registry_tags t \
         WHERE registry_id = $1 AND selected = 1 AND NOT {READ} ORDER BY moved DESC, repository, tag"
    );
    let found = sqlx::query(AssertSqlSafe(text)).bind(registry).fetch_all(connection).await?;
    found.iter().map(tag).collect()
}

/// Gives images that were read under another name the names that tags of a registry are to them.
pub async fn name_images(connection: &mut Connection, registry: i64) -> Result<()> {
    sqlx::query(
        "INSERT INTO image_refs (repository, tag, digest, first_seen, last_seen) \
         SELECT g.host || '/' || t.repository, t.tag, i.digest, $2, $2 FROM registry_tags t \
         JOIN registries g ON g.id = t.registry_id \
         JOIN images i ON i.digest = t.digest \
         OR i.digest IN (SELECT a.digest FROM image_aliases a WHERE a.asked = t.digest) \
         WHERE t.registry_id = $1 ON CONFLICT (repository, tag, digest) DO NOTHING",
    )
    .bind(registry)
    .bind(now())
    .execute(connection)
    .await?;
    Ok(())
}

/// Gives an image that was asked for by a digest all names by which registries lead to that.
pub async fn name_image(connection: &mut Connection, asked: &str) -> Result<()> {
    sqlx::query(
        "INSERT INTO image_refs (repository, tag, digest, first_seen, last_seen) \
         SELECT DISTINCT g.host || '/' || t.repository, t.tag, i.digest, CAST($2 AS BIGINT), \
         CAST($2 AS BIGINT) FROM registry_tags t JOIN registries g ON g.id = t.registry_id \
         JOIN images i ON i.digest = t.digest \
         OR i.digest IN (SELECT a.digest FROM image_aliases a WHERE a.asked = t.digest) \
         WHERE t.digest = $1 ON CONFLICT (repository, tag, digest) DO NOTHING",
    )
    .bind(asked)
    .bind(now())
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes a name from all images that have it, and gives their digests.
pub async fn drop_name(
    connection: &mut Connection,
    repository: &str,
    tag: &str,
) -> Result<Vec<String>> {
    let found =
        sqlx::query("DELETE FROM image_refs WHERE repository = $1 AND tag = $2 RETURNING digest")
            .bind(repository)
            .bind(tag)
            .fetch_all(connection)
            .await?;
    found.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Takes the names of tags that lead elsewhere by now from the images of before, once the new ones
/// were read, and gives their digests.
pub async fn drop_moved(connection: &mut Connection) -> Result<Vec<String>> {
    let text = format!(
        "DELETE FROM image_refs WHERE EXISTS (SELECT 1 FROM registry_tags t \
         JOIN registries g ON g.id = t.registry_id \
         WHERE image_refs.repository = g.host || '/' || t.repository AND image_refs.tag = t.tag \
         AND image_refs.digest <> t.digest AND NOT EXISTS (SELECT 1 FROM image_aliases a \
         WHERE a.asked = t.digest AND a.digest = image_refs.digest) AND {READ}) RETURNING digest"
    );
    let found = sqlx::query(AssertSqlSafe(text)).fetch_all(connection).await?;
    found.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// How many images have a signature, an attestation and a bill of materials hanging on them.
pub async fn evidence(connection: &mut Connection) -> Result<[i64; 3]> {
    let found = sqlx::query(
        "SELECT evidence, COUNT(DISTINCT digest) FROM registry_tags WHERE selected = 1 \
         GROUP BY evidence",
    )
    .fetch_all(connection)
    .await?;
    let mut sums = [0; 3];
    for row in &found {
        let (bits, count): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        for (sum, bit) in sums.iter_mut().zip([SIGNATURE, ATTESTATION, BILL]) {
            if bits & bit != 0 {
                *sum += count;
            }
        }
    }
    Ok(sums)
}
