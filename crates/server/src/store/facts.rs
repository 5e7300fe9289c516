//! What is known of images beside their components.

use std::collections::HashMap;

use sqlx::{AssertSqlSafe, Row};

use super::{Connection, chunks, in_list};
use crate::error::Result;
use crate::moment::Millis;

/// What an image says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Whether it runs as root; `None` where it is not known.
    pub runs_as_root: Option<bool>,
    /// When its distribution gets no fixes any more.
    pub end_of_life: Option<Millis>,
    /// What it was built on; empty where it is not known.
    pub base: String,
}

/// Stores what an image says of itself.
pub async fn put(connection: &mut Connection, digest: &str, facts: &Facts) -> Result<()> {
    sqlx::query(
        "INSERT INTO image_facts (digest, runs_as_root, end_of_life, base) \
         VALUES ($1, $2, $3, $4) ON CONFLICT (digest) DO UPDATE SET \
         runs_as_root = excluded.runs_as_root, end_of_life = excluded.end_of_life, \
         base = excluded.base",
    )
    .bind(digest)
    .bind(facts.runs_as_root.map(i64::from))
    .bind(facts.end_of_life)
    .bind(&facts.base)
    .execute(connection)
    .await?;
    Ok(())
}

/// Remembers by which other digest an image was asked for: that of the index that it is in.
pub async fn alias(connection: &mut Connection, asked: &str, digest: &str) -> Result<()> {
    sqlx::query("INSERT INTO image_aliases (asked, digest) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind(asked)
        .bind(digest)
        .execute(connection)
        .await?;
    Ok(())
}

/// The images that were asked for by another digest, one a platform.
pub async fn aliases(connection: &mut Connection, asked: &str) -> Result<Vec<String>> {
    let rows = sqlx::query("SELECT digest FROM image_aliases WHERE asked = $1 ORDER BY digest")
        .bind(asked)
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// What is known of an image from others than itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Around {
    /// What hangs on it in registries that are watched: a sum of [`super::registries::SIGNATURE`] and
    /// the like; `None` where no tag of them leads to it.
    pub evidence: Option<i64>,
    /// Digest of its bottom layer; empty where it has none.
    pub base: String,
    /// What its base is called.
    pub base_name: String,
    /// How many images have the same base.
    pub on_base: i64,
    /// Where it runs: place, namespace, workload and container.
    pub runs: Vec<String>,
}

/// What hangs on images, by digest: a sum of [`super::registries::SIGNATURE`] and the like; those to
/// which no tag leads are left out.
pub async fn evidence(
    connection: &mut Connection,
    digests: &[&str],
) -> Result<HashMap<String, i64>> {
    let mut found: HashMap<String, i64> = HashMap::new();
    for part in chunks(digests, 1) {
        let list = in_list(1, part.len());
        let text = format!(
            "SELECT digest, evidence FROM registry_tags WHERE digest IN ({list}) UNION ALL \
             SELECT a.digest, t.evidence FROM image_aliases a \
             JOIN registry_tags t ON t.digest = a.asked WHERE a.digest IN ({list})"
        );
        let mut query = sqlx::query(AssertSqlSafe(text));
        for digest in part {
            query = query.bind(*digest);
        }
        for row in query.fetch_all(&mut *connection).await? {
            *found.entry(row.try_get(0)?).or_default() |= row.try_get::<i64, _>(1)?;
        }
    }
    Ok(found)
}

/// At how many places an image is said to run.
const PLACES: i64 = 50;

/// What is known of the image of a digest from others than itself.
pub async fn around(connection: &mut Connection, digest: &str) -> Result<Around> {
    let evidence = evidence(connection, &[digest]).await?.remove(digest);
    let mut found = Around { evidence, ..Around::default() };
    let base = sqlx::query(
        "SELECT s.base, s.base_name, (SELECT COUNT(*) FROM image_summaries o \
         WHERE o.base = s.base AND o.base <> '') FROM image_summaries s \
         JOIN images i ON i.id = s.image_id WHERE i.digest = $1",
    )
    .bind(digest)
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(row) = base {
        (found.base, found.base_name, found.on_base) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    }
    let rows = sqlx::query(
        "SELECT place, namespace, kind, name, container FROM running r WHERE r.digest = $1 \
         OR r.digest IN (SELECT asked FROM image_aliases WHERE digest = $1) \
         OR (r.digest = '' AND EXISTS (SELECT 1 FROM image_refs n WHERE n.digest = $1 \
         AND n.repository = r.repository AND n.tag = r.tag)) \
         ORDER BY place, namespace, kind, name, container LIMIT $2",
    )
    .bind(digest)
    .bind(PLACES)
    .fetch_all(connection)
    .await?;
    for row in &rows {
        let mut words: Vec<String> = Vec::with_capacity(5);
        for at in 0..5 {
            words.push(row.try_get(at)?);
        }
        words.retain(|word| !word.is_empty());
        found.runs.push(words.join(" / "));
    }
    Ok(found)
}
