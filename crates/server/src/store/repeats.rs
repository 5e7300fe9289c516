//! What came of requests that may come again.

use sqlx::Row;

use super::Connection;
use crate::error::Result;
use crate::moment::{Millis, now};

/// A request under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeat {
    /// Hash of what was asked.
    pub request: String,
    /// What it was answered with; 0 as long as it is being done.
    pub status: i64,
    /// The answer, sealed.
    pub answer: String,
    /// Since when.
    pub at: Millis,
}

/// Takes a key for a request that is about to be done; what has it already otherwise.
pub async fn take(connection: &mut Connection, key: &str, request: &str) -> Result<Option<Repeat>> {
    let done = sqlx::query(
        "INSERT INTO repeats (key, request, status, answer, at) VALUES ($1, $2, 0, '', $3) \
         ON CONFLICT (key) DO NOTHING",
    )
    .bind(key)
    .bind(request)
    .bind(now())
    .execute(&mut *connection)
    .await?;
    if done.rows_affected() > 0 {
        return Ok(None);
    }
    let row = sqlx::query("SELECT request, status, answer, at FROM repeats WHERE key = $1")
        .bind(key)
        .fetch_one(connection)
        .await?;
    Ok(Some(Repeat {
        request: row.try_get(0)?,
        status: row.try_get(1)?,
        answer: row.try_get(2)?,
        at: row.try_get(3)?,
    }))
}

/// Keeps what came of a request.
pub async fn keep(connection: &mut Connection, key: &str, status: u16, answer: &str) -> Result<()> {
    sqlx::query("UPDATE repeats SET status = $2, answer = $3 WHERE key = $1")
        .bind(key)
        .bind(i64::from(status))
        .bind(answer)
        .execute(connection)
        .await?;
    Ok(())
}

/// Lets go of a key.
pub async fn release(connection: &mut Connection, key: &str) -> Result<()> {
    sqlx::query("DELETE FROM repeats WHERE key = $1").bind(key).execute(connection).await?;
    Ok(())
}

/// Forgets those before a time.
pub async fn forget(connection: &mut Connection, before: Millis) -> Result<()> {
    sqlx::query("DELETE FROM repeats WHERE at < $1").bind(before).execute(connection).await?;
    Ok(())
}
