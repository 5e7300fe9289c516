//! Users, teams, keys and sessions. Of secrets the tables have hashes alone.

pub mod failures;
pub mod flows;
pub mod keys;
pub mod sessions;
pub mod teams;
pub mod users;

use sqlx::Row;

use super::Connection;
use crate::error::Result;

/// Whether anybody could sign in or has a key that is still good.
pub async fn anybody(connection: &mut Connection) -> Result<bool> {
    let row = sqlx::query(
        "SELECT (SELECT COUNT(*) FROM users) + \
         (SELECT COUNT(*) FROM api_keys WHERE once = 0 AND revoked IS NULL)",
    )
    .fetch_one(connection)
    .await?;
    Ok(row.try_get::<i64, _>(0)? > 0)
}
