//! Sign-ins that failed, by the hash of the name that was given.

use sqlx::Row;

use crate::error::Result;
use crate::moment::Millis;
use crate::store::Connection;

/// How often one failed in a row, and until when it is locked.
pub async fn of(connection: &mut Connection, name: &str) -> Result<(i64, Millis)> {
    let row = sqlx::query("SELECT failed, locked_until FROM sign_in_failures WHERE name = $1")
        .bind(name)
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else { return Ok((0, 0)) };
    Ok((row.try_get(0)?, row.try_get(1)?))
}

/// Notes a failure and gives how many there were in a row.
pub async fn note(connection: &mut Connection, name: &str, at: Millis) -> Result<i64> {
    let row = sqlx::query(
        "INSERT INTO sign_in_failures (name, failed, at, locked_until) VALUES ($1, 1, $2, 0) \
         ON CONFLICT (name) DO UPDATE SET failed = sign_in_failures.failed + 1, at = excluded.at \
         RETURNING failed",
    )
    .bind(name)
    .bind(at)
    .fetch_one(connection)
    .await?;
    Ok(row.try_get(0)?)
}

/// Locks it for a while.
pub async fn lock(connection: &mut Connection, name: &str, until: Millis) -> Result<()> {
    sqlx::query("UPDATE sign_in_failures SET locked_until = $2 WHERE name = $1")
        .bind(name)
        .bind(until)
        .execute(connection)
        .await?;
    Ok(())
}

/// Forgets them: somebody signed in.
pub async fn clear(connection: &mut Connection, name: &str) -> Result<()> {
    sqlx::query("DELETE FROM sign_in_failures WHERE name = $1")
        .bind(name)
        .execute(connection)
        .await?;
    Ok(())
}

/// Forgets those before a time.
pub async fn forget(connection: &mut Connection, before: Millis) -> Result<()> {
    sqlx::query("DELETE FROM sign_in_failures WHERE at < $1 AND locked_until < $1")
        .bind(before)
        .execute(connection)
        .await?;
    Ok(())
}
