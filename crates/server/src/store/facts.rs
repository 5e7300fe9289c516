//! What is known of images beside their components.

use super::Connection;
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
