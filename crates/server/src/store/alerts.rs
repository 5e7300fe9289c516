//! What sensors said.

use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::{Connection, chunks, in_list, rows};
use crate::error::Result;
use crate::intake::Alert;
use crate::moment::Millis;

const DAY: Millis = 24 * 60 * 60 * 1000;

/// An alert that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its number.
    pub id: i64,
    /// When the event was.
    pub at: Millis,
    /// Name of the rule.
    pub rule: String,
    /// One of Falco's words.
    pub priority: String,
    /// `syscall`, `k8s_audit` …
    pub source: String,
    /// The machine.
    pub hostname: String,
    /// The image; empty where it was none.
    pub image: String,
    /// What the rule says of the event.
    pub output: String,
    /// The fields, as JSON.
    pub fields: String,
    /// The rule's tags, one a line.
    pub tags: String,
}

fn stored(row: &AnyRow) -> Result<Stored> {
    Ok(Stored {
        id: row.try_get(0)?,
        at: row.try_get(1)?,
        rule: row.try_get(2)?,
        priority: row.try_get(3)?,
        source: row.try_get(4)?,
        hostname: row.try_get(5)?,
        image: row.try_get(6)?,
        output: row.try_get(7)?,
        fields: row.try_get(8)?,
        tags: row.try_get(9)?,
    })
}

/// Stores alerts.
pub async fn add(connection: &mut Connection, alerts: &[Alert]) -> Result<()> {
    for part in chunks(alerts, 10) {
        let text = format!(
            "INSERT INTO runtime_alerts (day, at, rule, priority, source, hostname, image, output, \
             fields, tags) VALUES {}",
            rows(connection, part.len(), 10)
        );
        let mut query = sqlx::query(AssertSqlSafe(text));
        for alert in part {
            query = query
                .bind(alert.at.div_euclid(DAY))
                .bind(alert.at)
                .bind(&alert.rule)
                .bind(alert.priority)
                .bind(&alert.source)
                .bind(&alert.hostname)
                .bind(&alert.image)
                .bind(&alert.output)
                .bind(&alert.fields)
                .bind(&alert.tags);
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// Which alerts are asked for; empty texts and lists ask for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Name of the rule.
    pub rule: String,
    /// Some of Falco's words, in any case.
    pub priorities: Vec<String>,
    /// The machine.
    pub hostname: String,
    /// `syscall`, `k8s_audit` …
    pub source: String,
    /// Those with smaller numbers.
    pub before: Option<i64>,
    /// Those with greater numbers, oldest first.
    pub since: Option<i64>,
}

/// Alerts, newest first, or oldest first where those since one are asked for.
pub async fn page(connection: &mut Connection, wanted: &Wanted, limit: i64) -> Result<Vec<Stored>> {
    let direction = if wanted.since.is_some() { "ASC" } else { "DESC" };
    let priorities = if wanted.priorities.is_empty() {
        String::new()
    } else {
        format!("AND LOWER(priority) IN ({})", in_list(7, wanted.priorities.len()))
    };
    let text = format!(
        "SELECT id, at, rule, priority, source, hostname, image, output, fields, tags \
         FROM runtime_alerts WHERE id < $1 AND id > $2 AND ($3 = '' OR rule = $3) \
         AND ($4 = '' OR hostname = $4) AND ($6 = '' OR source = $6) {priorities} ORDER BY id {direction} LIMIT $5"
    );
    let mut query = sqlx::query(AssertSqlSafe(text))
        .bind(wanted.before.unwrap_or(i64::MAX))
        .bind(wanted.since.unwrap_or(0))
        .bind(&wanted.rule)
        .bind(&wanted.hostname)
        .bind(limit)
        .bind(&wanted.source);
    for priority in &wanted.priorities {
        query = query.bind(priority.to_lowercase());
    }
    let found = query.fetch_all(connection).await?;
    found.iter().map(stored).collect()
}

/// Alerts of one rule on one image, or on one machine where it was none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Name of the rule.
    pub rule: String,
    /// One of Falco's words.
    pub priority: String,
    /// The image; empty where it was none.
    pub image: String,
    /// The machine, where it was no image.
    pub hostname: String,
    /// How many.
    pub count: i64,
    /// What the rule said of the last one.
    pub output: String,
}

/// Alerts since a time of one of these priorities, by rule and image.
pub async fn groups(
    connection: &mut Connection,
    since: Millis,
    priorities: &[&str],
    limit: i64,
) -> Result<Vec<Group>> {
    if priorities.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "SELECT g.rule, g.priority, g.image, g.hostname, g.many, a.output FROM (SELECT rule, \
         priority, image, CASE WHEN image = '' THEN hostname ELSE '' END AS hostname, \
         COUNT(*) AS many, MAX(id) AS last FROM runtime_alerts WHERE day >= $1 AND at >= $2 \
         AND priority IN ({}) GROUP BY rule, priority, image, \
         CASE WHEN image = '' THEN hostname ELSE '' END) g \
         JOIN runtime_alerts a ON a.id = g.last ORDER BY g.last DESC LIMIT $3",
        in_list(4, priorities.len())
    );
    let mut query =
        sqlx::query(AssertSqlSafe(text)).bind(since.div_euclid(DAY)).bind(since).bind(limit);
    for priority in priorities {
        query = query.bind(*priority);
    }
    let found = query.fetch_all(connection).await?;
    let one = |row: &AnyRow| {
        Ok(Group {
            rule: row.try_get(0)?,
            priority: row.try_get(1)?,
            image: row.try_get(2)?,
            hostname: row.try_get(3)?,
            count: row.try_get(4)?,
            output: row.try_get(5)?,
        })
    };
    found.iter().map(one).collect()
}

/// How many there are.
pub async fn count(connection: &mut Connection) -> Result<i64> {
    let row = sqlx::query("SELECT COUNT(*) FROM runtime_alerts").fetch_one(connection).await?;
    Ok(row.try_get(0)?)
}

/// Forgets the days before one.
pub async fn forget(connection: &mut Connection, before: Millis) -> Result<u64> {
    let done = sqlx::query("DELETE FROM runtime_alerts WHERE day < $1")
        .bind(before.div_euclid(DAY))
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}
