//! Projects as Dependency-Track has them: a name and a version that bills are uploaded for.

use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::Connection;
use crate::error::Result;
use crate::moment::{Millis, now};

/// A project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Project {
    /// What it is known by.
    pub uuid: String,
    /// Its name.
    pub name: String,
    /// Its version; empty where it has none.
    pub version: String,
    /// What its last bill is stored as; empty where only the job knows.
    pub digest: String,
    /// The job that stores its last bill; 0 before the first.
    pub job: i64,
    /// When it was made.
    pub created: Millis,
    /// When its last bill came; 0 before the first.
    pub uploaded: Millis,
}

const COLUMNS: &str = "uuid, name, version, digest, job, created, uploaded";

fn project(row: &AnyRow) -> Result<Project> {
    Ok(Project {
        uuid: row.try_get(0)?,
        name: row.try_get(1)?,
        version: row.try_get(2)?,
        digest: row.try_get(3)?,
        job: row.try_get(4)?,
        created: row.try_get(5)?,
        uploaded: row.try_get(6)?,
    })
}

/// Makes a project, unless it is there; `false` where it was.
pub async fn add(
    connection: &mut Connection,
    uuid: &str,
    name: &str,
    version: &str,
) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO projects (uuid, name, version, digest, job, created, uploaded) \
         VALUES ($1, $2, $3, '', 0, $4, 0) ON CONFLICT DO NOTHING",
    )
    .bind(uuid)
    .bind(name)
    .bind(version)
    .bind(now())
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The project of a uuid.
pub async fn by_uuid(connection: &mut Connection, uuid: &str) -> Result<Option<Project>> {
    let text = format!("SELECT {COLUMNS} FROM projects WHERE uuid = $1");
    let row = sqlx::query(AssertSqlSafe(text)).bind(uuid).fetch_optional(connection).await?;
    row.as_ref().map(project).transpose()
}

/// The project of a name and a version.
pub async fn by_name(
    connection: &mut Connection,
    name: &str,
    version: &str,
) -> Result<Option<Project>> {
    let text = format!("SELECT {COLUMNS} FROM projects WHERE name = $1 AND version = $2");
    let row = sqlx::query(AssertSqlSafe(text))
        .bind(name)
        .bind(version)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(project).transpose()
}

/// A bill of it is on its way.
pub async fn uploaded(connection: &mut Connection, uuid: &str, job: i64) -> Result<()> {
    sqlx::query("UPDATE projects SET job = $2, uploaded = $3, digest = '' WHERE uuid = $1")
        .bind(uuid)
        .bind(job)
        .bind(now())
        .execute(connection)
        .await?;
    Ok(())
}

/// Its last bill is stored.
pub async fn stored(connection: &mut Connection, uuid: &str, job: i64, digest: &str) -> Result<()> {
    sqlx::query("UPDATE projects SET digest = $3 WHERE uuid = $1 AND job = $2")
        .bind(uuid)
        .bind(job)
        .bind(digest)
        .execute(connection)
        .await?;
    Ok(())
}

/// Forgets a project; `false` where there was none.
pub async fn forget(connection: &mut Connection, uuid: &str) -> Result<bool> {
    let done =
        sqlx::query("DELETE FROM projects WHERE uuid = $1").bind(uuid).execute(connection).await?;
    Ok(done.rows_affected() > 0)
}

/// Projects by name and version, some of them, of those with this name where one is given.
pub async fn page(
    connection: &mut Connection,
    name: &str,
    skip: i64,
    limit: i64,
) -> Result<Vec<Project>> {
    let text = format!(
        "SELECT {COLUMNS} FROM projects WHERE ($1 = '' OR name = $1) \
         ORDER BY name, version LIMIT $2 OFFSET $3"
    );
    let rows = sqlx::query(AssertSqlSafe(text))
        .bind(name)
        .bind(limit)
        .bind(skip)
        .fetch_all(connection)
        .await?;
    rows.iter().map(project).collect()
}

/// How many there are, of those with this name where one is given.
pub async fn count(connection: &mut Connection, name: &str) -> Result<i64> {
    let row = sqlx::query("SELECT COUNT(*) FROM projects WHERE ($1 = '' OR name = $1)")
        .bind(name)
        .fetch_one(connection)
        .await?;
    Ok(row.try_get(0)?)
}
