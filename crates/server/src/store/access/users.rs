//! Users.

use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use crate::auth::Role;
use crate::error::{Error, Result};
use crate::moment::{Millis, now};
use crate::store::Connection;

/// A user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Their number.
    pub id: i64,
    /// What they are called.
    pub name: String,
    /// Hash of their password in PHC form; empty where they have none.
    pub password: String,
    /// What they may.
    pub role: Role,
    /// Issuer and subject of who vouches for them; empty where nobody does.
    pub subject: String,
    /// They may nothing.
    pub disabled: bool,
    /// Since when they are known.
    pub created: Millis,
}

const COLUMNS: &str = "id, name, password, role, subject, disabled, created";

fn user(row: &AnyRow) -> Result<User> {
    Ok(User {
        id: row.try_get(0)?,
        name: row.try_get(1)?,
        password: row.try_get(2)?,
        role: Role::of(row.try_get(3)?).ok_or(Error::Damaged("a user"))?,
        subject: row.try_get(4)?,
        disabled: row.try_get::<i64, _>(5)? != 0,
        created: row.try_get(6)?,
    })
}

/// Adds one; `None` where the name is taken.
pub async fn add(
    connection: &mut Connection,
    name: &str,
    password: &str,
    role: Role,
    subject: &str,
) -> Result<Option<i64>> {
    let row = sqlx::query(
        "INSERT INTO users (name, password, role, subject, disabled, created, changed) \
         VALUES ($1, $2, $3, $4, 0, $5, $5) ON CONFLICT (name) DO NOTHING RETURNING id",
    )
    .bind(name)
    .bind(password)
    .bind(role.number())
    .bind(subject)
    .bind(now())
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// Writes what may change of one.
pub async fn put(connection: &mut Connection, user: &User) -> Result<()> {
    sqlx::query(
        "UPDATE users SET password = $2, role = $3, disabled = $4, changed = $5 WHERE id = $1",
    )
    .bind(user.id)
    .bind(&user.password)
    .bind(user.role.number())
    .bind(i64::from(user.disabled))
    .bind(now())
    .execute(connection)
    .await?;
    Ok(())
}

/// Removes one, with keys and sessions.
pub async fn remove(connection: &mut Connection, id: i64) -> Result<()> {
    sqlx::query("DELETE FROM users WHERE id = $1").bind(id).execute(connection).await?;
    Ok(())
}

async fn one<'q, T>(connection: &mut Connection, column: &str, value: T) -> Result<Option<User>>
where
    T: 'q + sqlx::Encode<'q, sqlx::Any> + sqlx::Type<sqlx::Any>,
{
    let text = format!("SELECT {COLUMNS} FROM users WHERE {column} = $1");
    let row = sqlx::query(AssertSqlSafe(text)).bind(value).fetch_optional(connection).await?;
    row.as_ref().map(user).transpose()
}

/// The one of a name.
pub async fn by_name(connection: &mut Connection, name: &str) -> Result<Option<User>> {
    one(connection, "name", name.to_owned()).await
}

/// The one of a number.
pub async fn by_id(connection: &mut Connection, id: i64) -> Result<Option<User>> {
    one(connection, "id", id).await
}

/// The one that another service vouches for.
pub async fn by_subject(connection: &mut Connection, subject: &str) -> Result<Option<User>> {
    one(connection, "subject", subject.to_owned()).await
}

/// Those whose number is above `after`.
pub async fn page(connection: &mut Connection, after: i64, limit: i64) -> Result<Vec<User>> {
    let text = format!("SELECT {COLUMNS} FROM users WHERE id > $1 ORDER BY id LIMIT $2");
    let rows = sqlx::query(AssertSqlSafe(text)).bind(after).bind(limit);
    rows.fetch_all(connection).await?.iter().map(user).collect()
}

/// How many others are admins that can sign in.
pub async fn other_admins(connection: &mut Connection, id: i64) -> Result<i64> {
    let row =
        sqlx::query("SELECT COUNT(*) FROM users WHERE id <> $1 AND role = $2 AND disabled = 0")
            .bind(id)
            .bind(Role::Admin.number())
            .fetch_one(connection)
            .await?;
    Ok(row.try_get(0)?)
}
