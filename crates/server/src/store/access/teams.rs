//! Teams: who sees which repositories.

use sqlx::Row;
use sqlx::any::AnyRow;

use crate::error::Result;
use crate::moment::now;
use crate::store::Connection;

/// A team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// Its number.
    pub id: i64,
    /// What it is called.
    pub name: String,
    /// Patterns of its repositories.
    pub repositories: Vec<String>,
}

fn team(row: &AnyRow) -> Result<Team> {
    Ok(Team {
        id: row.try_get(0)?,
        name: row.try_get(1)?,
        repositories: row.try_get::<&str, _>(2)?.lines().map(str::to_owned).collect(),
    })
}

/// Adds one; `false` where the name is taken.
pub async fn add(connection: &mut Connection, name: &str, patterns: &[String]) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO teams (name, repositories, created) VALUES ($1, $2, $3) \
         ON CONFLICT (name) DO NOTHING",
    )
    .bind(name)
    .bind(patterns.join("\n"))
    .bind(now())
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Gives one other repositories.
pub async fn put(connection: &mut Connection, id: i64, patterns: &[String]) -> Result<()> {
    sqlx::query("UPDATE teams SET repositories = $2 WHERE id = $1")
        .bind(id)
        .bind(patterns.join("\n"))
        .execute(connection)
        .await?;
    Ok(())
}

/// Removes one that nobody is in and that no key is of; else `false`: to lose one's last team would
/// be to see everything.
pub async fn remove(connection: &mut Connection, id: i64) -> Result<bool> {
    let done = sqlx::query(
        "DELETE FROM teams WHERE id = $1 \
         AND NOT EXISTS (SELECT 1 FROM team_users WHERE team_id = $1) \
         AND NOT EXISTS (SELECT 1 FROM api_keys WHERE team_id = $1)",
    )
    .bind(id)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// All of them, by name.
pub async fn all(connection: &mut Connection) -> Result<Vec<Team>> {
    let rows = sqlx::query("SELECT id, name, repositories FROM teams ORDER BY name LIMIT 10000");
    rows.fetch_all(connection).await?.iter().map(team).collect()
}

/// The one of a name.
pub async fn by_name(connection: &mut Connection, name: &str) -> Result<Option<Team>> {
    let row = sqlx::query("SELECT id, name, repositories FROM teams WHERE name = $1").bind(name);
    row.fetch_optional(connection).await?.as_ref().map(team).transpose()
}

/// The one of a number.
pub async fn by_id(connection: &mut Connection, id: i64) -> Result<Option<Team>> {
    let row = sqlx::query("SELECT id, name, repositories FROM teams WHERE id = $1").bind(id);
    row.fetch_optional(connection).await?.as_ref().map(team).transpose()
}

/// Those of a user.
pub async fn of_user(connection: &mut Connection, user: i64) -> Result<Vec<Team>> {
    let rows = sqlx::query(
        "SELECT id, name, repositories FROM teams \
         JOIN team_users ON team_id = teams.id WHERE user_id = $1 ORDER BY name",
    )
    .bind(user);
    rows.fetch_all(connection).await?.iter().map(team).collect()
}

/// Says which teams a user is in.
pub async fn join(connection: &mut Connection, user: i64, teams: &[i64]) -> Result<()> {
    sqlx::query("DELETE FROM team_users WHERE user_id = $1")
        .bind(user)
        .execute(&mut *connection)
        .await?;
    for team in teams {
        sqlx::query("INSERT INTO team_users (team_id, user_id) VALUES ($1, $2)")
            .bind(*team)
            .bind(user)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
