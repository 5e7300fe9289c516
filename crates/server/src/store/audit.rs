//! Who did what, in the order of happening.

use super::Connection;
use crate::error::Result;
use crate::moment::now;

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
