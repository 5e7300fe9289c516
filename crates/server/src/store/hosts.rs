//! How many jobs read from a registry at a time, on all servers together.

use std::collections::HashMap;

use sqlx::Row;

use super::{Connection, Dialect, jobs::BELIEVED};
use crate::error::Result;
use crate::moment::now;

/// How many that are where nobody watches the registry.
pub const AT_ONCE: i64 = 8;

/// How many may be by host, where it is watched: as the strictest says.
pub(super) async fn limits(connection: &mut Connection) -> Result<HashMap<String, i64>> {
    let rows = sqlx::query(
        "SELECT host, MIN(CASE WHEN at_once = 0 THEN 1000000 ELSE at_once END) FROM registries \
         GROUP BY host",
    )
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            // A literal is an INT4 to PostgreSQL.
            let most =
                row.try_get::<i64, _>(1).or_else(|_| row.try_get::<i32, _>(1).map(i64::from));
            Ok((row.try_get(0)?, most?))
        })
        .collect()
}

/// The limit of a host.
pub(super) fn limit(limits: &HashMap<String, i64>, host: &str) -> i64 {
    limits.get(host).copied().unwrap_or(AT_ONCE)
}

/// How many are by host.
pub(super) async fn running(connection: &mut Connection) -> Result<HashMap<String, i64>> {
    let rows = sqlx::query(
        "SELECT host, COUNT(*) FROM jobs WHERE state = 1 AND host <> '' AND lease_until >= $1 \
         AND lease_until <= $2 GROUP BY host",
    )
    .bind(now())
    .bind(now().saturating_add(BELIEVED))
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// Hosts of which as many jobs are being done as may be, and so many more.
async fn taken(connection: &mut Connection, more: i64) -> Result<Vec<String>> {
    let running = running(connection).await?;
    if running.is_empty() {
        return Ok(Vec::new());
    }
    let limits = limits(connection).await?;
    let is_taken =
        |(host, count): &(String, i64)| *count >= limit(&limits, host).saturating_add(more);
    Ok(running.into_iter().filter(is_taken).map(|(host, _)| host).collect())
}

/// Hosts of which no more jobs may be begun.
pub async fn busy(connection: &mut Connection) -> Result<Vec<String>> {
    taken(connection, 0).await
}

/// Whether a job of a host that was just taken is one too many. Two servers that take one at the same
/// time do not see each other's: until the transaction ends, nobody else gets this answer.
pub async fn is_one_too_many(
    connection: &mut Connection,
    dialect: Dialect,
    host: &str,
) -> Result<bool> {
    if dialect == Dialect::Sqlite || host.is_empty() {
        return Ok(false);
    }
    sqlx::query("SELECT pg_advisory_xact_lock(HASHTEXTEXTENDED($1, 8100398471294121070))")
        .bind(host)
        .execute(&mut *connection)
        .await?;
    Ok(taken(connection, 1).await?.iter().any(|it| it == host))
}
