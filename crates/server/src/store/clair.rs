//! What clients of Clair are notified of.
//!
//! A set of notifications is kept as findings with the images that they are the worst for, not as a row for
//! each image: a change of the advisories may be about all of them.

use roaring::RoaringBitmap;
use sqlx::Row;

use super::postings::{decode, encode};
use super::{Connection, chunks, rows};
use crate::error::{Error, Result};
use crate::moment::{Millis, now};

/// What the causes of events begin with that a change of the advisories made.
const ADVISORIES: &str = "advisories %";

/// How many events are read at a time.
const BATCH: i64 = 20_000;

/// Whether images have a weakness since a change, or have it no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// They have it.
    Added,
    /// They have it no more.
    Removed,
}

impl Reason {
    /// In Clair's word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
        }
    }

    fn of(event: &str) -> Option<Self> {
        match event {
            "opened" | "reopened" => Some(Self::Added),
            "resolved" => Some(Self::Removed),
            _ => None,
        }
    }
}

/// A finding, and the images that it is the worst for of a change.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Its place in the set of notifications.
    pub place: i64,
    /// See [`Reason::name`].
    pub reason: String,
    /// The finding.
    pub finding: i64,
    /// The images.
    pub images: RoaringBitmap,
}

/// Something that a change of the advisories did to a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Happened {
    /// What.
    pub reason: Reason,
    /// How severe the finding is.
    pub severity: i64,
    /// The finding.
    pub finding: i64,
    /// The component that it is about.
    pub component: i64,
}

/// Changes of the advisories that something happened by after an event and up to another, in their order.
pub async fn causes(connection: &mut Connection, after: i64, last: i64) -> Result<Vec<String>> {
    let rows = sqlx::query(
        "SELECT cause FROM finding_events WHERE id > $1 AND id <= $2 AND cause LIKE $3 \
         GROUP BY cause ORDER BY MIN(id)",
    )
    .bind(after)
    .bind(last)
    .bind(ADVISORIES)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// What happened by one of them to findings of at least this severity.
pub async fn happened(
    connection: &mut Connection,
    (mut after, last): (i64, i64),
    cause: &str,
    severity: i64,
) -> Result<Vec<Happened>> {
    let mut found = Vec::new();
    loop {
        let rows = sqlx::query(
            "SELECT e.id, e.event, f.severity, f.id, f.component_id FROM finding_events e \
             JOIN findings f ON f.id = e.finding_id WHERE e.id > $1 AND e.id <= $2 \
             AND e.cause = $3 AND f.severity >= $4 ORDER BY e.id LIMIT $5",
        )
        .bind(after)
        .bind(last)
        .bind(cause)
        .bind(severity)
        .bind(BATCH)
        .fetch_all(&mut *connection)
        .await?;
        let Some(end) = rows.last() else { return Ok(found) };
        after = end.try_get(0)?;
        for row in &rows {
            if let Some(reason) = Reason::of(row.try_get(1)?) {
                found.push(Happened {
                    reason,
                    severity: row.try_get(2)?,
                    finding: row.try_get(3)?,
                    component: row.try_get(4)?,
                });
            }
        }
    }
}

/// Numbers of the images that a client of Clair had indexed.
pub async fn indexed(connection: &mut Connection) -> Result<RoaringBitmap> {
    let rows = sqlx::query(
        "SELECT i.id FROM foreign_images f JOIN images i ON i.digest = f.digest \
         WHERE f.protocol = 'clair'",
    )
    .fetch_all(connection)
    .await?;
    let number = |id: i64| u32::try_from(id).map_err(|_| Error::Damaged("a number"));
    rows.iter().map(|row| number(row.try_get(0)?)).collect()
}

/// Stores a set of notifications.
pub async fn add(
    connection: &mut Connection,
    id: &str,
    notifier: i64,
    cause: &str,
    parts: &[Part],
) -> Result<()> {
    sqlx::query(
        "INSERT INTO clair_notifications (id, notifier_id, cause, at) VALUES ($1, $2, $3, $4)",
    )
    .bind(id)
    .bind(notifier)
    .bind(cause)
    .bind(now())
    .execute(&mut *connection)
    .await?;
    for some in chunks(parts, 5) {
        let text = format!(
            "INSERT INTO clair_notification_parts (notification_id, place, reason, finding_id, \
             images) VALUES {}",
            rows(connection, some.len(), 5)
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(text));
        for part in some {
            query = query
                .bind(id)
                .bind(part.place)
                .bind(&part.reason)
                .bind(part.finding)
                .bind(encode(&part.images));
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// Parts of a set from a place on.
pub async fn parts(
    connection: &mut Connection,
    id: &str,
    from: i64,
    limit: i64,
) -> Result<Vec<Part>> {
    let rows = sqlx::query(
        "SELECT place, reason, finding_id, images FROM clair_notification_parts \
         WHERE notification_id = $1 AND place >= $2 ORDER BY place LIMIT $3",
    )
    .bind(id)
    .bind(from)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    let one = |row: &sqlx::any::AnyRow| {
        Ok(Part {
            place: row.try_get(0)?,
            reason: row.try_get(1)?,
            finding: row.try_get(2)?,
            images: decode(row.try_get::<&[u8], _>(3)?)?,
        })
    };
    rows.iter().map(one).collect()
}

/// Sets for a notifier that no job delivers yet, oldest first.
pub async fn unsent(connection: &mut Connection, notifier: i64) -> Result<Vec<String>> {
    let rows = sqlx::query(
        "SELECT id FROM clair_notifications WHERE notifier_id = $1 AND sent = 0 ORDER BY at, id",
    )
    .bind(notifier)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Says that a job delivers a set.
pub async fn sent(connection: &mut Connection, id: &str) -> Result<()> {
    sqlx::query("UPDATE clair_notifications SET sent = 1 WHERE id = $1")
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Forgets a set; `false` where there was none.
pub async fn remove(connection: &mut Connection, id: &str) -> Result<bool> {
    let done = sqlx::query("DELETE FROM clair_notifications WHERE id = $1")
        .bind(id)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Forgets what was made before a time and is on its way.
pub async fn forget(connection: &mut Connection, before: Millis) -> Result<u64> {
    let done = sqlx::query("DELETE FROM clair_notifications WHERE sent = 1 AND at < $1")
        .bind(before)
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}
