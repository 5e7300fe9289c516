//! Who did what, in the order of happening.

use sqlx::Row;

use super::Connection;
use crate::error::Result;
use crate::moment::{Millis, now};

/// Writes down that `actor` did something, in the transaction in which it is done.
pub async fn note(
    connection: &mut Connection,
    actor: &str,
    action: &str,
    target: &str,
    detail: &str,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO audit (at, actor, action, target, detail) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(now())
    .bind(actor)
    .bind(action)
    .bind(target)
    .bind(detail)
    .execute(connection)
    .await?;
    Ok(())
}

/// Something that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub id: i64,
    /// When.
    pub at: Millis,
    /// By whom.
    pub actor: String,
    /// What.
    pub action: String,
    /// To what.
    pub target: String,
    /// How exactly.
    pub detail: String,
}

/// Which entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// With a number below this.
    pub before: i64,
    /// By this actor; empty for all.
    pub actor: String,
    /// Of this kind; empty for all.
    pub action: String,
    /// Not older.
    pub since: Millis,
}

/// Entries, newest first.
pub async fn page(connection: &mut Connection, wanted: &Wanted, limit: i64) -> Result<Vec<Entry>> {
    let rows = sqlx::query(
        "SELECT id, at, actor, action, target, detail FROM audit WHERE id < $1 \
         AND ($2 = '' OR actor = $2) AND ($3 = '' OR action = $3) AND at >= $4 \
         ORDER BY id DESC LIMIT $5",
    )
    .bind(wanted.before)
    .bind(&wanted.actor)
    .bind(&wanted.action)
    .bind(wanted.since)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    let one = |row: &sqlx::any::AnyRow| {
        Ok(Entry {
            id: row.try_get(0)?,
            at: row.try_get(1)?,
            actor: row.try_get(2)?,
            action: row.try_get(3)?,
            target: row.try_get(4)?,
            detail: row.try_get(5)?,
        })
    };
    rows.iter().map(one).collect()
}
