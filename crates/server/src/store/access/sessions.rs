//! Sessions of browsers.

use sqlx::Row;
use sqlx::any::AnyRow;

use crate::error::Result;
use crate::moment::Millis;
use crate::store::Connection;

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its number.
    pub id: i64,
    /// Hash of its token.
    pub hash: String,
    /// Whose it is; nobody's where a token of the first start was used.
    pub user: Option<i64>,
    /// What forms have to bring.
    pub csrf: String,
    /// When the token was made.
    pub rotated: Millis,
    /// When it was used last.
    pub seen: Millis,
    /// When it ends whatever happens.
    pub expires: Millis,
}

fn session(row: &AnyRow) -> Result<Session> {
    Ok(Session {
        id: row.try_get(0)?,
        hash: row.try_get(1)?,
        user: row.try_get(2)?,
        csrf: row.try_get(3)?,
        rotated: row.try_get(4)?,
        seen: row.try_get(5)?,
        expires: row.try_get(6)?,
    })
}

/// Stores one, whose number is not looked at.
pub async fn add(connection: &mut Connection, session: &Session) -> Result<()> {
    sqlx::query(
        "INSERT INTO sessions \
         (hash, former, former_until, user_id, csrf, created, rotated, seen, expires) \
         VALUES ($1, '', 0, $2, $3, $4, $4, $4, $5)",
    )
    .bind(&session.hash)
    .bind(session.user)
    .bind(&session.csrf)
    .bind(session.rotated)
    .bind(session.expires)
    .execute(connection)
    .await?;
    Ok(())
}

/// The one whose token has this hash, or had it until a moment ago.
pub async fn find(connection: &mut Connection, hash: &str, at: Millis) -> Result<Option<Session>> {
    let row = sqlx::query(
        "SELECT id, hash, user_id, csrf, rotated, seen, expires FROM sessions \
         WHERE hash = $1 OR (former = $1 AND former_until > $2) LIMIT 1",
    )
    .bind(hash)
    .bind(at);
    row.fetch_optional(connection).await?.as_ref().map(session).transpose()
}

/// Gives it another token; `false` where somebody else just did.
pub async fn rotate(
    connection: &mut Connection,
    session: &Session,
    hash: &str,
    at: Millis,
    grace: Millis,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE sessions SET former = hash, former_until = $3, hash = $4, rotated = $5, seen = $5 \
         WHERE id = $1 AND hash = $2",
    )
    .bind(session.id)
    .bind(&session.hash)
    .bind(at.saturating_add(grace))
    .bind(hash)
    .bind(at)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes that it was used.
pub async fn seen(connection: &mut Connection, id: i64, at: Millis) -> Result<()> {
    sqlx::query("UPDATE sessions SET seen = $2 WHERE id = $1")
        .bind(id)
        .bind(at)
        .execute(connection)
        .await?;
    Ok(())
}

/// Ends it.
pub async fn end(connection: &mut Connection, id: i64) -> Result<()> {
    sqlx::query("DELETE FROM sessions WHERE id = $1").bind(id).execute(connection).await?;
    Ok(())
}

/// Ends all of a user.
pub async fn end_all(connection: &mut Connection, user: i64) -> Result<()> {
    sqlx::query("DELETE FROM sessions WHERE user_id = $1").bind(user).execute(connection).await?;
    Ok(())
}

/// Forgets those that ended.
pub async fn forget(connection: &mut Connection, at: Millis, idle: Millis) -> Result<()> {
    sqlx::query("DELETE FROM sessions WHERE expires < $1 OR seen < $2")
        .bind(at)
        .bind(at.saturating_sub(idle))
        .execute(connection)
        .await?;
    Ok(())
}
