//! Whom to tell, and what they were told.

use std::collections::BTreeSet;

use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::{Connection, triage};
use crate::error::Result;
use crate::moment::{Millis, now};

/// Somebody to tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notifier {
    /// Its number.
    pub id: i64,
    /// What people call it.
    pub name: String,
    /// See [`crate::notify::ALL`].
    pub kind: String,
    /// What the kind needs, as JSON.
    pub settings: String,
    /// The least severity that it is told of.
    pub severity: i64,
    /// Hours in which it is told nothing.
    pub quiet: String,
    /// The time zone of those.
    pub zone: String,
    /// Whether it is told anything.
    pub enabled: bool,
    /// Since when it is told anything.
    pub created: Millis,
    /// The last event of a finding that it was told of.
    pub told: i64,
    /// What it is told of, one a line; empty for everything.
    pub topics: String,
}

impl Notifier {
    /// Whether it is told of a topic.
    pub fn hears_of(&self, topic: &str) -> bool {
        self.topics.is_empty() || self.topics.lines().any(|it| it == topic)
    }
}

const COLUMNS: &str =
    "id, name, kind, settings, severity, quiet, zone, enabled, created, told, topics";

fn notifier(row: &AnyRow) -> Result<Notifier> {
    Ok(Notifier {
        id: row.try_get(0)?,
        name: row.try_get(1)?,
        kind: row.try_get(2)?,
        settings: row.try_get(3)?,
        severity: row.try_get(4)?,
        quiet: row.try_get(5)?,
        zone: row.try_get(6)?,
        enabled: row.try_get::<i64, _>(7)? != 0,
        created: row.try_get(8)?,
        told: row.try_get(9)?,
        topics: row.try_get(10)?,
    })
}

