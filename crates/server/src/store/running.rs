//! What runs where.

use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::{Connection, chunks, rows};
use crate::error::Result;
use crate::moment::{Millis, now};

/// A container that runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Running {
    /// The cluster or the host.
    pub place: String,
    /// Namespace of the workload; empty on a host.
    pub namespace: String,
    /// Kind of the workload.
    pub kind: String,
    /// Name of the workload.
    pub name: String,
    /// Name of the container.
    pub container: String,
    /// The image as it was written.
    pub image: String,
    /// Its registry and repository.
    pub repository: String,
    /// Its tag; empty where it has none.
    pub tag: String,
    /// Its digest; empty where it is not known.
    pub digest: String,
    /// When it was seen last.
    pub last_seen: Millis,
}

impl Running {
    /// What tells its image from others: the digest, else the name.
    pub fn image_key(&self) -> (&str, &str) {
        if self.digest.is_empty() {
            (self.repository.as_str(), self.tag.as_str())
        } else {
            (self.digest.as_str(), "")
        }
    }
}

/// Replaces what runs in a place.
pub async fn put(connection: &mut Connection, place: &str, all: &[Running]) -> Result<()> {
    let at = now();
    for part in chunks(all, 11) {
        let text = format!(
            "INSERT INTO running (place, namespace, kind, name, container, image, repository, tag, \
             digest, first_seen, last_seen) VALUES {} \
             ON CONFLICT (place, namespace, kind, name, container) DO UPDATE SET \
             image = excluded.image, repository = excluded.repository, tag = excluded.tag, \
             digest = excluded.digest, last_seen = excluded.last_seen",
            rows(connection, part.len(), 11)
        );
        let mut query = sqlx::query(AssertSqlSafe(text));
        for it in part {
            query = query
                .bind(place)
                .bind(&it.namespace)
                .bind(&it.kind)
                .bind(&it.name)
                .bind(&it.container)
                .bind(&it.image)
                .bind(&it.repository)
                .bind(&it.tag)
                .bind(&it.digest)
                .bind(at)
                .bind(at);
        }
        query.execute(&mut *connection).await?;
    }
    sqlx::query("DELETE FROM running WHERE place = $1 AND last_seen < $2")
        .bind(place)
        .bind(at)
        .execute(connection)
        .await?;
    Ok(())
}

const COLUMNS: &str =
    "place, namespace, kind, name, container, image, repository, tag, digest, last_seen";

fn running(row: &AnyRow) -> Result<Running> {
    Ok(Running {
        place: row.try_get(0)?,
        namespace: row.try_get(1)?,
        kind: row.try_get(2)?,
        name: row.try_get(3)?,
        container: row.try_get(4)?,
        image: row.try_get(5)?,
        repository: row.try_get(6)?,
        tag: row.try_get(7)?,
        digest: row.try_get(8)?,
        last_seen: row.try_get(9)?,
    })
}

/// What runs behind a place, namespace, kind, name and container, by place, at most `limit`.
pub async fn after(
    connection: &mut Connection,
    last: &[String; 5],
    limit: i64,
) -> Result<Vec<Running>> {
    let text = format!(
        "SELECT {COLUMNS} FROM running \
         WHERE (place, namespace, kind, name, container) > ($1, $2, $3, $4, $5) \
         ORDER BY place, namespace, kind, name, container LIMIT $6"
    );
    let mut query = sqlx::query(AssertSqlSafe(text));
    for part in last {
        query = query.bind(part);
    }
    let found = query.bind(limit).fetch_all(connection).await?;
    found.iter().map(running).collect()
}

/// Whether the image of the container `r` was read.
const READ: &str = "(EXISTS (SELECT 1 FROM images i WHERE i.digest = r.digest) \
     OR EXISTS (SELECT 1 FROM image_aliases a JOIN images i ON i.digest = a.digest \
     WHERE a.asked = r.digest) \
     OR (r.digest = '' AND EXISTS (SELECT 1 FROM image_refs n \
     WHERE n.repository = r.repository AND n.tag = r.tag)))";

/// Images that run and were not read yet.
pub async fn unread(connection: &mut Connection, place: &str) -> Result<Vec<Running>> {
    let text = format!(
        "SELECT {COLUMNS} FROM running r WHERE place = $1 AND repository <> '' AND NOT {READ} \
         ORDER BY repository, tag, digest"
    );
    let found = sqlx::query(AssertSqlSafe(text)).bind(place).fetch_all(connection).await?;
    let mut found = found.iter().map(running).collect::<Result<Vec<_>>>()?;
    found.dedup_by(|a, b| (&a.repository, &a.tag, &a.digest) == (&b.repository, &b.tag, &b.digest));
    Ok(found)
}

/// By place: how many images run there, and how many of them were read.
pub async fn coverage(connection: &mut Connection) -> Result<Vec<(String, i64, i64)>> {
    let text = format!(
        "SELECT place, COUNT(*), COALESCE(SUM(CASE WHEN is_read THEN 1 ELSE 0 END), 0) FROM \
         (SELECT DISTINCT place, repository, tag, digest, {READ} AS is_read FROM running r) d \
         GROUP BY place ORDER BY place"
    );
    let found = sqlx::query(AssertSqlSafe(text)).fetch_all(connection).await?;
    found.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))).collect()
}

/// By place: how many containers run there.
pub async fn containers(connection: &mut Connection) -> Result<Vec<(String, i64)>> {
    let found = sqlx::query("SELECT place, COUNT(*) FROM running GROUP BY place ORDER BY place")
        .fetch_all(connection)
        .await?;
    found.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}
