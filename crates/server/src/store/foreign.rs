//! What clients of other tools' protocols asked for, under the names that they gave it.

use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::Connection;
use crate::error::Result;
use crate::moment::{Millis, now};

/// An image under the name that a client gave it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    /// In which protocol.
    pub protocol: String,
    /// The name.
    pub name: String,
    /// Digest of the image; empty where only the job knows it.
    pub digest: String,
    /// The job that reads it; 0 where none had to.
    pub job: i64,
    /// What read it: another state means that it should be read again.
    pub state: String,
    /// What else the protocol keeps of it.
    pub detail: String,
    /// When it was asked for.
    pub at: Millis,
}

const COLUMNS: &str = "protocol, name, digest, job, state, detail, at";

fn named(row: &AnyRow) -> Result<Named> {
    Ok(Named {
        protocol: row.try_get(0)?,
        name: row.try_get(1)?,
        digest: row.try_get(2)?,
        job: row.try_get(3)?,
        state: row.try_get(4)?,
        detail: row.try_get(5)?,
        at: row.try_get(6)?,
    })
}

/// Stores it in place of what had the name.
pub async fn put(connection: &mut Connection, named: &Named) -> Result<()> {
    sqlx::query(
        "INSERT INTO foreign_images (protocol, name, digest, job, state, detail, at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (protocol, name) DO UPDATE SET \
         digest = excluded.digest, job = excluded.job, state = excluded.state, \
         detail = excluded.detail, at = excluded.at",
    )
    .bind(&named.protocol)
    .bind(&named.name)
    .bind(&named.digest)
    .bind(named.job)
    .bind(&named.state)
    .bind(&named.detail)
    .bind(now())
    .execute(connection)
    .await?;
    Ok(())
}

/// What has this name.
pub async fn find(
    connection: &mut Connection,
    protocol: &str,
    name: &str,
) -> Result<Option<Named>> {
    let text = format!("SELECT {COLUMNS} FROM foreign_images WHERE protocol = $1 AND name = $2");
    let row = sqlx::query(AssertSqlSafe(text))
        .bind(protocol)
        .bind(name)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(named).transpose()
}

/// All of a protocol after a name, by name.
pub async fn list(
    connection: &mut Connection,
    protocol: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<Named>> {
    let text = format!(
        "SELECT {COLUMNS} FROM foreign_images WHERE protocol = $1 AND name > $2 \
         ORDER BY name LIMIT $3"
    );
    let rows = sqlx::query(AssertSqlSafe(text))
        .bind(protocol)
        .bind(after)
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(named).collect()
}

/// Forgets a name; `false` where there was none.
pub async fn forget(connection: &mut Connection, protocol: &str, name: &str) -> Result<bool> {
    let done = sqlx::query("DELETE FROM foreign_images WHERE protocol = $1 AND name = $2")
        .bind(protocol)
        .bind(name)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Forgets names of a protocol whose image is not there, and that were put before a time.
pub async fn forget_lost(
    connection: &mut Connection,
    protocol: &str,
    before: Millis,
) -> Result<u64> {
    let done = sqlx::query(
        "DELETE FROM foreign_images WHERE protocol = $1 AND at < $2 \
         AND NOT EXISTS (SELECT 1 FROM images i WHERE i.digest = foreign_images.digest)",
    )
    .bind(protocol)
    .bind(before)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Forgets names of a protocol that were read in another state and put before a time.
pub async fn forget_other(
    connection: &mut Connection,
    protocol: &str,
    state: &str,
    before: Millis,
) -> Result<u64> {
    let done =
        sqlx::query("DELETE FROM foreign_images WHERE protocol = $1 AND state <> $2 AND at < $3")
            .bind(protocol)
            .bind(state)
            .bind(before)
            .execute(connection)
            .await?;
    Ok(done.rows_affected())
}

/// Takes what a job no longer needs out of it: it may hold passwords.
pub async fn scrub(connection: &mut Connection, job: i64) -> Result<()> {
    sqlx::query("UPDATE jobs SET payload = '{}' WHERE id = $1")
        .bind(job)
        .execute(connection)
        .await?;
    Ok(())
}