/// Stores a notifier, which is told of what happens from now on; `None` where another one has its
/// name.
pub async fn add(connection: &mut Connection, it: &Notifier) -> Result<Option<i64>> {
    let row = sqlx::query(
        "INSERT INTO notifiers (name, kind, settings, severity, quiet, zone, enabled, created, told, \
         topics) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, \
         (SELECT COALESCE(MAX(id), 0) FROM finding_events), $9) \
         ON CONFLICT (name) DO NOTHING RETURNING id",
    )
    .bind(&it.name)
    .bind(&it.kind)
    .bind(&it.settings)
    .bind(it.severity)
    .bind(&it.quiet)
    .bind(&it.zone)
    .bind(i64::from(it.enabled))
    .bind(now())
    .bind(&it.topics)
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// Stores what is new about a notifier.
pub async fn change(connection: &mut Connection, it: &Notifier) -> Result<()> {
    sqlx::query(
        "UPDATE notifiers SET name = $2, kind = $3, settings = $4, severity = $5, quiet = $6, \
         zone = $7, enabled = $8, topics = $9 WHERE id = $1",
    )
    .bind(it.id)
    .bind(&it.name)
    .bind(&it.kind)
    .bind(&it.settings)
    .bind(it.severity)
    .bind(&it.quiet)
    .bind(&it.zone)
    .bind(i64::from(it.enabled))
    .bind(&it.topics)
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets a notifier.
pub async fn remove(connection: &mut Connection, id: i64) -> Result<()> {
    sqlx::query("DELETE FROM notifiers WHERE id = $1").bind(id).execute(connection).await?;
    Ok(())
}

/// All of them.
pub async fn all(connection: &mut Connection) -> Result<Vec<Notifier>> {
    let text = format!("SELECT {COLUMNS} FROM notifiers ORDER BY id");
    let rows = sqlx::query(AssertSqlSafe(text)).fetch_all(connection).await?;
    rows.iter().map(notifier).collect()
}

/// One of them.
pub async fn by_id(connection: &mut Connection, id: i64) -> Result<Option<Notifier>> {
    let text = format!("SELECT {COLUMNS} FROM notifiers WHERE id = $1");
    let row = sqlx::query(AssertSqlSafe(text)).bind(id).fetch_optional(connection).await?;
    row.as_ref().map(notifier).transpose()
}

/// Says up to which event a notifier was told.
pub async fn told(connection: &mut Connection, id: i64, event: i64) -> Result<()> {
    sqlx::query("UPDATE notifiers SET told = $2 WHERE id = $1")
        .bind(id)
        .bind(event)
        .execute(connection)
        .await?;
    Ok(())
}

/// The same where nobody else did since it was told up to `before`; `false` where somebody did.
pub async fn told_since(
    connection: &mut Connection,
    id: i64,
    before: i64,
    event: i64,
) -> Result<bool> {
    let done = sqlx::query("UPDATE notifiers SET told = $3 WHERE id = $1 AND told = $2")
        .bind(id)
        .bind(before)
        .bind(event)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Something that befell a finding, and what the finding is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// Number of the event.
    pub event: i64,
    /// Whether the finding stands since, or is over.
    pub is_open: bool,
    /// The finding.
    pub weakness: String,
    /// Type of the package.
    pub kind: String,
    /// Its name.
    pub package: String,
    /// Package URL of the component.
    pub purl: String,
}

/// What happened after an event to findings of at least this severity, at most `limit`.
pub async fn happened(
    connection: &mut Connection,
    after: i64,
    severity: i64,
    limit: i64,
) -> Result<Vec<Happened>> {
    let rows = sqlx::query(
        "SELECT e.id, e.event, f.weakness, c.kind, c.name, c.purl FROM finding_events e \
         JOIN findings f ON f.id = e.finding_id JOIN components c ON c.id = f.component_id \
         WHERE e.id > $1 AND f.severity >= $2 AND (e.event IN ('opened', 'reopened', 'resolved') \
         OR e.cause LIKE $4) ORDER BY e.id LIMIT $3",
    )
    .bind(after)
    .bind(severity)
    .bind(limit)
    .bind(format!("{}%", triage::CAUSE))
    .fetch_all(connection)
    .await?;
    let one = |row: &AnyRow| {
        Ok(Happened {
            event: row.try_get(0)?,
            is_open: row.try_get::<String, _>(1)? != "resolved",
            weakness: row.try_get(2)?,
            kind: row.try_get(3)?,
            package: row.try_get(4)?,
            purl: row.try_get(5)?,
        })
    };
    rows.iter().map(one).collect()
}

/// The last event that there is.
pub async fn last_event(connection: &mut Connection) -> Result<i64> {
    let row = sqlx::query("SELECT COALESCE(MAX(id), 0) FROM finding_events")
        .fetch_one(connection)
        .await?;
    Ok(row.try_get(0)?)
}

/// Whether a notifier was told that a cause stands; `None` where it was never told of it.
pub async fn is_open(
    connection: &mut Connection,
    notifier: i64,
    cause: &str,
) -> Result<Option<bool>> {
    let row = sqlx::query("SELECT is_open FROM notices WHERE notifier_id = $1 AND cause = $2")
        .bind(notifier)
        .bind(cause)
        .fetch_optional(connection)
        .await?;
    Ok(row.map(|row| row.try_get::<i64, _>(0)).transpose()?.map(|it| it != 0))
}

/// Keys of a topic that a notifier was told of, and that are not over.
pub async fn told_of(
    connection: &mut Connection,
    notifier: i64,
    topic: &str,
) -> Result<BTreeSet<String>> {
    let rows = sqlx::query(
        "SELECT cause FROM notices WHERE notifier_id = $1 AND is_open = 1 AND cause LIKE $2",
    )
    .bind(notifier)
    .bind(format!("{topic} %"))
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Writes down what a notifier was told of a cause.
pub async fn note(
    connection: &mut Connection,
    notifier: i64,
    cause: &str,
    is_open: bool,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO notices (notifier_id, cause, is_open, at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (notifier_id, cause) DO UPDATE SET is_open = excluded.is_open, at = excluded.at",
    )
    .bind(notifier)
    .bind(cause)
    .bind(i64::from(is_open))
    .bind(now())
    .execute(connection)
    .await?;
    Ok(())
}

/// A finding of a cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its number.
    pub id: i64,
    /// The component.
    pub component: i64,
    /// Package URL of that.
    pub purl: String,
    /// See [`super::findings::Stored`].
    pub severity: i64,
    /// See [`super::findings::Stored`].
    pub title: String,
    /// See [`super::findings::Stored`].
    pub fixed_in: String,
    /// See [`super::findings::Stored`].
    pub kev: bool,
    /// Whether it stands.
    pub is_open: bool,
}

/// Findings of a weakness on a package.
pub async fn findings(
    connection: &mut Connection,
    weakness: &str,
    kind: &str,
    package: &str,
) -> Result<Vec<Found>> {
    let rows = sqlx::query(
        "SELECT f.id, c.id, c.purl, f.severity, f.title, f.fixed_in, f.kev, f.is_open \
         FROM findings f JOIN components c ON c.id = f.component_id \
         WHERE f.weakness = $1 AND c.kind = $2 AND c.name = $3 ORDER BY f.id",
    )
    .bind(weakness)
    .bind(kind)
    .bind(package)
    .fetch_all(connection)
    .await?;
    let one = |row: &AnyRow| {
        Ok(Found {
            id: row.try_get(0)?,
            component: row.try_get(1)?,
            purl: row.try_get(2)?,
            severity: row.try_get(3)?,
            title: row.try_get(4)?,
            fixed_in: row.try_get(5)?,
            kev: row.try_get::<i64, _>(6)? != 0,
            is_open: row.try_get::<i64, _>(7)? != 0,
        })
    };
    rows.iter().map(one).collect()
}
