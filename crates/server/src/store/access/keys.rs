//! Keys of the API.

use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use crate::auth::Role;
use crate::error::{Error, Result};
use crate::moment::{Millis, now};
use crate::store::Connection;

/// A key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its number.
    pub id: i64,
    /// What it is looked up by.
    pub prefix: String,
    /// Hash of its secret.
    pub hash: String,
    /// What it is for.
    pub name: String,
    /// What it may at most.
    pub role: Role,
    /// Parts of the API that it is for; all where none is named.
    pub scopes: Vec<String>,
    /// The team whose repositories it sees.
    pub team: Option<i64>,
    /// Whose it is.
    pub user: Option<i64>,
    /// It counts once.
    pub once: bool,
    /// When it was made.
    pub created: Millis,
    /// Until when it counts.
    pub expires: Option<Millis>,
    /// When it was used last.
    pub used: Option<Millis>,
    /// When it was taken back.
    pub revoked: Option<Millis>,
}

impl Key {
    /// Whether it counts at a time.
    pub fn counts(&self, at: Millis) -> bool {
        self.revoked.is_none()
            && self.expires.is_none_or(|expires| at < expires)
            && !(self.once && self.used.is_some())
    }
}

const COLUMNS: &str = "id, prefix, hash, name, role, scopes, team_id, user_id, once, created, \
     expires, used, revoked";

fn key(row: &AnyRow) -> Result<Key> {
    Ok(Key {
        id: row.try_get(0)?,
        prefix: row.try_get(1)?,
        hash: row.try_get(2)?,
        name: row.try_get(3)?,
        role: Role::of(row.try_get(4)?).ok_or(Error::Damaged("a key"))?,
        scopes: row.try_get::<&str, _>(5)?.lines().map(str::to_owned).collect(),
        team: row.try_get(6)?,
        user: row.try_get(7)?,
        once: row.try_get::<i64, _>(8)? != 0,
        created: row.try_get(9)?,
        expires: row.try_get(10)?,
        used: row.try_get(11)?,
        revoked: row.try_get(12)?,
    })
}

/// Stores a key, whose number, use and revocation are not looked at, and gives its number.
pub async fn add(connection: &mut Connection, key: &Key) -> Result<i64> {
    let row = sqlx::query(
        "INSERT INTO api_keys \
         (prefix, hash, name, role, scopes, team_id, user_id, once, created, expires) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id",
    )
    .bind(&key.prefix)
    .bind(&key.hash)
    .bind(&key.name)
    .bind(key.role.number())
    .bind(key.scopes.join("\n"))
    .bind(key.team)
    .bind(key.user)
    .bind(i64::from(key.once))
    .bind(key.created)
    .bind(key.expires)
    .fetch_one(connection)
    .await?;
    Ok(row.try_get(0)?)
}

/// The one of a prefix.
pub async fn by_prefix(connection: &mut Connection, prefix: &str) -> Result<Option<Key>> {
    let text = format!("SELECT {COLUMNS} FROM api_keys WHERE prefix = $1");
    let row = sqlx::query(AssertSqlSafe(text)).bind(prefix).fetch_optional(connection).await?;
    row.as_ref().map(key).transpose()
}

/// The one of a number.
pub async fn by_id(connection: &mut Connection, id: i64) -> Result<Option<Key>> {
    let text = format!("SELECT {COLUMNS} FROM api_keys WHERE id = $1");
    let row = sqlx::query(AssertSqlSafe(text)).bind(id).fetch_optional(connection).await?;
    row.as_ref().map(key).transpose()
}

/// Those that are not revoked, of one user or of all, with a number above `after`.
pub async fn page(
    connection: &mut Connection,
    user: Option<i64>,
    after: i64,
    limit: i64,
) -> Result<Vec<Key>> {
    let text = format!(
        "SELECT {COLUMNS} FROM api_keys WHERE id > $1 AND once = 0 AND revoked IS NULL \
         AND ($2 = 0 OR user_id = $2) ORDER BY id LIMIT $3"
    );
    let rows = sqlx::query(AssertSqlSafe(text)).bind(after).bind(user.unwrap_or(0)).bind(limit);
    rows.fetch_all(connection).await?.iter().map(key).collect()
}

/// Notes that a key was used.
pub async fn used(connection: &mut Connection, id: i64) -> Result<()> {
    sqlx::query("UPDATE api_keys SET used = $2 WHERE id = $1")
        .bind(id)
        .bind(now())
        .execute(connection)
        .await?;
    Ok(())
}

/// Uses a key that counts once up; `false` where somebody was earlier.
pub async fn spend(connection: &mut Connection, id: i64) -> Result<bool> {
    let done = sqlx::query("UPDATE api_keys SET used = $2 WHERE id = $1 AND used IS NULL")
        .bind(id)
        .bind(now())
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives a key that counts once back: nothing came of its use.
pub async fn unspend(connection: &mut Connection, id: i64) -> Result<()> {
    sqlx::query("UPDATE api_keys SET used = NULL WHERE id = $1 AND once = 1")
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Takes a key back.
pub async fn revoke(connection: &mut Connection, id: i64) -> Result<()> {
    sqlx::query("UPDATE api_keys SET revoked = $2 WHERE id = $1 AND revoked IS NULL")
        .bind(id)
        .bind(now())
        .execute(connection)
        .await?;
    Ok(())
}

/// Takes all back that count once.
pub async fn revoke_once(connection: &mut Connection) -> Result<()> {
    sqlx::query("UPDATE api_keys SET revoked = $1 WHERE once = 1 AND revoked IS NULL")
        .bind(now())
        .execute(connection)
        .await?;
    Ok(())
}
