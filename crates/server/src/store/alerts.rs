//! What sensors said.

use sqlx::{AssertSqlSafe, Row};

use super::{Connection, in_list};
use crate::error::Result;
use crate::moment::Millis;

/// What a sensor said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Its number.
    pub id: i64,
    /// When.
    pub at: Millis,
    /// Which rule.
    pub rule: String,
    /// How urgent.
    pub priority: String,
    /// Which kind of events.
    pub source: String,
    /// On which machine.
    pub hostname: String,
    /// In which image.
    pub image: String,
    /// In a sentence.
    pub output: String,
    /// All fields, as JSON.
    pub fields: String,
}

/// Which alerts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alerts {
    /// With a number below this.
    pub before: Option<i64>,
    /// With a number above this, oldest first.
    pub since: Option<i64>,
    /// Of these priorities; empty for all.
    pub priorities: Vec<&'static str>,
    /// Of this rule.
    pub rule: String,
}

/// A page of alerts, newest first.
pub async fn alerts(read: &mut Connection, wanted: &Alerts, limit: i64) -> Result<Vec<Alert>> {
    let direction = if wanted.since.is_some() { "ASC" } else { "DESC" };
    let priorities = if wanted.priorities.is_empty() {
        String::new()
    } else {
        let list = in_list(5, wanted.priorities.len());
        format!("AND LOWER(priority) IN ({list})")
    };
    let text = format!(
        "SELECT id, at, rule, priority, source, hostname, image, output, fields \
         FROM runtime_alerts WHERE id < $1 AND id > $2 AND ($3 = '' OR rule = $3) {priorities} \
         ORDER BY id {direction} LIMIT $4"
    );
    let mut query = sqlx::query(AssertSqlSafe(text))
        .bind(wanted.before.unwrap_or(i64::MAX))
        .bind(wanted.since.unwrap_or(0))
        .bind(&wanted.rule)
        .bind(limit);
    for priority in &wanted.priorities {
        query = query.bind(*priority);
    }
    let one = |row: &sqlx::any::AnyRow| {
        Ok(Alert {
            id: row.try_get(0)?,
            at: row.try_get(1)?,
            rule: row.try_get(2)?,
            priority: row.try_get(3)?,
            source: row.try_get(4)?,
            hostname: row.try_get(5)?,
            image: row.try_get(6)?,
            output: row.try_get(7)?,
            fields: row.try_get(8)?,
        })
    };
    query.fetch_all(read).await?.iter().map(one).collect()
}
