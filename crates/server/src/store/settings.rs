//! Small things by name.

use sqlx::Row;

use super::{Connection, Dialect};
use crate::error::Result;
use crate::moment::now;

/// The edition of the advisories that findings are being brought to.
pub const EDITION: &str = "advisories.edition";

/// When that edition was compiled, in seconds since 1970.
pub const COMPILED: &str = "advisories.compiled";

/// The edition whose fingerprint is stored and that all findings have been brought to.
pub const MATCHED: &str = "advisories.matched";

/// What it is; `None` where it was never said.
pub async fn value(connection: &mut Connection, name: &str) -> Result<Option<String>> {
    let row = sqlx::query("SELECT value FROM settings WHERE name = $1")
        .bind(name)
        .fetch_optional(connection)
        .await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// The same, and nobody changes it until the transaction ends.
pub async fn held(
    connection: &mut Connection,
    dialect: Dialect,
    name: &str,
) -> Result<Option<String>> {
    let text = match dialect {
        Dialect::Sqlite => "SELECT value FROM settings WHERE name = $1",
        Dialect::Postgres => "SELECT value FROM settings WHERE name = $1 FOR SHARE",
    };
    let row = sqlx::query(text).bind(name).fetch_optional(connection).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// Says what it is from now on.
pub async fn set(connection: &mut Connection, name: &str, value: &str) -> Result<()> {
    sqlx::query(
        "INSERT INTO settings (name, value, changed) VALUES ($1, $2, $3) \
         ON CONFLICT (name) DO UPDATE SET value = excluded.value, changed = excluded.changed",
    )
    .bind(name)
    .bind(value)
    .bind(now())
    .execute(connection)
    .await?;
    Ok(())
}
